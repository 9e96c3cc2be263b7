/**
 * Nodes that have joined through `joinCluster`, in one process: what is promised of refs, entities and nodes that come
 * and go.
 */
import t, { type Test } from "tap"
import {
  defineActor,
  definePersistentActor,
  openStream,
  readStream,
  subscribe,
  type ActorRef,
  type StreamRef,
} from "#actors/index.js"
import { LevelStore } from "#actors/persistence/level-store.js"
import type { Cluster } from "#cluster/cluster-handle.js"
import { levelState } from "#cluster/level-state.js"
import { JoinedNodes, until } from "./support/joined.js"

const Account = definePersistentActor({
  name: "account",
  version: 1,
  state: () => ({ balance: 0 }),
  events: { deposited: (state, amount: number) => void (state.balance += amount) },
}).receive({
  async deposit(ctx, amount: number) {
    await ctx.persist("deposited", amount)
    return ctx.state.balance
  },
  balance: (ctx) => ctx.state.balance,
  where: (ctx) => ctx.system.node,
})
interface Echoes {
  say(text: string): string
  heard(): string[]
  wait(): Promise<void>
  aborted(): boolean
  count(to: number): StreamRef<number>
}
const Echo = defineActor({
  name: "echo",
  state: () => ({ heard: [] as string[], aborted: false }),
  receive: {
    say(ctx, text: string) {
      ctx.state.heard.push(`${text} for ${ctx.cause.caller}`)
      return `${ctx.system.node.split("#")[0]} says ${text}`
    },
    heard: (ctx) => ctx.state.heard,
    wait(ctx) {
      const { state, cause } = ctx
      return new Promise<void>((done) => {
        cause.signal?.addEventListener("abort", () => {
          state.aborted = true
          done()
        })
      })
    },
    aborted: (ctx) => ctx.state.aborted,
    count(ctx, to: number) {
      async function* numbers() {
        for (let n = 1; n <= to; n++) yield n
      }
      return openStream(ctx, numbers())
    },
  },
  reentrant: ["aborted"],
})
const Watcher = defineActor({
  name: "watcher",
  state: () => ({ ended: [] as string[] }),
  receive: { watch: (ctx, ref: ActorRef<Echoes>) => ctx.watch(ref), ended: (ctx) => ctx.state.ended },
  ended: (ctx, _ref, reason) => void ctx.state.ended.push(reason.kind),
})
let janitors = 0
const Janitor = defineActor({
  name: "janitor",
  state: () => ({}),
  started: () => void (janitors += 1),
  stopping: () => void (janitors -= 1),
  receive: { where: (ctx) => ctx.system.node },
})

async function joined(t: Test, ...names: readonly string[]) {
  const nodes = new JoinedNodes(t, { definitions: [Account], singletons: [Janitor] })
  const clusters = await nodes.all(...names)
  const [a, b, c] = clusters as readonly Cluster[]
  await until("every shard has an owner", () => clusters.every((cluster) => cluster.status().shards.unowned === 0))
  return { nodes, a: a!, b: b!, c: c! }
}
const keys = Array.from({ length: 40 }, (_, n) => `k${n}`)

/** An echo on one node, as another finds it. */
async function echoAcross(from: Cluster, to: Cluster) {
  const echo = from.system.spawn(Echo)
  await from.receptionist.register("echo", echo)
  return { echo, far: to.receptionist.lookup<Echoes>("echo")[0]! }
}

/** Asks all accounts again and again until it is told to stop; what fails is kept. */
function busy(cluster: Cluster, sent: Map<string, number>) {
  const failures: unknown[] = []
  let going = true
  const done = Promise.all(
    keys.map(async (key) => {
      while (going) {
        try {
          await cluster.system.entity(Account, key).ask("deposit", 1)
          sent.set(key, (sent.get(key) ?? 0) + 1)
        } catch (error) {
          failures.push(error)
        }
        await new Promise((later) => setTimeout(later, 5))
      }
    }),
  )
  return async () => {
    going = false
    await done
    return failures
  }
}

const balances = (cluster: Cluster) =>
  Promise.all(keys.map(async (key) => [key, await cluster.system.entity(Account, key).ask("balance")] as const))

