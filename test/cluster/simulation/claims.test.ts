import t from "tap"
import { MemoryEpochs } from "#cluster/memory-epochs.js"
import { SharedOwnership } from "#cluster/shared-ownership.js"
import { simulateCluster } from "#cluster/simulation/cluster-simulation.js"
import { claimants } from "#test/cluster/support/claimants.js"

const durationMs = 30_000

t.test("whatever happens to nodes, Consul and store, answers of all owners of a shard fit one history", async (t) => {
  for (let seed = 1; seed <= 3; seed++) {
    const { failure, faults } = await simulateCluster(claimants(seed, durationMs))
    t.equal(failure, undefined, `seed ${seed}`)
    t.ok(Object.values(faults).reduce((sum, count) => sum + count) > 10)
  }
})

t.test("the same seed gives the same run", async (t) => {
  const [one, other] = [await simulateCluster(claimants(7, 20_000)), await simulateCluster(claimants(7, 20_000))]
  t.equal(one.hash, other.hash)
  t.equal(one.events, other.events)
  t.not(one.hash, (await simulateCluster(claimants(8, 20_000))).hash)
})

/** Replaces a method until it is put back. */
function replaced<T extends object, K extends keyof T>(object: T, name: K, by: (before: T[K]) => T[K]): () => void {
  const before = object[name]
  object[name] = by(before)
  return () => void (object[name] = before)
}

const bugs: Readonly<Record<string, () => () => void>> = {
  "answers from memory without a fresh lease": () =>
    replaced(SharedOwnership.prototype, "mayAnswer", (before) => function (this: SharedOwnership, shard) {
      const right = before.call(this, shard)
      return right === "confirm" ? "from-memory" : right
    }), // prettier-ignore
  "no epoch is looked at when something is appended": () =>
    replaced(MemoryEpochs.prototype, "guard", () => (journal) => ({
      ...journal,
      append: (actor, sequence, _epoch, events, options) => journal.append(actor, sequence, 1e9, events, options),
    })),
}

for (const [name, plant] of Object.entries(bugs))
  t.test(`it is found when ${name}`, async (t) => {
    const restore = plant()
    t.teardown(restore)
    let found: Error | undefined
    let seed = 0
    while (found === undefined && seed < 20) found = (await simulateCluster(claimants(++seed, 60_000))).failure
    t.ok(found, `by seed ${seed}`)
  })
