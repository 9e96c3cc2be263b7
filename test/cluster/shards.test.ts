import t, { type Test } from "tap"
import { Ledger, Memo, TestCluster } from "./support/test-cluster.js"

t.test("one node serves every shard, and its entities are those of any system", async (t) => {
  const cluster = new TestCluster(t)
  const [a] = await cluster.startAll("a")
  const ref = a!.system.entity(Ledger, "x")
  t.equal(await cluster.within(ref.ask("note", { sender: "me", n: 1 })), 1)
  t.equal(await cluster.within(ref.ask("total")), 1)
  t.equal(ref.address, "entity://test/default/ledger/x")
})

t.test("each shard has one owner, near the ideal share, and any node reaches any entity", async (t) => {
  const cluster = new TestCluster(t, { shards: 64 })
  const nodes = await cluster.startAll("a", "b", "c")
  for (let shard = 0; shard < 64; shard++) t.equal(cluster.ownersOf(shard).length, 1, `shard ${shard}`)
  for (let key = 0; key < 30; key++)
    for (const [i, { system }] of nodes.entries())
      t.equal(await cluster.within(system.entity(Ledger, `k${key}`).ask("note", { sender: "t", n: i })), i + 1)
  const residents = nodes.map(({ system }) => system.residentEntities)
  t.equal(
    residents.reduce((sum, n) => sum + n),
    30,
  )
  t.ok(
    residents.every((n) => n > 0),
    String(residents),
  )
})

t.test("a killed node's shards are served again within 7.5 s, with all that was acknowledged", async (t) => {
  const cluster = new TestCluster(t)
  const [a, b] = await cluster.startAll("a", "b", "c")
  const keys = Array.from({ length: 40 }, (_, i) => `k${i}`)
  for (const key of keys) await cluster.within(a!.system.entity(Ledger, key).ask("note", { sender: "a", n: 1 }))
  const lost = Array.from({ length: 32 }, (_, shard) => shard).filter(
    (shard) => b!.ownership.standing(shard) === "owner",
  )
  t.ok(lost.length > 0)
  cluster.kill("b")
  const took = await cluster.until("all are served", () => lost.every((shard) => cluster.ownersOf(shard).length === 1))
  t.ok(took <= 7500, `${took} ms`)
  t.ok(took >= 5000, `${took} ms: not before the lock-delay`)
  for (const key of keys) {
    const total = await cluster.within(a!.system.entity(Ledger, key).ask("note", { sender: "a", n: 2 }))
    t.equal(total, 2, key)
  }
})

t.test("so they are when it is killed soon after the registry was wiped", async (t) => {
  const cluster = new TestCluster(t)
  const nodes = await cluster.startAll("a", "b", "c")
  await cluster.clock.advance(60_000)
  cluster.consul.wipe()
  for (const { agent } of nodes) agent.resync()
  await cluster.clock.advance(3000)
  await cluster.ready()
  const lost = Array.from({ length: 32 }, (_, shard) => shard).filter(
    (shard) => nodes[1]!.ownership.standing(shard) === "owner",
  )
  t.ok(lost.length > 0)
  cluster.kill("b", 4000, 2500) // the registry ends its lease before anybody is worried
  const took = await cluster.until("all are served", () => lost.every((shard) => cluster.ownersOf(shard).length === 1))
  t.ok(took <= 8000, `${took} ms: who stood by has not waited in vain`)
})

t.test("while nobody serves it an entity is unavailable at once; while one takes over, messages wait", async (t) => {
  const cluster = new TestCluster(t)
  const [a] = await cluster.startAll("a", "b")
  const key = keyOn(cluster, "b")
  cluster.kill("b")
  await t.rejects(cluster.within(a!.system.entity(Ledger, key).ask("total"), 10), { code: "UNAVAILABLE" })
  t.equal(a!.system.entity(Ledger, key).tell("note", { sender: "a", n: 0 }), false)
  await cluster.clock.advance(5000)
  const started = cluster.clock.now
  t.equal(await cluster.within(a!.system.entity(Ledger, key).ask("note", { sender: "a", n: 1 })), 1)
  t.ok(cluster.clock.now - started > 1000, "it waited for the takeover")
})

