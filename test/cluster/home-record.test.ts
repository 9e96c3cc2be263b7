import fc from "fast-check"
import t from "tap"
import { merged, type HomeReport } from "#cluster/home-census.js"
import { ABSENT, nextStep, parseRecord, recordText, type Mark, type SeenRecord, type Situation } from "#cluster/home-record.js" // prettier-ignore

const home: Mark = { at: "home", epoch: 5, born: 2 }
const claiming: Mark = { at: "claiming", epoch: 5, born: 5 }
const giving: Mark = { at: "giving", epoch: 5, born: 2, to: "b" }
const staged = { giver: "b", epoch: 4, born: 2 }
const at = (name: string | undefined, epoch: number): SeenRecord => ({ home: name, epoch, version: 7 })
const base: Situation = { me: "a", mark: undefined, staged: undefined, record: ABSENT, highest: 0, settled: true, complete: true, wanted: true, holds: false, expected: false, serving: false, inherited: false, fresh: true } // prettier-ignore

const table: readonly (readonly [what: string, situation: Partial<Situation>, does: string])[] = [
  ["nothing is known", { record: undefined, mark: home }, "nothing"],
  // without a mark
  ["a shard that nobody ever had is claimed", {}, "claim"],
  ["not by whom it is not wished onto", { wanted: false }, "nothing"],
  ["not while somebody unheard of may have it", { complete: false }, "nothing"],
  ["not when it once had a home", { highest: 3 }, "nothing"],
  ["not in the midst of a move to this node", { expected: true }, "nothing"],
  ["by whom holds its state, from before the cluster", { wanted: false, holds: true, settled: false, complete: false }, "claim"], // prettier-ignore
  ["a free one is claimed", { record: at(undefined, 6), highest: 6 }, "claim"],
  ["another's is not", { record: at("b", 6), highest: 6 }, "nothing"],
  ["what was staged is promoted by the epoch after the giver's", { staged, record: at("a", 5) }, "promote"],
  ["not by another epoch", { staged, record: at("a", 6) }, "refuse"],
  ["it is kept while the giver may still give", { staged, record: at("b", 4) }, "nothing"],
  ["it is kept while there is no record", { staged }, "nothing"],
  ["it is dropped once another has the shard", { staged, record: at("c", 5) }, "drop-staged"],
  ["a record without state is refused", { record: at("a", 5), highest: 5 }, "refuse"],
  // as claimant
  ["a claim is written", { mark: claiming }, "write"],
  ["and has succeeded when the record says so", { mark: claiming, record: at("a", 5) }, "own"],
  ["and has failed when another was quicker", { mark: claiming, record: at("b", 5) }, "unclaim"],
  ["it waits while the records are not whole", { mark: claiming, complete: false }, "nothing"],
  // as home
  ["a home serves", { mark: home, record: at("a", 5) }, "serve"],
  ["by an epoch that this process made", { mark: home, record: at("a", 5), fresh: false }, "renew"],
  ["it goes on", { mark: home, record: at("a", 5), serving: true }, "nothing"],
  ["it writes its record again when the registry was wiped", { mark: home, serving: true, settled: false }, "write"],
  ["one that has just started waits until the records are known", { mark: home, settled: false }, "nothing"],
  ["it writes over what is older", { mark: home, record: at("b", 4), serving: true }, "write"],
  ["it gives way to what is newer", { mark: home, record: at("b", 6), highest: 6, serving: true }, "set-aside"],
  ["also when it is free", { mark: home, record: at(undefined, 6), highest: 6, serving: true }, "set-aside"],
  ["not by records that may be another cluster's", { mark: home, record: at("b", 6), serving: true, settled: false }, "nothing"], // prettier-ignore
  ["its store is older than the record", { mark: home, record: at("a", 6), highest: 6 }, "refuse"],
  ["what contradicts what was seen is read again", { mark: home, record: at("b", 6), highest: 8 }, "read"],
  // as giver
  ["a giver writes the taker's name", { mark: giving, record: at("a", 5) }, "write"],
  ["also when the registry was wiped meanwhile", { mark: giving, settled: false }, "write"],
  ["and removes its copy when the record names the taker", { mark: giving, record: at("b", 6), highest: 6 }, "remove"],
  ["after anything else it is set aside", { mark: giving, record: at(undefined, 6), highest: 6 }, "set-aside"],
  ["also when the taker has given it on", { mark: giving, record: at("c", 7), highest: 7 }, "set-aside"],
  ["a new process takes back what was not given", { mark: giving, inherited: true, record: at("a", 5) }, "take-back"],
  ["but goes on where that is not certain", { mark: giving, inherited: true }, "write"],
]
for (const [what, situation, does] of table)
  t.test(what, async (t) => {
    t.equal(nextStep({ ...base, ...situation }).do, does)
  })

t.test("records can be read back, and nothing else passes for one", async (t) => {
  for (const record of [{ home: "a", epoch: 3 }, { home: undefined, epoch: 9 }]) t.same(parseRecord(recordText(record)), record) // prettier-ignore
  for (const text of ["", "{}", "[]", "null", '{"home":3,"epoch":1}', '{"home":"a","epoch":"1"}']) t.equal(parseRecord(text), undefined) // prettier-ignore
})

t.test("of what several nodes know the highest epochs count, whoever is asked first", async (t) => {
  const entry = fc.tuple(fc.nat(3), fc.option(fc.constantFrom("a", "b", "c")), fc.integer({ min: 1, max: 9 }))
  const report = (name: string) => fc.array(entry, { maxLength: 6 }).map((homes): [string, HomeReport] => [name, { life: "x", ready: true, nodes: [name], homes }]) // prettier-ignore
  await fc.assert(
    fc.asyncProperty(fc.tuple(report("a"), report("b")), async (reports) => {
      const { records, unasked } = merged(4, new Map(reports))
      const epochs = merged(4, new Map([...reports].reverse())).records.map(({ epoch }) => epoch)
      t.same(records.map(({ epoch }) => epoch), epochs) // prettier-ignore
      const all = reports.flatMap(([, { homes }]) => homes)
      for (const [shard, { epoch }] of records.entries())
        t.equal(epoch, Math.max(0, ...all.filter(([of]) => of === shard).map(([, , epoch]) => epoch)))
      const homes = records.map((record) => record.home)
      t.equal(unasked.includes("c"), homes.includes("c") && homes.includes(undefined))
    }),
    { numRuns: 50 },
  )
})
