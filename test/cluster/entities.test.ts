/**
 * What one system promises of its entities holds in a cluster: order over their sleep, circles that are seen, and asks
 * that a leaving node has passed on.
 */
import t from "tap"
import { defineActor, type ActorContext } from "#actors/index.js"
import type { AnyDefinition } from "#actors/actor.js"
import type { SelfRef } from "#actors/ref.js"
import { TestCluster, type TestNode } from "./support/test-cluster.js"

function keyOn(cluster: TestCluster, type: string, name: string, but: readonly string[] = []): string {
  const { shards } = cluster.nodes.get(name)!
  for (let n = 0; ; n++) {
    const key = `key${n}`
    if (!but.includes(key) && cluster.ownersOf(shards.shardOf({ tenant: "default", type, key })).includes(name))
      return key
  }
}

// --- order -----------------------------------------------------------------------------------------------------------------------------------

t.test(
  "tells of one sender to an entity that sleeps again and again keep their order, from any node, while shards move",
  async (t) => {
    const heard: { key: string; sender: string; n: number }[] = []
    const Brief = defineActor({
      name: "brief",
      passivateAfterMs: 8,
      state: ({ key }: { tenant: string; key: string }) => ({ key }),
      receive: {
        hear: (ctx, { sender, n }: { sender: string; n: number }) => void heard.push({ key: ctx.state.key, sender, n }),
      },
    })
    const delay = () => 1 + Math.random() * 5
    const cluster = new TestCluster(t, {
      definitions: [Brief],
      delay,
      shards: 8,
      rebalance: { perMinute: 1000, atOnce: 8 },
    })
    await cluster.startAll("a", "b")
    const keys = Array.from({ length: 6 }, (_, n) => `key${n}`)
    const sent = new Map<string, number>()
    let n = 0
    const tell = ({ node: { name }, system }: TestNode): void => {
      for (const key of keys)
        for (let i = Math.floor(Math.random() * 3); i > 0; i--) {
          const taken = system.entity(Brief, key).tell("hear", { sender: name, n: ++n })
          if (taken) sent.set(`${key} ${name}`, (sent.get(`${key} ${name}`) ?? 0) + 1)
        }
    }
    const load = async (rounds: number): Promise<void> => {
      for (let round = 0; round < rounds; round++) {
        for (const node of cluster.nodes.values()) tell(node)
        await cluster.clock.advance(1 + Math.random() * 12)
      }
    }
    await load(150)
    await cluster.start("c")
    await load(150)
    const drained = cluster.within(cluster.nodes.get("b")!.shards.drain(), 60_000)
    await load(150)
    await drained
    await cluster.clock.advance(2000)
    const lines = new Map<string, number[]>()
    for (const { key, sender, n } of heard) {
      const line = `${key} ${sender}`
      lines.set(line, [...(lines.get(line) ?? []), n])
    }
    for (const [line, numbers] of lines) {
      t.same(numbers, [...numbers].sort((a, b) => a - b), `${line} in order`) // prettier-ignore
      t.equal(numbers.length, sent.get(line), `${line} whole`)
    }
  },
)

t.test("what a node that has just come tells an entity keeps its order, whenever it hears where that is", async (t) => {
  const heard: { key: string; n: number }[] = []
  const Ear = defineActor({
    name: "ear",
    state: ({ key }: { tenant: string; key: string }) => key,
    receive: { hear: (ctx, n: number) => void heard.push({ key: ctx.state, n }) },
  })
  const cluster = new TestCluster(t, { definitions: [Ear], delay: () => 5, shards: 8 })
  await cluster.startAll("a", "b")
  const keys = Array.from({ length: 24 }, (_, n) => `key${n}`)
  const { system } = await cluster.start("c")
  const taken = new Map<string, number[]>(keys.map((key) => [key, []]))
  for (let n = 0; n < 100; n++) {
    for (const key of keys) if (system.entity(Ear, key).tell("hear", n)) taken.get(key)!.push(n)
    await cluster.clock.advance(0.5)
  }
  await cluster.clock.advance(1000)
  for (const key of keys)
    t.same(
      heard.filter((one) => one.key === key).map(({ n }) => n),
      taken.get(key),
      key,
    )
})

// --- circles ---------------------------------------------------------------------------------------------------------------------------------

interface Asks {
  ask(ref: SelfRef, type: string, payload?: unknown): Promise<string>
}
const Circle = defineActor({
  name: "circle",
  state: () => 0,
  receive: {
    async ask(ctx, keys: readonly string[]): Promise<string> {
      const [next, ...rest] = keys
      if (next === undefined) return "end"
      const ref = (ctx as unknown as ActorContext<unknown>).system.entityAt("default", "circle", next)
      return (ctx as unknown as Asks).ask(ref, "ask", rest)
    },
  },
}) as unknown as AnyDefinition

