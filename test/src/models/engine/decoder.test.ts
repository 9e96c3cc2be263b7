import fc from "fast-check"
import t from "tap"
import { decodeStep, type DecoderOperations } from "#src/models/engine/decoder.js"
import { plainOperations } from "#src/models/engine/plain-operations.js"
import { wasmOperations } from "#src/models/engine/wasm-operations.js"
import { tf, wasmBackend } from "#src/models/tensorflow.js"
import { randomWeights, tinyConfig as config } from "#test/support/tiny-checkpoint.js"

await wasmBackend()
const weights = randomWeights(config)
const V = config.vocabulary
const slots = 4
const families: Readonly<Record<string, DecoderOperations>> = {
  "our kernels": await wasmOperations(config, weights, slots),
  "plain TensorFlow.js": plainOperations(config, weights, "wasm"),
}
const reference = plainOperations(config, weights, "wasm")

interface Piece {
  readonly slot: number
  readonly position: number
  readonly ids: readonly number[]
}

/** Logits of the last row of each piece, all in one step. */
function step(operations: DecoderOperations, pieces: readonly Piece[]): Float32Array[] {
  const asked: number[] = []
  let row = 0
  for (const { ids } of pieces) asked.push((row += ids.length) - 1)
  const logits = decodeStep(config, operations, {
    ids: Int32Array.from(pieces.flatMap(({ ids }) => ids)),
    slots: Int32Array.from(pieces.flatMap(({ ids, slot }) => ids.map(() => slot))),
    positions: Int32Array.from(pieces.flatMap(({ ids, position }) => ids.map((_, i) => position + i))),
    asked: Int32Array.from(asked),
  })
  return pieces.map((_, i) => logits.slice(i * V, (i + 1) * V))
}

/** The whole sequence read at once, by the reference. */
const full = (ids: readonly number[]): Float32Array =>
  step(reference, [{ slot: 0, position: 0, ids }])[0] as Float32Array
const distance = (a: Float32Array, b: Float32Array): number =>
  a.reduce((most, x, i) => Math.max(most, Math.abs(x - (b[i] as number))), 0)
const tokens = (minLength: number, maxLength: number) =>
  fc.array(fc.integer({ min: 0, max: V - 1 }), { minLength, maxLength })

for (const [name, operations] of Object.entries(families)) {
  t.test(`${name}: token by token from the cache gives what one reading of the whole gives`, async (t) => {
    const ids = [5, 80, 200, 31, 7, 7, 150, 287, 0, 12, 99]
    let last = step(operations, [{ slot: 1, position: 0, ids: ids.slice(0, 4) }])[0] as Float32Array
    t.ok(distance(last, full(ids.slice(0, 4))) < 1e-4)
    for (let i = 4; i < ids.length; i++) {
      last = step(operations, [{ slot: 1, position: i, ids: ids.slice(i, i + 1) }])[0] as Float32Array
      t.ok(distance(last, full(ids.slice(0, i + 1))) < 1e-4, `position ${i}`)
    }
  })

  t.test(`${name}: batch-mates, slot and chunks change nothing (D1, D2)`, async () => {
    fc.assert(
      fc.property(
        fc.array(fc.record({ prompt: tokens(2, 12), next: tokens(1, 1) }), { minLength: 1, maxLength: slots }),
        fc.shuffledSubarray([0, 1, 2, 3], { minLength: slots }),
        fc.integer({ min: 1, max: 11 }),
        (sequences, order, cut) => {
          const slotOf = (i: number): number => order[i] as number
          // First a chunk of each prompt, then the rest beside the others' rest, then one token of each.
          step(operations, sequences.map(({ prompt }, i) => ({ slot: slotOf(i), position: 0, ids: prompt.slice(0, Math.min(cut, prompt.length - 1)) }))) // prettier-ignore
          step(operations, sequences.map(({ prompt }, i) => { const from = Math.min(cut, prompt.length - 1); return { slot: slotOf(i), position: from, ids: prompt.slice(from) } })) // prettier-ignore
          const logits = step(operations, sequences.map(({ prompt, next }, i) => ({ slot: slotOf(i), position: prompt.length, ids: next }))) // prettier-ignore
          return sequences.every(
            ({ prompt, next }, i) => distance(logits[i] as Float32Array, full([...prompt, ...next])) < 1e-4,
          )
        },
      ),
      { numRuns: 15 },
    )
  })

  t.test(`${name}: a step leaves no tensor behind but its caches`, async (t) => {
    const one = (): unknown => step(operations, [{ slot: 0, position: 0, ids: [1, 2, 3] }])
    one()
    const before = tf.memory().numTensors
    for (let i = 0; i < 5; i++) one()
    t.equal(tf.memory().numTensors, before)
  })
}

t.test("no position sees a later one", async (t) => {
  const operations = families["our kernels"] as DecoderOperations
  const asked = (ids: readonly number[]): Float32Array =>
    decodeStep(config, operations, {
      ids: Int32Array.from(ids),
      slots: new Int32Array(ids.length),
      positions: Int32Array.from(ids, (_, i) => i),
      asked: Int32Array.of(2),
    }).slice(0, V)
  t.same(asked([9, 8, 7, 6, 5]), asked([9, 8, 7, 100, 200]))
})
