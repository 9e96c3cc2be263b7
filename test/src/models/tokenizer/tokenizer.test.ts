import { readFile } from "node:fs/promises"
import fc from "fast-check"
import t from "tap"
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
