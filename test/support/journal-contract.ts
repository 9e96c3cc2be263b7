/** What every journal promises. Run by each adapter: `journalContract("leveldb", (folder) => ...)`. */
import fc from "fast-check"
import t from "tap"
import type { Clock } from "#actors/clock.js"
import type { AppendOptions, Journal, NewEvent, PersistenceId } from "#actors/persistence/journal.js"
import { HandClock } from "./hand-clock.js"
import { normal, refused, taken } from "./value-contract.js"
import { shape } from "./wire-values.js"

const alice: PersistenceId = { tenant: "default", type: "account", key: "alice" }
const event = (payload: unknown): NewEvent => ({ name: "deposited", payload, version: 1 })

async function all<T>(pages: AsyncIterable<readonly T[]>): Promise<T[]> {
  const found: T[] = []
  for await (const page of pages) found.push(...page)
  return found
}

const keysOf = async (journal: Journal, tenant: string, type: string): Promise<string[]> => {
  const found: string[] = []
  for await (const key of journal.keys(tenant, type)) found.push(key)
  return found
}

/** Follows a type, where the journal lets its users do so; the end waits for calls that are on their way. */
function following(journal: Journal, type: string, listener: () => void): (() => Promise<void>) | undefined {
  try {
    const end = journal.follow("default", type, listener)
    return async () => {
      await journal.reply(alice, "nothing")
      end()
    }
  } catch {
    return undefined
  }
}

/** What only the doors of the system look for. */
const doors = ["a symbol for a key", "a kind of map", "a kind of list", "an array with holes"]
/** What no adapter can store, each a new one. */
const unstorables = (): unknown[] =>
  Object.entries(refused)
    .filter(([title]) => !doors.includes(title))
    .map(([, [make]]) => make())

/** Names that are allowed and odd; many are alike, or the beginning of another. */
const names: readonly string[] = [
  ...["a", "A", "a ", " a", "a b", "ab", "a/b", "a/", "/", "//", "%", "%2F", "a%2Fb", "%25", "a:b", "a-b", "b-c", "a\u00a0"], // prettier-ignore
  ...["constructor", "__proto__", "prototype", "toString", "hasOwnProperty", "null", "undefined", "0", "-0", "1e3"],
  ...["é", "e\u0301", "ﬁ", "fi", "ß", "ss", "İ", "i\u0307", "שלום", "\u202eabc", "مرحبا", "日本語", "👩‍👩‍👧‍👦", "👩", "🙂", "\ufeffa", "\u2028"], // prettier-ignore
  ...["\uffff", "\u{10ffff}", "\ue000", "\ud7ff", "\ufffd", "'", '"', "`", "\\\\", "\\", "\\u0000", "$1", "${a}", "';--", "*", "?", "."], // prettier-ignore
  ...["n".repeat(512), "n".repeat(511), "🙂".repeat(128), "ü".repeat(256)],
]

/** A clock that the suite moves on. */
export interface WoundClock extends Pick<Clock, "wallTime"> {
  wind(milliseconds: number): unknown
}

/**
 * @param open a journal on this clock, in a folder where there is one
 * @param clock the journal's own, where it brings one
 */
