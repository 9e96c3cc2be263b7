/** What every registry promises. Run by each adapter: `registryContract("memory", async (t) => ({ ... }))`. */
import fc from "fast-check"
import t, { type Test } from "tap"
import type { Clock } from "#actors/clock.js"
import type { NodeDescription } from "#cluster/node.js"
import type {
  Acquisition,
  Lease,
  Lock,
  RegisteredNode,
  Registry,
  RegistryTimings,
  Seat,
  SeatEvent,
  Sight,
  Watcher,
} from "#cluster/registry.js"

export interface RegistryBench {
  /** A connection of its own to one and the same cluster. */
  connect(): Registry
  readonly clock: Clock
  readonly timings: RegistryTimings
  /** Lets time pass. */
  pass(milliseconds: number): Promise<void>
  /** Ends all leases, as an operator of the registry may. Left out where nobody can. */
  endLeases?(): Promise<void>
}

type Passing = Pick<RegistryBench, "clock" | "pass">

export interface RegistryPromises {
  /** Does it find out who lives, and who gets a lock? If not, each lock belongs to one node. */
  readonly decides: boolean
  readonly records: boolean
}

const roles = ["entities", "a role = with signs / ünd ☃"]

export const aNode = (name: string, more: Partial<NodeDescription> = {}): NodeDescription => ({
  name,
  incarnation: 1,
  address: "127.0.0.1:7000",
  roles,
  capabilities: {
    models: Array.from({ length: 40 }, (_, i) => `a-model-with-a-long-name-${i}`),
    gpu: false,
    "a key = with signs / ünd ☃": 'a \\ "text" of 𝄞 \n',
    cores: 2.5,
  },
  capacity: 1,
  protocol: { min: 1, max: 2 },
  ...more,
})

/** Capabilities whose JSON has so many bytes. */
export const capabilitiesOf = (bytes: number): NodeDescription["capabilities"] => ({
  models: ["x".repeat(bytes - JSON.stringify({ models: [""] }).length)],
})

/** Waits until something is so. */
export async function until(bench: Passing, what: string, is: () => boolean, limitMs = 10_000): Promise<void> {
  const end = bench.clock.monotonic() + limitMs
  while (!is()) {
    if (bench.clock.monotonic() > end) throw new Error(`not so after ${limitMs} ms: ${what}`)
    await bench.pass(10)
  }
}

/** Repeats an acquisition until it is held. */
export async function held(bench: Passing, seat: Seat, key: string, limitMs = 10_000): Promise<Lease> {
  const end = bench.clock.monotonic() + limitMs
  for (;;) {
    const answer = await seat.acquire(key)
    if (answer.kind === "held") return answer.lease
    if (bench.clock.monotonic() > end) throw new Error(`${key} is not held after ${limitMs} ms: ${JSON.stringify(answer)}`) // prettier-ignore
    await bench.pass(20)
  }
}

/** A watcher that keeps what it is told. */
export class Seen<Entry> {
  readonly sights: Sight<Entry>[] = []
  readonly watcher: Watcher<Entry> = (sight) => void this.sights.push(sight)

  get last(): Sight<Entry> | undefined {
    return this.sights.at(-1)
  }

  get entries(): readonly Entry[] {
    return this.last?.kind === "current" ? this.last.entries : []
  }
}

export class Seated {
  readonly events: SeatEvent[] = []
  readonly seat: Seat

  constructor(
    readonly registry: Registry,
    readonly node: NodeDescription,
  ) {
    this.seat = registry.join(node, (event) => void this.events.push(event))
  }

  static async at(bench: Passing, registry: Registry, node: NodeDescription): Promise<Seated> {
    const seated = new Seated(registry, node)
    await until(bench, `${node.name} has a lease`, () => seated.seat.lease !== undefined)
    return seated
  }

  kinds(): readonly string[] {
    return this.events.map(({ kind }) => kind).filter((kind) => kind !== "waiting")
  }
}