t.test("each entity is one, wherever it is asked for, and every node has its share", async (t) => {
  const { a, b, c } = await joined(t, "a", "b", "c")
  const status = a.status()
  t.ok(status.ready)
  t.same(status.members.map(({ name, status, linked }) => [name, status, linked]), [["a", "up", true], ["b", "up", true], ["c", "up", true]]) // prettier-ignore
  t.equal(
    Object.values(status.shards.owned).reduce((sum, count) => sum + count, 0),
    24,
  )
  t.same(JSON.parse(JSON.stringify(status)), status)
  const places = new Set<string>()
  for (const key of keys) {
    const [one, two, three] = [a, b, c].map(({ system }) => system.entity(Account, key))
    const answers = [await one!.ask("deposit", 1), await two!.ask("deposit", 2), await three!.ask("balance")]
    t.same(answers, [1, 3, 3])
    places.add(await one!.ask("where"))
  }
  t.same([...places].sort(), [a.id, b.id, c.id].sort())
})

t.test(
  "an actor of one node is told, asked, watched and stopped from another, with the cause of the sender",
  async (t) => {
    const { a, b } = await joined(t, "a", "b")
    const { echo, far } = await echoAcross(a, b)
    t.equal(await far.with({ cause: { caller: "ada" } }).ask("say", "hello"), "a says hello")
    t.equal(far.tell("say", "again"), true)
    await until("it has heard", async () => (await far.ask("heard")).length === 2)
    t.equal((await far.ask("heard"))[0], "hello for ada")

    const control = new AbortController()
    const waiting = far.with({ signal: control.signal }).ask("wait")
    await new Promise((later) => setTimeout(later, 50))
    control.abort()
    await t.rejects(waiting, { code: "CANCELLED" })
    await until("the other side is told", () => echo.ask("aborted"))

    const watcher = b.system.spawn(Watcher)
    await watcher.ask("watch", far)
    await b.system.stopActor(far)
    await until("the watcher is told", async () => (await watcher.ask("ended")).length === 1)
    t.same(await watcher.ask("ended"), ["stopped"])
    await t.rejects(echo.ask("heard"), { code: "ACTOR_STOPPED" })
    t.same(b.receptionist.lookup("echo"), [])
  },
)

t.test("a stream is read from another node, in order", async (t) => {
  const { a, b } = await joined(t, "a", "b")
  const { far } = await echoAcross(a, b)
  const read: number[] = []
  for await (const n of readStream(b.system, await far.ask("count", 100))) read.push(n)
  t.same(
    read,
    Array.from({ length: 100 }, (_, n) => n + 1),
  )
})

t.test(
  "entities move to a node that joins, and away from one that leaves or drains: nothing is lost, no ask fails",
  async (t) => {
    const { nodes, a } = await joined(t, "a", "b")
    const sent = new Map<string, number>()
    const stop = busy(a, sent)
    const c = await nodes.join("c")
    await c.untilReady(20_000)
    await until("c serves some", () => c.status().shards.here > 3)
    const b = nodes.nodes.get("b")!.cluster
    await b.drain()
    t.equal(b.status().shards.here, 0)
    t.match(b.status(), { ready: false, waitingFor: ["it is drained"] })
    t.equal(await b.system.entity(Account, "k0").ask("balance").then((balance) => balance > 0), true, "it answers and routes") // prettier-ignore
    b.undrain()
    await until("b is ready again", () => b.ready)
    await c.leave()
    t.same(await c.ended, { why: "left" })
    await until("c is gone", () => a.status().members.length === 2)
    t.same(await stop(), [])
    t.same(new Map(await balances(b)), sent)
    t.ok([...sent.values()].every((count) => count > 1))
  },
)

