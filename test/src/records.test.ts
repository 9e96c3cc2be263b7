import t from "tap"
import { systemClock, systemRandom } from "#actors/clock.js"
import { LevelStore } from "#actors/persistence/level-store.js"
import { PostgresStore } from "#cluster/postgres-store.js"
import { postgresRecords } from "#src/postgres-records.js"
import { levelRecords, memoryRecords } from "#src/record-store.js"
import { openStore } from "#src/store.js"
import { recordContract } from "#test/support/record-contract.js"
import { startPostgres, type PostgresServer } from "#test/support/postgres.js"
import { until } from "#test/support/until.js"

recordContract("memory", async () => {
  const rooms = new Map<string, ReturnType<typeof memoryRecords>>()
  return (name) => {
    const room = rooms.get(name) ?? memoryRecords()
    rooms.set(name, room)
    return room
  }
})
recordContract("leveldb", async (t) => {
  const store = await LevelStore.open(`${t.testdir()}/store`)
  t.teardown(() => store.close())
  return (name) => levelRecords(store, name)
})

const found = await startPostgres()
if (typeof found === "string") t.pass("skipped", { skip: found })
else await run(found)

async function run(server: PostgresServer): Promise<void> {
  t.teardown(() => server.remove())
  let schemas = 0
  const fresh = (): string => `records ${++schemas}`
  const open = (schema: string) => PostgresStore.open({ url: server.url, schema })
  for (const told of [false, true])
    recordContract(told ? "postgres, told to others" : "postgres", async (t) => {
      const store = await open(fresh())
      t.teardown(() => store.close())
      return (name) => postgresRecords(store, name, { clock: systemClock, told })
    })

  t.test("a write is done as a whole or not at all, whatever ends it", async (t) => {
    const schema = fresh()
    const store = await open(schema)
    t.teardown(() => store.close())
    const records = postgresRecords(store, "room", { clock: systemClock, told: true })
    await records.write([["a", 1]])
    await server.sql(`ALTER TABLE "${schema}".record ADD CONSTRAINT small CHECK (length(value) < 100)`)
    await t.rejects(records.write([["a", undefined], ["b", 2], ["c", "x".repeat(200)]]), { code: "STORE_FAILED" }) // prettier-ignore
    t.equal(await records.get("a"), 1)
    t.equal(await records.get("b"), undefined)
  })

  t.test("each node hears of every change of a told room, its own too, and of no other room", async (t) => {
    const schema = fresh()
    const stores = await Promise.all([open(schema), open(schema)])
    t.teardown(() => Promise.all(stores.map((store) => store.close())))
    const [one, two] = stores.map((store) => postgresRecords(store, "room", { clock: systemClock, told: true }))
    const other = postgresRecords(stores[0]!, "other", { clock: systemClock, told: true })
    await one!.write([["before", 1]])
    const heard: string[] = []
    t.teardown(await two!.follow((keys) => heard.push(...(keys ?? ["all"]))))
    await one!.write([["a", 1], ["b", 2]]) // prettier-ignore
    await one!.write([["a", undefined]])
    await other.write([["c", 1]])
    await two!.write([["d", 1]])
    await until(() => heard.includes("d"))
    t.strictSame([...new Set(heard)].sort(), ["a", "b", "d"])
  })

  t.test("who has missed more than is kept is told that all may have changed", async (t) => {
    const schema = fresh()
    const store = await open(schema)
    t.teardown(() => store.close())
    const records = postgresRecords(store, "room", { clock: systemClock, told: true })
    const heard: unknown[] = []
    t.teardown(await records.follow((keys) => heard.push(keys)))
    await records.write(Array.from({ length: 1500 }, (_, i) => [`key ${i}`, i] as const))
    await until(() => heard.length > 0)
    t.strictSame(heard, [undefined])
    await records.write([["last", 1]])
    await until(() => heard.length > 1)
    t.strictSame(heard[1], ["last"], "and goes on from there")
  })

  t.test("the configured store is opened, and what stands in its way is said", async (t) => {
    const around = { clock: systemClock, random: systemRandom, environment: { STORE: `${server.url}?schema=from_env` } }
    const store = await openStore({ data: "memory", storeEnv: "STORE" }, around)
    t.equal(store.kind, "postgres")
    t.notMatch(store.where, /opens/, "the password is told to nobody")
    await store.room("keys").write([["a", 1]])
    await store.journal.close()
    t.strictSame(await server.sql("SELECT count(*)::int AS count FROM from_env.record"), [{ count: 1 }])
    await t.rejects(openStore({ data: "memory", storeEnv: "NONE" }, around), { code: "INVALID_CONFIG", message: /NONE is not set/ }) // prettier-ignore
    await t.rejects(openStore({ data: "memory", store: server.urlWith({ password: "wrong" }) }, around), { code: "STORE_FAILED", message: /refuses the user or the password/ }) // prettier-ignore
    await t.rejects(openStore({ data: "memory", store: "postgres://owner@127.0.0.1:1/none" }, around), { code: "STORE_FAILED", message: /cannot be reached/ }) // prettier-ignore
  })
}
