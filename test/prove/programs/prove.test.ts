/** A short sample of `npm run prove -- programs`. */
import t from "tap"
import { bugs } from "./bugs.js"
import { programOf } from "./generator.js"
import { findBugs, runProgram } from "./seeds.js"

t.test("a program is run again as it was", async (t) => {
  for (const seed of [3, 8, 21]) {
    const [one, other] = [await runProgram(programOf(seed), seed), await runProgram(programOf(seed), seed)]
    t.equal(one.hash, other.hash)
    t.same(one.violations, other.violations)
  }
})

t.test("a fault that is planted is found, and shrunk to a program that a person can read", async (t) => {
  const [report] = await findBugs(bugs.slice(0, 1), 100, 60, () => {})
  t.ok(report?.found[0], "found")
  t.ok((report?.test?.length ?? 99) < 40, report?.test?.join("\n") ?? "not shrunk")
})
