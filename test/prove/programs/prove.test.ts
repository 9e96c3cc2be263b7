/** A short sample of `npm run prove -- programs`. */
import t from "tap"
import { bugs } from "./bugs.js"
import { programOf } from "./generator.js"
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

t.test("a fault that is planted is found, and shrunk to a program that a person can read", async (t) => {
  const planted = bugs.filter(({ name }) => name.startsWith("B17"))
  const [report] = await findBugs(planted, false, 40, 60, () => {})
  t.ok(report?.found[0], "found")
  t.ok((report?.test?.length ?? 99) <= 20, report?.test?.join("\n") ?? "not shrunk")
})
