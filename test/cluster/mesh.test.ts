import { setTimeout as sleep } from "node:timers/promises"
import t, { type Test } from "tap"
import { defineActor, type ActorRef, type AnyRef } from "#actors/index.js"
import { acquaint, handed, openMeshNode } from "#test/support/mesh-node.js"
import { PipeNet } from "#test/support/pipe-carrier.js"
import { eventually } from "#test/support/ref-contract.js"

const Pinger = defineActor({
  name: "pinger",
  state: () => ({ got: [] as unknown[], heard: [] as string[] }),
  receive: {
    ping: (_ctx, n: number) => n + 1,
    hang: () => new Promise<void>(() => {}),
    note: (ctx, what: unknown) => void ctx.state.got.push(what),
    noted: (ctx) => ctx.state.got,
    watch: (ctx, ref: AnyRef) => ctx.watch(ref),
    heard: (ctx) => ctx.state.heard,
    passOn: (ctx, { ref, n }: { ref: ActorRef<{ ping: (n: number) => number }>; n: number }) => ctx.ask(ref, "ping", n),
    stop: (ctx) => ctx.stop(),
    crash() {
      throw new Error("crashed")
    },
  },
  ended: (ctx, ref, reason) => void ctx.state.heard.push(`${ref.address} ${reason.kind}`),
})

async function three(t: Test) {
  const net = new PipeNet()
  const nodes = await Promise.all(["a", "b", "c"].map((name) => openMeshNode(name, net.carrier(`${name}:1`))))
  t.teardown(() => Promise.all(nodes.map((node) => node.stop())))
  const [a, b, c] = nodes as [(typeof nodes)[0], (typeof nodes)[0], (typeof nodes)[0]]
  return { net, a, b, c }
}

t.test("refs of other nodes", async (t) => {
  const { net, a, b, c } = await three(t)
  await acquaint(a, b, c)
  const pinger = b.system.spawn(Pinger, { name: "pinger" })
  const ref = await handed(b, a, pinger)

  await t.test("tell and ask reach the actor", async (t) => {
    t.equal(ref.address, pinger.address)
    ref.tell("note", { bytes: new Uint8Array([1, 2, 3]), at: new Date(5), n: 7n })
    t.equal(await ref.ask("ping", 1), 2)
    t.strictSame(await ref.ask("noted"), [{ bytes: new Uint8Array([1, 2, 3]), at: new Date(5), n: 7n }])
    await t.rejects(ref.ask("crash"), { code: "ACTOR_CRASHED", cause: { message: "crashed" } })
  })

  await t.test("a ref of a third node leads straight to it", async (t) => {
    const ofC = await handed(c, a, c.system.spawn(Pinger))
    const frames: string[] = []
    net.carried = (pipe, { length }) => frames.push(`${pipe.kind} ${pipe.to} ${length > 200}`)
    ref.tell("note", "x".repeat(1000))
    t.equal(await ref.ask("passOn", { ref: ofC, n: 5 }), 6)
    t.notOk(frames.includes("data a:1 true"))
    // b's answer comes straight from c
    const direct = (await b.mesh.call(a.id, "hand", "take", undefined)) as typeof ofC
    t.equal(direct, undefined)
    const atB = await handed(a, b, ofC)
    t.equal(atB.address, ofC.address)
    t.equal(await atB.ask("ping", 8), 9)
    net.carried = () => {}
  })

  await t.test("who watches is told of the end", async (t) => {
    const watcher = a.system.spawn(Pinger)
    const other = b.system.spawn(Pinger)
    await watcher.ask("watch", await handed(b, a, other))
    await b.system.stopActor(other)
    t.same(await eventually(() => watcher.ask("heard"), ({ length }) => length === 1), [`${other.address} stopped`]) // prettier-ignore
  })

  await t.test("what is on its way when the stream is cut arrives all the same, once and in order", async (t) => {
    const numbered = b.system.spawn(Pinger)
    const far = await handed(b, a, numbered)
    for (let n = 0; n < 2000; n++) {
      t.equal(far.tell("note", n), true)
      if (n % 100 === 0) {
        await new Promise(setImmediate)
        for (const pipe of net.pipes) if (pipe.kind === "data") pipe.cut()
      }
    }
    t.same(await eventually(() => far.ask("noted"), ({ length }) => length >= 2000), Array.from({ length: 2000 }, (_, n) => n)) // prettier-ignore
  })

  await t.test("a node that is disconnected is lost: asks fail, watchers hear, sends are refused", async (t) => {
    const watcher = a.system.spawn(Pinger)
    await watcher.ask("watch", ref)
    const open = ref.ask("hang")
    await sleep(20)
    a.mesh.disconnect(b.id)
    await t.rejects(open, { code: "NODE_LOST" })
    await t.rejects(ref.ask("ping", 1), { code: "NODE_UNREACHABLE" })
    t.equal(ref.tell("ping", 1), false)
    await t.rejects(a.mesh.call(b.id, "hand", "take", undefined), { code: "NODE_UNREACHABLE" })
    t.same(await watcher.ask("heard"), [`${ref.address} crashed`])
    t.match(await eventually(() => b.heard, (heard) => heard.some(({ kind }) => kind === "removed")), [{ kind: "removed", id: b.id }]) // prettier-ignore
  })
})

