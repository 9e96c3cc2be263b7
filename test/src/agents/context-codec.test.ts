import { isDeepStrictEqual } from "node:util"
import fc from "fast-check"
import t from "tap"
import { AgentOSError } from "#actors/errors.js"
import { contextLimitBytes, decodeContext, emptyContext, encodeContext } from "#src/agents/context-codec.js"
import type { ContextVector } from "#src/agents/context-vector.js"

/** Objects as literals make them: fast-check would give some a null prototype. */
const plain = <T>(model: { [K in keyof T]: fc.Arbitrary<T[K]> }) => fc.record<T>(model, { noNullPrototype: true })

const text = fc.string({ unit: "grapheme", maxLength: 30 })
// Keys that an object literal cannot hold as its own are not data that anyone sends.
const values = fc.dictionary(
  fc.string({ minLength: 1, maxLength: 8 }).filter((key) => key !== "__proto__"),
  fc.oneof(text, fc.integer(), fc.boolean(), fc.array(text, { maxLength: 3 })),
  { maxKeys: 4, noNullPrototype: true },
)
const message = fc.oneof(
  plain({ role: fc.constantFrom("system" as const, "user" as const), content: text }),
  plain({
    role: fc.constant("assistant" as const),
    content: text,
    toolCalls: fc.array(plain({ id: text, tool: text, arguments: values }), { maxLength: 2 }),
  }),
  plain({ role: fc.constant("tool" as const), toolCallId: text, tool: text, content: text }),
)
const context: fc.Arbitrary<ContextVector> = fc.record(
  {
    version: fc.constant(1 as const),
    messages: fc.array(message, { maxLength: 5 }),
    values,
    embedding: plain({ model: text, vector: fc.float32Array({ maxLength: 8 }) }),
    provenance: fc.array(
      plain({ agent: text, model: text, tools: fc.array(text, { maxLength: 2 }), trusted: fc.boolean() }),
      { maxLength: 3 },
    ),
    budgetTokens: fc.nat(),
    deadlineMs: fc.nat(),
  },
  { requiredKeys: ["version", "messages", "values", "provenance"], noNullPrototype: true },
)

t.test("a context that was encoded and decoded is the same", async (t) => {
  fc.assert(
    fc.property(context, (before) => {
      if (!isDeepStrictEqual(decodeContext(encodeContext(before)), before))
        t.strictSame(decodeContext(encodeContext(before)), before)
    }),
    { numRuns: 200 },
  )
})

t.test("a context over the size limit is refused, with both sizes", async (t) => {
  const large = { ...emptyContext, messages: [{ role: "user" as const, content: "x".repeat(contextLimitBytes) }] }
  t.throws(() => encodeContext(large), { code: "INVALID_CONTEXT", message: new RegExp(`at most ${contextLimitBytes}`) })
  t.throws(() => decodeContext(new Uint8Array(contextLimitBytes + 1)), { code: "INVALID_CONTEXT" })
})

t.test("a context of another version is refused by name", async (t) => {
  t.throws(() => decodeContext(encodeContext({ ...emptyContext, version: 2 } as unknown as ContextVector)), {
    code: "INVALID_CONTEXT",
    message: /version 1/,
  })
})

t.test("a field that this version does not know is ignored", async (t) => {
  t.strictSame(decodeContext(encodeContext({ ...emptyContext, mood: "calm" } as ContextVector)), emptyContext)
})

t.test("bytes of any kind give a context or a clear error", async () => {
  const whole = encodeContext({
    ...emptyContext,
    messages: [{ role: "user", content: "where is actor state kept?" }],
    values: { a: [1, 2] },
  })
  const mangled = fc
    .tuple(fc.nat(whole.length - 1), fc.integer({ min: 0, max: 255 }))
    .map(([at, byte]) => Uint8Array.from(whole, (b, i) => (i === at ? byte : b)))
  fc.assert(
    fc.property(fc.oneof(fc.uint8Array({ maxLength: 64 }), mangled), (bytes) => {
      try {
        return decodeContext(bytes).version === 1
      } catch (error) {
        return error instanceof AgentOSError && error.code === "INVALID_CONTEXT"
      }
    }),
    { numRuns: 1000 },
  )
})
