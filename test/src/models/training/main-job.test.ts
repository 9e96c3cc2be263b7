import fc from "fast-check"
import t from "tap"
import { trainingExample, Dice } from "#src/models/training/corpus/index.js"
import { fullyRight, mainJob } from "../../../support/main-job.js"

t.test("each main-job question has its fact in exactly one sentence of the documents", async () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 1e6 }), (seed) => {
      const { items, files } = mainJob(30, seed)
      const prose = Object.values(files).join("\n").toLowerCase()
      return items.every(({ question, value, product }) => {
        const [, a, b, topic, how] = /^What is (\d+) \* (\d+), and where is (.+) (\w+)\?$/.exec(question) ?? []
        const stated = `${topic} is ${how} in ${value}.`.toLowerCase()
        return Number(a) * Number(b) === Number(product) && prose.split(stated).length === 2
      })
    }),
    { numRuns: 20 },
  )
})

t.test("no main-job question stands in the training corpus", async (t) => {
  const topics = new Set(mainJob(200, 7).items.map(({ question }) => / where is (.+) \w+\?$/.exec(question)?.[1] ?? ""))
  const dice = new Dice(1)
  for (let n = 0; n < 5000; n++) {
    const { prompt } = trainingExample(dice, 0.9)
    for (const segment of prompt) {
      if (!("text" in segment)) continue
      const words = segment.text.toLowerCase().match(/[a-z]+/g) ?? []
      const pair = words.slice(1).find((word, i) => topics.has(`${words[i]} ${word}`))
      if (pair !== undefined) t.fail(segment.text)
    }
  }
  t.equal(topics.size, 200)
})

t.test("an answer is fully right only with the whole product and the whole value", async (t) => {
  const item = { question: "", product: "816", value: "LevelDB" }
  t.ok(fullyRight(item, "48 * 17 = 816; LevelDB."))
  t.ok(fullyRight(item, "48 * 17 = 816, and actor state is kept in LevelDB."))
  t.notOk(fullyRight(item, "48 * 17 = 8160; LevelDB."))
  t.notOk(fullyRight(item, "48 * 17 = 5816; LevelDB."))
  t.notOk(fullyRight(item, "48 * 17 = 816; LevelDBs."))
  t.notOk(fullyRight(item, "48 * 17 = 816."))
})
