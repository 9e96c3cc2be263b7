/** Nodes of one process that reach each other over gRPC on loopback. */
import { fork } from "node:child_process"
import { once } from "node:events"
import { setTimeout as sleep } from "node:timers/promises"
import { fileURLToPath } from "node:url"
import t, { type Test } from "tap"
import {
  defineActor,
  defineTopic,
  openStream,
  readStream,
  subscribe,
  type ActorRef,
  type AnyRef,
  type StreamRef,
} from "#actors/index.js"
import { grpcCarrier } from "#cluster/grpc-carrier.js"
import { nodeId, type NodeDescription } from "#cluster/node.js"
import { CutProxy, freePort } from "#test/support/cut-proxy.js"
import { endlessSource } from "#test/support/endless-source.js"
import { acquaint, handed, openMeshNode, type MeshNode, type MeshNodeOptions } from "#test/support/mesh-node.js"
import { eventually } from "#test/support/ref-contract.js"

const open = async (t: Test, name: string, options: MeshNodeOptions = {}): Promise<MeshNode> => {
  const node = await openMeshNode(name, await grpcCarrier({ listen: "127.0.0.1:0" }), options)
  t.teardown(() => node.stop())
  return node
}

type WorkerProtocol = {
  readonly ping: (n: number) => number
  readonly note: (what: unknown) => void
  readonly noted: () => readonly unknown[]
  readonly askOther: (work: {
    readonly ref: ActorRef<{ ping: (n: number) => number }>
    readonly n: number
  }) => Promise<number>
  readonly slow: () => Promise<string>
  readonly aborted: () => number
  readonly watch: (ref: AnyRef) => void
  readonly link: (ref: AnyRef) => void
  readonly heard: () => readonly string[]
  readonly numbers: (count: number) => StreamRef<number>
  readonly sum: (stream: StreamRef<number>) => Promise<number>
  readonly crash: () => void
}

const Worker = defineActor({
  name: "worker",
  state: () => ({ got: [] as unknown[], heard: [] as string[], aborted: 0 }),
  receive: {
    ping: (_ctx, n: number) => n + 1,
    note: (ctx, what: unknown) => void ctx.state.got.push(what),
    noted: (ctx) => ctx.state.got,
    askOther: (ctx, { ref, n }: { ref: ActorRef<{ ping: (n: number) => number }>; n: number }) =>
      ctx.ask(ref, "ping", n),
    slow(ctx) {
      const { state } = ctx
      const { signal } = ctx.cause
      return new Promise<string>((done) => {
        signal?.addEventListener("abort", () => {
          state.aborted += 1
          done("aborted")
        })
      })
    },
    aborted: (ctx) => ctx.state.aborted,
    watch: (ctx, ref: AnyRef) => ctx.watch(ref),
    link: (ctx, ref: AnyRef) => ctx.link(ref),
    heard: (ctx) => ctx.state.heard,
    numbers: (ctx, count: number) =>
      openStream(
        ctx,
        (async function* () {
          for (let n = 1; n <= count; n++) yield n
        })(),
      ),
    async sum(ctx, stream: StreamRef<number>) {
      let sum = 0
      for await (const n of readStream(ctx as never, stream)) sum += n
      return sum
    },
    crash() {
      throw new Error("crashed")
    },
  },
  ended: (ctx, ref, reason) => void ctx.state.heard.push(`${ref.address} ${reason.kind}`),
})

const worker = ({ system }: MeshNode): ActorRef<WorkerProtocol> =>
  system.spawn(Worker) as unknown as ActorRef<WorkerProtocol>

