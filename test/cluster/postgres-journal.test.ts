import { randomBytes } from "node:crypto"
import { setTimeout as sleep } from "node:timers/promises"
import t, { type Test } from "tap"
import { systemClock, type Clock } from "#actors/clock.js"
import { AgentOSError } from "#actors/errors.js"
import { createActorSystem, definePersistentActor } from "#actors/index.js"
import type { NewEvent, PersistenceId } from "#actors/persistence/journal.js"
import { postgresJournal, type PostgresJournal, type PostgresJournalOptions } from "#cluster/postgres-journal.js"
import { typeLock } from "#cluster/postgres-schema.js"
import { PostgresStore } from "#cluster/postgres-store.js"
import { HandClock } from "#test/support/hand-clock.js"
import { journalContract } from "#test/support/journal-contract.js"
import { remindersContract } from "#test/support/reminders-contract.js"
import { startPostgres, type PostgresServer } from "#test/support/postgres.js"
import { until } from "#test/support/until.js"

const found = await startPostgres()
if (typeof found === "string") t.pass("skipped", { skip: found })
else await run(found)

async function run(server: PostgresServer): Promise<void> {
  t.teardown(() => server.remove())
  let schemas = 0
  /** A schema that no other test uses. */
  const fresh = (): string => `test ${(schemas += 1)}`
  const open = async (
    t: Test,
    schema: string,
    { statementTimeoutMs = 10_000, clock = systemClock, ...options }: { statementTimeoutMs?: number; clock?: Clock } & PostgresJournalOptions = {}, // prettier-ignore
  ): Promise<PostgresJournal> => {
    const store = await PostgresStore.open({ url: server.url, schema, statementTimeoutMs }, { clock })
    t.teardown(() => store.close())
    return postgresJournal(store, clock, options)
  }
  /** Waits until a statement of the server sleeps, and holds what it has locked. */
  const asleep = (): Promise<void> =>
    until(async () => (await server.sql("SELECT FROM pg_stat_activity WHERE wait_event = 'PgSleep'")).length > 0)
  const contractSchemas = new Map<string, string>()
  const schemaOf = (folder: string): string => {
    if (!contractSchemas.has(folder)) contractSchemas.set(folder, fresh())
    return contractSchemas.get(folder) as string
  }
  const openContract = async (folder: string, clock: Clock): Promise<PostgresJournal> =>
    postgresJournal(await PostgresStore.open({ url: server.url, schema: schemaOf(folder) }, { clock }), clock)
  journalContract("postgres", openContract, true)
  remindersContract("postgres", openContract)

  t.test(
    "an append that is refused harms no other of its group, and the next of its actor is judged by itself",
    async (t) => {
      const journal = await open(t, fresh())
      for (const key of ["a", "d"]) await journal.append(actor(key), 0, 0, events(1))
      const outcomes = await Promise.allSettled([
        journal.append(actor("b"), 0, 0, events(1, 2)),
        journal.append(actor("a"), 5, 0, events(0)), // there is no event 5 to follow
        journal.append(actor("a"), 6, 0, events(0)), // follows the one that is refused
        journal.append(actor("a"), 1, 0, events(2)), // follows what is there
        journal.append(actor("b"), 2, 0, events(3)),
        journal.append(actor("b"), 9, 0, events(0)), // does not follow what is taken with it
        journal.append(actor("b"), 3, 0, events(4)),
        journal.append(actor("c"), 0, 0, events(1)),
        journal.append(actor("d"), 0, 0, events(0)), // is refused
        journal.append(actor("d"), 1, 0, events(2)), // follows it, and what is there as well
      ])
      t.same(outcomes.map(outcomeOf), [
        2,
        "SEQUENCE_CONFLICT",
        "SEQUENCE_CONFLICT",
        2,
        3,
        "SEQUENCE_CONFLICT",
        4,
        1,
        "SEQUENCE_CONFLICT",
        2,
      ])
      t.same(await payloads(journal, "b"), [1, 2, 3, 4])
      t.same(await payloads(journal, "a"), [1, 2])
    },
  )

  t.test("an append that the server cannot take fails alone", async (t) => {
    const journal = await open(t, fresh())
    const long = randomBytes(3000).toString("hex") // no index takes it
    const outcomes = await Promise.allSettled(
      ["a", long, "b"].map((key) => journal.append(actor(key), 0, 0, events(1))),
    )
    t.same(outcomes.map(outcomeOf), [1, "STORE_FAILED", 1])
    t.match((outcomes[1] as PromiseRejectedResult).reason, { message: /too long for an index/ })
  })

  t.test(
    "whoever was overtaken by a claim is refused, also for an actor that the new owner never touched",
    async (t) => {
      const schema = fresh()
      const fenceOf = ({ type }: PersistenceId): string => `shard of ${type}`
      const [before, after] = [await open(t, schema, { fenceOf }), await open(t, schema, { fenceOf })]
      const fence = fenceOf(actor("a"))
      const old = await before.fences.claim(fence, 0)
      t.equal(old, 1)
      await before.append(actor("a"), 0, old, events(1))
      await t.rejects(
        after.fences.claim(fence, 0),
        { code: "STALE_EPOCH" },
        "who saw an older epoch takes nothing over",
      )
      await before.fences.confirm(fence, old)
      t.equal(await after.fences.claim(fence, 1), 2)
      for (const [key, sequence] of [
        ["a", 1],
        ["b", 0],
      ] as const)
        // prettier-ignore
        await t.rejects(before.append(actor(key), sequence, old, events(0)), { code: "STALE_EPOCH" })
      await t.rejects(before.fences.confirm(fence, old), { code: "STALE_EPOCH" })
      t.equal(await after.append(actor("a"), 1, 2, events(2)), 2)
      t.equal(await before.append({ ...actor("a"), type: "other" }, 0, 0, events(1)), 1, "other shards go on")
      const claims = await Promise.allSettled([before, after].map(({ fences }) => fences.claim("z", 0)))
      t.same(
        claims.map(({ status }) => status).sort(),
        ["fulfilled", "rejected"],
        "of two who saw the same one succeeds",
      )
    },
  )

  t.test("a claim waits for the appends that are under way, so that what it finds stays so", async (t) => {
    const schema = fresh()
    const fenceOf = (): string => "shard"
    const [before, after] = [await open(t, schema, { fenceOf }), await open(t, schema, { fenceOf })]
    const epoch = await before.fences.claim("shard")
    await server.sql(`CREATE FUNCTION "${schema}".slow() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(0.4); RETURN NEW; END $$`) // prettier-ignore
    await server.sql(`CREATE TRIGGER slow BEFORE INSERT ON "${schema}".event FOR EACH STATEMENT EXECUTE FUNCTION "${schema}".slow()`) // prettier-ignore
    const slow = before.append(actor("a"), 0, epoch, events(1)).catch(outcomeOfError)
    await sleep(200)
    await after.fences.claim("shard")
    const found = await payloads(after, "a")
    await slow
    t.same(await payloads(after, "a"), found)
  })

  t.test("no append with an epoch from before is accepted once a claim has returned", async (t) => {
    const schema = fresh()
    const fenceOf = (): string => "shard"
    const [one, two] = [await open(t, schema, { fenceOf }), await open(t, schema, { fenceOf })]
    const accepted: { readonly epoch: number; readonly begun: number }[] = []
    let owned = await one.fences.claim("shard")
    let ended = false
    const writing = Promise.all(
      Array.from({ length: 16 }, async (_, n) => {
        for (let sequence = 0; !ended;) {
          const [epoch, begun] = [owned, owned]
          const journal = (n + epoch) % 2 === 0 ? one : two
          // An owner that was paused: it writes under the epoch before.
          const late = epoch - (n % 3 === 0 ? 1 : 0)
          const stored = await journal
            .append(actor(String(n)), sequence, late, events(n))
            .catch((error: AgentOSError) => error)
          if (stored instanceof AgentOSError) t.equal(stored.code, "STALE_EPOCH")
          else {
            sequence = stored
            accepted.push({ epoch: late, begun })
          }
        }
      }),
    )
    for (let n = 0; n < 10; n++) owned = await (n % 2 === 0 ? one : two).fences.claim("shard")
    await sleep(20)
    ended = true
    await writing
    t.ok(accepted.length > 0)
    t.same(accepted.filter(({ epoch, begun }) => epoch < begun), []) // prettier-ignore
  })

  t.test(
    "two nodes write the same actors and the same ordered type: nobody sees a gap, and one of them wins each sequence",
    async (t) => {
      const schema = fresh()
      const nodes = [await open(t, schema), await open(t, schema)] as const
      const reader = await open(t, schema)
      const deltas = new Array<number>(8).fill(0)
      let ended = false
      let seen = 0
      const reading = (async () => {
        for (let last = 0, wasLast = false; !wasLast;) {
          wasLast = ended // what was acknowledged before this pass is read in it
          for await (const page of reader.ordered("default", "account", last))
            for (const { ordinal } of page) {
              if (ordinal !== last + 1) t.fail(`ordinal ${ordinal} was seen after ${last}`)
              last = seen = ordinal
            }
        }
      })()
      await Promise.all(
        nodes.flatMap((journal) =>
          deltas.map(async (_, n) => {
            for (let sequence = 0, tries = 0; tries < 20; tries++) {
              const outcome = await journal
                .append(actor(String(n)), sequence, 0, events(tries), { ordered: true })
                .catch((error: AgentOSError) => error)
              if (typeof outcome === "number") {
                deltas[n] = (deltas[n] as number) + 1
                sequence = outcome
              } else {
                t.equal(outcome.code, "SEQUENCE_CONFLICT")
                sequence = (await payloads(journal, String(n))).length
              }
            }
          }),
        ),
      )
      ended = true
      await reading
      const stored = await Promise.all(deltas.map(async (_, n) => (await payloads(reader, String(n))).length))
      t.same(stored, deltas, "what was acknowledged is there, and nothing else")
      t.equal(seen, deltas.reduce((sum, count) => sum + count, 0)) // prettier-ignore
    },
  )

  t.test("a type is given its order while others append to it, and every event has its ordinal", async (t) => {
    const schema = fresh()
    const [one, two] = [await open(t, schema), await open(t, schema)]
    for (let n = 0; n < 20; n++) await one.append(actor(String(n)), 0, 0, events(...new Array<number>(50).fill(n)))
    const [ordered] = await Promise.all([
      sleep(5).then(() => all(two.ordered("default", "account"))),
      ...Array.from({ length: 20 }, async (_, n) => {
        for (let sequence = 50; sequence < 60;) sequence = await one.append(actor(String(n)), sequence, 0, events(n))
      }),
    ])
    t.ok(ordered.length >= 1000)
    const later = await all(two.ordered("default", "account"))
    t.same(later.map(({ ordinal }) => ordinal), Array.from({ length: 1200 }, (_, i) => i + 1)) // prettier-ignore
  })

  t.test("while a type is given its order, appends to it wait and those to others do not", async (t) => {
    const schema = fresh()
    const journal = await open(t, schema)
    await journal.append(actor("a"), 0, 0, events(1))
    const holding = server.sql(`BEGIN; SET LOCAL search_path = "${schema}"; SELECT pg_advisory_xact_lock(${typeLock("'default'", "'account'")}); SELECT pg_sleep(1); COMMIT`) // prettier-ignore
    await asleep()
    const taken: string[] = []
    await Promise.all([
      journal.append(actor("a"), 1, 0, events(2)).then(() => taken.push("account")),
      journal.append(actor("a"), 2, 0, events(3)).then(() => taken.push("account")),
      journal.append({ ...actor("a"), type: "other" }, 0, 0, events(1)).then(() => taken.push("other")),
    ])
    t.same(taken, ["other", "account", "account"])
    await holding
  })

  t.test("who follows a type hears of events from another node, also after the connections were lost", async (t) => {
    const schema = fresh()
    const [here, there] = [await open(t, schema), await open(t, schema)]
    await there.append(actor("a"), 0, 0, events(1), { ordered: true })
    let heard = (): void => undefined
    t.teardown(here.follow("default", "account", () => heard()))
    for (const sequence of [1, 2]) {
      const hears = new Promise<void>((done) => (heard = done))
      // One that is sent before it is known that the connection is gone fails, and was not done.
      const append = (): Promise<number> => there.append(actor("a"), sequence, 0, events(2))
      await append().catch(append)
      await hears
      await server.sql(endAll)
    }
    t.equal((await all(here.ordered("default", "account"))).length, 3)
  })

  t.test("an append whose connection is lost has an unknown outcome, and the next ones go on", async (t) => {
    const schema = fresh()
    const journal = await open(t, schema)
    await journal.append(actor("a"), 0, 0, events(1))
    // Another session holds the actor's head, so that the append is under way when its connection is ended.
    const holding = server.sql(`BEGIN; SELECT FROM "${schema}".head FOR UPDATE; SELECT pg_sleep(0.3); COMMIT`)
    await asleep()
    const lost = t.rejects(journal.append(actor("a"), 1, 0, events(2)), { code: "STORE_FAILED", executed: "maybe", message: /not known/ }) // prettier-ignore
    await sleep(50)
    const waits = journal.append(actor("b"), 0, 0, events(1))
    await server.sql(endAll)
    await lost
    t.equal(await waits, 1, "what was not sent waits for the next connection")
    t.equal(await journal.append(actor("a"), 1, 0, events(2)), 2)
    await holding.catch(() => undefined)
  })

  t.test("a server that stands still is given up, and found again when it goes on", async (t) => {
    const clock = new HandClock()
    const schema = fresh()
    const journal = await open(t, schema, { clock })
    await journal.append(actor("a"), 0, 0, events(1))
    const rows = await server.sql("SELECT pid FROM pg_stat_activity WHERE query LIKE '%append_events%' AND pid <> pg_backend_pid()") // prettier-ignore
    const pids = rows.map(({ pid }) => pid as number)
    t.ok(pids.length > 0)
    for (const pid of pids) process.kill(pid, "SIGSTOP")
    const lost = t.rejects(journal.append(actor("a"), 1, 0, events(2)), { code: "STORE_FAILED", message: /not known/ })
    await sleep(20)
    clock.wind(60_000)
    await lost
    for (const pid of pids) process.kill(pid, "SIGCONT")
    const sequence = (await payloads(journal, "a")).length
    t.equal(await journal.append(actor("b"), 0, 0, events(1)), 1)
    t.ok(sequence >= 1)
  })

  t.test(
    "what was acknowledged is there after the server crashed under load, and the journal goes on by itself",
    async (t) => {
      const journal = await open(t, fresh())
      const acknowledged = new Array<number>(32).fill(0)
      let ended = false
      let after = 0
      const writing = Promise.all(
        acknowledged.map(async (_, n) => {
          while (!ended) {
            try {
              acknowledged[n] = await journal.append(actor(String(n)), acknowledged[n] as number, 0, events(n))
              after += 1
            } catch (error) {
              t.match((error as AgentOSError).code, /STORE_FAILED|SEQUENCE_CONFLICT/)
              // As an actor does: it begins anew with what is stored.
              acknowledged[n] = Math.max(acknowledged[n] as number, (await payloads(journal, String(n))).length)
            }
          }
        }),
      )
      await sleep(300)
      await server.stop({ crash: true })
      await server.start()
      after = 0
      await sleep(500)
      ended = true
      await writing
      t.ok(after > 0, "it went on")
      t.same(await Promise.all(acknowledged.map(async (_, n) => (await payloads(journal, String(n))).length)), acknowledged) // prettier-ignore
    },
  )

  t.test("a persistent actor that lost its connection answers JOURNAL_FAILED once and then goes on", async (t) => {
    const journal = await open(t, fresh())
    const system = await createActorSystem({ name: "test", definitions: [Counter], journal })
    const counter = system.entity(Counter, "c")
    t.equal(await counter.ask("add", 1), 1)
    const schema = `test ${schemas}`
    const holding = server.sql(`BEGIN; SELECT FROM "${schema}".head FOR UPDATE; SELECT pg_sleep(0.3); COMMIT`)
    await asleep()
    const lost = t.rejects(counter.ask("add", 2), { code: "JOURNAL_FAILED", executed: "maybe" })
    await sleep(50)
    await server.sql(endAll)
    await lost
    t.equal(await counter.ask("add", 3), 4)
    await holding.catch(() => undefined)
    await system.stop()
  })

  t.test("a statement that takes too long is refused, and nothing of it is done", async (t) => {
    const schema = fresh()
    const journal = await open(t, schema, { statementTimeoutMs: 700 })
    await journal.append(actor("a"), 0, 0, events(1))
    const holding = server.sql(`BEGIN; SELECT FROM "${schema}".head FOR UPDATE; SELECT pg_sleep(3); COMMIT`)
    await asleep()
    await t.rejects(journal.append(actor("a"), 1, 0, events(2)), { code: "STORE_FAILED", message: /time limit/ })
    await holding
    t.equal(await journal.append(actor("a"), 1, 0, events(2)), 2)
  })

  t.test("a full disk is told as such, and the journal goes on when there is room", async (t) => {
    const schema = fresh()
    const journal = await open(t, schema)
    await server.sql(`CREATE FUNCTION "${schema}".no_room() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE disk_full; END $$`) // prettier-ignore
    await server.sql(`CREATE TRIGGER no_room BEFORE INSERT ON "${schema}".event EXECUTE FUNCTION "${schema}".no_room()`)
    await t.rejects(journal.append(actor("a"), 0, 0, events(1)), { code: "DISK_FULL" })
    await server.sql(`DROP TRIGGER no_room ON "${schema}".event`)
    t.equal(await journal.append(actor("a"), 0, 0, events(1)), 1)
  })

  t.test("an older snapshot never takes the place of a newer one", async (t) => {
    const journal = await open(t, fresh())
    await journal.append(actor("a"), 0, 0, events(1, 2, 3))
    await journal.saveSnapshot(actor("a"), { sequence: 3, version: 1, state: "new" })
    await journal.saveSnapshot(actor("a"), { sequence: 1, version: 1, state: "old" })
    t.match(await journal.snapshot(actor("a")), { sequence: 3, state: "new" })
  })

  t.test("a trim that overtakes a reading is no damage, a missing event is", async (t) => {
    const schema = fresh()
    const journal = await open(t, schema)
    for (let sequence = 0; sequence < 4000; ) sequence = await journal.append(actor("a"), sequence, 0, events(...new Array<number>(1000).fill(0))) // prettier-ignore
    await journal.saveSnapshot(actor("a"), { sequence: 3500, version: 1, state: 0 })
    const pages = journal.read(actor("a"))[Symbol.asyncIterator]()
    await pages.next()
    await journal.trim(actor("a"), 3500)
    let last = 0
    for (let page = await pages.next(); page.done !== true; page = await pages.next())
      last = page.value.at(-1)?.sequence ?? 0
    t.equal(last, 4000)
    await server.sql(`DELETE FROM "${schema}".event WHERE sequence = 3900`)
    await t.rejects(all(journal.read(actor("a"))), { code: "RECORD_DAMAGED", message: /event 3900 is missing/ })
    await server.sql(`DELETE FROM "${schema}".event WHERE sequence > 3800`)
    await t.rejects(all(journal.read(actor("a"))), { code: "RECORD_DAMAGED", message: /event 3801 is missing/ })
    await server.sql(
      `UPDATE "${schema}".event SET record = overlay(record PLACING '\\xff' FROM 20) WHERE sequence = 3700`,
    )
    await t.rejects(all(journal.read(actor("a"))), {
      code: "RECORD_DAMAGED",
      message: /event 3700 of default\/account\/a/,
    })
  })

  t.test("what is wrong with the server or its URL is told, without the password", async (t) => {
    const refused = async (settings: { url: string; schema?: string }, message: RegExp): Promise<void> => {
      const error = await PostgresStore.open(settings).then(
        () => undefined,
        (error: unknown) => error as AgentOSError,
      )
      t.equal(error?.code, "STORE_FAILED")
      t.match(error?.message, message)
      t.notMatch(error?.message, /secret/)
    }
    await refused({ url: server.urlWith({ password: "secret" }) }, /refuses the user or the password/)
    await refused({ url: server.urlWith({ database: "nowhere" }) }, /no such database/)
    await refused({ url: "postgres://u:secret@127.0.0.1:1/x" }, /127\.0\.0\.1:1\/x.*cannot be reached/)
    await refused({ url: "not a url" }, /URL|reached/)
    const schema = fresh()
    await (await PostgresStore.open({ url: server.url, schema })).close()
    await server.sql(`INSERT INTO "${schema}".version VALUES (99)`)
    await refused({ url: server.url, schema }, /has version 99.*newer release/)
    await server.sql("CREATE DATABASE latin TEMPLATE template0 ENCODING 'LATIN1' LOCALE 'C'")
    await refused({ url: server.urlWith({ database: "latin" }) }, /encoded in LATIN1/)
  })

  t.test("many nodes make the schema at once, and one of them does it", async (t) => {
    const schema = fresh()
    const journals = await Promise.all(Array.from({ length: 6 }, () => open(t, schema)))
    await Promise.all(journals.map((journal, n) => journal.append(actor(String(n)), 0, 0, events(n))))
    t.same(await server.sql(`SELECT number FROM "${schema}".version ORDER BY number`), [
      { number: 1 },
      { number: 2 },
      { number: 3 },
    ])
  })
}

const endAll = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'llmagentos'"

const actor = (key: string): PersistenceId => ({ tenant: "default", type: "account", key })
const events = (...payloads: readonly number[]): NewEvent[] => payloads.map((payload) => ({ name: "deposited", payload, version: 1 })) // prettier-ignore

async function all<T>(pages: AsyncIterable<readonly T[]>): Promise<T[]> {
  const found: T[] = []
  for await (const page of pages) found.push(...page)
  return found
}

const payloads = async (journal: PostgresJournal, key: string): Promise<unknown[]> =>
  (await all(journal.read(actor(key)))).map(({ payload }) => payload)

const outcomeOf = (outcome: PromiseSettledResult<number>): number | string =>
  outcome.status === "fulfilled" ? outcome.value : (outcome.reason as AgentOSError).code

const outcomeOfError = (error: unknown): string => (error as AgentOSError).code

const Counter = definePersistentActor({
  name: "counter",
  version: 1,
  state: () => ({ total: 0 }),
  events: {
    added: (state, by: number) => {
      state.total += by
    },
  },
}).receive({
  async add(ctx, by: number) {
    await ctx.persist("added", by)
    return ctx.state.total
  },
})