t.test("entities of a node that is believed to be away are unavailable although the link to it is open", async (t) => {
  const cluster = new TestCluster(t)
  const [a] = await cluster.startAll("a", "b")
  const ref = a!.system.entity(Ledger, keyOn(cluster, "b"))
  cluster.mark("b", "unreachable")
  t.equal(a!.peers.named("b"), cluster.nodes.get("b")?.id)
  await t.rejects(cluster.within(ref.ask("total"), 10), { code: "UNAVAILABLE" })
  cluster.mark("b", "up")
  t.equal(await cluster.within(ref.ask("total")), 0)
})

t.test("a node that stood still answers nothing of what it held when it goes on", async (t) => {
  const cluster = new TestCluster(t)
  const [a, b] = await cluster.startAll("a", "b")
  const key = keyOn(cluster, "b")
  await cluster.within(a!.system.entity(Ledger, key).ask("note", { sender: "a", n: 1 }))
  cluster.freeze("b", 20_000)
  cluster.mark("b", "unreachable")
  await cluster.clock.advance(4000)
  cluster.mark("b", "down")
  const shard = a!.shards.shardOf({ tenant: "default", type: "ledger", key })
  await cluster.until("a serves it", () => a!.ownership.standing(shard) === "owner", 12_000)
  t.equal(b!.ownership.standing(shard), "owner", "b knows nothing")
  t.equal(b!.ownership.mayAnswer(shard), "confirm", "but answers nothing from memory")
  t.equal(await cluster.within(a!.system.entity(Ledger, key).ask("note", { sender: "a", n: 2 })), 2)
  // Asked on b itself, whatever it believes.
  await t.rejects(cluster.within(b!.system.entity(Ledger, key).ask("total"), 60_000), {
    code: /SHARD_MOVED|ASK_TIMEOUT/,
  })
  const late = b!.system.entity(Ledger, key).with({ timeoutMs: 30_000 }).ask("note", { sender: "b", n: 1 })
  const outcome = await cluster.within(late.then((total) => total, (error: { code: string }) => error.code), 60_000) // prettier-ignore
  t.ok([3, "SHARD_MOVED", "UNAVAILABLE"].includes(outcome), String(outcome))
  const notes = await cluster.within(a!.system.entity(Ledger, key).ask("notes"))
  t.equal(notes.length, outcome === 3 ? 3 : 2)
})

t.test(
  "shards move to a node that joins, and back when it drains; every message is handled once, in order",
  async (t) => {
    const cluster = new TestCluster(t, {
      delay: () => 1 + Math.random() * 5,
      rebalance: { perMinute: 1000, atOnce: 16 },
    })
    const [a, b] = await cluster.startAll("a", "b")
    const load = new Load(cluster, ["a", "b"], 20)
    load.begin()
    await cluster.clock.advance(500)
    await cluster.start("c")
    await cluster.ready()
    load.join("c")
    await cluster.clock.advance(500)
    const owned = cluster.nodes.get("c")!.shards.status.served
    t.ok(owned >= 4, `c serves ${owned}`)
    const drained = cluster.within(cluster.nodes.get("c")!.shards.drain(), 60_000)
    await drained
    t.equal(cluster.nodes.get("c")!.system.residentEntities, 0)
    await cluster.clock.advance(500)
    await load.end(t)
    t.ok(load.slowest < 1000, "no barrier waits for another")
    t.same([a!.shards.status.held, b!.shards.status.held], [0, 0])
  },
)

t.test("nodes are restarted one after the other under load, and nobody notices", async (t) => {
  const cluster = new TestCluster(t, { delay: () => 1 + Math.random() * 5, rebalance: { perMinute: 1000, atOnce: 16 } })
  await cluster.startAll("a", "b", "c")
  const client = await cluster.start("client", 0)
  const load = new Load(cluster, ["client"], 20)
  load.begin()
  for (const name of ["a", "b", "c"]) {
    await cluster.clock.advance(500)
    const began = cluster.clock.now
    await cluster.within(cluster.leave(name), 60_000)
    t.ok(cluster.clock.now - began < 10_000, `${Math.round(cluster.clock.now - began)} ms`)
    await cluster.clock.advance(500)
    await cluster.start(name)
    await cluster.ready()
  }
  await load.end(t)
  t.ok(load.slowest < 1000)
  t.equal(client.shards.status.served, 0, "a node without capacity has no shards")
})