t.test(
  "when a node dies another takes its entities over, with what they know; who watched its actors is told",
  async (t) => {
    const { nodes, a, b, c } = await joined(t, "a", "b", "c")
    for (const key of keys) await a.system.entity(Account, key).ask("deposit", 1)
    const { far } = await echoAcross(c, b)
    const watcher = b.system.spawn(Watcher)
    await watcher.ask("watch", far)
    const open = far.ask("wait").catch((error: { code: string }) => error.code)
    const before = performance.now()
    await nodes.nodes.get("c")!.kill()
    const retried = keys.map(async (key) => {
      for (;;) {
        try {
          return await a.system
            .entity(Account, key)
            .with({ timeoutMs: 500, commandId: `second-${key}` })
            .ask("deposit", 1)
        } catch {
          await new Promise((later) => setTimeout(later, 20))
        }
      }
    })
    t.same(await Promise.all(retried), keys.map(() => 2)) // prettier-ignore
    t.comment(`taken over after ${Math.round(performance.now() - before)} ms`)
    await until("c is down", () => b.status().members.some(({ name, status }) => name === "c" && status === "down"))
    await until("the watcher is told", async () => (await watcher.ask("ended")).length === 1)
    t.same(await watcher.ask("ended"), ["crashed"])
    t.equal(await open, "NODE_LOST")
  },
)

t.test("a node that was cut off from all, and taken for dead, is talked to again when it is back", async (t) => {
  const { nodes, a, b } = await joined(t, "a", "b")
  const { far } = await echoAcross(a, b)
  const { agent } = nodes.nodes.get("b")!
  agent.stop()
  for (const pipe of nodes.net.pipes) pipe.hold()
  await until("b is down", () => a.status().members.some(({ name, status }) => name === "b" && status === "down"))
  for (const pipe of [...nodes.net.pipes]) pipe.release()
  agent.start()
  const well = (cluster: Cluster): boolean =>
    cluster.ready && cluster.status().members.every(({ status, linked }) => status === "up" && linked)
  await until("all is well", () => well(a) && well(b))
  await t.rejects(far.ask("say", "hello"), { code: "NODE_UNREACHABLE" }, "that link is over")
  await until("the echo is known again", () => b.receptionist.lookup("echo").length === 1)
  t.equal(await b.receptionist.lookup<Echoes>("echo")[0]!.ask("say", "hello"), "a says hello")
  t.equal(await b.system.entity(Account, "k1").ask("deposit", 1), 1)
})

t.test("a singleton runs once, moves when its node leaves, and starts elsewhere when that dies", async (t) => {
  janitors = 0
  const { nodes, a } = await joined(t, "a", "b", "c")
  await until("it runs", () => janitors === 1)
  const at = async () => (await a.singleton(Janitor).with({ timeoutMs: 1000 }).ask("where")).split("#")[0]!
  const first = await at()
  t.equal(await at(), first)
  if (first !== "a") {
    await nodes.nodes.get(first)!.cluster.leave()
    nodes.nodes.delete(first)
    t.not(await at(), first)
    t.equal(janitors, 1)
  }
  const second = await at()
  const survivor = [...nodes.nodes.keys()].find((name) => name !== second)!
  await nodes.nodes.get(second)!.kill()
  const there = nodes.nodes.get(survivor)!.cluster
  await until("it runs again", async () => {
    const where = await there.singleton(Janitor).with({ timeoutMs: 500 }).ask("where").catch(() => undefined) // prettier-ignore
    return where === there.id
  })
})

t.test("one node asks another to drain and to leave; a stranger is unknown", async (t) => {
  const { a, b } = await joined(t, "a", "b")
  await a.operate("b", "drain")
  t.equal(b.status().shards.draining, true)
  await a.operate("b", "undrain")
  t.equal(b.status().shards.draining, false)
  await a.operate("b", "leave")
  t.same(await b.ended, { why: "left" })
  await t.rejects(a.operate("x", "drain"), { code: "UNKNOWN_NODE" })
  await t.rejects(a.forget("a"), { code: "NODE_ALIVE" })
})

