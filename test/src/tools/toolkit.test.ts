import t from "tap"
import { z } from "zod"
import { systemClock, type Clock } from "#actors/clock.js"
import { AgentOSError } from "#actors/errors.js"
import "#src/errors.js"
import { calculator, clockTool } from "#src/tools/built-in.js"
import { defineTool, type ToolContext } from "#src/tools/tool.js"
import { ToolKit } from "#src/tools/toolkit.js"
import { thrownValues } from "#test/support/thrown-values.js"

const greet = defineTool({
  name: "greet",
  description: "Greets.",
  parameters: z.object({ name: z.string().min(1), times: z.int().default(1) }),
  execute: ({ name, times }) => `hello ${name} `.repeat(times).trim(),
})
const plain = (name: string, execute: (args: unknown, context: ToolContext) => unknown, timeoutMs?: number) =>
  defineTool({
    name,
    description: name,
    parameters: z.looseObject({}),
    execute,
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
  })
const kitOf = (...tools: ConstructorParameters<typeof ToolKit>[1] & object) => new ToolKit(systemClock, tools)

t.test("a tool gets arguments as its schema reads them, with defaults", async (t) => {
  t.match(await kitOf(greet).call("greet", { name: "Ada" }), { kind: "ok", text: "hello Ada" })
  t.match(await kitOf(greet).call("greet", { name: "Ada", times: 2 }), { text: "hello Ada hello Ada" })
})

t.test("wrong arguments are told by name, and the tool does not run", async (t) => {
  let ran = 0
  const kit = kitOf({ ...greet, execute: () => ++ran })
  for (const [args, named] of [
    [{}, /name/],
    [{ name: "" }, /name/],
    [{ name: "Ada", times: "two" }, /times/],
    ["Ada", /object/],
    [undefined, /object/],
  ] as const)
    t.match(await kit.call("greet", args), { kind: "error", code: "INVALID_ARGUMENTS", text: named })
  t.equal(ran, 0)
})

t.test("a schema that throws is an error as text, too", async (t) => {
  const kit = kitOf({
    ...greet,
    parameters: z.object({ name: z.string() }).transform(() => {
      throw new Error("the schema broke")
    }),
  })
  t.match(await kit.call("greet", { name: "Ada" }), { code: "INVALID_ARGUMENTS", text: /the schema broke/ })
})

t.test("an unknown tool is told with the names that exist", async (t) => {
  const kit = kitOf(greet, calculator)
  t.match(await kit.call("greeet", {}), { code: "UNKNOWN_TOOL", text: /"greeet"; there are: greet, calculator/ })
  t.throws(() => kit.specs(["greet", "nothing"]), { code: "UNKNOWN_TOOL", message: /"nothing"; there are: greet/ })
})

t.test("a tool that takes too long is given up and sees its signal abort", async (t) => {
  let seen: AbortSignal | undefined
  const kit = kitOf(plain("slow", (_, { signal }) => new Promise(() => (seen = signal)), 20))
  t.match(await kit.call("slow", {}), { kind: "error", code: "TOOL_TIMEOUT", text: "slow did not finish within 20 ms" })
  t.ok(seen?.aborted)
})

t.test("a tool without a limit of its own has ten seconds, by the clock of the kit", async (t) => {
  const limits: number[] = []
  const clock: Clock = {
    ...systemClock,
    timer(milliseconds, callback) {
      limits.push(milliseconds)
      callback()
      return () => undefined
    },
  }
  const kit = new ToolKit(clock, [plain("slow", () => new Promise(() => undefined))])
  t.match(await kit.call("slow", {}), { code: "TOOL_TIMEOUT" })
  t.match(await kit.call("slow", {}, { timeoutMs: 300 }), { text: "slow did not finish within 300 ms" })
  t.match(await kit.call("slow", {}, { timeoutMs: 60_000 }), { code: "TOOL_TIMEOUT" })
  t.same(limits, [10_000, 300, 10_000], "or what its caller has left, where that is less")
})

t.test("cancelling ends a call at once, and what the tool says later is dropped", async (t) => {
  const control = new AbortController()
  let finish: ((value: string) => void) | undefined
  const kit = kitOf(plain("slow", () => new Promise((done) => (finish = done))))
  const outcome = kit.call("slow", {}, { signal: control.signal })
  while (finish === undefined) await new Promise((done) => setTimeout(done, 1))
  control.abort()
  finish("too late")
  t.match(await outcome, { kind: "error", code: "CANCELLED" })
  t.match(await kit.call("slow", {}, { signal: control.signal }), { code: "CANCELLED", text: /before it began/ })
})