/** @param buffered may it run beside other tests of its file? */
export function registryContract(
  name: string,
  open: (t: Test) => Promise<RegistryBench>,
  promises: RegistryPromises,
  buffered = false,
): void {
  void t.test(`registry ${name}`, { buffered }, async (t) => {
    const bench = await open(t)
    const { timings } = bench
    const opened: Registry[] = []
    t.teardown(() => Promise.all(opened.map((registry) => registry.close())))
    const connect = (): Registry => {
      const registry = bench.connect()
      opened.push(registry)
      return registry
    }
    const watcher = connect()
    const nodes = new Seen<RegisteredNode>()
    watcher.watchNodes(nodes.watcher)
    const known = (name: string): readonly RegisteredNode[] => nodes.entries.filter(({ node }) => node.name === name)
    const healthy = (name: string): boolean => known(name).length === 1 && known(name)[0]?.health === "passing"

    await t.test("nodes are told with everything that they said about themselves", async (t) => {
      await until(bench, "the nodes are told", () => nodes.last?.kind === "current")
      const registry = connect()
      const node = aNode("ann", { address: "10.1.2.3:4567", capacity: 1.5, incarnation: 41 })
      const { seat } = await Seated.at(bench, registry, node)
      const mine = new Seen<RegisteredNode>()
      registry.watchNodes(mine.watcher)
      const found = (): RegisteredNode | undefined => mine.entries.find(({ node }) => node.name === "ann")
      await until(bench, "ann is healthy", () => found()?.node.incarnation === 41 && found()?.health === "passing")
      t.strictSame(found(), { node, health: "passing", leaving: false })
      await until(bench, "others see her", () => healthy("ann"))
      await seat.leave()
      t.equal(seat.lease, undefined)
    })

    await t.test("what cannot be registered is refused by the name of its field", (t) => {
      const registry = connect()
      for (const [field, wrong] of [
        ["name", "a b"], ["name", ""], ["address", "nowhere"], ["incarnation", -1], ["capacity", -1],
        ["protocol", { min: 0.5, max: 1 }], ["protocol", { min: 2, max: 1 }], ["capabilities", { gpu: null }],
      ] as const) {
        const node = { ...aNode("ann"), [field]: wrong }
        t.throws(() => registry.join(node, () => undefined), { code: "INVALID_NODE", message: new RegExp(field) })
      } // prettier-ignore
      t.end()
    })

    await t.test("a lease stays fresh while it is renewed, and is fresh no longer than promised", async (t) => {
      const { seat } = await Seated.at(bench, connect(), aNode("ann"))
      const lease = seat.lease!
      for (let round = 0; round < 10; round += 1) {
        t.ok(lease.freshUntil > bench.clock.monotonic())
        if (promises.decides) t.ok(lease.freshUntil <= bench.clock.monotonic() + timings.leaseMs)
        await bench.pass(timings.leaseMs / 5)
      }
      await seat.leave()
      t.equal(lease.freshUntil, -Infinity)
      t.match(await seat.acquire("k"), { kind: "unavailable" })
    })

    await t.test("a renewal that is asked for is begun after that", async (t) => {
      const ann = await Seated.at(bench, connect(), aNode("ann"))
      for (let n = 0; n < 5; n++) {
        const asked = bench.clock.monotonic()
        let done = 0
        for (let m = 0; m < 10; m++) void ann.seat.renew().then(() => (done += 1))
        await until(bench, "it has ended", () => done === 10, timings.beatMs)
        t.ok(ann.seat.lease!.renewedFrom.monotonic >= asked)
        t.ok(ann.seat.lease!.freshUntil >= asked + (promises.decides ? timings.leaseMs : 0))
        await bench.pass(40 * n)
      }
      await ann.seat.leave()
      await ann.seat.renew()
      await ann.registry.close()
    })

    await t.test("a lock has one holder, and others are told who", async (t) => {
      const [ann, bob] = await Promise.all(["ann", "bob"].map((id) => Seated.at(bench, connect(), aNode(id))))
      const seats = [ann!, bob!]
      for (const key of ["a", "b", "c/d", "c/e ü //../x"]) {
        const answers = await Promise.all(seats.map(({ seat }) => seat.acquire(key)))
        const holders = seats.filter((_, i) => answers[i]?.kind === "held")
        t.equal(holders.length, 1, key)
        const { name, incarnation } = holders[0]!.node
        t.strictSame(answers.find(({ kind }) => kind !== "held"), { kind: "taken", by: { name, incarnation } }) // prettier-ignore
        const look = await bob!.registry.lookLocks([key])
        t.same(look.kind === "looked" ? [...look.holders] : look, [[key, { name, incarnation }]])
        const again = await holders[0]!.seat.acquire(key)
        t.strictSame(again, { kind: "held", lease: holders[0]!.seat.lease }, "to acquire again does no harm")
      }
      t.same(ann!.kinds(), ["seated"])
      for (const { seat } of seats) await seat.leave()
    })

    if (promises.decides) {
      decidesContract(t, bench, connect, known, healthy)
    } else {
      await t.test("nobody is told that a node leaves; it keeps its lease", async (t) => {
        const ann = await Seated.at(bench, connect(), aNode("ann"))
        ann.seat.announceLeaving()
        await bench.pass(timings.checkTtlMs)
        t.match(known("ann"), [{ health: "passing", leaving: false }])
        t.ok(ann.seat.lease!.freshUntil > bench.clock.monotonic())
      })

      await t.test("a lock never changes hands", async (t) => {
        const [ann, bob] = await Promise.all(["ann", "bob"].map((id) => Seated.at(bench, connect(), aNode(id))))
        const kinds = async (): Promise<readonly Acquisition["kind"][]> =>
          (await Promise.all([ann!.seat.acquire("k"), bob!.seat.acquire("k")])).map(({ kind }) => kind)
        const before = await kinds()
        t.same([...before].sort(), ["held", "taken"])
        await (before[0] === "held" ? ann! : bob!).registry.close()
        t.match(await (before[0] === "held" ? bob! : ann!).seat.acquire("k"), { kind: "taken" })
      })
    }

    if (promises.records) recordsContract(t, bench, connect)
    else {
      await t.test("without records nothing is found, and nothing can be written", async (t) => {
        const registry = connect()
        t.match(await registry.write("k", "v", 0), { kind: "unavailable" })
        t.same(await registry.read("k"), { kind: "absent" })
        t.same(await registry.list(""), { kind: "listed", records: [] })
      })
    }

    await t.test("a registry that is closed is unavailable and tells nothing", async (t) => {
      const registry = connect()
      const ann = await Seated.at(bench, registry, aNode("ann"))
      const seen = new Seen<RegisteredNode>()
      registry.watchNodes(seen.watcher)
      await until(bench, "nodes are told", () => seen.sights.length > 0)
      const { lease } = ann.seat
      await registry.close()
      t.equal(lease?.freshUntil, -Infinity)
      const told = [seen.sights.length, ann.events.length]
      t.match(await registry.read("k"), { kind: "unavailable" })
      t.match(await registry.list(""), { kind: "unavailable" })
      t.match(await registry.lookLocks(["k"]), { kind: "unavailable" })
      t.match(await ann.seat.acquire("k"), { kind: "unavailable" })
      await bench.pass(timings.checkTtlMs)
      t.same([seen.sights.length, ann.events.length], told)
      await ann.seat.leave()
    })
  })
}