t.test("a node that is drained in the midst of what it is given keeps it until it can give it on", async (t) => {
  const cluster = new TestCluster(t, { rebalance: { perMinute: 1000, atOnce: 16 } })
  await cluster.startAll("a", "c")
  const load = new Load(cluster, ["a"], 10)
  load.begin()
  const b = await cluster.start("b")
  const owned = (): number => b.shards.status.served
  await cluster.until("b is given shards", () => b.shards.status.moving > 0)
  t.equal(owned(), 0)
  await cluster.within(b.shards.drain())
  t.equal(b.shards.status.moving, 0)
  t.equal(b.shards.status.held, 0)
  t.notOk(cluster.ownersOf(0).includes("b"))
  await cluster.within(cluster.leave("b"))
  await load.end(t)
})

t.test("an owner that was not told hears from its successor that it is none any more", async (t) => {
  const cluster = new TestCluster(t)
  const [a, b] = await cluster.startAll("a", "b")
  const key = keyOn(cluster, "b")
  const shard = a!.shards.shardOf({ tenant: "default", type: "ledger", key })
  const [link] = [[a!.peers, b!.peers] as const]
  b!.agent.cutOff()
  cluster.mesh.cut(...link)
  cluster.mark("b", "down")
  await cluster.until("a has taken over", () => a!.ownership.standing(shard) === "owner")
  t.equal(b!.ownership.standing(shard), "owner", "b has heard of nothing")
  cluster.mark("b", "up")
  cluster.mesh.connect(...link)
  await cluster.until("b knows", () => b!.ownership.standing(shard) !== "owner", 1000)
})

t.test(
  "under crashes, pauses, cuts and a registry that fails, nothing acknowledged is lost or done twice",
  async (t) => {
    for (const seed of [1, 2, 3, 4]) {
      const chance = generator(seed)
      const cluster = new TestCluster(t, { delay: () => 1 + chance() * 10, rebalance: { perMinute: 1000, atOnce: 16 } })
      await cluster.startAll("a", "b", "c", "d")
      const load = new Load(cluster, ["a"], 10, chance, 25)
      load.begin()
      for (let n = 0; n < 12; n++) {
        await cluster.clock.advance(chance() * 3000)
        const name = ["b", "c", "d"][Math.floor(chance() * 3)]!
        const trouble = Math.floor(chance() * 6)
        if (cluster.nodes.get(name) === undefined) {
          await cluster.start(name)
          continue
        }
        if (trouble === 0) cluster.kill(name)
        else if (trouble === 1) {
          const ms = chance() * 15_000
          cluster.freeze(name, ms)
          cluster.mark(name, "down")
          cluster.clock.timer(ms + 500, () => cluster.mark(name, "up"))
        } else if (trouble === 2) {
          const [a, other] = [cluster.nodes.get("a")!, cluster.nodes.get(name)!]
          cluster.mesh.cut(a.peers, other.peers, chance() * 200)
          cluster.clock.timer(2000 + chance() * 3000, () => cluster.nodes.get(name) === other && cluster.mesh.connect(a.peers, other.peers)) // prettier-ignore
        } else if (trouble === 3) {
          const { agent } = cluster.nodes.get(name)!
          agent.cutOff()
          cluster.clock.timer(chance() * 8000, () => agent.start())
        } else if (trouble === 4) cluster.consul.endSessions()
        else void cluster.leave(name)
      }
      await cluster.clock.advance(30_000)
      for (const name of ["b", "c", "d"]) if (cluster.nodes.get(name) === undefined) await cluster.start(name)
      await cluster.ready(60_000)
      await load.check(t, `seed ${seed}`)
      await cluster.close()
    }
  },
)

/** A key of a ledger whose shard a node owns. */
function keyOn(cluster: TestCluster, name: string, type = "ledger"): string {
  const { shards } = cluster.nodes.get(name)!
  for (let n = 0; ; n++) {
    const key = `key${n}`
    if (cluster.ownersOf(shards.shardOf({ tenant: "default", type, key })).includes(name)) return key
  }
}

