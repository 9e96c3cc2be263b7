/** What every journal promises. Run by each adapter: `journalContract("leveldb", (folder) => ...)`. */
import fc from "fast-check"
import t from "tap"
import type { Clock } from "#actors/clock.js"
import type { Journal, NewEvent, PersistenceId } from "#actors/persistence/journal.js"
import { HandClock } from "./hand-clock.js"

const alice: PersistenceId = { tenant: "default", type: "account", key: "alice" }
const event = (payload: unknown): NewEvent => ({ name: "deposited", payload, version: 1 })

async function all<T>(pages: AsyncIterable<readonly T[]>): Promise<T[]> {
  const found: T[] = []
  for await (const page of pages) found.push(...page)
  return found
}

/** @param open a journal on this clock, in a folder where there is one */
export function journalContract(
  name: string,
  open: (folder: string, clock: Clock) => Promise<Journal>,
  durable: boolean,
): void {
  t.test(`journal ${name}`, async (t) => {
    const folder = t.testdir()
    const clock = new HandClock()
    let journal = await open(folder, clock)
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
      t.same(await journal.reply(alice, "payment-7"), { reply: { balance: 42 } })
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
      t.strictSame(await journal.reply(collector, "c-1"), { reply: new Map([["a", new Set([1])]]) })
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
        journal = await open(folder, clock)
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

    await t.test("answers of commands are forgotten by age, each actor's for itself", async (t) => {
      const other = { ...trimmed, key: "n" }
      for (let n = 0; n < 4; n++) {
        for (const actor of [trimmed, other])
          await journal.append(actor, actor === trimmed ? 5 : 0, 3, [], { command: { id: `c${n}\u0000`, reply: n } })
        clock.wind(1000)
      }
      await journal.trimCommands(trimmed, clock.wallTime() - 2000)
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
        const end = journal.follow("default", "click", () => (calls += 1))
        await Promise.all([journal.append(clicks("c"), 0, 0, readings(40)), journal.append(clicks("a"), 2, 0, readings(50))]) // prettier-ignore
        t.equal(calls, 2)
        end()
        await journal.append(clicks("b"), 1, 0, readings(60, 70), { ordered: true })
        t.equal(calls, 2, "who has left is not called")
        const later = await seen(3)
        t.same(later.map(([ordinal]) => ordinal), [4, 5, 6, 7]) // prettier-ignore
        t.same(later.map(([, key, sequence]) => [key, sequence]).sort(), [["a", 3], ["b", 2], ["b", 3], ["c", 1]]) // prettier-ignore
        await journal.saveSnapshot(clicks("a"), { sequence: 2, version: 1, state: 30 })
        await journal.trim(clicks("a"), 2)
        t.same((await seen()).map(([ordinal]) => ordinal), [3, 4, 5, 6, 7], "ordinals of trimmed events are passed over") // prettier-ignore
        if (durable) {
          await journal.close()
          journal = await open(folder, clock)
        }
        await journal.append(clicks("d"), 0, 0, readings(80))
        t.same(await seen(7), [[8, "d", 1, 80]], "an ordered type stays so")
      },
    )

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

    if (durable) {
      await t.test(
        "everything is there after closing and opening again, and heads and epochs still count",
        async (t) => {
          const before = await all(journal.read(alice))
          await journal.close()
          journal = await open(folder, clock)
          t.same(await all(journal.read(alice)), before)
          await t.rejects(journal.append(alice, 0, 9, [event(0)]), { code: "SEQUENCE_CONFLICT" })
          await t.rejects(journal.append(alice, before.length, 8, [event(0)]), { code: "STALE_EPOCH" })
          t.same(await journal.reply(alice, "payment-7"), { reply: { balance: 42 } })
        },
      )
    }
  })
}
