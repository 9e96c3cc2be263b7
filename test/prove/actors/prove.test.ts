/** A short sample of `npm run prove -- actors`. */
import { join } from "node:path"
import t from "tap"
import { alone } from "./alone.js"
import { bugs } from "./bugs.js"
import type { StormOptions, StormOutcome } from "./crash-storm.js"
import { crashUntilGivenUp } from "./intensity.js"
import { killBank } from "./kills.js"
import type { MillionOptions, MillionOutcome } from "./million.js"
import { find, runSeeds, shorten } from "./seeds.js"
import { slope, type SoakOptions, type SoakOutcome } from "./soak.js"

const quietly = (): void => {}
const short = { seeds: 3, durationMs: 1500, replayEvery: 3 }

t.test("no acknowledged command is lost and none is carried out twice when the process is killed", async (t) => {
  const { lost, wrong, commands, retried } = await killBank(t.testdir(), 3, 5, quietly)
  t.same([...lost, ...wrong], [])
  t.ok(commands > 0)
  t.ok(retried > 0)
})

t.test("children that crash for ever cost their siblings nothing", async (t) => {
  const options = { children: 200, seconds: 2 }
  const { crashes, gone, asks } = await alone<StormOptions, StormOutcome>("crash-storm", options, quietly)
  t.ok(crashes > 0)
  t.ok(asks > 0)
  t.equal(gone, 0)
})

t.test("a supervisor that allows three restarts escalates on the fourth crash", async (t) => {
  t.equal(await crashUntilGivenUp(3), 0)
  t.equal(await crashUntilGivenUp(10), 4)
})

t.test("more entities are known than are in memory, and each wakes in its state", async (t) => {
  const options = { folder: join(t.testdir(), "store"), entities: 3000, resident: 500, woken: 300 }
  const { wrong, mostResident } = await alone<MillionOptions, MillionOutcome>("million", options, quietly)
  t.equal(wrong, 0)
  t.ok(mostResident <= 1500, `${mostResident} in memory`)
})

t.test("a system that does a little of everything fails in nothing", async (t) => {
  const options = { folder: join(t.testdir(), "store"), minutes: 0.03 }
  const { failed, paced, samples } = await alone<SoakOptions, SoakOutcome>("soak", options, quietly)
  t.equal(failed, 0)
  t.ok(paced > 0)
  t.ok(samples > 0)
})

t.test("the slope of a line is found", async (t) => {
  t.equal(slope([[1, 5], [2, 7], [3, 9]]), 2) // prettier-ignore
})

t.test("a simulated bank keeps its promises under all faults, and replays", async (t) => {
  const { failed, unequal, replayed, faults } = await runSeeds(short, quietly)
  t.same(failed, [])
  t.same(unequal, [])
  t.equal(replayed, 1)
  for (const [kind, count] of Object.entries(faults)) t.ok(count > 0, kind)
})

t.test("a planted bug is found, and shrunk to a few faults", async (t) => {
  const bug = bugs.find(({ name }) => name.includes("last write"))
  const found = await find(bug!, { ...short, seeds: 10 })
  t.ok(found.seed, "found")
  const shrunk = await shorten(found, short.durationMs, 20)
  t.ok(shrunk!.faults.length < found.outcome!.injected.length)
})
