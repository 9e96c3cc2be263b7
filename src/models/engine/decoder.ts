/**
 * A decoder with a key-value cache: runs one batched step over any mix of sequences, some reading their prompt, some making their next token.
 * Lives in the inference thread.
 *
 * Invariants
 *   D1. What a sequence gets does not depend on which others share its step.
 *   D2. A slot's cache beyond the position being written is never read, so a slot needs no clearing before it is used again.
 */
import { llamaForward, type LlamaConfig, type Operations } from "../architectures/llama.js"
import { tf } from "../tensorflow.js"

/** Tokens of one step: N rows, each of a slot at a position; a slot's rows stand in order of position. */
export interface StepRows {
  readonly ids: Int32Array
  readonly slots: Int32Array
  readonly positions: Int32Array
  /** Rows whose next token is asked for. */
  readonly asked: Int32Array
}

/** A family of tensor operations with caches for `slots` sequences. */
export interface DecoderOperations {
  /** What computes, for people: "tensorflow.js/wasm". */
  readonly backend: string
  /** Weights in the order and shape of `llamaWeights`. */
  weight(name: string): tf.Tensor
  /** Operations bound to the rows of one step. */
  bind(rows: StepRows): Operations<tf.Tensor>
  dispose(): void
}

/** Logits of every asked row. @returns (S, V) row-major */
export function decodeStep(config: LlamaConfig, operations: DecoderOperations, rows: StepRows): Float32Array {
  let logits = new Float32Array(0)
  tf.tidy(() => {
    // Not the value of this function: tidy would look for tensors in every one of its numbers.
    logits = llamaForward(
      config,
      (name) => operations.weight(name),
      operations.bind(rows),
    ).dataSync() as Float32Array<ArrayBuffer>
  })
  return logits.subarray(0, rows.asked.length * config.vocabulary)
}
