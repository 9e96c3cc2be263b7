import { deserialize, serialize } from "node:v8"
import fc from "fast-check"
import t from "tap"
import { op, type Beside } from "#actors/remote/protocol.js"
import { ByteReader, ByteWriter } from "#actors/bytes.js"
import { TextsReceived, TextsSent } from "#cluster/interned.js"
import { PlainReader, writePlain } from "#actors/plain-codec.js"
import { WireDecoder } from "#cluster/wire-decoder.js"
import { WireEncoder } from "#cluster/wire-encoder.js"
import { fuzzFrames } from "#test/prove/mesh/frames.js"
import { batches, introduction, plainValues, shape } from "#test/support/wire-values.js"

const limits = { mostBytes: 2 ** 20, cutBytes: 4096 }
/** As JavaScript itself would copy it: the slow definition of plain data that has travelled. */
const copied = (value: unknown): unknown => deserialize(serialize(value))

const text = (value: unknown, strict = true): string => JSON.stringify(shape(value, strict))

t.test("plain data arrives as JavaScript itself would copy it", async () => {
  const sent = new TextsSent(64)
  const received = new TextsReceived(64)
  fc.assert(
    fc.property(plainValues, (value) => {
      const out = new ByteWriter()
      writePlain(out, sent, value)
      const from = new PlainReader(out.copy(), received)
      const same = text(from.value()) === text(copied(value))
      from.ended()
      return same
    }),
    { numRuns: 400 },
  )
})

t.test("what is no plain data is refused by name", async (t) => {
  const circle: unknown[] = []
  circle.push(circle)
  const cases: readonly (readonly [unknown, RegExp])[] = [
    [circle, /nested more than 1000 deep, or a circle/],
    [() => 1, /a function/],
    [Symbol("x"), /a symbol/],
  ]
  for (const [value, message] of cases)
    t.throws(() => writePlain(new ByteWriter(), new TextsSent(4), value), { code: "INVALID_PAYLOAD", message })
})

t.test(
  "small bytes keep little alive beside themselves, large ones nothing, and a frame of one payload is not copied",
  async (t) => {
    const decoded = (...payloads: readonly Uint8Array[]): Uint8Array[] => {
      const encoder = new WireEncoder({ mostBytes: 2 ** 20, cutBytes: 2 ** 20 })
      encoder.add([...introduction, ...payloads.flatMap((payload) => [op.tell, "a", 0, payload])])
      const [text] = encoder.take(0)
      const found = new WireDecoder().decode(text as Buffer).filter((part) => part instanceof Uint8Array)
      t.strictSame(found.map((bytes) => Buffer.from(bytes)), payloads.map((bytes) => Buffer.from(bytes))) // prettier-ignore
      return found
    }
    const many = decoded(...Array.from({ length: 1000 }, (_, n) => new Uint8Array(100).fill(n)))
    t.ok(many.every(({ buffer }) => buffer.byteLength <= 8192))
    t.equal(new Set(many.map(({ buffer }) => buffer)).size < 20, true)
    const large = decoded(new Uint8Array(5000), new Uint8Array(6000), new Uint8Array(4096))
    t.same(large.map(({ buffer }) => buffer.byteLength <= 8192), [true, true, true]) // prettier-ignore
    const [most] = decoded(new Uint8Array(500_000)) as [Uint8Array]
    t.ok(most.buffer.byteLength < 500_200)
  },
)

t.test("texts that are interned arrive, whatever is taken back and forgotten", async (t) => {
  const texts = fc.constantFrom("a", "b", "c", "d", "e", "f".repeat(600))
  const step = fc.record({ texts: fc.array(texts, { maxLength: 8 }), sent: fc.boolean() })
  fc.assert(
    fc.property(fc.array(step), (steps) => {
      const sent = new TextsSent(3)
      const received = new TextsReceived(3)
      for (const { texts, sent: goes } of steps) {
        const out = new ByteWriter()
        sent.begin()
        for (const text of texts) sent.write(out, text)
        if (!goes) {
          sent.undo()
          continue
        }
        const from = new ByteReader(out.copy())
        t.strictSame(texts.map(() => received.read(from)), texts) // prettier-ignore
        from.ended()
      }
    }),
  )
})

t.test("batches arrive as they were, in texts that end with an operation", async (t) => {
  fc.assert(
    fc.property(fc.array(batches, { maxLength: 5 }), (all) => {
      const encoder = new WireEncoder(limits)
      const decoder = new WireDecoder()
      encoder.add(introduction)
      const got: unknown[] = []
      for (const [n, batch] of all.entries()) {
        encoder.add(batch)
        // A batch that cannot be sent leaves no trace.
        t.throws(() => encoder.add([op.tell, `lost ${n}`, 0, { [`lost ${n}`]: [1, () => 2] }]), {
          code: "INVALID_PAYLOAD",
        })
        if (n % 2 === 0) for (const text of encoder.take(7)) got.push(...decoder.decode(text, 7))
      }
      for (const text of encoder.take(0)) got.push(...decoder.decode(text))
      return text(got.map(normal), false) === text(copied([...introduction, ...all.flat()].map(normal)), false)
    }),
    { numRuns: 60 },
  )
})

/** What stands beside nothing may be left out. */
function normal(part: unknown): unknown {
  if (typeof part !== "object" || part === null || !("waits" in part && "askers" in part)) return part
  const { parts, cause, askers, waits } = part as Beside
  return parts === undefined && cause === undefined && askers === undefined && waits === false ? undefined : part
}

t.test("a message above the limit is refused, and the next one is sent", async (t) => {
  const encoder = new WireEncoder({ mostBytes: 10_000, cutBytes: 4096 })
  encoder.add(introduction)
  t.throws(() => encoder.add([op.tell, "a", 0, new Uint8Array(10_000)]), {
    code: "INVALID_PAYLOAD",
    message: /larger than the limit/,
  })
  encoder.add([op.tell, "a", 0, new Uint8Array(9000)])
  encoder.add([op.tell, "a", 1, 5])
  const texts = encoder.take(0)
  t.equal(texts.length, 2)
  const decoder = new WireDecoder()
  t.strictSame(texts.flatMap((text) => decoder.decode(text)).slice(-4), [op.tell, "a", 1, 5]) // prettier-ignore
})

t.test("seats do not travel between nodes", async (t) => {
  t.throws(() => new WireEncoder(limits).add([op.seat, "over", 1, undefined]), { code: "INVALID_PAYLOAD" })
  t.throws(() => new WireDecoder().decode(new Uint8Array([op.seat, 0, 0])), { code: "FRAME_REFUSED" })
})

t.test("10,000 malformed frames are refused, and nothing else happens", async (t) => {
  const found = await fuzzFrames({ frames: 10_000, seed: 7 })
  t.same(found.faults, [])
  t.equal(found.frames, 10_000)
  t.ok(found.refused > 5000, "most of them are no frames any more")
  t.ok(found.worstMs < 1000)
})
