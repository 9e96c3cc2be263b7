import { readFile } from "node:fs/promises"
import fc from "fast-check"
import t from "tap"
import { toByteCharacters } from "#src/models/tokenizer/byte-alphabet.js"
import { Tokenizer } from "#src/models/tokenizer/tokenizer.js"

/** Built tests lie below dist, fixtures and shipped files below the root. */
const root = new URL("../../../../../", import.meta.url)
const json: unknown = JSON.parse(await readFile(new URL("src/models/embedded/scribe/tokenizer.json", root), "utf8"))
const tokenizer = Tokenizer.fromJSON(json)
/** Any well-formed string, with the shipped marks and odd white space made likely. */
const anyText = fc
  .array(
    fc.oneof(
      fc.string({ unit: "binary" }),
      fc.string(),
      fc.constantFrom("<eos>", "<calc>", " ", "\n", "\u00a0", "\ufeff", " 48", "é"),
    ),
  )
  .map((parts) => parts.join(""))

t.test("text survives encoding and decoding unchanged (T1)", async () => {
  fc.assert(fc.property(anyText, (text) => tokenizer.decode(tokenizer.encode(text)) === text))
})

t.test("ids equal those of Hugging Face's tokenizers library", async (t) => {
  const lines = (await readFile(new URL("test/src/models/tokenizer/golden.jsonl", root), "utf8")).trim().split("\n")
  t.ok(lines.length > 190, "the fixture is there")
  const golden = lines.map((line) => JSON.parse(line) as { text: string; ids: number[] })
  t.same(
    golden.map(({ text }) => ({ text, ids: tokenizer.encode(text, { specials: true }) })),
    golden,
  )
})

t.test("a piece of any length is merged in the order of training, at a cost that lets it be long (T3)", async (t) => {
  const { merges } = (json as { model: { merges: (string | [string, string])[] } }).model
  const rank = new Map(merges.map((merge, i) => [typeof merge === "string" ? merge : merge.join(" "), i]))
  /** The definition: again and again the pair found first, of equal ones the leftmost. */
  const slowly = (piece: string): string[] => {
    const symbols = [...toByteCharacters(piece)]
    for (;;) {
      const ranks = symbols.slice(1).map((right, i) => rank.get(`${symbols[i]} ${right}`) ?? Infinity)
      const best = Math.min(...ranks)
      if (best === Infinity) return symbols
      const at = ranks.indexOf(best)
      symbols.splice(at, 2, `${symbols[at]}${symbols[at + 1]}`)
    }
  }
  const letters = fc.string({ unit: fc.constantFrom(..."theanoris", "数"), minLength: 65, maxLength: 300 })
  fc.assert(
    fc.property(letters, (piece) => {
      const ids = tokenizer.encode(piece)
      return slowly(piece).every((symbol, i) => ids[i] === tokenizer.idOf(symbol))
    }),
    { numRuns: 30 },
  )
  for (const long of ["a", "the", "数据", "=", "\n"].map((text) => text.repeat(3e4)))
    t.equal(tokenizer.decode(tokenizer.encode(long)), long)
})

t.test("special tokens are found only when the caller allows them (T2)", async (t) => {
  const eos = tokenizer.special("<eos>")
  t.equal(eos, 0, "the marks come first in the vocabulary")
  t.same(tokenizer.encode("<eos>", { specials: true }), [eos])
  fc.assert(fc.property(anyText, (text) => tokenizer.encode(text).every((id) => id >= 16)))
})

t.test("digits stand alone and words carry the space before them", async (t) => {
  t.equal(tokenizer.encode("1234567").length, 7)
  t.same(tokenizer.encode(" where is"), [tokenizer.idOf("Ġwhere"), tokenizer.idOf("Ġis")])
})

t.test("a streaming decoder holds back an unfinished character", async (t) => {
  const decoder = tokenizer.decoder()
  const ids = tokenizer.encode("😀")
  t.equal(ids.length, 4, "four bytes, no merge")
  t.same(
    ids.map((id) => decoder.push(id)),
    ["", "", "", "😀"],
  )
  const broken = tokenizer.decoder()
  broken.push(ids[0] ?? 0)
  t.equal(broken.flush(), "\ufffd", "what never becomes whole is marked")
  fc.assert(
    fc.property(anyText, (text) => {
      const streaming = tokenizer.decoder()
      return (
        tokenizer
          .encode(text)
          .map((id) => streaming.push(id))
          .join("") +
          streaming.flush() ===
        text
      )
    }),
  )
})

t.test("a saved tokenizer is read back the same", async (t) => {
  t.same(tokenizer.toJSON(), json)
  t.equal(Tokenizer.fromJSON(JSON.parse(JSON.stringify(tokenizer))).size, tokenizer.size)
})

t.test("a file of another kind is refused with the reason", async (t) => {
  t.throws(() => Tokenizer.fromJSON({ model: { type: "Unigram" } }), { code: "INVALID_TOKENIZER", message: /BPE/ })
  const swapped = JSON.parse(JSON.stringify(json)) as { model: { vocab: Record<string, number> } }
  swapped.model.vocab["Ġwhere"] = 20
  t.throws(() => Tokenizer.fromJSON(swapped), { code: "INVALID_TOKENIZER", message: /Ġwhere/ })
  t.throws(() => tokenizer.special("<none>"), { code: "INVALID_TOKENIZER" })
})