t.test("three nodes as one system", async (t) => {
  const [a, b, c] = [await open(t, "a"), await open(t, "b"), await open(t, "c")]
  await acquaint(a, b, c)
  const [ofA, ofB, ofC] = [worker(a), worker(b), worker(c)]
  const bAtA = await handed(b, a, ofB)
  const cAtA = await handed(c, a, ofC)

  await t.test("messages, answers and errors", async (t) => {
    t.equal(bAtA.tell("note", { vector: new Float32Array([1, 2]), big: 2n ** 100n }), true)
    t.strictSame(await bAtA.ask("noted"), [{ vector: new Float32Array([1, 2]), big: 2n ** 100n }])
    await t.rejects(bAtA.ask("crash"), { code: "ACTOR_CRASHED", cause: { message: "crashed" } })
    t.equal(await bAtA.ask("ping", 1), 2)
  })

  await t.test("a ref of a third node leads there, and none of it is sent on", async (t) => {
    t.equal(await bAtA.ask("askOther", { ref: cAtA, n: 1 }), 2)
    t.equal(await bAtA.ask("askOther", { ref: ofA as never, n: 2 }), 3)
    a.mesh.disconnect(c.id) // b reaches c all the same
    t.equal(await bAtA.ask("askOther", { ref: cAtA, n: 3 }), 4)
    const fromB = await handed(b, a, await handed(c, b, ofC))
    await t.rejects(fromB.ask("ping", 1), { code: "NODE_UNREACHABLE" }, "a has lost it for good")
  })

  await t.test("who watches or is linked is told", async (t) => {
    const [watcher, linked, other] = [worker(a), worker(a), worker(b)]
    const atA = await handed(b, a, other)
    await watcher.ask("watch", atA)
    await linked.ask("note", 1)
    await linked.ask("link", atA)
    await atA.ask("ping", 1)
    await t.rejects(atA.ask("crash"), { code: "ACTOR_CRASHED" })
    t.same(await eventually(() => linked.ask("noted"), ({ length }) => length === 0), [], "it has begun anew") // prettier-ignore
    await a.system.stopActor(atA)
    t.same(await eventually(() => watcher.ask("heard"), ({ length }) => length === 1), [`${other.address} stopped`]) // prettier-ignore
  })

  await t.test("streams, both ways", async (t) => {
    const stream = await bAtA.ask("numbers", 100)
    let sum = 0
    for await (const n of readStream(a.system, stream)) sum += n
    t.equal(sum, 5050)
    t.equal(await bAtA.ask("sum", (await ofA.ask("numbers", 50)) as never), 1275)
  })

  await t.test("topics", async (t) => {
    const topic = b.system.spawn(defineTopic<number>("prices"))
    const atA = await handed(b, a, topic)
    const subscriber = worker(a)
    await subscribe(atA, subscriber as never as ActorRef<{ note: (what: number) => void }>, "note")
    t.equal(await atA.ask("publish", 5), 1)
    t.same(await eventually(() => subscriber.ask("noted"), ({ length }) => length === 1), [5]) // prettier-ignore
    await a.system.stopActor(subscriber)
    t.equal(await eventually(async () => (await atA.ask("statistics")).subscribers, (count) => count === 0), 0) // prettier-ignore
  })

  await t.test("deadlines and cancellation reach the other node", async (t) => {
    await t.rejects(bAtA.with({ timeoutMs: 50 }).ask("slow"), { code: "ASK_TIMEOUT" })
    const slow = await handed(b, a, worker(b))
    const abort = new AbortController()
    const open = slow.with({ signal: abort.signal }).ask("slow")
    await sleep(20)
    abort.abort()
    await t.rejects(open, { code: "CANCELLED" })
    t.equal(await eventually(() => slow.ask("aborted"), (count) => count === 1), 1) // prettier-ignore
  })

  await t.test("services", async (t) => {
    const got: unknown[] = []
    b.mesh.serve("echo", {
      handle(type, payload, from) {
        if (type === "refuse") throw new TypeError("no")
        got.push([type, payload, from])
        return { type, payload }
      },
    })
    t.same(await a.mesh.call(b.id, "echo", "say", [1]), { type: "say", payload: [1] })
    t.equal(a.mesh.tell(b.id, "echo", "told", 2), true)
    await t.rejects(a.mesh.call(b.id, "echo", "refuse", 1), { message: "no" })
    t.same(got, [
      ["say", [1], a.id],
      ["told", 2, a.id],
    ])
    await t.rejects(a.mesh.call(b.id, "nothing", "say", 1), { code: "UNAVAILABLE" })
    b.mesh.serve("nothing", { handle: () => "now there is" })
    t.equal(await a.mesh.call(b.id, "nothing", "say", 1), "now there is")
  })
})

/** Two nodes, of which the first reaches the second by a proxy. */
async function proxied(t: Test, options: MeshNodeOptions = {}) {
  const port = await freePort()
  const proxy = await CutProxy.open(port)
  t.teardown(() => proxy.close())
  const a = await open(t, "a", options)
  const b = await openMeshNode(
    "b",
    await grpcCarrier({ listen: `127.0.0.1:${port}`, advertise: proxy.address }),
    options,
  )
  t.teardown(() => b.stop())
  await acquaint(a, b)
  return { a, b, proxy }
}

