/** A sample of the proof with simulated clusters: few seeds, short, one of them twice, and one planted bug. */
import t from "tap"
import { bugs, type Bug } from "./simulated-bugs.js"
import { findBug, runSeed } from "./simulated-seeds.js"

const durationMs = 20_000

for (const seed of [1, 2, 4])
  t.test(`nothing is wrong with a simulated cluster of seed ${seed}`, async (t) => {
    const { failure, events, hash, again } = await runSeed(seed, seed === 2, durationMs)
    t.equal(failure, undefined)
    t.ok(events > 10_000)
    t.equal(again, seed === 2 ? hash : undefined, "it happens again as it did")
  })

t.test("a planted bug is found", async (t) => {
  const { failure } = await findBug(bugs[0] as Bug, 10, false, 60_000)
  t.match(failure, /stale epoch/)
})