function decidesContract(
  t: Test,
  bench: RegistryBench,
  connect: () => Registry,
  known: (name: string) => readonly RegisteredNode[],
  healthy: (name: string) => boolean,
): void {
  const { timings } = bench

  void t.test("who leaves is registered no more, and its locks can be had at once", async (t) => {
    const ann = await Seated.at(bench, connect(), aNode("ann"))
    const bob = await Seated.at(bench, connect(), aNode("bob"))
    await until(bench, "both are seen", () => healthy("ann") && healthy("bob"))
    await held(bench, ann.seat, "left/1")
    await held(bench, ann.seat, "left/2")
    await ann.seat.leave()
    t.match(await bob.seat.acquire("left/1"), { kind: "held" })
    t.match(await bob.seat.acquire("left/2"), { kind: "held" })
    await until(bench, "ann is gone", () => known("ann").length === 0)
    await bob.seat.leave()
  })

  void t.test("who announces that it leaves is told as leaving, and keeps its lease and its locks", async (t) => {
    const ann = await Seated.at(bench, connect(), aNode("ann"))
    const bob = await Seated.at(bench, connect(), aNode("bob"))
    const lease = await held(bench, ann.seat, "leaving")
    await until(bench, "ann is seen", () => healthy("ann"))
    t.equal(known("ann")[0]?.leaving, false)
    ann.seat.announceLeaving()
    await until(bench, "all know", () => known("ann")[0]?.leaving === true)
    t.strictSame(known("ann"), [{ node: ann.node, health: "passing", leaving: true }])
    await bench.pass(timings.checkTtlMs + timings.leaseMs)
    t.ok(lease.freshUntil > bench.clock.monotonic(), "it is renewed as before")
    t.ok(healthy("ann"), "and so are its signs of life")
    t.match(await bob.seat.acquire("leaving"), { kind: "taken", by: { name: "ann" } })
    t.equal(known("bob")[0]?.leaving, false)
    t.same(ann.kinds(), ["seated"])
    await ann.seat.leave()
    await bob.seat.leave()
  })

  void t.test(
    "a lock that is released can be had at once; to release it twice, or another's, does nothing",
    async (t) => {
      const ann = await Seated.at(bench, connect(), aNode("ann"))
      const bob = await Seated.at(bench, connect(), aNode("bob"))
      await held(bench, ann.seat, "released")
      t.same(await bob.seat.release("released"), { kind: "released" })
      t.match(await bob.seat.acquire("released"), { kind: "taken", by: { name: "ann" } })
      t.same(await ann.seat.release("released"), { kind: "released" })
      t.same(await ann.seat.release("released"), { kind: "released" })
      t.match(await bob.seat.acquire("released"), { kind: "held" })
      t.match(await ann.seat.acquire("released"), { kind: "taken", by: { name: "bob", incarnation: 1 } })
      await ann.seat.leave()
      await bob.seat.leave()
    },
  )

  void t.test("who shows no sign of life turns critical, and its locks are delayed, then free", async (t) => {
    const ann = await Seated.at(bench, connect(), aNode("ann"))
    const bob = await Seated.at(bench, connect(), aNode("bob"))
    const locks = new Seen<Lock>()
    bob.registry.watchLocks("dead/", locks.watcher)
    await Promise.all([held(bench, ann.seat, "dead/1"), held(bench, ann.seat, "dead/2")])
    await until(bench, "ann and her locks are seen", () => healthy("ann") && locks.entries.length === 2)
    const { freshUntil } = ann.seat.lease!
    await ann.registry.close() // nobody is told: as a crash
    t.match(await bob.seat.acquire("dead/1"), { kind: "taken", by: { name: "ann" } })
    await until(bench, "the lock is free", () => locks.entries.length === 0)
    t.match(await bob.seat.acquire("dead/1"), { kind: "delayed" })
    const together = await Promise.all(["dead/1", "dead/2", "alive/1"].map((key) => bob.seat.acquire(key)))
    t.same(together.map(({ kind }) => kind), ["delayed", "delayed", "held"], "of several at once, too") // prettier-ignore
    t.equal(known("ann")[0]?.health, "critical", "still known")
    await held(bench, bob.seat, "dead/1")
    t.ok(bench.clock.monotonic() > freshUntil, "not before the last lease on it has run out")
    t.same(bob.kinds(), ["seated"])
    await bob.seat.leave()
  })

  void t.test("who is expelled loses its lease, has another, and its locks are delayed, then free", async (t) => {
    const ann = await Seated.at(bench, connect(), aNode("ann"))
    const bob = await Seated.at(bench, connect(), aNode("bob"))
    const first = await held(bench, ann.seat, "expelled/1")
    const its = await held(bench, bob.seat, "expelled/2")
    await bob.registry.expel({ name: "ann", incarnation: 2 }) // nobody
    t.match(await bob.seat.acquire("expelled/1"), { kind: "taken", by: { name: "ann" } })
    const { freshUntil } = first
    await bob.registry.expel({ name: "ann", incarnation: 1 })
    t.match(await bob.seat.acquire("expelled/1"), { kind: "delayed" })
    await until(bench, "it is told, and another follows", () => ann.kinds().length === 3)
    t.same(ann.kinds(), ["seated", "lost", "seated"])
    await held(bench, bob.seat, "expelled/1")
    t.ok(bench.clock.monotonic() > freshUntil, "not before the last lease on it has run out")
    t.same(bob.kinds(), ["seated"])
    t.ok(its.freshUntil > 0, "nobody else is")
    await ann.seat.leave()
    await bob.seat.leave()
  })

  void t.test("one watch tells every lock under a prefix", async (t) => {
    const ann = await Seated.at(bench, connect(), aNode("ann"))
    const bob = await Seated.at(bench, connect(), aNode("bob"))
    const seen = new Seen<Lock>()
    const unwatch = connect().watchLocks("shard/", seen.watcher)
    await held(bench, ann.seat, "shar")
    const keys = Array.from({ length: 300 }, (_, i) => `shard/${i}`)
    await Promise.all(keys.map((key, i) => held(bench, (i % 3 === 0 ? ann : bob).seat, key)))
    await until(bench, "all 300 are seen", () => seen.entries.length === 300)
    t.same(Object.fromEntries(seen.entries.map(({ key, by }) => [key, by.name])), Object.fromEntries(keys.map((key, i) => [key, i % 3 === 0 ? "ann" : "bob"]))) // prettier-ignore
    t.ok(seen.sights.length < 100, `300 changes made ${seen.sights.length} lists`)
    await bob.seat.leave()
    await until(bench, "those of bob are gone", () => seen.entries.length === 100)
    unwatch()
    const told = seen.sights.length
    await ann.seat.leave()
    await bench.pass(300)
    t.equal(seen.sights.length, told, "who has left off is not told")
  })

  void t.test(
    "a patient watch makes one list of many changes, and tells at once when its patience is over",
    async (t) => {
      const ann = await Seated.at(bench, connect(), aNode("ann"))
      let patient = true
      const seen = new Seen<Lock>()
      connect().watchLocks("patient/", seen.watcher, () => patient)
      await until(bench, "the first list is told at once", () => seen.last !== undefined, 1000)
      await bench.pass(6000)
      t.match(seen.sights, [{ kind: "current", entries: [] }], "that there are none is no trouble")
      for (let n = 0; n < 10; n++) {
        await held(bench, ann.seat, `patient/${n}`)
        await bench.pass(150)
      }
      t.equal(seen.sights.length, 1, "nothing is told while it is patient")
      patient = false
      await until(bench, "all ten are told", () => seen.entries.length === 10, 1000)
      t.equal(seen.sights.length, 2)
      patient = true
      await ann.seat.release("patient/3")
      const since = bench.clock.monotonic()
      await until(bench, "it is told in the end", () => seen.entries.length === 9, 15_000)
      const took = bench.clock.monotonic() - since
      t.ok(took > 4900, `${took} ms`)
      await ann.seat.leave()
    },
  )

  void t.test("a look tells at once who holds which of some locks", async (t) => {
    const ann = await Seated.at(bench, connect(), aNode("ann"))
    const bob = await Seated.at(bench, connect(), aNode("bob"))
    const looked = async (...keys: readonly string[]): Promise<object> => {
      const look = await bob.registry.lookLocks(keys)
      return look.kind === "looked" ? Object.fromEntries([...look.holders].map(([key, { name }]) => [key, name])) : look
    }
    t.same(await looked("look/1"), {})
    await held(bench, ann.seat, "look/1")
    await held(bench, bob.seat, "look/2")
    await held(bench, ann.seat, "look/20")
    t.same(await looked("look/1"), { "look/1": "ann" })
    t.same(await looked("look/2", "look/3"), { "look/2": "bob" }, "not what only begins alike")
    t.same(await looked("look/1", "look/2", "look/20", "other"), { "look/1": "ann", "look/2": "bob", "look/20": "ann" })
    t.same(await looked(), {})
    await ann.seat.release("look/1")
    t.same(await looked("look/1"), {})
    await Promise.all([ann.seat.leave(), bob.seat.leave()])
  })

  void t.test("a later incarnation takes the name; the earlier one is told, and stays away", async (t) => {
    const early = await Seated.at(bench, connect(), aNode("ann", { incarnation: 7 }))
    await held(bench, early.seat, "k-early")
    const lease = early.seat.lease!
    const late = await Seated.at(bench, connect(), aNode("ann", { incarnation: 8 }))
    await until(bench, "the earlier one is told", () => early.kinds().includes("superseded"))
    t.same(early.kinds(), ["seated", "lost", "superseded"])
    t.same(early.events.at(-1), { kind: "superseded", by: { name: "ann", incarnation: 8 } })
    t.equal(lease.freshUntil, -Infinity)
    await bench.pass(timings.checkTtlMs)
    await until(bench, "one is left", () => known("ann").length === 1)
    t.match(known("ann"), [{ node: { incarnation: 8 }, health: "passing" }])
    t.same(late.kinds(), ["seated"])
    t.match(await early.seat.acquire("k-early"), { kind: "unavailable" })
    await late.seat.leave()
  })

  const { endLeases } = bench
  if (endLeases !== undefined) {
    void t.test("a lost lease is told, is never fresh again, and is followed by another", async (t) => {
      const ann = await Seated.at(bench, connect(), aNode("ann"))
      const bob = await Seated.at(bench, connect(), aNode("bob"))
      const first = await held(bench, ann.seat, "lost/1")
      await endLeases.call(bench)
      await until(bench, "bob sits again", () => bob.kinds().length === 3)
      t.match(await bob.seat.acquire("lost/1"), { kind: "delayed" })
      await until(bench, "it is told, and another follows", () => ann.kinds().length === 3)
      const [seated, lost, again] = ann.events.filter(({ kind }) => kind !== "waiting")
      t.match([seated?.kind, lost?.kind, again?.kind], ["seated", "lost", "seated"])
      t.equal(lost?.kind === "lost" && lost.lease, first)
      t.equal(first.freshUntil, -Infinity)
      const second = await held(bench, ann.seat, "lost/1")
      t.not(second, first)
      await bench.pass(timings.beatMs * 3)
      t.ok(second.freshUntil > bench.clock.monotonic())
      t.equal(first.freshUntil, -Infinity)
      await ann.seat.leave()
      await bob.seat.leave()
    })
  }
}

