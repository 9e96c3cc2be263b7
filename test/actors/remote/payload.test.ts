import fc from "fast-check"
import t from "tap"
import { AgentOSError, createActorSystem, defineActor } from "#actors/index.js"
import { failureOf, thrownOf } from "#actors/remote/failure.js"
import { checkPlain, found } from "#actors/plain.js"
import { pack, unpack } from "#actors/remote/payload.js"
import { Ref } from "#actors/ref.js"

const title = (): string => "subject.note"
const Any = defineActor({ name: "any", state: () => ({}), receive: { hello: () => "hello" } })

/** As a channel would carry it. */
function carried(value: unknown): unknown {
  const parts: (Ref | Error)[] = []
  const packed = pack(value, title, { replace: (part) => parts.push(part) - 1 })
  const { value: copy, parts: places } = structuredClone(packed)
  return unpack(copy, places, (index) => parts[index])
}

t.test("plain data travels as it is, and nothing is copied where it is written at once", async (t) => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      t.equal(pack(value, title, { replace: () => 0 }).value, value)
      t.strictSame(carried(value), value)
    }),
  )
  const circle: { self?: unknown } = {}
  circle.self = [circle]
  t.equal(checkPlain(circle, title), found.shared)
  t.throws(() => pack(circle, title, { replace: () => 0, refusesCircles: true }), {
    code: "INVALID_PAYLOAD",
    message: /subject\.note: the payload\.self\[0\] is a part of itself/,
  })
})

t.test("refs and errors are parted from a payload and put back, wherever they stand", async (t) => {
  const system = await createActorSystem({ name: "test" })
  t.teardown(() => system.stop())
  const refs = [system.spawn(Any), system.spawn(Any)]
  const leaf = fc.oneof(fc.constantFrom(...refs), fc.integer(), fc.string())
  const { tree } = fc.letrec((tie) => ({
    tree: fc.oneof(
      { maxDepth: 4 },
      leaf,
      fc.array(tie("tree")),
      fc.dictionary(fc.string(), tie("tree")),
      fc.array(tie("tree")).map((members) => new Set(members)),
      fc.array(fc.tuple(tie("tree"), tie("tree"))).map((entries) => new Map(entries)),
    ),
  }))
  fc.assert(
    fc.property(tree, (value) => {
      const shape = (of: unknown): string =>
        JSON.stringify(of, (_key, part: unknown) => {
          if (part instanceof Map) return { map: [...part] }
          if (part instanceof Set) return { set: [...part] }
          return part instanceof Ref ? `ref ${part.address}` : part
        })
      const before = shape(value)
      t.equal(shape(carried(value)), before)
      t.equal(shape(value), before, "the sender's own is not changed")
    }),
  )
  const odd = JSON.parse('{"__proto__": {"a": 1}}') as Record<string, unknown>
  const both = carried([refs[0], odd]) as unknown[]
  t.equal(JSON.stringify(both[1]), '{"__proto__":{"a":1}}')
  const shared = { ref: refs[0] }
  const [first, second] = carried([shared, shared]) as [typeof shared, typeof shared]
  t.equal(first, second, "what was one object is one object")
  t.equal(second.ref, refs[0])
})

t.test("bytes travel alone", async (t) => {
  const pool = new Uint8Array(1000)
  const view = pool.subarray(10, 12)
  t.equal((carried(view) as Uint8Array).buffer.byteLength, 2)
  t.equal((carried({ view: Buffer.from("abc") }) as { view: Uint8Array }).view.buffer.byteLength, 3)
  const given = new Float32Array(2)
  structuredClone(given, { transfer: [given.buffer] })
  t.strictSame(carried([given]), [new Float32Array(0)], "memory that was given away is empty, and no error")
  t.equal((carried(new DataView(pool.buffer, 4, 3)) as DataView).byteLength, 3)
})

t.test("what is not plain data is refused with its place", async (t) => {
  class Thing {}
  const cases: readonly (readonly [unknown, RegExp])[] = [
    [() => 1, /subject\.note: the payload is a function/],
    [{ a: [1, { b: Symbol("x") }] }, /the payload\.a\[1\]\.b is a symbol/],
    [[new Thing()], /the payload\[0\] is an instance of Thing/],
    [{ map: new Map([["a", new Thing()]]) }, /the payload\.map\[1\] is an instance of Thing/],
    [{ weak: new WeakMap() }, /the payload\.weak is an instance of WeakMap/],
    [Promise.resolve(), /an instance of Promise/],
  ]
  for (const [value, message] of cases) t.throws(() => checkPlain(value, title), { code: "INVALID_PAYLOAD", message })
})

t.test("an error keeps its code, message, details and causes, whatever they are", async (t) => {
  const crossed = (thrown: unknown): unknown => thrownOf(structuredClone(failureOf(thrown)))
  const original = new AgentOSError("MAILBOX_FULL", "full", {
    cause: new RangeError("deeper", { cause: "text" }),
    details: { n: 1 },
    node: "elsewhere",
  })
  t.match(crossed(original), {
    name: "AgentOSError",
    code: "MAILBOX_FULL",
    message: "full",
    node: "elsewhere",
    details: { n: 1 },
    retryable: true,
    cause: { name: "RangeError", message: "deeper", cause: "text" },
  })
  t.ok(crossed(original) instanceof AgentOSError)
  t.equal(crossed(7n), 7n)
  t.strictSame(crossed({ a: 1 }), { a: 1 })
  t.match(crossed(new AgentOSError("X", "x", { details: { f: () => 1 } })), { details: undefined })
  const endless = new Error("endless")
  endless.cause = endless
  t.match(crossed(endless), { message: "endless" })
})
