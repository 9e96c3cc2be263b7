/**
 * The decoder's operations for training: each is one fused kernel forward and one or two backward, joined by TensorFlow.js's automatic
 * differentiation (`tf.customGrad`).
 *
 * Invariants
 *   O1. Rows of a batch hold several items side by side; a position attends, shifts and rotates only within its own item.
 *   O2. Every output is made by the backend and owned by the tape; nothing leaks when the caller wraps a step in `tf.tidy`.
 */
import type { LlamaConfig, Operations } from "../architectures/llama.js"
import { tf, type WasmBackend } from "../tensorflow.js"
import type { Kernels } from "../kernels.js"

/** Packed rows as tensors. N = B·T. */
export interface BatchTensors {
  readonly rows: number
  readonly length: number
  /** (N) int32 token ids */
  readonly ids: tf.Tensor
  /** (N) int32 first position, within its row, of the item that a position belongs to */
  readonly starts: tf.Tensor
  /** (N, D/2) */
  readonly cos: tf.Tensor
  readonly sin: tf.Tensor
  /** (S) int32 positions whose next token is asked for; S divisible by 8 */
  readonly asked: tf.Tensor
  /** (S) int32 */
  readonly targets: tf.Tensor
  /** (S) float32 */
  readonly weights: tf.Tensor
}

export interface TrainingOperations extends Operations<tf.Tensor> {
  /** Mean weighted cross-entropy; `best` gets the likeliest id of every asked position. */
  loss(logits: tf.Tensor): tf.Scalar
  readonly best: tf.Tensor
  dispose(): void
}

