/**
 * The decoder's operations on our kernels, in the memory of TensorFlow.js's WebAssembly backend.
 *
 * Invariants
 *   W1. Rows are padded to a multiple of four with copies of row 0 written to no cache: matrix kernels want it, nobody reads them.
 */
import { llamaWeights, type LlamaConfig, type Operations } from "../architectures/llama.js"
import { transposeWeight, type WeightTensor } from "../checkpoint/safetensors.js"
import { loadKernels } from "../kernels.js"
import { tf, wasmBackend } from "../tensorflow.js"
import type { DecoderOperations, StepRows } from "./decoder.js"

export async function wasmOperations(
  config: LlamaConfig,
  weights: ReadonlyMap<string, WeightTensor>,
  slots: number,
): Promise<DecoderOperations> {
  const backend = await wasmBackend()
  const kernels = await loadKernels(backend)
  const engine = tf.engine()
  const { channels: C, heads: H, keyValueHeads: K, vocabulary: V, feedForward: F, contextLength: length } = config
  const D = C / H
  const at = (tensor: tf.TensorInfo): number => backend.dataIdMap.get(tensor.dataId).memoryOffset
  const make = (...shape: number[]): tf.Tensor => engine.makeTensorFromTensorInfo(backend.makeOutput(shape, "float32"))
  const keep = (data: Float32Array, shape: readonly number[]): tf.Tensor => {
    const tensor = tf.keep(make(...shape))
    backend.typedArrayFromHeap(tensor).set(data)
    return tensor
  }
  const kept = new Map<string, tf.Tensor>()
  for (const { name, kind } of llamaWeights(config)) {
    const stored = weights.get(name) as WeightTensor
    const { data, shape } = kind === "linear" ? transposeWeight(stored) : stored
    kept.set(name, keep(data, shape))
  }
  const table = weights.get(config.tied ? "model.embed_tokens.weight" : "lm_head.weight") as WeightTensor
  const tableTransposed = keep(transposeWeight(table).data, [C, V])
  const caches = Array.from({ length: config.layers }, () => ({
    keys: tf.keep(make(slots, length, K * D)),
    values: tf.keep(make(slots, length, K * D)),
    shift: tf.keep(make(slots, length, C / 2)),
  }))
  const angles = (f: (angle: number) => number): Float32Array =>
    Float32Array.from({ length: (length * D) / 2 }, (_, i) =>
      f(Math.floor(i / (D / 2)) * config.ropeTheta ** (-(i % (D / 2)) / (D / 2))),
    )
  const cos = keep(angles(Math.cos), [length, D / 2])
  const sin = keep(angles(Math.sin), [length, D / 2])
  const scratch = tf.keep(make(D + length))

  const padded = (count: number): number => Math.ceil(count / 4) * 4
  const indices = (values: Int32Array, size = values.length): tf.Tensor => {
    const tensor = engine.makeTensorFromTensorInfo(backend.makeOutput([size], "int32"))
    const heap = backend.typedArrayFromHeap(tensor)
    heap.fill(values[0] ?? 0)
    heap.set(values)
    return tensor
  }

  return {
    backend: `tensorflow.js/wasm, ${kernels.relaxed ? "relaxed SIMD" : "SIMD"} kernels`,
    weight: (name) => kept.get(name) as tf.Tensor,
    bind(rows: StepRows): Operations<tf.Tensor> {
      const count = rows.ids.length
      const N = padded(count) // W1
      const S = padded(rows.asked.length)
      const ids = indices(rows.ids, N)
      const slotIds = indices(rows.slots)
      const positions = indices(rows.positions)
      const asked = indices(rows.asked, S)
      const rowsOf = (x: tf.Tensor): number => x.shape[0] as number
      return {
        embed: (table) => {
          const y = make(N, C)
          kernels.gather(at(table), at(ids), at(y), N, C)
          return y
        },
        norm: (x, weight) => {
          const y = make(rowsOf(x), C)
          const inverse = make(rowsOf(x))
          kernels.rmsNorm(at(x), at(weight), at(y), at(inverse), rowsOf(x), C, config.epsilon)
          return y
        },
        shift: (x, index) => {
          const y = make(N, C)
          backend.typedArrayFromHeap(y).fill(0, count * C)
          kernels.shiftCached(
            at(x),
            at(y),
            at(caches[index]?.shift as tf.Tensor),
            at(slotIds),
            at(positions),
            count,
            C,
            length,
          )
          return y
        },
        linear: (x, weight) => {
          const [I, O] = weight.shape as [number, number]
          const y = make(rowsOf(x), O)
          kernels.matmul(at(x), at(weight), at(y), 1, rowsOf(x), I, O)
          return y
        },
        attend: (q, k, v, index) => {
          const y = make(N, C)
          backend.typedArrayFromHeap(y).fill(0, count * C)
          const cache = caches[index] as (typeof caches)[number]
          kernels.attendCached(
            at(q),
            at(k),
            at(v),
            at(y),
            at(cache.keys),
            at(cache.values),
            at(slotIds),
            at(positions),
            at(cos),
            at(sin),
            at(scratch),
            count,
            H,
            K,
            D,
            length,
            1 / Math.sqrt(D),
          )
          return y
        },
        swiglu: (gate, up) => {
          const y = make(rowsOf(gate), F)
          kernels.swiglu(at(gate), at(up), at(y), y.size)
          return y
        },
        add: (a, b) => tf.add(a, b),
        pick: (x) => {
          const y = make(S, C)
          kernels.gather(at(x), at(asked), at(y), S, C)
          return y
        },
        logits: (x) => {
          const y = make(S, V)
          kernels.matmul(at(x), at(tableTransposed), at(y), 1, S, C, V)
          return y
        },
      }
    },
    dispose() {
      for (const tensor of [
        ...kept.values(),
        tableTransposed,
        cos,
        sin,
        scratch,
        ...caches.flatMap(({ keys, values, shift }) => [keys, values, shift]),
      ])
        tensor.dispose()
    },
  }
}
