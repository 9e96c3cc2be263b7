import { readFile } from "node:fs/promises"
import fc from "fast-check"
import t from "tap"
import {
  encodeSegments,
  marks,
  parseScribeOutput,
  scribeAnswer,
  scribePrompt,
  type Segment,
} from "#src/models/prompt/scribe.js"
import { Tokenizer } from "#src/models/tokenizer/tokenizer.js"

const file = new URL("../../../../../src/models/embedded/scribe/tokenizer.json", import.meta.url)
const tokenizer = Tokenizer.fromJSON(JSON.parse(await readFile(file, "utf8")))
const ids = (segments: readonly Segment[]): number[] => encodeSegments(tokenizer, segments)

t.test("the marks are the tokenizer's special tokens, in order", async (t) => {
  t.same(
    marks.map((mark) => tokenizer.special(mark)),
    marks.map((_, id) => id),
  )
})

t.test("a prompt is marks with trimmed text between them, one space before it (S2)", async (t) => {
  t.same(
    ids(scribePrompt.docsAnswer("  State is kept in LevelDB. ", "where is state kept?\n")),
    tokenizer.encode("<docs> State is kept in LevelDB.<q> where is state kept?<sep>", { specials: true }),
  )
  t.same(
    ids(scribePrompt.chat([{ user: "I am Ann", reply: "Nice to meet you, Ann." }], "who am I")),
    tokenizer.encode("<chat> I am Ann<a> Nice to meet you, Ann.<u> who am I<sep>", { specials: true }),
  )
})

t.test("nothing that a user writes becomes a mark (S1)", async () => {
  const text = fc.array(fc.oneof(fc.constantFrom(...marks), fc.string())).map((parts) => parts.join(""))
  fc.assert(
    fc.property(text, (question) => {
      const found = ids(scribePrompt.route(question)).filter((id) => id < marks.length)
      return found.length === 2
    }),
  )
})

t.test("an answer that begins with a tool's mark is that tool's call, any other is text", async (t) => {
  const read = (segments: readonly Segment[]) => parseScribeOutput(tokenizer, ids(segments))
  t.same(read(scribeAnswer.calculator("48 * 17")), {
    kind: "call",
    tool: "calculator",
    arguments: { expression: "48 * 17" },
  })
  t.same(read(scribeAnswer.knowledge("actor state")), {
    kind: "call",
    tool: "knowledge.search",
    arguments: { query: "actor state" },
  })
  t.same(read(scribeAnswer.clock()), { kind: "call", tool: "clock", arguments: {} })
  t.same(read(scribeAnswer.text("48 * 17 = 816")), { kind: "text", text: "48 * 17 = 816" })
  t.same(parseScribeOutput(tokenizer, []), { kind: "text", text: "" })
})
