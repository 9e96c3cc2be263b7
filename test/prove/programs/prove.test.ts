/** A short sample of `npm run prove -- programs`. */
import { spawnSync } from "node:child_process"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import t from "tap"
import { bugs, clusterBugs } from "./bugs.js"
import { programOf } from "./generator.js"
import type { Act, Kind, Step } from "./program.js"
import { carryOut, findBugs, runProgram } from "./seeds.js"

t.test("no promise is broken in programs that are made by chance", async (t) => {
  const { found, programs } = await carryOut({ from: 1, to: 40, replayEvery: 1000 })
  t.equal(programs, 40)
  t.same(found, [])
})

t.test("a program is run again as it was", async (t) => {
  for (const seed of [3, 8, 21]) {
    const [one, other] = [await runProgram(programOf(seed), seed), await runProgram(programOf(seed), seed)]
    t.equal(one.hash, other.hash)
    t.same(one.violations, other.violations)
  }
})

t.test("no promise is broken in programs that run in clusters, and they are run again as they were", async (t) => {
  const { found, replayed, unequal } = await carryOut({ from: 1, to: 6, cluster: true, replayEvery: 3 })
  t.same(found, [])
  t.equal(replayed, 2)
  t.same(unequal, [])
})

t.test("a program that leads to more than can be looked at is judged as one that does not end", async (t) => {
  const sends: Step[] = Array.from({ length: 25 }, () => ({ do: "tell", to: "self", handler: 0, value: 1 }))
  const act: Act = { at: 0, client: 0, do: "tell", to: { kind: 0, name: 0 }, handler: 0, value: 1 }
  const kinds: Kind[] = [{ role: "entity", handlers: [{ steps: sends }] }]
  const names = [{ tenant: "default", key: "a" }]
  const { violations } = await runProgram({ adapter: "memory", kinds, names, acts: [act, act], faults: [] }, 1)
  t.same(violations, [{ promise: "it runs to its end", text: "it leads to more than a history holds" }])
})

t.test("every fault that can be planted fits the code as it is", (t) => {
  for (const { name, changes } of [...bugs, ...clusterBugs])
    for (const [module, list] of Object.entries(changes)) {
      let source = readFileSync(new URL(`../../../${module}`, import.meta.url), "utf8")
      for (const [from, to] of list) {
        t.ok(source.includes(from), `${name}: ${from}`)
        source = source.replaceAll(from, () => to)
      }
    }
  t.end()
})

t.test(
  "a fault that is planted is found, and printed as a short test that fails with it and passes without",
  async (t) => {
    const planted = bugs.filter(({ name }) => name.startsWith("B17"))
    const [report] = await findBugs(planted, false, 40, 300, () => {})
    const { found = [], test = [] } = report ?? {}
    t.ok(found[0], "found")
    t.ok(test.length <= 20, test.join("\n"))
    const file = join(t.testdir({ "printed.mjs": test.join("\n") }), "printed.mjs")
    const plant = fileURLToPath(new URL("plant.js", import.meta.url))
    const env = { ...process.env, PLANTED: planted[0]?.name }
    t.match(spawnSync(process.execPath, ["--import", plant, file], { env, encoding: "utf8" }).stdout, /^not ok/m)
    t.match(spawnSync(process.execPath, [file], { encoding: "utf8" }).stdout, /^ok 1 - circles/m)
  },
)

t.test("a fault that is planted into a cluster is found where one thing follows another", async (t) => {
  const planted = clusterBugs.filter(({ name }) => name.startsWith("C3"))
  const [report] = await findBugs(planted, true, 60, 20, () => {})
  t.match(report?.found[0]?.violations[0]?.promise, "order (S1)")
})