/** Actors of several nodes that note numbers in ledgers, as tells and asks in turns. */
class Load {
  readonly #sent = new Map<string, number>()
  readonly #refused: string[] = []
  readonly #failed: unknown[] = []
  /** Asks that were answered well. */
  readonly #acknowledged: string[] = []
  readonly #senders: string[]
  #on = true
  #open = 0
  /** How long the slowest ask took. */
  slowest = 0

  constructor(
    readonly cluster: TestCluster,
    senders: readonly string[],
    readonly keys: number,
    readonly chance: () => number = Math.random,
    readonly everyMs = 5,
  ) {
    this.#senders = [...senders]
  }

  begin(): void {
    const step = (): void => {
      if (!this.#on) return
      for (const sender of this.#senders)
        for (let key = 0; key < this.keys; key++) if (this.chance() < 0.3) this.#send(sender, `k${key}`)
      this.cluster.clock.timer(this.everyMs, step)
    }
    step()
  }

  join(sender: string): void {
    this.#senders.push(sender)
  }

  #send(sender: string, key: string): void {
    const name = `${sender} ${key}`
    const n = this.#sent.get(name) ?? 0
    this.#sent.set(name, n + 1)
    const ref = this.cluster.nodes.get(sender)!.system.entity(Ledger, key)
    if (n % 2 === 0) {
      if (!ref.tell("note", { sender, n })) this.#refused.push(name)
      return
    }
    this.#open += 1
    const asked = this.cluster.clock.now
    ref
      .with({ timeoutMs: 20_000 })
      .ask("note", { sender, n })
      .then(
        () => {
          this.#open -= 1
          this.#acknowledged.push(`${name} ${n}`)
          this.slowest = Math.max(this.slowest, this.cluster.clock.now - asked)
        },
        (error: unknown) => {
          this.#open -= 1
          this.#failed.push(error)
        },
      )
  }

  /** What must hold whatever went wrong. */
  async check(t: Test, what: string): Promise<void> {
    this.#on = false
    await this.cluster.until("all asks have ended", () => this.#open === 0, 60_000)
    const found = new Set<string>()
    let [twice, disorder] = [0, 0]
    for (let key = 0; key < this.keys; key++) {
      const ref = this.cluster.nodes.get(this.#senders[0]!)!.system.entity(Ledger, `k${key}`)
      const last = new Map<string, number>()
      for (const { sender, n } of await this.cluster.within(ref.ask("notes"))) {
        const name = `${sender} k${key} ${n}`
        if (found.has(name)) twice += 1
        found.add(name)
        if ((last.get(sender) ?? -1) > n) disorder += 1
        last.set(sender, n)
      }
    }
    t.equal(twice, 0, `${what}: nothing is done twice`)
    t.same(this.#acknowledged.filter((name) => !found.has(name)), [], `${what}: nothing acknowledged is lost`) // prettier-ignore
    const codes = new Map<string, number>()
    for (const { code } of this.#failed as { code: string }[]) codes.set(code, (codes.get(code) ?? 0) + 1)
    t.comment(`${what}: ${this.#acknowledged.length} acknowledged, ${found.size} found, ${disorder} overtaken, ${JSON.stringify([...codes])}`) // prettier-ignore
    t.ok(this.#acknowledged.length > 100)
  }

  async end(t: Test): Promise<void> {
    this.#on = false
    await this.cluster.until("all asks are answered", () => this.#open === 0)
    await this.cluster.clock.advance(1000)
    t.same(this.#refused, [], "no tell was refused")
    t.same(this.#failed, [], "no ask failed")
    let total = 0
    for (let key = 0; key < this.keys; key++) {
      const ref = this.cluster.nodes.get(this.#senders[0]!)!.system.entity(Ledger, `k${key}`)
      const notes = await this.cluster.within(ref.ask("notes"))
      total += notes.length
      for (const sender of this.#senders) {
        const got = notes.filter((note) => note.sender === sender).map(({ n }) => n)
        const wanted = Array.from({ length: this.#sent.get(`${sender} k${key}`) ?? 0 }, (_, n) => n)
        t.same(got, wanted, `what ${sender} sent to k${key}`)
      }
    }
    t.comment(`${total} messages, the slowest ask took ${Math.round(this.slowest)} ms`)
  }
}

t.test("a thousand shards of a killed node are served again a second or two after their wait", async (t) => {
  const cluster = new TestCluster(t, { shards: 1024 })
  const [a] = await cluster.startAll("a", "b")
  const lost = cluster.nodes.get("b")!.shards.status.served
  t.ok(lost > 400, `${lost} shards`)
  const began = performance.now()
  cluster.kill("b")
  const took = await cluster.until("a serves all", () => a!.shards.status.served === 1024)
  t.ok(took <= 8000, `${took} ms`)
  t.comment(`${lost} shards: ${took} ms, ${Math.round(performance.now() - began)} ms of real time`)
})

t.test("while the registry is away owners go on, by what the store confirms; nothing moves", async (t) => {
  const cluster = new TestCluster(t)
  const [a, b] = await cluster.startAll("a", "b")
  const key = keyOn(cluster, "b")
  const ask = (n: number) => cluster.within(a!.system.entity(Ledger, key).ask("note", { sender: "a", n }))
  t.equal(await ask(0), 1)
  const owned = () => [a, b].map((node) => node!.shards.status.served)
  const before = owned()
  for (const { agent } of cluster.nodes.values()) agent.cutOff()
  await cluster.clock.advance(60_000)
  const shard = a!.shards.shardOf({ tenant: "default", type: "ledger", key })
  t.equal(b!.ownership.mayAnswer(shard), "confirm")
  t.equal(await ask(1), 2)
  t.same(owned(), before)
  t.match(b!.shards.status.trouble, /registry|lease/)
  for (const { agent } of cluster.nodes.values()) agent.start()
  const normal = await cluster.until(
    "leases are fresh, epochs proven",
    () =>
    Array.from({ length: 32 }, (_, n) => n).every((n) => [a, b].some((node) => node!.ownership.mayAnswer(n) === "from-memory")), // prettier-ignore
  )
  t.ok(normal <= 5000, `${normal} ms`)
  t.equal(await ask(2), 3)
  t.same(owned(), before)
  await cluster.until("all is well", () => b!.shards.status.trouble === undefined, 5000)
})

t.test(
  "after a registry was wiped every owner takes its lock again, under a higher epoch, and its memory stands",
  async (t) => {
    const cluster = new TestCluster(t)
    const [a, b] = await cluster.startAll("a", "b")
    const key = keyOn(cluster, "b")
    const shard = a!.shards.shardOf({ tenant: "default", type: "ledger", key })
    await cluster.within(
      b!.system
        .entity(Memo, key)
        .ask("put", 1)
        .catch(() => undefined),
    )
    await cluster.within(a!.system.entity(Ledger, key).ask("note", { sender: "a", n: 0 }))
    const residents = b!.system.residentEntities
    const epochs = Array.from({ length: 32 }, (_, n) => a!.ownership.epochOf(n) + b!.ownership.epochOf(n))
    cluster.consul.endSessions()
    await cluster.until(
      "all are proven again",
      () =>
    Array.from({ length: 32 }, (_, n) => n).every((n) => [a, b].some((node) => node!.ownership.mayAnswer(n) === "from-memory" && node!.ownership.epochOf(n) > epochs[n]!)), // prettier-ignore
    )
    t.equal(b!.ownership.standing(shard), "owner")
    t.equal(b!.system.residentEntities, residents, "no entity was stopped")
    t.equal(await cluster.within(a!.system.entity(Ledger, key).ask("note", { sender: "a", n: 1 })), 2)
  },
)

t.test("what is held is as it was when it was sent, and what is no plain data is refused at once", async (t) => {
  const cluster = new TestCluster(t)
  const [a] = await cluster.startAll("a", "b")
  const key = keyOn(cluster, "b", "memo")
  cluster.kill("b")
  await cluster.clock.advance(5000)
  const ref = a!.system.entity(Memo, key)
  const item = { n: 1, of: new Map([["a", 1]]) }
  t.ok(ref.tell("put", item))
  const asked = ref.ask("put", item)
  t.equal(a!.shards.status.held, 2)
  item.n = 2
  item.of.set("a", 2)
  t.throws(() => ref.tell("put", { f: () => 1 }), { code: "INVALID_PAYLOAD", message: /memo\.put: the payload\.f/ })
  await t.rejects(ref.ask("put", new WeakMap()), { code: "INVALID_PAYLOAD" })
  await cluster.ready()
  t.equal(await cluster.within(asked.catch(() => 2)), 2)
  const right = { n: 1, of: new Map([["a", 1]]) }
  t.same((await cluster.within(ref.ask("all")))[0], right)
})

t.test("held messages are bounded: one more is refused with MAILBOX_FULL", async (t) => {
  const cluster = new TestCluster(t, { hold: { perShard: 5, inAll: 8, holdMs: 15_000 } })
  const [a] = await cluster.startAll("a", "b")
  const key = keyOn(cluster, "b")
  cluster.kill("b")
  await cluster.clock.advance(5000)
  const ref = a!.system.entity(Ledger, key)
  const taken = Array.from({ length: 8 }, (_, n) => ref.tell("note", { sender: "a", n }))
  t.same(taken, [true, true, true, true, true, false, false, false])
  await t.rejects(ref.ask("total"), { code: "MAILBOX_FULL" })
  t.equal(a!.shards.status.held, 5)
  await cluster.ready()
  t.equal(await cluster.within(ref.ask("total")), 5)
  t.equal(a!.shards.status.held, 0)
})

t.test("an ask that is held ends at its deadline and with its signal, and its message is dropped", async (t) => {
  const cluster = new TestCluster(t)
  const [a] = await cluster.startAll("a", "b")
  const key = keyOn(cluster, "b")
  cluster.kill("b")
  await cluster.clock.advance(5000)
  const ref = a!.system.entity(Ledger, key)
  await t.rejects(cluster.within(ref.with({ timeoutMs: 100 }).ask("note", { sender: "a", n: 0 })), {
    code: "ASK_TIMEOUT",
  })
  const control = new AbortController()
  const cancelled = ref.with({ signal: control.signal }).ask("note", { sender: "a", n: 1 })
  control.abort()
  await t.rejects(cancelled, { code: "CANCELLED" })
  await cluster.ready()
  t.equal(await cluster.within(ref.ask("total")), 0)
})

t.test("an owner that drains lets handlers end, and gives back what they did not get to", async (t) => {
  const cluster = new TestCluster(t, { shutdownTimeoutMs: 3000 })
  const [a, b] = await cluster.startAll("a", "b")
  const key = keyOn(cluster, "b")
  const ref = a!.system.entity(Ledger, key)
  const slow = ref.ask("slowly", 2500)
  const after = Array.from({ length: 10 }, (_, n) => ref.with({ timeoutMs: 20_000 }).ask("note", { sender: "a", n }))
  await cluster.clock.advance(50)
  const drained = b!.shards.drain()
  t.equal(await cluster.within(slow), 0)
  t.same(await cluster.within(Promise.all(after)), [1, 2, 3, 4, 5, 6, 7, 8, 9, 10])
  await cluster.within(drained)
  t.equal(b!.system.residentEntities, 0)
  t.equal(a!.shards.status.served, 32)
})

t.test("a message for a shard that nobody knows the owner of goes in no circle", async (t) => {
  const cluster = new TestCluster(t)
  const [a, b, c] = await cluster.startAll("a", "b", "c")
  const key = keyOn(cluster, "c")
  const shard = a!.shards.shardOf({ tenant: "default", type: "ledger", key })
  cluster.mesh.cut(a!.peers, c!.peers)
  cluster.mesh.cut(b!.peers, c!.peers)
  await cluster.clock.advance(100)
  for (const node of [a, b])
    await t.rejects(cluster.within(node!.system.entity(Ledger, key).ask("total"), 100), { code: "UNAVAILABLE" })
  t.equal(c!.ownership.standing(shard), "owner")
  t.equal(await cluster.within(c!.system.entity(Ledger, key).ask("total")), 0)
  cluster.mesh.connect(a!.peers, c!.peers)
  await cluster.clock.advance(100)
  t.equal(await cluster.within(a!.system.entity(Ledger, key).ask("total")), 0)
})

t.test("a mailbox of small capacity takes what was held for it", async (t) => {
  const cluster = new TestCluster(t)
  const [a, b] = await cluster.startAll("a", "b")
  const { shards } = a!
  let n = 0
  while (b!.ownership.standing(shards.shardOf({ tenant: "default", type: "memo", key: `m${n}` })) !== "owner") n++
  const ref = a!.system.entity(Memo, `m${n}`)
  cluster.kill("b")
  await cluster.clock.advance(5000)
  for (let i = 0; i < 500; i++) t.equal(ref.tell("put", i), true)
  await cluster.ready()
  t.equal((await cluster.within(ref.ask("all"))).length, 500)
})

t.test("with nobody to take its shards a node that drains lets go of them", async (t) => {
  const cluster = new TestCluster(t)
  const [a] = await cluster.startAll("a")
  await cluster.within(a!.system.entity(Ledger, "x").ask("note", { sender: "a", n: 0 }))
  await cluster.within(a!.shards.drain())
  t.equal(a!.shards.status.served, 0)
  await t.rejects(a!.system.entity(Ledger, "x").ask("total"), { code: "UNAVAILABLE" })
  await cluster.start("b")
  const took = await cluster.until("b serves all", () => cluster.nodes.get("b")!.shards.status.served === 32)
  t.ok(took < 3000, `${took} ms: the release is in the store`)
  t.equal(await cluster.within(a!.system.entity(Ledger, "x").ask("total")), 1)
})

t.test("a taker that was told nothing of the end of a move takes part in the next one", async (t) => {
  const cluster = new TestCluster(t)
  const [a] = await cluster.startAll("a")
  const b = await cluster.start("b")
  let lost = 0
  const lossy = ({ peers }: typeof b, what: string): void => {
    const tell = peers.tell.bind(peers)
    peers.tell = (peer, service, type, payload) => {
      if (type !== what || cluster.clock.now > 5000) return tell(peer, service, type, payload)
      lost += 1
      return false
    }
  }
  lossy(b, "accept")
  lossy(a!, "abort")
  await cluster.ready()
  t.ok(lost > 0)
})

function generator(seed: number): () => number {
  let a = seed | 0
  return () => {
    a = (a + 0x6d2b79f5) | 0
    let x = Math.imul(a ^ (a >>> 15), a | 1)
    x ^= x + Math.imul(x ^ (x >>> 7), x | 61)
    return ((x ^ (x >>> 14)) >>> 0) / 0x1_0000_0000
  }
}

t.test("a shard that is given away is taken soon, though the registry fails its taker once", async (t) => {
  const cluster = new TestCluster(t, { shards: 8, rebalance: { perMinute: 1000, atOnce: 8 } })
  await cluster.startAll("a")
  const { seat } = await cluster.start("b")
  const failed = new Set<string>()
  const acquire = seat.acquire.bind(seat)
  seat.acquire = async (key) => {
    if (failed.has(key)) return acquire(key)
    failed.add(key)
    return { kind: "unavailable", reason: "a test" }
  }
  const tookMs = await cluster.ready()
  t.ok(failed.size > 0)
  t.ok(tookMs < 3000, `after ${tookMs} ms`)
})

t.test("what a node sends for a shard that is given to it waits for nobody but itself", async (t) => {
  const cluster = new TestCluster(t, { shards: 8, rebalance: { perMinute: 1000, atOnce: 8 } })
  const [a] = await cluster.startAll("a")
  const b = await cluster.start("b")
  let away = true
  const acquire = b.seat.acquire.bind(b.seat)
  b.seat.acquire = async (key) => (away ? { kind: "unavailable", reason: "a test" } : acquire(key))
  const keys = Array.from({ length: 8 }, (_, n) => `k${n}`)
  const tellAll = (value: number): void => keys.forEach((key) => void b.system.entity(Memo, key).tell("put", value))
  await cluster.until("they know each other", () => b.shards.status.owned.get("a") === 8)
  tellAll(1)
  await cluster.until("some are given", () => b.shards.status.moving > 0 && a!.shards.status.moving === 0)
  tellAll(2)
  await cluster.clock.advance(100)
  t.ok(b.shards.status.held > 0, "it holds them with the rest")
  away = false
  await cluster.ready()
  await cluster.clock.advance(100)
  for (const key of keys)
    t.same(await cluster.within(a!.system.entity(Memo, key).ask("all")).then((all) => all.at(-1)), 2)
})
