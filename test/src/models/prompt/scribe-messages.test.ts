import t from "tap"
import type { Message } from "#src/models/model.js"
import { scribeSegments } from "#src/models/prompt/scribe-messages.js"
import type { Segment } from "#src/models/prompt/scribe.js"

const rendered = (segments: readonly Segment[]): string =>
  segments.map((segment) => ("mark" in segment ? segment.mark : ` ${segment.text} `)).join("")
const prompt = (messages: readonly Message[], fits: (segments: readonly Segment[]) => boolean = () => true): string =>
  rendered(scribeSegments(messages, fits))
const system = (content: string): Message => ({ role: "system", content })
const user = (content: string): Message => ({ role: "user", content })
const said = (content: string): Message => ({ role: "assistant", content })
const called = (tool: string, args: Record<string, unknown>, result: string): Message[] => [
  { role: "assistant", content: "", toolCalls: [{ id: "1", tool, arguments: args }] },
  { role: "tool", toolCallId: "1", tool, content: result },
]

t.test("the first word of the instructions names the task", async (t) => {
  t.equal(prompt([system("route"), user("what is 2 + 2?")]), "<route> what is 2 + 2? <sep>")
  t.equal(prompt([system("math as exactly as you can"), user("2 + 2")]), "<math> 2 + 2 <sep>")
  t.throws(() => prompt([system("You are helpful"), user("hi")]), { code: "INVALID_REQUEST", message: /route, math/ })
  t.throws(() => prompt([user("hi")]), { code: "INVALID_REQUEST" })
  t.throws(() => prompt([system("chat"), user("  ")]), { code: "INVALID_REQUEST" })
})

t.test("a tool result asks for the second half of the task", async (t) => {
  const math = [system("math"), user("what is 48 * 17?")]
  t.equal(prompt(math), "<math> what is 48 * 17? <sep>")
  t.equal(
    prompt([...math, ...called("calculator", { expression: "48 * 17" }, "816")]),
    "<math> what is 48 * 17? <res> 816 <sep>",
  )
  const docs = [system("docs"), user("where is state kept?")]
  t.equal(prompt(docs), "<docs> where is state kept? <sep>")
  t.equal(
    prompt([...docs, ...called("knowledge.search", { query: "state kept" }, "State is kept in LevelDB.")]),
    "<docs> State is kept in LevelDB. <q> where is state kept? <sep>",
  )
  const time = [system("time"), user("what time is it?")]
  t.equal(prompt([...time, ...called("clock", {}, "18:20")]), "<time> what time is it? <res> 18:20 <sep>")
})

t.test("merge joins the branches, one a line", async (t) => {
  t.equal(prompt([system("merge"), user("48 * 17 = 816\nLevelDB")]), "<merge> 48 * 17 = 816 <q> LevelDB <sep>")
  t.throws(() => prompt([system("merge"), user("only one")]), { code: "INVALID_REQUEST" })
})

t.test("a chat looks at no more turns than fit, however many were said", async (t) => {
  const turns = Array.from({ length: 50_000 }, () => [user("cat"), said("dog")]).flat()
  let looked = 0
  const kept = scribeSegments([system("chat"), ...turns, user("now")], (segments) => {
    looked += 1
    return segments.length < 20
  })
  t.ok(kept.length < 20)
  t.ok(looked < 10)
})

t.test("a chat keeps as many of the latest turns as fit", async (t) => {
  const talk = [system("chat"), user("I am Ada"), said("Hello Ada."), user("how are you"), said("Fine."), user("my name?")]
  const whole = "<chat> I am Ada <a> Hello Ada. <u> how are you <a> Fine. <u> my name? <sep>"
  t.equal(prompt(talk), whole)
  t.equal(
    prompt(talk, (segments) => rendered(segments).length < whole.length),
    "<chat> how are you <a> Fine. <u> my name? <sep>",
  )
  t.equal(
    prompt(talk, () => false),
    "<chat> my name? <sep>",
    "what was just said always stays",
  )
}) // prettier-ignore
