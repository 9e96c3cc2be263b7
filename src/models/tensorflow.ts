/**
 * TensorFlow.js with its WebAssembly backend, set up once a thread, and the little of the backend's inside that our kernels need: the memory that
 * its tensors lie in, and where each lies.
 */
import { createRequire } from "node:module"
import { dirname } from "node:path"
import * as tf from "@tensorflow/tfjs-core"
import { setWasmPaths } from "@tensorflow/tfjs-backend-wasm"

export { tf }

/** The parts of the WebAssembly backend that are not in its public types. */
export interface WasmBackend {
  readonly wasm: { readonly asm: { readonly memory: WebAssembly.Memory } }
  readonly dataIdMap: { get(id: object): { readonly memoryOffset: number } }
  makeOutput(shape: readonly number[], dtype: "float32" | "int32"): tf.TensorInfo
  typedArrayFromHeap(info: tf.TensorInfo): Float32Array | Int32Array
}

let ready: Promise<WasmBackend> | undefined

/** Starts the WebAssembly backend on first use. */
export function wasmBackend(): Promise<WasmBackend> {
  ready ??= (async () => {
    const folder = dirname(createRequire(import.meta.url).resolve("@tensorflow/tfjs-backend-wasm"))
    setWasmPaths(`${folder}/`)
    await tf.setBackend("wasm")
    await tf.ready()
    return tf.backend() as unknown as WasmBackend
  })()
  return ready
}
