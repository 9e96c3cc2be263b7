import t from "tap"
import { systemClock, systemRandom } from "#actors/clock.js"
import { fenceOf } from "#cluster/epochs.js"
import { MemoryAgent } from "#cluster/memory-agent.js"
import { MemoryConsul } from "#cluster/memory-consul.js"
import { MemoryEpochs } from "#cluster/memory-epochs.js"
import { memoryRegistry } from "#cluster/memory-registry.js"
import { PostgresEpochs } from "#cluster/postgres-epochs.js"
import { postgresJournal } from "#cluster/postgres-journal.js"
import { PostgresStore } from "#cluster/postgres-store.js"
import { RegistryEpochs } from "#cluster/registry-epochs.js"
import { epochsContract } from "#test/support/epochs-contract.js"
import { startPostgres } from "#test/support/postgres.js"

epochsContract("memory", async () => {
  const epochs = new MemoryEpochs()
  return [epochs, epochs]
})

/** Registries of two nodes. */
function registries() {
  const consul = new MemoryConsul(systemClock)
  const agents = ["a", "b"].map((machine) => new MemoryAgent(consul, machine))
  const all = agents.map((agent) =>
    memoryRegistry(agent, { cluster: "test", clock: systemClock, random: systemRandom }),
  )
  return { agents, all, close: () => Promise.all(all.map((registry) => registry.close())) }
}

epochsContract("registry", async (t) => {
  const { all, close } = registries()
  t.teardown(close)
  return [new RegistryEpochs(all[0]!), new RegistryEpochs(all[1]!)]
})

t.test("what a registry that does not answer has done with a mint is not known", async (t) => {
  const { agents, all, close } = registries()
  t.teardown(close)
  const epochs = new RegistryEpochs(all[0]!)
  t.match(await epochs.mint(1, 0, "ann#1"), { kind: "minted" })
  agents[0]!.cutOff()
  t.match(await epochs.mint(1, 1, "ann#1"), { kind: "unknown", reason: /leader/ })
  await t.rejects(epochs.read(1), { code: "STORE_FAILED" })
  await t.rejects(epochs.confirm(1, 1), { code: "STORE_FAILED" })
  agents[0]!.stop()
})

t.test("an owner mints on from its own epoch in a registry that was wiped", async (t) => {
  const { all, close } = registries()
  t.teardown(close)
  t.match(await new RegistryEpochs(all[0]!).mint(1, 5, "ann#1"), { kind: "minted", epoch: 6 })
  t.match(await new RegistryEpochs(all[1]!).mint(1, 5, "bob#7"), { kind: "refused", record: { holder: "ann#1" } })
})

const server = await startPostgres()
if (typeof server === "string") t.test("PostgreSQL", { skip: server }, () => undefined)
else {
  t.teardown(() => server.remove())
  let schemas = 0
  const open = async (schema: string): Promise<PostgresStore> => {
    const store = await PostgresStore.open({ url: server.url, schema })
    t.teardown(() => store.close())
    return store
  }

  epochsContract("postgres", async () => {
    const schema = `epochs ${schemas++}`
    return [new PostgresEpochs(await open(schema)), new PostgresEpochs(await open(schema))]
  })

  t.test("after a mint the store refuses what the owner before appends, for any entity of the shard", async (t) => {
    const schema = `epochs ${schemas++}`
    const [a, b] = [await open(schema), await open(schema)]
    const [ann, bob] = [postgresJournal(a, systemClock), postgresJournal(b, systemClock)]
    const append = (journal: typeof ann, key: string, expected: number, epoch: number) =>
      journal.append({ tenant: "t", type: "account", key }, expected, epoch, [{ name: "e", payload: 1, version: 1 }], {
        fence: fenceOf(3),
      })
    await new PostgresEpochs(a).mint(3, 0, "ann#1")
    await append(ann, "x", 0, 1)
    const underWay = Array.from({ length: 50 }, (_, n) => append(ann, `y${n}`, 0, 1).then(() => true, () => false)) // prettier-ignore
    await new PostgresEpochs(b).mint(3, 1, "bob#1")
    const seen = await Promise.all(
      Array.from({ length: 50 }, async (_, n) => {
        for await (const _page of bob.read({ tenant: "t", type: "account", key: `y${n}` })) return true
        return false
      }),
    )
    t.same(await Promise.all(underWay), seen, "whoever reads after the mint has read all that is ever acknowledged")
    await t.rejects(append(ann, "x", 1, 1), { code: "STALE_EPOCH" })
    await t.rejects(append(ann, "new", 0, 1), { code: "STALE_EPOCH" })
    t.equal(await append(bob, "x", 1, 2), 2)
  })

  t.test("a store of the release before is brought up to date, and its fences with it", async (t) => {
    const schema = `epochs ${schemas++}`
    const store = await open(schema)
    await postgresJournal(store, systemClock).fences.claim("shard/1", 0)
    t.same(await new PostgresEpochs(store).read(1), { epoch: 1, holder: "", released: false })
    await store.close()
    await server.sql(
      `ALTER TABLE "${schema}".fence DROP COLUMN holder, DROP COLUMN released; DROP FUNCTION "${schema}".mint_fences; DROP TABLE "${schema}".room, "${schema}".record_change; DELETE FROM "${schema}".version WHERE number > 1`,
    )
    const again = new PostgresEpochs(await open(schema))
    t.same(await again.read(1), { epoch: 1, holder: "", released: false })
    t.same(await again.mint(1, 1, "ann#1"), { kind: "minted", epoch: 2 })
  })

  t.test("what became of a mint whose session was cut is not known, and its record tells", async (t) => {
    const schema = `epochs ${schemas++}`
    const epochs = new PostgresEpochs(await open(schema))
    await epochs.mint(1, 0, "ann#1")
    const blocker = await open(schema)
    const held = blocker.session(async (client) => {
      await client.query(`BEGIN; SELECT * FROM fence WHERE name = 'shard/1' FOR UPDATE`)
      const minted = epochs.mint(1, 1, "ann#1")
      await server.sql("SELECT pg_sleep(0.3)")
      await server.sql(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE '%mint_fences%' AND pid <> pg_backend_pid()",
      )
      return minted
    })
    t.match(await held, { kind: "unknown" })
    t.match(await epochs.read(1), { epoch: 1 })
    t.match(await epochs.mint(1, 1, "ann#1"), { kind: "minted", epoch: 2 })
  })
}