t.test("where state lies on the node it moves along; behind one that died its entities wait for it", async (t) => {
  const folder = t.testdir()
  const nodes = new JoinedNodes(t, { definitions: [Account] })
  const join = async (name: string) =>
    nodes.join(name, { state: levelState(await LevelStore.open(`${folder}/${name}`), { settleMs: 300 }) })
  const [a, b] = await Promise.all([join("a"), join("b")])
  await until("both are ready", () => a.ready && b.ready && a.status().members.length === 2)
  const add = (cluster: Cluster) =>
    Promise.all(keys.map((key) => cluster.system.entity(Account, key).ask("deposit", 1)))
  t.same(await add(a), keys.map(() => 1)) // prettier-ignore
  t.match(a.status(), { state: "leveldb" })
  const c = await join("c")
  await until("c serves some", () => c.ready && c.status().shards.here > 3)
  t.same(await add(b), keys.map(() => 2)) // prettier-ignore
  await b.leave()
  for (const key of keys)
    await t.rejects(b.system.entity(Account, key).ask("balance"), { code: "SYSTEM_STOPPED", retryable: false }, "S14")
  nodes.nodes.delete("b")
  await until("all are ready", () => a.ready && c.ready && a.status().shards.unowned === 0)
  t.same(await add(a), keys.map(() => 3)) // prettier-ignore

  const there = keys.filter((_, n) => n % 2 === 0)
  const homes = await Promise.all(there.map((key) => a.system.entity(Account, key).ask("where")))
  await nodes.nodes.get("c")!.kill()
  const codes = await Promise.all(
    there.map(async (key, n) => {
      if (homes[n] === a.id) return "here"
      for (;;) {
        const code = await a.system.entity(Account, key).with({ timeoutMs: 500 }).ask("balance").then(() => "answered", (error: { code: string }) => error.code) // prettier-ignore
        if (code === "UNAVAILABLE" || code === "answered") return code
        await new Promise((later) => setTimeout(later, 20))
      }
    }),
  )
  t.ok(codes.includes("UNAVAILABLE") && !codes.includes("answered"), codes.join(" "))
})

t.test(
  "an entity that subscribes again at another node hears each thing once, and none after it has left (U6)",
  async (t) => {
    const Listener = defineActor({
      name: "listener",
      state: () => ({ heard: [] as number[] }),
      receive: {
        price: (ctx, cents: number) => void ctx.state.heard.push(cents),
        other: (ctx, cents: number) => void ctx.state.heard.push(-cents),
        heard: (ctx) => ctx.state.heard,
      },
    })
    const nodes = new JoinedNodes(t, { definitions: [Listener] })
    const clusters = (await nodes.all("a", "b", "c")) as readonly Cluster[]
    await until("every shard has an owner", () => clusters.every((cluster) => cluster.status().shards.unowned === 0))
    const [a, b, c] = clusters as [Cluster, Cluster, Cluster]
    const topic = (cluster: Cluster) => cluster.topic<number>("prices")
    for (const cluster of clusters) topic(cluster)
    const at = (cluster: Cluster) => cluster.system.entity(Listener, "one")
    const heard = (): Promise<readonly number[]> => at(c).ask("heard")
    /** Published by each node in turn: what is taken to be heard must have come. */
    let published = 0
    const publish = async (): Promise<void> => {
      for (const cluster of clusters) await topic(cluster).ask("publish", ++published)
    }
    for (const cluster of [a, b, c, a, b]) {
      await subscribe(topic(cluster), at(cluster), "price")
      await publish()
    }
    const all = Array.from({ length: published }, (_, n) => n + 1)
    await until("all were heard", async () => (await heard()).length >= published)
    t.same(
      [...(await heard())].sort((x, y) => x - y),
      all,
      "once each",
    )
    t.same(
      await Promise.all(clusters.map(async (cluster) => (await topic(cluster).ask("statistics")).subscribers)),
      [0, 1, 0],
    )
    await subscribe(topic(a), at(a), "other") // another message is another subscription
    await topic(c).ask("unsubscribe", { ref: at(c), type: "price" })
    await until("b has let go", async () => (await topic(b).ask("statistics")).subscribers === 0)
    await publish()
    await until("the other was heard", async () => (await heard()).filter((cents) => cents < 0).length === 3)
    t.equal((await heard()).filter((cents) => cents > 0).length, all.length, "none after it has left")

    const joins = subscribe(topic(b), at(b), "price")
    await topic(b).ask("unsubscribe", { ref: at(b), type: "price" })
    await joins
    t.equal((await topic(b).ask("statistics")).subscribers, 0, "who leaves while it joins has left")
  },
)