function recordsContract(t: Test, bench: RegistryBench, connect: () => Registry): void {
  void t.test("a record is written only over the version that its writer knows", async (t) => {
    const registry = connect()
    t.same(await registry.read("home/a"), { kind: "absent" })
    const first = await registry.write("home/a", "ann", 0)
    if (first.kind !== "written") return t.fail(JSON.stringify(first))
    t.same(await registry.write("home/a", "bob", 0), { kind: "conflict" })
    t.same(await registry.read("home/a"), { kind: "found", record: { key: "home/a", value: "ann", version: first.version } }) // prettier-ignore
    const second = await registry.write("home/a", "", first.version)
    if (second.kind !== "written") return t.fail(JSON.stringify(second))
    t.not(second.version, first.version)
    t.same(await registry.write("home/a", "eve", first.version), { kind: "conflict" })
    t.match(await registry.read("home/a"), { kind: "found", record: { value: "", version: second.version } })
    t.same(await registry.remove("home/a", first.version), { kind: "conflict" })
    t.same(await registry.remove("home/a", second.version), { kind: "removed" })
    t.same(await registry.remove("home/a", second.version), { kind: "removed" })
    t.same(await registry.read("home/a"), { kind: "absent" })
    t.same(await registry.write("home/a", "x", second.version), { kind: "conflict" }, "a version that is gone is none")
  })

  void t.test("of those who write over one version at once, one succeeds", async (t) => {
    const registries = [connect(), connect(), connect()]
    const answers = await Promise.all(registries.map((registry, i) => registry.write("race", String(i), 0)))
    t.same(answers.map(({ kind }) => kind).sort(), ["conflict", "conflict", "written"])
  })

  void t.test("a watch tells the records under a prefix, first those that are there", async (t) => {
    const registry = connect()
    await registry.write("watched/a", "1", 0)
    await registry.write("watche", "other", 0)
    const seen = new Seen<{ key: string; value: string }>()
    connect().watchRecords("watched/", seen.watcher)
    await until(bench, "the first is seen", () => seen.entries.length === 1)
    const b = await registry.write("watched/b", "2", 0)
    await until(bench, "the second is seen", () => seen.entries.length === 2)
    t.same(seen.entries.map(({ key, value }) => [key, value]), [["watched/a", "1"], ["watched/b", "2"]]) // prettier-ignore
    if (b.kind === "written") await registry.remove("watched/b", b.version)
    await until(bench, "it is seen to go", () => seen.entries.length === 1)
  })

  void t.test("whatever the key and the text, they are found again, alone and under each prefix", async (t) => {
    const registry = connect()
    let round = 0
    const piece = fc.constantFrom("a", "B", "/", "//", ".", "..", "/../", "%", "%2F", " ", "ü", "☃", "?", "#", "+", "\\", "~", "\n", "𝄞") // prettier-ignore
    const text = fc.array(piece, { minLength: 1, maxLength: 6 }).map((parts) => parts.join(""))
    await fc.assert(
      fc.asyncProperty(fc.uniqueArray(text, { minLength: 1, maxLength: 4 }), text, async (keys, value) => {
        round += 1
        const root = `p${round}-`
        for (const key of keys) t.match(await registry.write(root + key, value, 0), { kind: "written" })
        for (const key of keys) t.match(await registry.read(root + key), { kind: "found", record: { key: root + key, value } }) // prettier-ignore
        const [first = ""] = keys
        for (let length = 0; length <= first.length; length += 1) {
          const prefix = first.slice(0, length)
          if (/\p{Surrogate}/u.test(prefix)) continue
          const listed = await registry.list(root + prefix)
          const expected = keys.filter((key) => key.startsWith(prefix)).map((key) => root + key)
          t.same(listed.kind === "listed" && listed.records.map(({ key }) => key).sort(), expected.sort())
        }
      }),
      { numRuns: 30 },
    )
  })
}