t.test("a long result is cut and says so; data is given as JSON, nothing as a word", async (t) => {
  const long = "x".repeat(20_000)
  const kit = kitOf(
    plain("long", () => long),
    plain("data", () => ({ a: [1] })),
    plain("nothing", () => undefined),
    plain("found", () => ({ text: "it stands here", sources: ["a.md"] })),
  )
  const outcome = await kit.call("long", {})
  t.equal(outcome.text, `${"x".repeat(16_000)} [cut]`)
  t.equal(outcome.kind === "ok" && outcome.value, long, "programs still get all of it")
  t.match(await kit.call("data", {}), { kind: "ok", text: '{"a":[1]}' })
  t.match(await kit.call("nothing", {}), { kind: "ok", text: "done" })
  t.match(await kit.call("found", {}), { kind: "ok", text: "it stands here", sources: ["a.md"] })
})

t.test("whatever a tool throws becomes text that a model can read", async (t) => {
  const circular: Record<string, unknown> = {}
  circular["self"] = circular
  const kit = kitOf(
    plain("breaks", () => {
      throw new Error("no ink")
    }),
    plain("rejects", () => Promise.reject(new Error("no paper"))),
    plain("odd", () => Promise.reject("just a word")),
    plain("coded", () => {
      throw new AgentOSError("NOTHING_FOUND", "not there")
    }),
    plain("circular", () => circular),
    calculator,
  )
  t.same(await kit.call("breaks", {}), { kind: "error", code: "TOOL_FAILED", text: "breaks failed: no ink" })
  t.same(await kit.call("rejects", {}), { kind: "error", code: "TOOL_FAILED", text: "rejects failed: no paper" })
  t.same(await kit.call("odd", {}), { kind: "error", code: "TOOL_FAILED", text: "odd failed: just a word" })
  t.same(await kit.call("coded", {}), { kind: "error", code: "NOTHING_FOUND", text: "not there" })
  t.match(await kit.call("circular", {}), { kind: "ok", text: '{"self":"[a part of itself]"}' })
  t.match(await kit.call("calculator", { expression: "1/0" }), { code: "INVALID_EXPRESSION", text: /division by zero/ })
})

t.test("a name that is taken or no name is refused when the tool is registered", async (t) => {
  const kit = kitOf(greet)
  t.throws(() => kit.register(greet), { code: "NAME_TAKEN", message: /greet/ })
  for (const name of ["", "1st", "a b", "x".repeat(65)])
    t.throws(() => kit.register({ ...greet, name }), { code: "INVALID_TOOL", message: /is no name for a tool/ })
  t.same(kit.list(), [{ name: "greet", description: "Greets." }])
})

t.test("a model is told the schema of a tool as it may fill it in", async (t) => {
  t.match(kitOf(greet).specs(["greet"]), [
    { name: "greet", description: "Greets.", parameters: { type: "object", required: ["name"] } },
  ])
})

t.test("the clock tells the time of a zone, and which zone it does not know", async (t) => {
  const clock: Clock = { ...systemClock, wallTime: () => Date.UTC(2026, 1, 3, 23, 30) }
  const kit = kitOf(clockTool(clock))
  t.match(await kit.call("clock", { zone: "UTC" }), { text: "Tuesday, 3 February 2026, 23:30" })
  t.match(await kit.call("clock", { zone: "Asia/Tokyo" }), { text: "Wednesday, 4 February 2026, 08:30" })
  t.match(await kit.call("clock", { zone: "Atlantis" }), { code: "INVALID_ARGUMENTS", text: /Atlantis is not an IANA/ })
})

t.test("whatever a tool or its schema throws, or answers, is told in words (K1)", async (t) => {
  for (const [name, made] of Object.entries(thrownValues)) {
    const throws = (): never => {
      throw made()
    }
    const schema = defineTool({ ...greet, parameters: z.object({}).transform(throws) as never })
    const kits = [kitOf(plain("t", throws)), kitOf({ ...schema, name: "t" }), kitOf(plain("t", async () => throws()))]
    for (const kit of kits) {
      const outcome = await kit.call("t", {})
      t.match(outcome, { kind: "error", code: String, text: String }, name)
    }
    t.type((await kitOf(plain("t", made)).call("t", {})).text, "string", `${name}, as an answer`)
  }
})
