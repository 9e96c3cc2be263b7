/** A short sample of `npm run prove -- node`. */
import t from "tap"
import { fuzzRecords, fuzzTopologies } from "./fuzz.js"
import { killConversations, killRuns } from "./kills.js"
import { answerMainJob } from "./main-job.js"

const quietly = (): void => {}

t.test("the main job: a real node answers unseen questions from a folder", { timeout: 60_000 }, async (t) => {
  const { right, items, wrong } = await answerMainJob(t.testdir(), { items: 8, seed: 3 }, quietly)
  t.ok(right >= 0.7 * items, wrong.join("\n"))
})

t.test("with the weights shuffled nothing is answered", { timeout: 60_000 }, async (t) => {
  t.equal((await answerMainJob(t.testdir(), { items: 3, seed: 3, shuffled: true }, quietly)).right, 0)
})

t.test("no acknowledged turn is lost when the node is killed", { timeout: 60_000 }, async (t) => {
  const { wrong, acknowledged } = await killConversations(t.testdir(), 2, 5, quietly)
  t.same(wrong, [])
  t.ok(acknowledged > 0)
})

t.test("a run goes on from its last completed step and repeats no tool call", { timeout: 60_000 }, async (t) => {
  const { wrong, midway } = await killRuns(t.testdir(), 3, 5, quietly)
  t.same(wrong, [])
  t.ok(midway > 0)
})

t.test("malformed topologies and records are refused by name", async (t) => {
  for (const fuzz of [fuzzTopologies, fuzzRecords]) {
    const { unclear, refused } = fuzz(1000, 9)
    t.same(unclear, [])
    t.ok(refused > 500)
  }
})
