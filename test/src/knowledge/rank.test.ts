import fc from "fast-check"
import t from "tap"
import { stemEnglish as stem } from "#src/knowledge/languages.js"
import { fuseRanks, scoreSentences as score, type Candidate } from "#src/knowledge/rank.js"
import { readQuery, termsOf } from "#src/knowledge/terms.js"

const scoreSentences = (query: string, question: string, candidates: readonly Candidate[]): number[] =>
  score(readQuery(query), readQuery(question), candidates)

const list = fc.uniqueArray(fc.constantFrom(..."abcdefgh"), { maxLength: 8 })

t.test("fused ranks are the sums of 1 / (k + rank), whatever the order of the lists", async (t) => {
  fc.assert(
    fc.property(fc.array(list, { maxLength: 4 }), fc.integer({ min: 1, max: 100 }), (lists, k) => {
      const fused = fuseRanks(lists, k)
      const backwards = fuseRanks(lists.toReversed(), k)
      return [...new Set(lists.flat())].every((id) => {
        const sum = lists.reduce((total, one) => total + (one.includes(id) ? 1 / (k + one.indexOf(id) + 1) : 0), 0)
        return Math.abs((fused.get(id) ?? 0) - sum) < 1e-12 && Math.abs((backwards.get(id) ?? 0) - sum) < 1e-12
      })
    }),
  )
  t.same([...fuseRanks([])], [])
})

t.test("what stands nowhere lower than another and somewhere higher is ranked above it", async (t) => {
  fc.assert(
    fc.property(fc.array(list, { minLength: 1, maxLength: 4 }), (lists) => {
      const both = lists.map((one) => [...one.filter((id) => id !== "a" && id !== "b"), "a", "b"])
      const fused = fuseRanks(both)
      return (fused.get("a") as number) > (fused.get("b") as number)
    }),
  )
  t.pass()
})

t.test("one word has one stem in all its forms", async (t) => {
  for (const forms of [
    ["store", "stores", "stored", "storing"],
    ["cache", "caches", "cached", "caching"],
    ["key", "keys", "keyed", "keying"],
    ["policy", "policies"],
    ["box", "boxes"],
    ["database", "databases"],
    ["class", "classes"],
    ["event", "events"],
  ])
    t.same([...new Set(forms.map(stem))], [stem(forms[0] as string)], forms.join(", "))
  t.equal(new Set(["as", "is", "bus", "process", "thing", "need"].map(stem)).size, 6)
})

t.test("a stem is never longer than the word, and never empty", async (t) => {
  fc.assert(
    fc.property(fc.stringMatching(/^[a-z]{1,12}$/), (word) => {
      const { length } = stem(word)
      return length > 0 && length <= word.length
    }),
  )
  t.pass()
})

t.test("a name with dashes, dots or slashes is found whole and by its parts", async (t) => {
  t.same(termsOf("read-model v1.2"), ["read-model", "read", "model", "v1.2", "v1", "2"].map(stem))
  t.same(termsOf("¡Überall!"), ["uberall"])
  t.same(termsOf("?!"), [])
})

const candidate = (text: string, about?: string) => (about === undefined ? { text } : { text, about })
const best = (query: string, question: string, candidates: readonly { text: string; about?: string }[]) => {
  const scores = scoreSentences(query, question, candidates)
  return candidates[scores.indexOf(Math.max(...scores))]?.text
}

t.test("the rarer word of a query decides", async (t) => {
  const sentences = ["The key is red.", "The key is blue.", "The lantern is here.", "The key is old."].map((text) =>
    candidate(text),
  )
  t.equal(best("key lantern", "", sentences), "The lantern is here.")
})

t.test("function words count nothing, and a query that nothing holds scores nothing", async (t) => {
  const sentences = [candidate("Where is what it is."), candidate("The harbor closes at nine.")]
  t.same(scoreSentences("where is it", "", sentences), [0, 0])
  t.same(scoreSentences("giraffe", "", sentences), [0, 0])
  t.same(scoreSentences("harbor", "", []), [])
})

t.test("the query outweighs the question around it, and the sentence its heading", async (t) => {
  const sentences = ["Apples are red.", "Pears are green.", "Plums are blue."].map((text) => candidate(text))
  t.equal(best("pears", "apples or pears", sentences), "Pears are green.")
  const under = [candidate("It opens at six.", "The bakery"), candidate("The bakery opens at five.")]
  const [heading = 0, named = 0] = scoreSentences("bakery", "", under)
  t.ok(heading > 0, "a heading tells what its sentences are about")
  t.ok(named > heading)
})

t.test("adding a sentence without any word of the query changes no order", async (t) => {
  const word = fc.constantFrom("red", "green", "blue", "lamp", "door")
  const sentence = fc.array(word, { minLength: 4, maxLength: 4 }).map((words) => candidate(words.join(" ")))
  fc.assert(
    fc.property(word, fc.array(sentence, { minLength: 2, maxLength: 6 }), (query, sentences) => {
      const before = scoreSentences(query, "", sentences)
      const after = scoreSentences(query, "", [...sentences, candidate("four other plain words")])
      return (
        after.at(-1) === 0 &&
        before.every((a, i) =>
          before.every((b, j) => Math.sign(a - b) === Math.sign((after[i] ?? 0) - (after[j] ?? 0))),
        )
      )
    }),
  )
  t.pass()
})
