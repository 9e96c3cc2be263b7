import fc from "fast-check"
import t from "tap"
import { trainTokenizer } from "#src/models/tokenizer/train-tokenizer.js"

t.test("the most frequent pair of neighbours is merged first; ties go to the pair that sorts first", async (t) => {
  // " ab" stands three times, what stands once is left out: "a b" and "Ġ a" are equally frequent.
  const tokenizer = trainTokenizer(["ab ab ab cd", "cd ab"], { size: 1 + 256 + 2, specials: ["<eos>"] })
  t.equal(tokenizer.idOf("ab"), 257)
  t.equal(tokenizer.idOf("Ġab"), 258)
  t.equal(tokenizer.idOf("Ġa"), undefined)
  t.equal(tokenizer.size, 259)
})

t.test("training stops when no pair is left", async (t) => {
  t.equal(trainTokenizer(["ab", "ab"], { size: 1000, specials: [] }).size, 257)
})

t.test("the order of the texts does not matter", async () => {
  fc.assert(
    fc.property(fc.array(fc.stringMatching(/^[abc ]{0,8}$/), { maxLength: 20 }), (texts) => {
      const options = { size: 280, specials: ["<eos>"] }
      const [one, other] = [trainTokenizer(texts, options), trainTokenizer(texts.toReversed(), options)]
      return JSON.stringify(one) === JSON.stringify(other)
    }),
  )
})

t.test("a trained tokenizer writes what it never saw as bytes", async (t) => {
  const tokenizer = trainTokenizer(["where is", "where are"], { size: 300, specials: [] })
  t.equal(tokenizer.decode(tokenizer.encode("Straße 😀\n")), "Straße 😀\n")
})
