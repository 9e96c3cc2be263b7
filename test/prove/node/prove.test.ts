/** A short sample of `npm run prove -- node`. */
import t from "tap"
import { fuzzRecords, fuzzTopologies } from "./fuzz.js"
import { grow } from "./growth.js"
import { sendHeavy } from "./heavy.js"
import { killConversations, killRuns } from "./kills.js"
import { generalQuestions } from "#test/support/general-questions.js"
import { ownQuestions } from "#test/support/own-questions.js"
import { answerMainJob } from "./main-job.js"
import { answerGeneral, answerOwn } from "./questions.js"

const quietly = (): void => {}

t.test("the main job: a real node answers unseen questions from a folder", { timeout: 60_000 }, async (t) => {
  const { right, items, wrong } = await answerMainJob(t.testdir(), { items: 8, seed: 3 }, quietly)
  t.ok(right >= 0.7 * items, wrong.join("\n"))
})

t.test(
  "a question that is none of the embedded model's is refused, not answered falsely",
  { timeout: 60_000 },
  async (t) => {
    const issue = [["Who wrote Hamlet?"], ["What is 15% of 240?"], ["Write a haiku about rivers"]] as const
    const sample = generalQuestions.filter((_, i) => i % 10 === 3)
    const { falsely, refused } = await answerGeneral(t.testdir(), [...issue, ...sample], quietly)
    t.ok(falsely.length <= 1, falsely.join("\n"))
    t.ok(refused > 20)
  },
)

t.test(
  "sums, look-ups, times and small talk are still answered, and few are refused",
  { timeout: 60_000 },
  async (t) => {
    const outcome = await answerOwn(t.testdir(), ownQuestions(12, 5, "seen"), quietly)
    t.ok((outcome["sum"]?.right ?? 0) >= 11 && (outcome["time"]?.right ?? 0) >= 11, JSON.stringify(outcome))
    t.ok((outcome["look-up"]?.right ?? 0) >= 7 && (outcome["small talk"]?.right ?? 0) >= 8, JSON.stringify(outcome))
  },
)

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

t.test(
  "strangers and refused runs leave next to nothing, and conversations what was said",
  { timeout: 60_000 },
  async (t) => {
    const day = { strangers: 300, refused: 200, turns: 50, letters: 5000, conversations: 50 }
    for (const { what, diskMb, sentMb } of await grow(t.testdir(), day, quietly)) t.ok(diskMb <= 2 + 3 * sentMb, what)
  },
)

t.test("requests that cost as much as they can are answered, a sample", { timeout: 120_000 }, async (t) => {
  const only = /(Run|SearchKnowledge|AddDocument)(?!.*half)/
  const { requests, faults } = await sendHeavy(t.testdir(), { share: 0.02, tries: 1, only })
  t.ok(requests > 20)
  for (const { name, answer } of faults) t.ok(answer !== undefined, name)
})