export function trainingOperations(
  backend: WasmBackend,
  kernels: Kernels,
  config: LlamaConfig,
  batch: BatchTensors,
): TrainingOperations {
  const { rows: B, length: T } = batch
  const { channels: C, heads: H, keyValueHeads: K, vocabulary: V } = config
  const D = C / H
  const G = H / K
  const N = B * T
  const S = batch.asked.size
  const engine = tf.engine()
  const at = (tensor: tf.TensorInfo): number => backend.dataIdMap.get(tensor.dataId).memoryOffset
  const make = (...shape: number[]): tf.Tensor => engine.makeTensorFromTensorInfo(backend.makeOutput(shape, "float32"))
  const best = tf.keep(engine.makeTensorFromTensorInfo(backend.makeOutput([S], "int32")))
  const scale = 1 / Math.sqrt(D)

  /** `tf.customGrad` with tensors in and out; its own types say `any`. */
  const differentiable = (
    forward: (
      inputs: tf.Tensor[],
      save: (tensors: tf.Tensor[]) => void,
    ) => { value: tf.Tensor; gradient: (dy: tf.Tensor, saved: tf.Tensor[]) => tf.Tensor[] },
    ...inputs: tf.Tensor[]
  ): tf.Tensor =>
    tf.customGrad((...args) => {
      const save = args[args.length - 1] as (tensors: tf.Tensor[]) => void
      const { value, gradient } = forward(args.slice(0, -1) as tf.Tensor[], save)
      return { value, gradFunc: (dy: tf.Tensor | tf.Tensor[], saved: tf.Tensor[]) => gradient(dy as tf.Tensor, saved) }
    })(...inputs)

  const matmul = (
    a: tf.Tensor,
    b: tf.Tensor,
    count: number,
    m: number,
    k: number,
    n: number,
    ...shape: number[]
  ): tf.Tensor => {
    const out = make(...shape)
    kernels.matmul(at(a), at(b), at(out), count, m, k, n)
    return out
  }
  const transposed = (x: tf.Tensor, count: number, r: number, c: number): tf.Tensor => {
    const out = make(count, c, r)
    kernels.transpose(at(x), at(out), count, r, c)
    return out
  }
  const matmulTransposedA = (
    a: tf.Tensor,
    b: tf.Tensor,
    count: number,
    m: number,
    k: number,
    n: number,
    ...shape: number[]
  ): tf.Tensor => {
    const out = make(...shape)
    kernels.matmulTransposedA(at(a), at(b), at(out), count, m, k, n)
    return out
  }
  const dispose = <Result>(scratch: tf.Tensor, result: Result): Result => {
    scratch.dispose()
    return result
  }

  /** (N, H/G·D) to (B, H, T, D) and back. */
  const scratch = tf.keep(make(D))
  const split = (x: tf.Tensor, groups: number, turn: number): tf.Tensor => {
    const out = make(B, H, T, D)
    kernels.splitHeads(at(x), at(out), B, T, H, groups, D, at(batch.cos), at(batch.sin), turn)
    return out
  }
  const join = (x: tf.Tensor, groups: number, turn: number): tf.Tensor => {
    const out = make(N, (H / groups) * D)
    kernels.joinHeads(at(x), at(out), B, T, H, groups, D, at(batch.cos), at(batch.sin), turn, at(scratch))
    return out
  }

  return {
    best,
    embed: (table) =>
      differentiable(([w]) => {
        const value = make(N, C)
        kernels.gather(at(w as tf.Tensor), at(batch.ids), at(value), N, C)
        return {
          value,
          gradient: (dy) => {
            const d = make(V, C)
            kernels.scatterAdd(at(dy), at(batch.ids), at(d), N, V, C)
            return [d]
          },
        }
      }, table),
    norm: (x, weight) =>
      differentiable(
        ([a, w], save) => {
          const rowsOf = (a as tf.Tensor).shape[0] as number
          const value = make(rowsOf, C)
          const inverse = make(rowsOf)
          kernels.rmsNorm(at(a as tf.Tensor), at(w as tf.Tensor), at(value), at(inverse), rowsOf, C, config.epsilon)
          save([a as tf.Tensor, w as tf.Tensor, inverse])
          return {
            value,
            gradient: (dy, [a, w, inverse]) => {
              const dx = make(rowsOf, C)
              const dw = make(C)
              kernels.rmsNormGradient(
                at(a as tf.Tensor),
                at(w as tf.Tensor),
                at(inverse as tf.Tensor),
                at(dy),
                at(dx),
                at(dw),
                rowsOf,
                C,
              )
              return [dx, dw]
            },
          }
        },
        x,
        weight,
      ),
    shift: (x) =>
      differentiable(([a]) => {
        const value = make(N, C)
        kernels.shift(at(a as tf.Tensor), at(value), at(batch.starts), B, T, C, 0)
        return {
          value,
          gradient: (dy) => {
            const d = make(N, C)
            kernels.shift(at(dy), at(d), at(batch.starts), B, T, C, 1)
            return [d]
          },
        }
      }, x),
    linear: (x, weight) => {
      const [I, O] = weight.shape as [number, number]
      return differentiable(
        ([a, w], save) => {
          save([a as tf.Tensor, w as tf.Tensor])
          return {
            value: matmul(a as tf.Tensor, w as tf.Tensor, 1, N, I, O, N, O),
            gradient: (dy, [a, w]) => {
              const wt = transposed(w as tf.Tensor, 1, I, O) // (O, I)
              const dx = dispose(wt, matmul(dy, wt, 1, N, O, I, N, I))
              return [dx, matmulTransposedA(a as tf.Tensor, dy, 1, I, N, O, I, O)]
            },
          }
        },
        x,
        weight,
      )
    },
    attend: (q, k, v) =>
      differentiable(
        ([q, k, v], save) => {
          const qh = split(q as tf.Tensor, 1, 1) // (B, H, T, D)
          const kh = split(k as tf.Tensor, G, 1) // (B, H, T, D)
          const vh = split(v as tf.Tensor, G, 0) // (B, H, T, D)
          const kt = transposed(kh, B * H, T, D) // (B·H, D, T)
          const scores = dispose(kt, matmul(qh, kt, B * H, T, D, T, B, H, T, T))
          const p = make(B, H, T, T)
          kernels.softmax(at(scores), at(p), at(batch.starts), B, H, T, scale)
          scores.dispose()
          const o = matmul(p, vh, B * H, T, T, D, B, H, T, D)
          const value = dispose(o, join(o, 1, 0)) // (N, C)
          save([qh, kh, vh, p])
          return {
            value,
            gradient: (dy, [qh, kh, vh, p]) => {
              const d = split(dy, 1, 0) // (B, H, T, D)
              const dvh = matmulTransposedA(p as tf.Tensor, d, B * H, T, T, D, B, H, T, D)
              const vt = transposed(vh as tf.Tensor, B * H, T, D)
              const dp = dispose(vt, matmul(d, vt, B * H, T, D, T, B, H, T, T))
              const ds = make(B, H, T, T)
              kernels.softmaxGradient(at(p as tf.Tensor), at(dp), at(ds), at(batch.starts), B, H, T, scale)
              dp.dispose()
              d.dispose()
              const dqh = matmul(ds, kh as tf.Tensor, B * H, T, T, D, B, H, T, D)
              const dkh = dispose(ds, matmulTransposedA(ds, qh as tf.Tensor, B * H, T, T, D, B, H, T, D))
              return [dispose(dqh, join(dqh, 1, -1)), dispose(dkh, join(dkh, G, -1)), dispose(dvh, join(dvh, G, 0))]
            },
          }
        },
        q,
        k,
        v,
      ),
    swiglu: (gate, up) =>
      differentiable(
        ([a, b], save) => {
          const value = make(...(a as tf.Tensor).shape)
          kernels.swiglu(at(a as tf.Tensor), at(b as tf.Tensor), at(value), value.size)
          save([a as tf.Tensor, b as tf.Tensor])
          return {
            value,
            gradient: (dy, [a, b]) => {
              const da = make(...dy.shape)
              const db = make(...dy.shape)
              kernels.swigluGradient(at(a as tf.Tensor), at(b as tf.Tensor), at(dy), at(da), at(db), dy.size)
              return [da, db]
            },
          }
        },
        gate,
        up,
      ),
    add: (a, b) =>
      differentiable(
        ([a, b]) => ({ value: tf.add(a as tf.Tensor, b as tf.Tensor), gradient: (dy) => [dy.clone(), dy.clone()] }),
        a,
        b,
      ),
    pick: (x) =>
      differentiable(([a]) => {
        const value = make(S, C)
        kernels.gather(at(a as tf.Tensor), at(batch.asked), at(value), S, C)
        return {
          value,
          gradient: (dy) => {
            const d = make(N, C)
            kernels.scatterAdd(at(dy), at(batch.asked), at(d), S, N, C)
            return [d]
          },
        }
      }, x),
    logits: (x, table) =>
      differentiable(
        ([a, w], save) => {
          save([a as tf.Tensor, w as tf.Tensor])
          const wt = transposed(w as tf.Tensor, 1, V, C) // (C, V)
          return {
            value: dispose(wt, matmul(a as tf.Tensor, wt, 1, S, C, V, S, V)),
            gradient: (dy, [a, w]) => [
              matmul(dy, w as tf.Tensor, 1, S, V, C, S, C),
              matmulTransposedA(dy, a as tf.Tensor, 1, V, S, C, V, C),
            ],
          }
        },
        x,
        table,
      ),
    loss: (logits) =>
      differentiable(([a], save) => {
        const d = make(S, V)
        const mean = kernels.crossEntropy(
          at(a as tf.Tensor),
          at(d),
          at(batch.targets),
          at(batch.weights),
          at(best),
          S,
          V,
        )
        save([d])
        return { value: tf.scalar(mean), gradient: (_, [d]) => [d as tf.Tensor] }
      }, logits) as tf.Scalar,
    dispose: () => {
      best.dispose()
      scratch.dispose()
    },
  }
}
