/**
 * The decoder's operations in TensorFlow.js's own words, for any backend: a GPU or CPU through `tensorflow`, and the reference that our kernels are
 * tested against.
 */
import { llamaWeights, type LlamaConfig, type Operations } from "../architectures/llama.js"
import { transposeWeight, type WeightTensor } from "../checkpoint/safetensors.js"
import { tf } from "../tensorflow.js"
import type { DecoderOperations, StepRows } from "./decoder.js"

/** Rows of one slot in a step: they stand together and in order. */
interface Stretch {
  readonly slot: number
  readonly from: number
  readonly count: number
  readonly position: number
}

/** @param backend name of the TensorFlow.js backend that is set */
export function plainOperations(
  config: LlamaConfig,
  weights: ReadonlyMap<string, WeightTensor>,
  backend: string,
): DecoderOperations {
  const { channels: C, heads: H, keyValueHeads: K, contextLength: length } = config
  const D = C / H
  const kept = new Map(
    llamaWeights(config).map(({ name, kind }) => {
      const stored = weights.get(name) as WeightTensor
      const { data, shape } = kind === "linear" ? transposeWeight(stored) : stored
      return [name, tf.keep(tf.tensor(data, [...shape]))]
    }),
  )
  const table = (f: (angle: number) => number): tf.Tensor2D =>
    tf.keep(
      tf.tensor2d(
        Float32Array.from({ length: length * D }, (_, i) =>
          f(Math.floor(i / D) * config.ropeTheta ** (-((i % D) % (D / 2)) / (D / 2))),
        ),
        [length, D],
      ),
    )
  const cos = table(Math.cos)
  const sin = table(Math.sin)
  /** By layer and slot: keys and values (T, K, D), normalized vectors (T, C). */
  const caches = new Map<string, { keys: tf.Tensor3D; values: tf.Tensor3D }>()
  const shifts = new Map<string, tf.Tensor2D>()

  /** (T, heads, D) turned by position, rotate-half. */
  const rotate = (x: tf.Tensor3D, position: number): tf.Tensor3D => {
    const T = x.shape[0]
    const [a, b] = tf.split(x, 2, 2) as [tf.Tensor3D, tf.Tensor3D]
    const turned = tf.concat([tf.neg(b), a], 2)
    const c = tf.expandDims(tf.slice(cos, [position, 0], [T, D]), 1)
    const s = tf.expandDims(tf.slice(sin, [position, 0], [T, D]), 1)
    return tf.add(tf.mul(x, c), tf.mul(turned, s))
  }
  const extend = <T extends tf.Tensor>(before: T | undefined, position: number, added: T): T => {
    const whole =
      before === undefined || position === 0
        ? tf.clone(added)
        : tf.concat([tf.slice(before, 0, position) as T, added], 0)
    before?.dispose()
    return tf.keep(whole) as T
  }
  const stretches = ({ slots, positions }: StepRows): Stretch[] => {
    const found: { slot: number; from: number; count: number; position: number }[] = []
    slots.forEach((slot, row) => {
      const last = found.at(-1)
      if (last !== undefined && last.slot === slot) last.count += 1
      else found.push({ slot, from: row, count: 1, position: positions[row] as number })
    })
    return found
  }

  return {
    backend: `tensorflow.js/${backend}`,
    weight: (name) => kept.get(name) as tf.Tensor,
    bind(rows: StepRows): Operations<tf.Tensor> {
      const parts = stretches(rows)
      const part = (x: tf.Tensor, { from, count }: Stretch): tf.Tensor2D =>
        tf.slice2d(x as tf.Tensor2D, [from, 0], [count, -1])
      return {
        embed: (embedding) => tf.gather(embedding, tf.tensor1d(rows.ids, "int32")),
        norm: (x, weight) =>
          tf.mul(tf.div(x, tf.sqrt(tf.add(tf.mean(tf.square(x), -1, true), config.epsilon))), weight),
        shift: (x, index) =>
          tf.concat(
            parts.map((stretch) => {
              const key = `${index}/${stretch.slot}`
              const whole = extend(shifts.get(key), stretch.position, part(x, stretch))
              shifts.set(key, whole)
              const Q = C / 4
              const earlier = (by: number, channel: number): tf.Tensor2D =>
                tf.slice2d(
                  tf.concat([tf.zeros([by, Q]), tf.slice2d(whole, [0, channel], [-1, Q])], 0) as tf.Tensor2D,
                  [stretch.position, 0],
                  [stretch.count, Q],
                )
              return tf.concat(
                [earlier(1, 0), earlier(2, Q), tf.slice2d(whole, [stretch.position, 2 * Q], [stretch.count, 2 * Q])],
                1,
              )
            }),
            0,
          ),
        linear: (x, weight) => tf.matMul(x, weight),
        attend: (q, k, v, index) =>
          tf.concat(
            parts.map((stretch) => {
              const { count: T, position } = stretch
              const key = `${index}/${stretch.slot}`
              const before = caches.get(key)
              const cache = {
                keys: extend(before?.keys, position, rotate(tf.reshape(part(k, stretch), [T, K, D]), position)),
                values: extend(before?.values, position, tf.reshape(part(v, stretch), [T, K, D]) as tf.Tensor3D),
              }
              caches.set(key, cache)
              const all = position + T
              const turned = tf.transpose(rotate(tf.reshape(part(q, stretch), [T, H, D]), position), [1, 0, 2]) // (H, T, D)
              const shared = (x: tf.Tensor3D): tf.Tensor3D =>
                tf.transpose(tf.reshape(tf.tile(tf.expandDims(x, 2), [1, 1, H / K, 1]), [all, H, D]), [1, 0, 2]) // (H, all, D)
              const scores = tf.div(tf.matMul(turned, shared(cache.keys), false, true), Math.sqrt(D)) // (H, T, all)
              const hidden = Float32Array.from({ length: T * all }, (_, i) =>
                i % all > position + Math.floor(i / all) ? -1e9 : 0,
              )
              const probabilities = tf.softmax(tf.add(scores, tf.tensor3d(hidden, [1, T, all])))
              return tf.reshape(tf.transpose(tf.matMul(probabilities, shared(cache.values)), [1, 0, 2]), [T, C]) // (T, C)
            }),
            0,
          ),
        swiglu: (gate, up) => tf.mul(tf.mul(gate, tf.sigmoid(gate)), up),
        add: (a, b) => tf.add(a, b),
        pick: (x) => tf.gather(x, tf.tensor1d(rows.asked, "int32")),
        logits: (x, embedding) => tf.matMul(x as tf.Tensor2D, embedding as tf.Tensor2D, false, true),
      }
    },
    dispose() {
      for (const tensor of [
        ...kept.values(),
        cos,
        sin,
        ...shifts.values(),
        ...[...caches.values()].flatMap(({ keys, values }) => [keys, values]),
      ])
        tensor.dispose()
    },
  }
}