t.test("a stream whose reader's node is killed closes at its source", async (t) => {
  const a = await open(t, "a")
  const { definition, closed } = endlessSource()
  a.offered = await a.system.spawn(definition).ask("open")
  const child = fork(fileURLToPath(new URL("support/reader-node.js", import.meta.url)))
  t.teardown(() => child.kill("SIGKILL"))
  const reader = await new Promise<NodeDescription>((done) =>
    child.on("message", (said: { readonly node?: NodeDescription; readonly item?: number }) => {
      if (said.node !== undefined) done(said.node)
      if (said.item === 3) child.kill("SIGKILL")
    }),
  )
  a.mesh.connect(nodeId(reader), reader)
  child.send(a.node)
  await once(child, "exit")
  a.mesh.disconnect(nodeId(reader)) // as membership does when it knows
  await closed
})

t.test("what is sent while connections break arrives once and in order", async (t) => {
  const { a, b, proxy } = await proxied(t)
  const numbered = await handed(b, a, worker(b))
  const count = 3000
  for (let n = 0; n < count; n++) {
    while (!numbered.tell("note", n)) await sleep(1)
    if (n % 300 === 299) {
      proxy.cut()
      await sleep(20)
    }
  }
  const got = await eventually(() => numbered.ask("noted"), ({ length }) => length >= count) // prettier-ignore
  t.ok(got.length === count && got.every((n, i) => n === i))
  t.ok(proxy.connections > 4)
})

t.test("large messages go in pieces; what is asked beside them is answered, and probes are not delayed", async (t) => {
  const { a, b } = await proxied(t, { timings: { probeLimitMs: 20_000 } })
  const ref = await handed(b, a, worker(b))
  const large = new Uint8Array(20 * 2 ** 20).map((_, i) => i % 251)
  const from = performance.now()
  ref.tell("note", large)
  a.mesh.probe(b.id, 1)
  await eventually(() => a.heard, ({ length }) => length === 1) // prettier-ignore
  t.match(a.heard, [{ kind: "probe-answered", probe: 1 }])
  const probed = performance.now() - from
  const [got] = (await ref.with({ timeoutMs: 30_000, whenFull: "wait" }).ask("noted")) as Uint8Array[]
  t.equal(Buffer.compare(got as Uint8Array, large), 0)
  t.ok(probed < performance.now() - from, "the probe was answered before the message had crossed and come back")
  await t.rejects(ref.ask("note", new Uint8Array(65 * 2 ** 20)), {
    code: "INVALID_PAYLOAD",
    message: /larger than the limit/,
  })
  t.equal(await ref.ask("ping", 1), 2, "and nothing else is lost")
})

t.test(
  "a peer that takes nothing does not fill the memory: messages are refused, and taken when it is back",
  async (t) => {
    const { a, b, proxy } = await proxied(t, { sizes: { unacknowledgedBytes: 2 ** 20 } })
    const ref = await handed(b, a, worker(b))
    proxy.hold()
    const payload = new Uint8Array(10_000)
    let taken = 0
    while (ref.tell("note", payload) && taken < 2000) {
      taken += 1
      if (taken % 10 === 0) await new Promise(setImmediate)
    }
    t.ok(taken >= 100 && taken < 250, `${taken} messages of 10,000 bytes were taken`)
    await t.rejects(ref.ask("ping", 1), { code: "MAILBOX_FULL" })
    const patient = ref.with({ whenFull: "wait", timeoutMs: 20_000 }).ask("ping", 1)
    proxy.release()
    t.equal(await patient, 2)
    t.equal((await ref.ask("noted")).length, taken)
  },
)

t.test("to a peer that membership holds unreachable nothing new is asked, and what is under way goes on", async (t) => {
  const { a, b } = await proxied(t)
  const ref = await handed(b, a, worker(b))
  const open = ref.ask("ping", 1)
  a.mesh.setReachable(b.id, false)
  await t.rejects(ref.ask("ping", 1), { code: "NODE_UNREACHABLE" })
  t.equal(ref.tell("ping", 1), false)
  t.equal(await open, 2)
  a.mesh.setReachable(b.id, true)
  t.equal(await ref.ask("ping", 1), 2)
})