t.test(
  "what is told to a service of a peer that gives no sign of life arrives when it can, and asks are refused meanwhile",
  async (t) => {
    const { a, b } = await three(t)
    await acquaint(a, b)
    const told: unknown[] = []
    b.mesh.serve("ear", { handle: (_type, payload) => told.push(payload) })
    a.mesh.setReachable(b.id, false)
    const numbers = Array.from({ length: 20_000 }, (_, n) => n)
    t.ok(numbers.every((n) => a.mesh.tell(b.id, "ear", "say", n)))
    await t.rejects(a.mesh.call(b.id, "ear", "say", -1), { code: "NODE_UNREACHABLE" })
    t.same(
      await eventually(
        () => told,
        ({ length }) => length >= 20_000,
      ),
      numbers,
    )
  },
)

t.test("the end of a link is told, though its peer gave no sign of life from the first", async (t) => {
  const { a, b } = await three(t)
  a.mesh.serve("ear", { handle: () => "heard" })
  const events: string[] = []
  a.mesh.follow(({ kind, peer }) => events.push(`${kind} ${peer}`))
  a.mesh.connect(b.id, b.node)
  a.mesh.setReachable(b.id, false)
  b.mesh.connect(a.id, a.node)
  const answer = await eventually(
    () => b.mesh.call(a.id, "ear", "say", "hello").catch(() => undefined),
    (answer) => answer !== undefined,
  )
  t.equal(answer, "heard", "it was heard, and answered")
  t.same(events, [], "it is not taken for open")
  a.mesh.lose(b.id)
  t.same(events, [`closed ${b.id}`])
})

t.test("probes are answered, or fail within their limit", async (t) => {
  const { net, a, b } = await three(t)
  await acquaint(a, b)
  a.mesh.probe(b.id, 1)
  t.match(await eventually(() => a.heard, ({ length }) => length === 1), [{ kind: "probe-answered", id: b.id, probe: 1 }]) // prettier-ignore
  for (const pipe of net.pipes) pipe.hold()
  a.mesh.probe(b.id, 2)
  t.match(await eventually(() => a.heard, ({ length }) => length === 2), [{}, { kind: "probe-failed", id: b.id, probe: 2 }]) // prettier-ignore
  a.mesh.probe("nobody#1", 3)
  t.match(await eventually(() => a.heard, ({ length }) => length === 3), [{}, {}, { kind: "probe-failed", id: "nobody#1", probe: 3 }]) // prettier-ignore
})
