/**
 * Items side by side in rows of one length, so that no position is wasted on padding. A position sees only its own item.
 */
import type { LlamaConfig } from "../architectures/llama.js"
import { tf } from "../tensorflow.js"
import type { BatchTensors } from "./training-operations.js"

export interface PackItem {
  readonly prompt: readonly number[]
  readonly answer: readonly number[]
  /** How much the first token of the answer counts; the others count 1. */
  readonly firstWeight: number
}

/** Rows as plain arrays, and which asked positions belong to which item. */
export interface PackedRows {
  readonly rows: number
  readonly length: number
  readonly ids: Int32Array
  readonly starts: Int32Array
  readonly asked: Int32Array
  readonly targets: Int32Array
  readonly weights: Float32Array
  readonly items: readonly { readonly item: PackItem; readonly first: number }[]
  /** Tokens in rows that belong to items. */
  readonly tokens: number
}

/** How many items are looked at for the one that fills a gap best. */
const poolSize = 24

/**
 * Fills rows from a source of items: each row begins with the item that has waited longest, then takes the longest that still fits.
 */
export class Packer {
  readonly pool: PackItem[] = []
  readonly #next: () => PackItem | undefined
  readonly #rows: number
  readonly #length: number
  #ended = false

  constructor(next: () => PackItem | undefined, rows: number, length: number) {
    this.#next = next
    this.#rows = rows
    this.#length = length
  }

  /** The next rows, or undefined when the source has ended. */
  pack(): PackedRows | undefined {
    const [B, T] = [this.#rows, this.#length]
    const ids = new Int32Array(B * T)
    const starts = new Int32Array(B * T)
    const asked: number[] = []
    const targets: number[] = []
    const weights: number[] = []
    const items: { item: PackItem; first: number }[] = []
    let tokens = 0
    for (let b = 0; b < B; b++) {
      let used = 0
      for (let item = this.#take(T, true); item !== undefined; item = this.#take(T - used, false)) {
        const sequence = [...item.prompt, ...item.answer]
        items.push({ item, first: asked.length })
        for (let i = 0; i < sequence.length - 1; i++) {
          const at = b * T + used + i
          ids[at] = sequence[i] as number
          starts[at] = used
          if (i + 1 >= item.prompt.length) {
            asked.push(at)
            targets.push(sequence[i + 1] as number)
            weights.push(i + 1 === item.prompt.length ? item.firstWeight : 1)
          }
        }
        used += sequence.length - 1
        tokens += sequence.length - 1
      }
      for (let i = used; i < T; i++) starts[b * T + i] = i
    }
    if (items.length === 0) return undefined
    while (asked.length % 8 !== 0) {
      asked.push(0)
      targets.push(0)
      weights.push(0)
    }
    return {
      rows: B,
      length: T,
      ids,
      starts,
      asked: Int32Array.from(asked),
      targets: Int32Array.from(targets),
      weights: Float32Array.from(weights),
      items,
      tokens,
    }
  }

  #take(room: number, oldest: boolean): PackItem | undefined {
    while (!this.#ended && this.pool.length < poolSize) {
      const item = this.#next()
      if (item === undefined) this.#ended = true
      else if (size(item) <= this.#length) this.pool.push(item)
    }
    let best = -1
    let longest = 0
    for (let i = 0; i < this.pool.length; i++) {
      const length = size(this.pool[i] as PackItem)
      if (length > room || length <= longest) continue
      best = i
      longest = length
      if (oldest) break
    }
    return best < 0 ? undefined : this.pool.splice(best, 1)[0]
  }
}

const size = (item: PackItem): number => item.prompt.length + item.answer.length - 1

/** Packed rows as tensors with their rotary tables. The caller disposes them with `disposeBatch`. */
export function toTensors(packed: PackedRows, config: LlamaConfig): BatchTensors {
  const half = config.channels / config.heads / 2
  const N = packed.ids.length
  const cos = new Float32Array(N * half)
  const sin = new Float32Array(N * half)
  for (let n = 0; n < N; n++) {
    const position = (n % packed.length) - (packed.starts[n] as number)
    for (let i = 0; i < half; i++) {
      const angle = position * config.ropeTheta ** (-i / half)
      cos[n * half + i] = Math.cos(angle)
      sin[n * half + i] = Math.sin(angle)
    }
  }
  return {
    rows: packed.rows,
    length: packed.length,
    ids: tf.tensor1d(packed.ids, "int32"),
    starts: tf.tensor1d(packed.starts, "int32"),
    cos: tf.tensor2d(cos, [N, half]),
    sin: tf.tensor2d(sin, [N, half]),
    asked: tf.tensor1d(packed.asked, "int32"),
    targets: tf.tensor1d(packed.targets, "int32"),
    weights: tf.tensor1d(packed.weights),
  }
}

export function disposeBatch(batch: BatchTensors): void {
  for (const tensor of [batch.ids, batch.starts, batch.cos, batch.sin, batch.asked, batch.targets, batch.weights])
    tensor.dispose()
}
