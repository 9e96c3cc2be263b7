/** What nodes of a released version say must be understood for ever, or a cluster cannot be upgraded node by node. */
import { readFile } from "node:fs/promises"
import { join } from "node:path"
import protobuf from "protobufjs"
import t from "tap"
import { op } from "#actors/remote/protocol.js"
import { decodeControl, encodeControl } from "#cluster/control.js"
import { frameOf, messageOf } from "#cluster/grpc-carrier.js"
import { decodeAnswer, decodeHello, encodeHello, encodeRefusal, encodeWelcome } from "#cluster/hello.js"
import { headerBytes, Session } from "#cluster/session.js"
import { WireDecoder } from "#cluster/wire-decoder.js"
import { WireEncoder } from "#cluster/wire-encoder.js"

const root = join(import.meta.dirname, "../../..")

t.test("the published contract between nodes still holds", async (t) => {
  const now: Record<string, string> = {}
  const mesh = await protobuf.load(join(root, "proto/mesh.proto"))
  for (const { name, methods } of [mesh.lookupService("llmagentos.mesh.v1.Mesh")])
    for (const method of Object.values(methods))
      now[`${name}.${method.name}`] =
        `${method.requestStream ? "stream " : ""}${method.requestType} -> ${method.responseStream ? "stream " : ""}${method.responseType}`
  for (const field of mesh.lookupType("llmagentos.mesh.v1.Frame").fieldsArray)
    now[`Frame.${field.name}`] = `${field.id} ${field.type}`
  t.same(now, JSON.parse(await readFile(join(root, "proto/released-mesh.json"), "utf8")))
})

t.test("frames are sent as the messages that the contract describes", async (t) => {
  const Frame = (await protobuf.load(join(root, "proto/mesh.proto"))).lookupType("llmagentos.mesh.v1.Frame")
  for (const size of [1, 127, 128, 16_383, 16_384, 262_144]) {
    const bytes = new Uint8Array(size).map((_, i) => i % 256)
    const message = Buffer.from(Frame.encode({ bytes }).finish())
    t.equal(Buffer.compare(messageOf(bytes), message), 0)
    t.equal(Buffer.compare(frameOf(message), bytes), 0)
  }
  for (const noFrame of [[], [0x0a], [0x0a, 5, 1], [0x0a, 0xff, 0xff, 0xff, 0xff, 0xff], [0x12, 1, 1], [0x0a, 1, 1, 1]])
    t.throws(() => frameOf(Buffer.from(noFrame)), { code: "FRAME_REFUSED" })
})

const nonce = Uint8Array.from({ length: 16 }, (_, i) => i)
const hello = {
  kind: "data",
  protocol: { min: 1, max: 1 },
  cluster: "prod",
  from: "a#1790000000000",
  to: "b#1790000000001",
  session: 3,
  knows: 2,
  nonce,
} as const
const failure = {
  kind: "error",
  name: "AgentOSError",
  message: "full",
  code: "MAILBOX_FULL",
  details: { n: 1 },
} as const
const cause = {
  traceId: "t",
  caller: "key-1",
  tenant: "default",
  left: 99.5,
  signal: 0,
  commandId: "c",
  chain: ["actor://prod/a%231790000000000/x#1"],
}
const part = [["list", 0], { ref: "actor://prod/a%231790000000000/x#1", kind: 0 }] as const
/** One of every operation, and of every kind of value. */
const batch: readonly unknown[] = [
  ...[op.name, "note"],
  ...[op.kind, { name: "pinger", types: ["note", "stop"], reentrant: ["note"], urgent: ["stop"], capacity: 8192 }],
  ...[op.tell, "entity://prod/default/account/alice", 0, new Uint8Array([1, 2, 3])],
  ...[
    op.tell,
    "entity://prod/default/account/alice",
    "unnamed",
    [undefined, null, true, false, 7, 300, -5, 1.5, "é\ud800", 2n ** 70n, -1n],
  ],
  ...[
    op.send,
    "a",
    0,
    { at: new Date(5), vector: new Float32Array([1, 2]), list: [undefined] },
    { parts: [part], cause, askers: ["a"], waits: true },
  ],
  ...[op.ask, 9, "a", 0, "text", 5000, undefined],
  ...[op.reply, 9, { deep: [{ deep: "".padEnd(200, "long ") }] }, [[["deep"], { failure }]]],
  ...[op.fail, 10, failure],
  ...[op.credit, "a", 2048],
  ...[op.abort, 0, { kind: "value", value: "gone" }],
  ...[op.forget, 0],
  ...[op.fate, "observe", "a", undefined],
  ...[op.fate, "ended", "a", { kind: "crashed", failure }],
  ...[op.fate, "crashed", "a", failure],
  ...[op.fate, "linked-crash", "a", { other: "b", failure }],
  ...[op.fate, "stop", "a", undefined],
]

function written(): Record<string, string> {
  const encoder = new WireEncoder({ mostBytes: 65_536, cutBytes: 65_536 })
  encoder.add(batch)
  const [text] = encoder.take(headerBytes) as [Buffer]
  const session = new Session({ frameBytes: 65_536, textBytes: 65_536 })
  session.append(text)
  const hex = (bytes: Uint8Array | undefined): string => Buffer.from(bytes ?? []).toString("hex")
  return {
    hello: hex(encodeHello(hello)),
    welcome: hex(encodeWelcome({ protocol: 1, session: 4, received: 70_000, answers: nonce, nonce })),
    refusal: hex(encodeRefusal({ why: "removed", message: "it was removed" })),
    probe: hex(encodeControl({ kind: "probe", number: 300 })),
    answer: hex(encodeControl({ kind: "answer", number: 300 })),
    vote: hex(encodeControl({ kind: "vote", about: "c#1", accuses: true, number: 4 })),
    removed: hex(encodeControl({ kind: "removed", id: "c#1" })),
    ack: hex(session.ack()),
    data: hex(session.next()),
  }
}

t.test("frames of version 1 are read, and still written, as they were", async (t) => {
  const golden = JSON.parse(await readFile(join(root, "test/support/golden/mesh-1.json"), "utf8")) as Record<
    string,
    string
  >
  t.same(written(), golden)
  const frame = (name: string): Buffer => Buffer.from(golden[name] as string, "hex")
  t.same(decodeHello(frame("hello")), { ...hello, nonce: Buffer.from(nonce) })
  t.match(decodeAnswer(frame("welcome")), { welcome: { protocol: 1, session: 4, received: 70_000 } })
  t.same(decodeAnswer(frame("refusal")), { refusal: { why: "removed", message: "it was removed" } })
  t.same(decodeControl(frame("vote")), { kind: "vote", about: "c#1", accuses: true, number: 4 })
  const taken = new Session({ frameBytes: 65_536, textBytes: 65_536 }).take(frame("data"))
  t.equal(taken.kind, "text")
  if (taken.kind === "text") t.same(new WireDecoder().decode(taken.bytes, taken.at), batch)
})