export function journalContract(
  name: string,
  open: (folder: string, clock: Clock) => Promise<Journal>,
  durable: boolean,
  own?: WoundClock,
): void {
  t.test(`journal ${name}`, async (t) => {
    const folder = t.testdir()
    const hand = new HandClock()
    const clock: WoundClock = own ?? hand
    let journal = await open(folder, hand)
    t.teardown(() => journal.close())

    await t.test("events come back in order with what was stored beside them", async (t) => {
      t.equal(
        await journal.append(alice, 0, 1, [event(1), event({ deep: [1n, new Date(0), Uint8Array.of(7)] })], {
          traceId: "trace",
        }),
        2,
      )
      t.equal(await journal.append(alice, 2, 1, [event("three")]), 3)
      const events = await all(journal.read(alice))
      t.same(events.map(({ sequence, payload }) => [sequence, payload]), [[1, 1], [2, { deep: [1n, new Date(0), Uint8Array.of(7)] }], [3, "three"]]) // prettier-ignore
      t.equal(events[0]?.traceId, "trace")
      t.same(
        (await all(journal.read(alice, 2))).map(({ sequence }) => sequence),
        [3],
      )
    })

    await t.test("an append at another sequence than expected is refused and changes nothing", async (t) => {
      await t.rejects(journal.append(alice, 1, 1, [event(0)]), { code: "SEQUENCE_CONFLICT" })
      await t.rejects(journal.append(alice, 4, 1, [event(0)]), { code: "SEQUENCE_CONFLICT" })
      t.equal((await all(journal.read(alice))).length, 3)
    })

    await t.test("a lower epoch than the highest ever used is refused", async (t) => {
      await journal.append(alice, 3, 5, [event(4)])
      await t.rejects(journal.append(alice, 4, 4, [event(0)]), { code: "STALE_EPOCH" })
      await journal.append(alice, 4, 9, [])
      await t.rejects(
        journal.append(alice, 4, 8, [event(0)]),
        { code: "STALE_EPOCH" },
        "an epoch without events counts too",
      )
    })

    await t.test("a command id gives the first answer again", async (t) => {
      t.equal(await journal.reply(alice, "payment-7"), undefined)
      await journal.append(alice, 4, 9, [event(5)], { command: { id: "payment-7", reply: { balance: 42 } } })
      t.match(await journal.reply(alice, "payment-7"), { reply: { balance: 42 } })
      t.equal(await journal.reply({ ...alice, key: "bob" }, "payment-7"), undefined, "it belongs to its actor")
      t.equal(await journal.reply({ ...alice, tenant: "other" }, "payment-7"), undefined, "and to its tenant")
    })

    await t.test("tenants and actors with confusable names are apart", async (t) => {
      const names = ["a", "a\u0000", "a\u0000b", "ab", "a\u0001", "\u00ff", ""]
      for (const key of names) await journal.append({ tenant: "x", type: "t", key }, 0, 0, [event(key)])
      for (const key of names)
        t.same(
          (await all(journal.read({ tenant: "x", type: "t", key }))).map(({ payload }) => payload),
          [key],
        )
      const found: string[] = []
      for await (const key of journal.keys("x", "t")) found.push(key)
      t.same(found.sort(), [...names].sort())
    })

    await t.test("the last snapshot is kept", async (t) => {
      t.equal(await journal.snapshot(alice), undefined)
      await journal.saveSnapshot(alice, { sequence: 2, version: 1, state: { balance: 1 } })
      await journal.saveSnapshot(alice, { sequence: 4, version: 1, state: { balance: 2 } })
      t.same(await journal.snapshot(alice), { sequence: 4, version: 1, state: { balance: 2 } })
    })

    await t.test("a snapshot and an answer keep maps and sets, wherever they stand", async (t) => {
      const state = { of: new Map([[1, { seen: new Set(["a"]) }]]), list: [new Map([["k", new Map()]])], date: new Date(7), map: { k: 1 } } // prettier-ignore
      const collector = { tenant: "default", type: "collector", key: "c" }
      await journal.append(collector, 0, 1, [event(1)], {
        command: { id: "c-1", reply: new Map([["a", new Set([1])]]) },
      })
      await journal.saveSnapshot(collector, { sequence: 1, version: 1, state })
      t.strictSame((await journal.snapshot(collector))?.state, state)
      t.strictSame((await journal.reply(collector, "c-1"))?.reply, new Map([["a", new Set([1])]]))
      t.same(state.list, [new Map([["k", new Map()]])], "what is stored is left as it is")
    })

    const trimmed: PersistenceId = { tenant: "default", type: "meter", key: "m" }
    const readings = (...sequences: number[]): NewEvent[] => sequences.map(event)
    const sequencesOf = async (after?: number): Promise<number[]> =>
      (await all(journal.read(trimmed, after))).map(({ sequence }) => sequence)

    await t.test("events that a snapshot covers can be trimmed, others not", async (t) => {
      await journal.append(trimmed, 0, 3, readings(1, 2, 3, 4))
      await t.rejects(journal.trim(trimmed, 1), { code: "STORE_REFUSED" })
      await journal.saveSnapshot(trimmed, { sequence: 3, version: 1, state: 6 })
      await t.rejects(journal.trim(trimmed, 4), { code: "STORE_REFUSED" })
      t.same(await sequencesOf(), [1, 2, 3, 4], "a refused trim deletes nothing")
      await journal.trim(trimmed, 2)
      t.same(await sequencesOf(), [3, 4])
      t.same(await sequencesOf(1), [3, 4], "reading from before it begins after it")
      t.same(await sequencesOf(3), [4])
      await journal.trim(trimmed, 1)
      t.same(await sequencesOf(), [3, 4], "an earlier trim changes nothing")
    })

    await t.test("sequences and epochs go on when every event is trimmed", async (t) => {
      await journal.saveSnapshot(trimmed, { sequence: 4, version: 1, state: 10 })
      await journal.trim(trimmed, 4)
      t.same(await sequencesOf(), [])
      if (durable) {
        await journal.close()
        journal = await open(folder, hand)
      }
      await t.rejects(journal.append(trimmed, 0, 3, readings(0)), { code: "SEQUENCE_CONFLICT" })
      await t.rejects(journal.append(trimmed, 4, 2, readings(0)), { code: "STALE_EPOCH" })
      t.equal(await journal.append(trimmed, 4, 3, readings(5)), 5)
      t.same(await sequencesOf(), [5])
      const keys: string[] = []
      for await (const key of journal.keys("default", "meter")) keys.push(key)
      t.same(keys, ["m"])
      await journal.compact()
      t.same(await sequencesOf(), [5])
    })

    await t.test(
      "an actor that is removed is as if it had never been, and its neighbours are left alone",
      async (t) => {
        const [one, two, part] = ["one", "one/two", "on"].map((key): PersistenceId => ({ tenant: "default", type: "gone", key })) // prettier-ignore
        const command = { id: "c", reply: 1 }
        for (const actor of [one, two, part] as PersistenceId[]) {
          await journal.append(actor, 0, 5, readings(1, 2, 3), { command })
          await journal.saveSnapshot(actor, { sequence: 2, version: 1, state: 1 })
        }
        await journal.trim(one as PersistenceId, 1)
        await journal.remove(one as PersistenceId)
        await journal.remove(one as PersistenceId)
        await journal.remove({ tenant: "default", type: "gone", key: "never was" })
        const of = async (actor: PersistenceId) => [
          (await all(journal.read(actor))).length,
          (await journal.snapshot(actor))?.sequence,
          (await journal.reply(actor, "c"))?.reply,
        ]
        for (let reopened = false; ; reopened = true) {
          t.strictSame(await of(one as PersistenceId), [0, undefined, undefined])
          for (const actor of [two, part] as PersistenceId[]) t.strictSame(await of(actor), [3, 2, 1])
          t.strictSame((await keysOf(journal, "default", "gone")).sort(), ["on", "one/two"])
          if (reopened || !durable) break
          await journal.close()
          journal = await open(folder, hand)
        }
        t.equal(await journal.append(one as PersistenceId, 0, 0, readings(7)), 1, "whoever comes again begins anew")
        t.strictSame(await of(one as PersistenceId), [1, undefined, undefined])
      },
    )

    await t.test("answers of commands are forgotten by age, each actor's for itself", async (t) => {
      const other = { ...trimmed, key: "n" }
      for (let n = 0; n < 4; n++) {
        for (const actor of [trimmed, other])
          await journal.append(actor, actor === trimmed ? 5 : 0, 3, [], { command: { id: `c${n}\u0000`, reply: n } })
        await clock.wind(1000)
      }
      await journal.trimCommands(trimmed, clock.wallTime() - 2500)
      const found = async (actor: PersistenceId): Promise<boolean[]> =>
        Promise.all([0, 1, 2, 3].map(async (n) => (await journal.reply(actor, `c${n}\u0000`)) !== undefined))
      t.same(await found(trimmed), [false, false, true, true])
      t.same(await found(other), [true, true, true, true])
    })

    await t.test(
      "events of a type have one order, those from before it was asked for as well as later ones",
      async (t) => {
        const clicks = (key: string): PersistenceId => ({ tenant: "default", type: "click", key })
        const seen = async (after?: number) =>
          (await all(journal.ordered("default", "click", after))).map(({ ordinal, key, sequence, payload }) => [
            ordinal,
            key,
            sequence,
            payload,
          ])
        await journal.append(clicks("a"), 0, 0, readings(10, 20))
        await journal.append(clicks("b"), 0, 0, readings(30))
        await journal.append({ ...clicks("a"), tenant: "other" }, 0, 0, readings(0))
        t.same(await seen(), [[1, "a", 1, 10], [2, "a", 2, 20], [3, "b", 1, 30]]) // prettier-ignore
        let calls = 0
        const end = following(journal, "click", () => (calls += 1))
        await Promise.all([journal.append(clicks("c"), 0, 0, readings(40)), journal.append(clicks("a"), 2, 0, readings(50))]) // prettier-ignore
        await end?.()
        if (end !== undefined) t.equal(calls, 2)
        await journal.append(clicks("b"), 1, 0, readings(60, 70), { ordered: true })
        if (end !== undefined) t.equal(calls, 2, "who has left is not called")
        const later = await seen(3)
        t.same(later.map(([ordinal]) => ordinal), [4, 5, 6, 7]) // prettier-ignore
        t.same(later.map(([, key, sequence]) => [key, sequence]).sort(), [["a", 3], ["b", 2], ["b", 3], ["c", 1]]) // prettier-ignore
        await journal.saveSnapshot(clicks("a"), { sequence: 2, version: 1, state: 30 })
        await journal.trim(clicks("a"), 2)
        t.same((await seen()).map(([ordinal]) => ordinal), [3, 4, 5, 6, 7], "ordinals of trimmed events are passed over") // prettier-ignore
        if (durable) {
          await journal.close()
          journal = await open(folder, hand)
        }
        await journal.append(clicks("d"), 0, 0, readings(80))
        t.same(await seen(7), [[8, "d", 1, 80]], "an ordered type stays so")
      },
    )

    await t.test("J8. a trim that says how far the order was read leaves what comes after", async (t) => {
      const gong = (key: string): PersistenceId => ({ tenant: "default", type: "gong", key })
      const left = async (key: string) => (await all(journal.read(gong(key)))).map(({ sequence }) => sequence)
      for (const n of [1, 2, 3, 4, 5, 6]) {
        // Ordinals of a: 1, 3, 5, 7, 9, 11; of b: 2, 4, 6, 8, 10, 12.
        for (const key of ["a", "b"]) {
          await journal.append(gong(key), n - 1, 0, readings(n), { ordered: true })
          await journal.saveSnapshot(gong(key), { sequence: n, version: 1, state: n })
        }
      }
      await journal.trim(gong("a"), 6, 0)
      t.same(await left("a"), [1, 2, 3, 4, 5, 6], "nothing was read")
      await journal.trim(gong("a"), 6, 5)
      await journal.trim(gong("b"), 6, 5)
      t.same([await left("a"), await left("b")], [[4, 5, 6], [3, 4, 5, 6]]) // prettier-ignore
      await journal.trim(gong("a"), 6, 1)
      t.same(await left("a"), [4, 5, 6], "who begins anew has gone back")
      await journal.append(gong("a"), 6, 0, readings(7))
      await journal.trim(gong("b"), 4, 100)
      await journal.trim(gong("a"), 6, 9)
      t.same([await left("a"), await left("b")], [[6, 7], [5, 6]]) // prettier-ignore
      await t.rejects(journal.trim(gong("a"), 7, 9), { code: "STORE_REFUSED" }, "J6 holds as well")
      if (durable) {
        await journal.close()
        journal = await open(folder, hand)
      }
      await journal.trim(gong("b"), 6, 11)
      t.same(await left("b"), [6])
      await journal.trim(gong("b"), 6)
      t.same(await left("b"), [])
      const bell = { ...gong("a"), type: "late" }
      await journal.append(bell, 0, 0, readings(1, 2, 3))
      await journal.saveSnapshot(bell, { sequence: 3, version: 1, state: 3 })
      await journal.trim(bell, 3, 0)
      t.equal((await all(journal.read(bell))).length, 3, "also in a type that nobody has read")
      await journal.trim(bell, 3, 2)
      t.same(
        (await all(journal.ordered("default", "late"))).map(({ ordinal }) => ordinal),
        [3],
      )
    })

    await t.test("J7. what was trimmed before a type was ordered has used up ordinals, too", async (t) => {
      const bell = (key: string): PersistenceId => ({ tenant: "default", type: "bell", key })
      for (const [key, events, trimmed] of [
        ["a", 3, 2],
        ["b", 2, 0],
        ["c", 4, 4],
        ["d", 2, 1],
      ] as const) {
        await journal.append(bell(key), 0, 0, readings(...Array.from({ length: events }, () => 1)))
        await journal.saveSnapshot(bell(key), { sequence: events, version: 1, state: events })
        await journal.trim(bell(key), trimmed)
      }
      const seen = async () =>
        (await all(journal.ordered("default", "bell"))).map(
          ({ ordinal, key, sequence }) => [ordinal, `${key}${sequence}`] as const,
        )
      const before = await seen()
      t.same(before.map(([, event]) => event), ["a3", "b1", "b2", "d2"]) // prettier-ignore
      t.equal(before.at(-1)?.[0], 11, "an event of the last one follows all that were trimmed")
      if (durable) {
        await journal.close()
        journal = await open(folder, hand)
      }
      await journal.append(bell("c"), 4, 0, readings(1))
      t.same(await seen(), [...before, [12, "c5"]])
    })

    await t.test("a type that is ordered from the first append on has nothing to build up", async (t) => {
      const id: PersistenceId = { tenant: "default", type: "beat", key: "x" }
      await Promise.all([1, 2, 3].map((n) => journal.append(id, n - 1, 0, readings(n), { ordered: true })))
      t.same(
        (await all(journal.ordered("default", "beat"))).map(({ ordinal, sequence }) => [ordinal, sequence]),
        [[1, 1], [2, 2], [3, 3]], // prettier-ignore
      )
    })

    await t.test("whatever is appended, concurrently and by many actors, is read back", async (t) => {
      let round = 0
      await fc.assert(
        fc.asyncProperty(
          fc.array(
            fc.tuple(
              fc.integer({ min: 0, max: 4 }),
              fc.array(fc.anything({ withDate: true, withBigInt: true, maxDepth: 2 }), { maxLength: 3 }),
            ),
            { maxLength: 20 },
          ),
          async (appends) => {
            round += 1
            const model = new Map<number, unknown[]>()
            await Promise.all(
              appends.map(([actor, payloads]) => {
                const before = model.get(actor) ?? []
                model.set(actor, [...before, ...payloads])
                return journal.append(
                  { tenant: "p", type: `round-${round}`, key: String(actor) },
                  before.length,
                  0,
                  payloads.map((payload) =>
                    event(JSON.stringify(payload, (_, v: unknown) => (typeof v === "bigint" ? `${v}n` : v)) ?? null),
                  ),
                )
              }),
            )
            for (const [actor, payloads] of model) {
              const found = await all(journal.read({ tenant: "p", type: `round-${round}`, key: String(actor) }))
              t.same(
                found.map(({ sequence }) => sequence),
                payloads.map((_, i) => i + 1),
              )
            }
          },
        ),
        { numRuns: 30 },
      )
    })

    await t.test("an append of which something cannot be stored changes nothing", async (t) => {
      const till = (key: string): PersistenceId => ({ tenant: "default", type: "till", key })
      await journal.append(till("a"), 0, 3, readings(1), { ordered: true })
      let calls = 0
      const end = following(journal, "till", () => (calls += 1))
      const refused = async (of: PersistenceId, events: readonly NewEvent[], reply: unknown): Promise<void> => {
        const sequence = of.key === "a" ? 1 : 0
        await t.rejects(journal.append(of, sequence, 8, events, { ordered: true, isNew: sequence === 0, command: { id: "c", reply } })) // prettier-ignore
        t.equal(await journal.reply(of, "c"), undefined, "no answer")
        t.same((await all(journal.read(of))).map(({ payload }) => payload), readings(1).slice(0, sequence).map(({ payload }) => payload)) // prettier-ignore
      }
      for (const unstorable of unstorables())
        for (const of of [till("a"), till("new")]) {
          for (const place of [0, 1, 2]) {
            const events = readings(10, 20, 30)
            events[place] = event(unstorable)
            await refused(of, events, 0)
          }
          await refused(of, readings(10, 20), unstorable)
          await refused(of, [], { deep: [unstorable] })
        }
      await end?.()
      t.equal(calls, 0, "who follows is not called")
      t.same(await keysOf(journal, "default", "till"), ["a"])
      t.equal(await journal.append(till("a"), 1, 3, readings(2), { ordered: true }), 2, "neither sequence nor epoch have moved") // prettier-ignore
      t.equal(await journal.append(till("new"), 0, 0, readings(3), { ordered: true }), 1)
      t.same(
        (await all(journal.ordered("default", "till"))).map(({ ordinal, key, sequence }) => [ordinal, key, sequence]),
        [[1, "a", 1], [2, "a", 2], [3, "new", 1]], // prettier-ignore
        "no ordinal was used up",
      )
    })

    await t.test("an append that cannot be stored harms none that come with it", async (t) => {
      const till = (key: string): PersistenceId => ({ tenant: "default", type: "shop", key })
      const [unstorable] = unstorables()
      const outcomes = await Promise.allSettled([
        journal.append(till("a"), 0, 0, readings(1), { ordered: true }),
        journal.append(till("b"), 0, 0, [event(1), event(unstorable)], { ordered: true }),
        journal.append(till("a"), 1, 0, readings(2), { ordered: true }),
        journal.append(till("c"), 0, 0, readings(1), { ordered: true, command: { id: "c", reply: unstorable } }),
        journal.append(till("d"), 0, 0, readings(1), { ordered: true }),
      ])
      t.same(outcomes.map(({ status }) => status), ["fulfilled", "rejected", "fulfilled", "rejected", "fulfilled"]) // prettier-ignore
      const order = await all(journal.ordered("default", "shop"))
      t.same(order.map(({ ordinal }) => ordinal), [1, 2, 3]) // prettier-ignore
      t.same(order.map(({ key, sequence }) => [key, sequence]).sort(), [["a", 1], ["a", 2], ["d", 1]]) // prettier-ignore
    })

    await t.test("an append is as it was at the call, whatever the caller does with it afterwards", async (t) => {
      const jar = (key: string): PersistenceId => ({ tenant: "default", type: "jar", key })
      const changed = async (of: PersistenceId, sequence: number, options: AppendOptions = {}): Promise<void> => {
        const payload = { pieces: [1], of: { deep: 1 } }
        const reply = { pieces: [1] }
        const events = [event(payload), event(2)]
        const command = { id: `c${sequence}`, reply }
        const appending = journal.append(of, sequence, 0, events, { ...options, command })
        payload.pieces.push(2)
        payload.of.deep = 2
        reply.pieces.push(2)
        command.id = "another"
        events.splice(0, 2, event("other"))
        t.equal(await appending, sequence + 2)
        const stored = await all(journal.read(of, sequence))
        t.same(stored.map(({ payload }) => payload), [{ pieces: [1], of: { deep: 1 } }, 2]) // prettier-ignore
        t.match(await journal.reply(of, `c${sequence}`), { reply: { pieces: [1] } })
        ;(stored[0]?.payload as typeof payload).pieces.push(3)
        t.same((await all(journal.read(of, sequence)))[0]?.payload, { pieces: [1], of: { deep: 1 } }, "nor what a reader does") // prettier-ignore
      }
      await changed(jar("a"), 0)
      await changed(jar("a"), 2)
      await changed(jar("b"), 0, { isNew: true })
      if (durable) {
        await journal.close()
        journal = await open(folder, hand)
      }
      await changed(jar("a"), 4) // its head is not known
      await changed(jar("a"), 6, { ordered: true }) // its type is being given an order
      await changed(jar("c"), 0, { ordered: true })
    })

    await t.test("a command id that comes again replaces the answer, and is as old as the last one", async (t) => {
      const desk: PersistenceId = { tenant: "default", type: "desk", key: "d" }
      const answerOf = async (id: string, from: number): Promise<unknown> => {
        const { reply, wallTime = NaN } = (await journal.reply(desk, id)) ?? {}
        t.ok(wallTime >= Math.floor(from) && wallTime <= clock.wallTime(), "it says when it was given")
        return reply
      }
      const begun = clock.wallTime()
      await journal.append(desk, 0, 1, readings(1), { command: { id: "slow", reply: "pending" } })
      await journal.append(desk, 1, 1, [], { command: { id: "quick", reply: 1 } })
      t.equal(await answerOf("slow", begun), "pending")
      await clock.wind(5000)
      await journal.append(desk, 1, 1, [], { command: { id: "slow", reply: { done: true } } })
      t.same(await answerOf("slow", begun + 5000), { done: true })
      await journal.trimCommands(desk, begun + 1000)
      t.equal(await journal.reply(desk, "quick"), undefined)
      t.same(await answerOf("slow", begun + 5000), { done: true })
      await journal.trimCommands(desk, clock.wallTime() + 1)
      t.equal(await journal.reply(desk, "slow"), undefined)
      t.same(await keysOf(journal, "default", "desk"), ["d"], "its events are left alone")
    })

    await t.test("every name is a name of its own, as tenant, key, command id and name of an event", async (t) => {
      const stored = (tenant: string, key: string): PersistenceId => ({ tenant, type: "named", key })
      await Promise.all(
        names.map(async (name, i) => {
          await journal.append(stored("names", name), 0, 0, [{ name, payload: i, version: 1 }], { ordered: true, command: { id: name, reply: i } }) // prettier-ignore
          await journal.saveSnapshot(stored("names", name), { sequence: 1, version: 1, state: i })
          await journal.append(stored(name, "k"), 0, 0, [event(i)], { ordered: true })
        }),
      )
      if (durable) {
        await journal.close()
        journal = await open(folder, hand)
      }
      const found = await Promise.all(
        names.map(async (name) => {
          const own = stored("names", name)
          const [event] = await all(journal.read(own))
          const answers = await Promise.all(names.map((id) => journal.reply(own, id)))
          const [ordered] = await all(journal.ordered(name, "named"))
          return {
            read: [event?.name, event?.payload, event?.commandId],
            answers: answers.flatMap((answer, i) => (answer === undefined ? [] : [[i, answer.reply]])),
            snapshot: (await journal.snapshot(own))?.state,
            tenant: [(await all(journal.read(stored(name, "k")))).length, ordered?.payload, ordered?.ordinal],
            keys: await keysOf(journal, name, "named"),
          }
        }),
      )
      const expected = names.map((name, i) => {
        return { read: [name, i, name], answers: [[i, i]], snapshot: i, tenant: [1, i, 1], keys: ["k"] }
      })
      t.same(found, expected)
      const byBytes = [...names].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
      t.same(await keysOf(journal, "names", "named"), byBytes)
      const order = await all(journal.ordered("names", "named"))
      t.same(new Set(order.map(({ key }) => key)), new Set(names))
      t.ok(order.every(({ key, name, payload }) => key === name && names[payload as number] === key))
    })

    await t.test("a name that is not well-formed is refused, and nobody else's record is touched", async (t) => {
      const likely: PersistenceId = { tenant: "default", type: "half", key: "\ufffd" } // what UTF-8 makes of it
      await journal.append(likely, 0, 0, [event(1)], { command: { id: "\ufffd", reply: 1 } })
      const appends = ["\ud800", "\udfff", "a\udc00b", "\udc00\ud800"].flatMap((half) =>
        [{ tenant: half }, { type: half }, { key: half }, {}].map(async (part) => {
          const of = { ...likely, key: "whole", ...part }
          const id = Object.keys(part).length === 0 ? half : "c"
          await t.rejects(journal.append(of, 0, 0, [event(2)], { command: { id, reply: 2 } }), { code: "INVALID_NAME" })
          await t.rejects(journal.reply(of, id), { code: "INVALID_NAME" })
        }),
      )
      const other = journal.append({ ...likely, key: "other" }, 0, 0, [event(3)])
      await Promise.all(appends)
      t.equal(await other, 1, "one that comes with them is stored")
      t.same((await all(journal.read(likely))).map(({ payload }) => payload), [1]) // prettier-ignore
      t.match(await journal.reply(likely, "\ufffd"), { reply: 1 })
      t.same(await keysOf(journal, "default", "half"), ["other", "\ufffd"])
    })

    await t.test("every kind of value comes back as it was: in an event, an answer and a snapshot", async (t) => {
      const kinds = Object.entries(taken).filter(([title]) => title !== "999 arrays") // the way from a thread takes a few levels of the thousand
      const of = (i: number): PersistenceId => ({ tenant: "default", type: "kind", key: `${i}` })
      await Promise.all(
        kinds.map(async ([, make], i) => {
          await journal.append(of(i), 0, 0, [event(make())], { ordered: true, command: { id: "c", reply: make() } })
          await journal.saveSnapshot(of(i), { sequence: 1, version: 1, state: make() })
        }),
      )
      if (durable) {
        await journal.close()
        journal = await open(folder, hand)
      }
      const order = new Map((await all(journal.ordered("default", "kind"))).map((event) => [event.key, event]))
      for (const [i, [title, make]] of kinds.entries()) {
        const answer = await journal.reply(of(i), "c")
        const found = [(await all(journal.read(of(i))))[0], order.get(`${i}`)].map((event) => event?.payload)
        const values = [...found, answer?.reply, (await journal.snapshot(of(i)))?.state]
        t.ok(answer !== undefined && "reply" in answer)
        t.same(values.map((value) => shape(value)), values.map(() => shape(normal(make()))), title) // prettier-ignore
      }
    })

    await t.test("a command without events is kept, and an actor that has none is no entity", async (t) => {
      const idle: PersistenceId = { tenant: "default", type: "idle", key: "i" }
      t.equal(await journal.append(idle, 0, 2, [], { command: { id: "c", reply: "nothing to do" } }), 0)
      t.match(await journal.reply(idle, "c"), { reply: "nothing to do" })
      t.same(await keysOf(journal, "default", "idle"), [])
      await t.rejects(journal.append(idle, 0, 1, [], { command: { id: "d", reply: 0 } }), { code: "STALE_EPOCH" })
      t.equal(await journal.reply(idle, "d"), undefined)
      t.equal(await journal.append(idle, 0, 2, readings(1)), 1)
    })

    if (durable) {
      await t.test(
        "everything is there after closing and opening again, and heads and epochs still count",
        async (t) => {
          const before = await all(journal.read(alice))
          await journal.close()
          journal = await open(folder, hand)
          t.same(await all(journal.read(alice)), before)
          await t.rejects(journal.append(alice, 0, 9, [event(0)]), { code: "SEQUENCE_CONFLICT" })
          await t.rejects(journal.append(alice, before.length, 8, [event(0)]), { code: "STALE_EPOCH" })
          t.match(await journal.reply(alice, "payment-7"), { reply: { balance: 42 } })
        },
      )
    }
  })
}
