/** What a model reads of what a tool gives or throws. */
import t from "tap"
import { z } from "zod"
import { systemClock } from "#actors/clock.js"
import { AgentOSError } from "#actors/errors.js"
import { openLevelJournal } from "#actors/persistence/open-level-journal.js"
import { defineAgent } from "#src/agents/agent.js"
import { defineTool } from "#src/tools/tool.js"
import { ToolKit } from "#src/tools/toolkit.js"
import { asked } from "#test/support/scripted-model.js"
import { smallNode } from "#test/support/small-node.js"
import { thrownValues } from "#test/support/thrown-values.js"
import { failuresAreText, plainResultsAreJson, resultsAreText } from "#test/support/tool-properties.js"

const toolOf = (execute: () => unknown) =>
  defineTool({ name: "t", description: "t", parameters: z.looseObject({}), execute })
const textOf = async (execute: () => unknown) => new ToolKit(systemClock, [toolOf(execute)]).call("t", {})

const circle: Record<string, unknown> = { name: "circle" }
circle["self"] = circle

const values: Readonly<Record<string, readonly [unknown, string | RegExp]>> = {
  "a bigint": [10n ** 20n, "100000000000000000000"],
  "a bigint inside": [{ sum: 7n, parts: [1n] }, '{"sum":7,"parts":[1]}'],
  "a circle": [circle, '{"name":"circle","self":"[a part of itself]"}'],
  "the same twice, which is no circle": [[[1], [1]], "[[1],[1]]"],
  "a map": [
    new Map<unknown, unknown>([["a", 1], [{ k: 1 }, new Map([["b", 2]])]]),
    '{"a":1,"{\\"k\\":1}":{"b":2}}',
  ],
  "a set": [new Set(["a", new Set([1])]), '["a",[1]]'],
  "an error": [new RangeError("too far"), "RangeError: too far"],
  "an error inside": [{ failure: new Error("no ink") }, '{"failure":"Error: no ink"}'],
  "a date": [new Date(0), "1970-01-01T00:00:00.000Z"],
  "no date": [{ at: new Date(Number.NaN) }, '{"at":"Invalid Date"}'],
  "numbers that JSON lacks": [[Number.NaN, Infinity, -Infinity], "[NaN,Infinity,-Infinity]"],
  "a typed array": [new Float32Array([1, 2.5]), "[1,2.5]"],
  "bytes": [{ bytes: Buffer.from("hi") }, '{"bytes":[104,105]}'],
  "big integers": [new BigInt64Array([1n]), "[1]"],
  "a buffer": [new ArrayBuffer(3), "[3 bytes]"],
  "nothing": [undefined, "done"],
  "null": [null, "null"],
  "nothing inside": [{ a: undefined, b: [undefined] }, '{"b":[null]}'],
  "a function": [function greet() {}, "[function greet]"],
  "a symbol": [{ kind: Symbol("red") }, '{"kind":"Symbol(red)"}'],
  "a getter that throws": [
    { good: 1, get bad(): never { throw new Error("not now") } },
    '{"good":1,"bad":"[cannot be read: not now]"}',
  ],
  "a toJSON that throws": [{ inner: { toJSON() { throw new Error("never") } } }, '{"inner":"[cannot be read: never]"}'],
  "a toJSON that answers": [{ toJSON: () => ({ n: 1n }) }, '{"n":1}'],
  "a URL": [{ at: new URL("http://a/b") }, '{"at":"http://a/b"}'],
  "what can be gone through": [new URLSearchParams("a=1"), '[["a","1"]]'],
  "a pattern": [/a+/g, "/a+/g"],
  "an instance without parts": [{ later: Promise.resolve(1) }, '{"later":"[Promise]"}'],
  "a boxed text": [Object("hello"), "hello"],
  "half of a pair": ["a\ud800", "a\ufffd"],
} // prettier-ignore

t.test("a tool's result of any kind is text that says what it is", async (t) => {
  for (const [name, [value, text]] of Object.entries(values))
    t.match(await textOf(() => value), { kind: "ok", text }, name)
})

t.test("whatever a tool gives, there is text; plain data is JSON", async () => {
  await resultsAreText(100)
  await plainResultsAreJson(50)
})

t.test("whatever a tool throws, there is text", () => failuresAreText(100))

t.test("a huge result is read only as far as the model is given it", { timeout: 5000 }, async (t) => {
  let read = 0
  const counting = new Proxy(new Array<number>(1_000_000_000), {
    get: (_, at) => (at === "length" ? 1e9 : (read++, 1)),
  })
  const endless = function* () {
    for (;;) yield read++
  }
  const deep = (): unknown => ({ get next() { return read++, deep() }, get other() { return read++, deep() } }) // prettier-ignore
  for (const value of [counting, new Array(4_000_000_000), endless(), deep(), 1n << 10_000_000n, "x".repeat(2 ** 28)]) {
    const { text } = await textOf(() => value)
    t.ok(text.length <= 16_006)
  }
  t.ok(read < 100_000, `${read} parts were read`)
})

t.test("a long text is cut between characters, an error's as a result's", async (t) => {
  for (const [character, fill] of [["😀", 1], ["👨‍👩‍👧", 3], ["e\u0301", 1], ["🇦🇹", 2]] as const) {
    const long = "x".repeat(16_000 - fill) + character.repeat(10)
    const cut = `${"x".repeat(16_000 - fill)} [cut]`
    t.equal((await textOf(() => long)).text, cut, character)
    t.equal((await textOf(() => { throw new AgentOSError("TOOL_FAILED", long) })).text, cut, character) // prettier-ignore
    t.ok((await textOf(() => ({ text: long, sources: [] }))).text.isWellFormed())
  }
  t.match(await textOf(() => { throw new Error("x".repeat(1e6)) }), { text: /^t failed: x{9000}/ }) // prettier-ignore
}) // prettier-ignore

t.test("a run goes on whatever its tools give, and records it", async (t) => {
  const all = [...Object.values(values).map(([value]) => value), ...Object.values(thrownValues).map((made) => made())]
  let at = 0
  const node = await smallNode({
    agents: [defineAgent({ name: "one", instructions: "one", tools: ["t"] })],
    script: (request) => asked(request).results[0] ?? { tool: "t", arguments: {} },
    tools: [toolOf(() => all[at])],
    journal: await openLevelJournal(t.testdir()),
  })
  t.teardown(() => node.stop())
  for (; at < all.length; at++)
    t.type((await node.runs.run("one", "go", { idempotencyKey: `k${at}` })).output, "string", `value ${at}`)
})