t.test("a circle of asks over nodes is told at once", async (t) => {
  const cluster = new TestCluster(t, { definitions: [Circle] })
  const [a] = await cluster.startAll("a", "b")
  const [onA, onB] = [keyOn(cluster, "circle", "a"), keyOn(cluster, "circle", "b")]
  const other = keyOn(cluster, "circle", "b", [onB])
  const ask = (first: string, ...keys: readonly string[]): Promise<unknown> =>
    cluster.within(a!.system.entityAt("default", "circle", first).ask("ask", keys as never), 1000)
  for (const circle of [
    [onA, onA],
    [onB, onB],
    [onA, onB, onA],
    [onB, onA, onB],
    [onA, onB, other, onA],
    [onA, onB, other, onB],
    [onA, onB, onA, onB],
  ])
    await t.rejects(ask(circle[0]!, ...circle.slice(1)), { code: "ASK_CYCLE" }, circle.join(" "))
  t.equal(await ask(onA, onB, other), "end")
})

// --- a node that leaves ----------------------------------------------------------------------------------------------------------------------

const carried: string[] = []
const Gate = defineActor({
  name: "gate",
  state: () => ({ open: false }),
  receive: {
    pass(ctx, what: string) {
      if (!ctx.state.open) return ctx.stash()
      carried.push(what)
      return what
    },
    open(ctx) {
      ctx.state.open = true
      ctx.unstashAll()
    },
  },
})

t.test(
  "a node that leaves waits for the asks that it has handed over, and so each is carried out and answered",
  async (t) => {
    carried.splice(0)
    const cluster = new TestCluster(t, { definitions: [Gate], rebalance: { perMinute: 1000, atOnce: 32 } })
    const [a] = await cluster.startAll("a", "b")
    const key = keyOn(cluster, "gate", "b")
    const ref = a!.system.entity(Gate, key)
    const passed = ref.with({ timeoutMs: 60_000 }).ask("pass", "first")
    passed.catch(() => undefined)
    await cluster.clock.advance(100)
    let left = false
    void cluster.leave("b").then(() => (left = true))
    await cluster.clock.advance(20_000)
    t.equal(left, false, "it is still there, to bring the answer")
    ref.tell("open")
    t.equal(await cluster.within(passed), "first")
    await cluster.until("it has left", () => left)
    t.same(carried, ["first"])
  },
)

t.test(
  "one that cannot wait any longer calls them off: the asker is told, and nothing is carried out after",
  async (t) => {
    carried.splice(0)
    const cluster = new TestCluster(t, { definitions: [Gate], rebalance: { perMinute: 1000, atOnce: 32 } })
    const [a, b] = await cluster.startAll("a", "b")
    const key = keyOn(cluster, "gate", "b")
    const ref = a!.system.entity(Gate, key)
    const outcome = ref.with({ timeoutMs: 60_000 }).ask("pass", "first").then((answer) => answer, (error: { code: string }) => error.code) // prettier-ignore
    await cluster.clock.advance(100)
    void b!.shards.drain()
    await cluster.clock.advance(20_000)
    await cluster.within(b!.system.stop())
    await cluster.within(b!.shards.leave())
    await cluster.clock.advance(100)
    t.equal(await cluster.within(outcome), "NODE_LOST")
    ref.tell("open")
    await cluster.clock.advance(1000)
    t.same(carried, [])
  },
)

// --- mailboxes that are full -------------------------------------------------------------------------------------------------------------------

t.test("what was taken for an entity whose mailbox is full where it arrives is a dead letter there", async (t) => {
  let heard = 0
  const Narrow = defineActor({
    name: "narrow",
    mailbox: { capacity: 1 },
    state: () => 0,
    receive: {
      async hear(ctx) {
        heard += 1
        await new Promise<void>((done) => ctx.system.clock.timer(5, done))
      },
    },
  })
  const cluster = new TestCluster(t, {
    definitions: [Narrow],
    delay: () => 2,
    shards: 8,
    rebalance: { perMinute: 1000, atOnce: 8 },
  })
  await cluster.startAll("a", "b")
  const systems = new Set([...cluster.nodes.values()].map(({ system }) => system))
  const keys = Array.from({ length: 8 }, (_, n) => `key${n}`)
  let [taken, refused] = [0, 0]
  const load = async (rounds: number): Promise<void> => {
    for (let round = 0; round < rounds; round++) {
      for (const { system } of cluster.nodes.values())
        for (const key of keys)
          if (system.entity(Narrow, key).tell("hear")) taken += 1
          else refused += 1
      await cluster.clock.advance(3)
    }
  }
  await load(50)
  systems.add((await cluster.start("c")).system)
  await load(400)
  const drained = cluster.within(cluster.nodes.get("b")!.shards.drain(), 60_000)
  await load(100)
  await drained
  await cluster.clock.advance(2000)
  const letters = [...systems].reduce((sum, { statistics }) => sum + statistics.deadLetters, 0)
  t.ok(refused > 0, "some are refused")
  t.ok(letters > 0, "and others arrive in vain")
  t.equal(heard + letters, taken)
})
