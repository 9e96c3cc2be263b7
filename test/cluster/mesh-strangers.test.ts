/** What a mesh makes of streams that it has not asked for: strangers, noise, what was said before, and what makes no sense. */
import t, { type Test } from "tap"
import { defineActor } from "#actors/index.js"
import { SeededRandom } from "#actors/simulation/seeded-random.js"
import type { StreamEvents } from "#cluster/carrier.js"
import { decodeAnswer, encodeHello, type Hello, type Refusal } from "#cluster/hello.js"
import { acquaint, handed, openMeshNode, type MeshNodeOptions } from "#test/support/mesh-node.js"
import { PipeNet, type Pipe } from "#test/support/pipe-carrier.js"
import { eventually } from "#test/support/ref-contract.js"

const Counter = defineActor({
  name: "counter",
  state: () => ({ total: 0 }),
  receive: { add: (ctx, n: number) => (ctx.state.total += n) },
})

const timings = { retryFirstMs: 10, retryLastMs: 50, admitMs: 200, handshakeMs: 300 }

async function two(t: Test, options: MeshNodeOptions = {}) {
  const net = new PipeNet()
  const a = await openMeshNode("a", net.carrier("a:1"), { timings, ...options })
  const b = await openMeshNode("b", net.carrier("b:1"), { timings, ...options })
  t.teardown(() => Promise.all([a.stop(), b.stop()]))
  return { net, a, b }
}

/** Opens a stream by hand. @returns what has come on it, and whether it was closed */
function stranger(net: PipeNet, to: string, frames: readonly Uint8Array[], kind: "data" | "control" = "data") {
  const seen: { readonly frames: Uint8Array[]; closed: boolean } = { frames: [], closed: false }
  const events: StreamEvents = {
    frame: (bytes) => seen.frames.push(bytes),
    drained() {},
    closed: () => (seen.closed = true),
  }
  const stream = net.carrier("nowhere:1").open(to, kind, events)
  for (const frame of frames) stream.send(frame)
  return { seen, stream }
}

const hello: Hello = {
  kind: "data",
  cluster: "test",
  from: "a#1",
  to: "b#1",
  protocol: { min: 1, max: 1 },
  session: 1,
  knows: 0,
  nonce: new Uint8Array(16).fill(3),
}

const refusalIn = (frames: readonly Uint8Array[]): Refusal["why"] | undefined => {
  const [first] = frames
  const answer = first === undefined ? undefined : decodeAnswer(first)
  return answer !== undefined && "refusal" in answer ? answer.refusal.why : undefined
}

t.test("who is not known yet waits for the membership, and tries again when that took too long", async (t) => {
  const { a, b } = await two(t)
  const opened = (mesh: typeof a.mesh) => () => [...mesh.open()]
  a.mesh.connect(b.id, b.node)
  await new Promise((done) => setTimeout(done, 600)) // longer than a hello waits
  t.same(opened(a.mesh)(), [])
  t.same(opened(b.mesh)(), [])
  b.mesh.connect(a.id, a.node)
  t.same(await eventually(opened(a.mesh), ({ length }) => length === 1), [b.id]) // prettier-ignore
  t.same(await eventually(opened(b.mesh), ({ length }) => length === 1), [a.id]) // prettier-ignore
  t.equal(a.mesh.named("b"), b.id)
  t.equal(a.mesh.named("c"), undefined)
})

t.test("hellos that do not fit are refused with the reason", async (t) => {
  const { net, a, b } = await two(t)
  await acquaint(a, b)
  const cases: readonly (readonly [Partial<Hello>, Refusal["why"]])[] = [
    [{ cluster: "other" }, "other-cluster"],
    [{ to: "b#2" }, "other-node"],
    [{ protocol: { min: 2, max: 3 } }, "no-version"],
    [{ session: 0 }, "stale"],
    [{ session: 1, knows: 99 }, "forgotten"],
    [{ from: "stranger#1" }, "not-admitted"],
  ]
  for (const [changes, why] of cases) {
    const { seen } = stranger(net, "b:1", [encodeHello({ ...hello, ...changes })])
    await eventually(() => seen.closed, (closed) => closed) // prettier-ignore
    t.equal(refusalIn(seen.frames), why)
  }
  const { seen } = stranger(net, "b:1", [encodeHello(hello)], "control")
  t.ok(await eventually(() => seen.closed, (closed) => closed), "and one for another kind of stream") // prettier-ignore
  b.mesh.disconnect(a.id)
  const late = stranger(net, "b:1", [encodeHello(hello)])
  await eventually(() => late.seen.closed, (closed) => closed) // prettier-ignore
  t.equal(refusalIn(late.seen.frames), "removed")
})

t.test("noise in place of a hello ends its stream, and nothing else", async (t) => {
  const { net, a, b } = await two(t)
  await acquaint(a, b)
  const ref = await handed(b, a, b.system.spawn(Counter))
  const random = new SeededRandom(5)
  const valid = encodeHello(hello)
  const strangers = Array.from({ length: 300 }, (_, n) => {
    const damaged = valid.slice()
    damaged[n % damaged.length] = random.int(256)
    const frames =
      n % 3 === 0 ? [random.bytes(n)] : n % 3 === 1 ? [damaged, random.bytes(17)] : [damaged.slice(0, n % 50)]
    return stranger(net, "b:1", frames).seen
  })
  t.ok(await eventually(() => strangers.every(({ closed }) => closed), (all) => all)) // prettier-ignore
  t.equal(await ref.ask("add", 1), 1)
  const silent = stranger(net, "b:1", [])
  t.ok(await eventually(() => silent.seen.closed, (closed) => closed), "who says nothing is not waited for") // prettier-ignore
})

t.test("what was said before is not heard again", async (t) => {
  const { net, a, b } = await two(t)
  const said: Uint8Array[] = []
  net.carried = (pipe, frame) => {
    if (pipe.to === "b:1" && pipe.kind === "data" && frame[0] !== 2 && frame[0] !== 7) said.push(frame)
  }
  await acquaint(a, b)
  const ref = await handed(b, a, b.system.spawn(Counter))
  for (let n = 1; n <= 5; n++) t.equal(await ref.ask("add", 1), n)
  net.carried = () => {}
  t.ok(said.length > 5 && said[0]?.[0] === 1)
  const again = stranger(net, "b:1", said)
  t.ok(await eventually(() => again.seen.closed, (closed) => closed)) // prettier-ignore
  t.equal(await ref.ask("add", 1), 6, "the link has not noticed")
  // And on the stream that is open, frames from before.
  const pipe = [...net.pipes].find(({ kind, to }) => kind === "data" && to === "b:1") as Pipe
  for (const frame of said.slice(2)) pipe.ends[0].send(frame)
  t.equal(await ref.ask("add", 1), 7)
})

t.test("a frame too many ends its stream only", async (t) => {
  const { net, a, b } = await two(t)
  await acquaint(a, b)
  const ref = await handed(b, a, b.system.spawn(Counter))
  const pipe = [...net.pipes].find(({ kind, to }) => kind === "data" && to === "b:1") as Pipe
  pipe.ends[0].send(new Uint8Array([5, 200, 0, 0, 0, 0, 0, 1]))
  t.equal(await ref.ask("add", 1), 1)
  t.notOk(await eventually(() => net.pipes.has(pipe), (there) => !there)) // prettier-ignore
  t.equal(await ref.ask("add", 1), 2)
})

t.test("what makes no sense ends the link on both sides, and another one follows", async (t) => {
  const { net, a, b } = await two(t)
  await acquaint(a, b)
  const counter = b.system.spawn(Counter)
  const ref = await handed(b, a, counter)
  t.equal(await ref.ask("add", 1), 1)
  const events: string[] = []
  a.mesh.follow(({ kind }) => events.push(`a ${kind}`))
  b.mesh.follow(({ kind }) => events.push(`b ${kind}`))
  const pipe = [...net.pipes].find(({ kind, to }) => kind === "data" && to === "b:1") as Pipe
  let next = 0
  net.carried = (of, frame) => {
    if (of === pipe && frame[0] === 5) next = (frame[1] ?? 0) + 1
  }
  await ref.ask("add", 1)
  pipe.ends[0].send(new Uint8Array([5, next, 0, 0, 0, 0, 0, 255]))
  await eventually(() => events, ({ length }) => length === 4) // prettier-ignore
  t.same(events.sort(), ["a closed", "a opened", "b closed", "b opened"])
  await t.rejects(ref.ask("add", 1), { code: "NODE_UNREACHABLE" }, "a ref of the old link is of no use")
  t.equal(await (await handed(b, a, counter)).ask("add", 1), 3)
})
