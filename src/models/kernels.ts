/** Loads our kernels onto TensorFlow.js's own memory. */
import { readFile } from "node:fs/promises"
import { setFlagsFromString } from "node:v8"
import type { WasmBackend } from "./tensorflow.js"

/** The exports of `assembly/kernels.ts`; every pointer is a byte offset into the backend's memory. */
export interface Kernels {
  matmul(a: number, b: number, c: number, count: number, m: number, k: number, n: number): void
  matmulTransposedA(a: number, b: number, c: number, count: number, m: number, k: number, n: number): void
  transpose(x: number, out: number, count: number, rows: number, columns: number): void
  softmax(s: number, p: number, starts: number, b: number, h: number, t: number, scale: number): void
  softmaxGradient(p: number, g: number, d: number, starts: number, b: number, h: number, t: number, scale: number): void
  rmsNorm(x: number, w: number, y: number, r: number, n: number, c: number, epsilon: number): void
  rmsNormGradient(x: number, w: number, r: number, g: number, dx: number, dw: number, n: number, c: number): void
  swiglu(gate: number, up: number, y: number, n: number): void
  swigluGradient(gate: number, up: number, g: number, dGate: number, dUp: number, n: number): void
  shift(x: number, y: number, starts: number, b: number, t: number, c: number, back: number): void
  splitHeads(
    x: number,
    out: number,
    b: number,
    t: number,
    h: number,
    g: number,
    d: number,
    cos: number,
    sin: number,
    turn: number,
  ): void
  joinHeads(
    x: number,
    out: number,
    b: number,
    t: number,
    h: number,
    g: number,
    d: number,
    cos: number,
    sin: number,
    turn: number,
    scratch: number,
  ): void
  gather(table: number, ids: number, out: number, n: number, c: number): void
  scatterAdd(g: number, ids: number, d: number, n: number, v: number, c: number): void
  crossEntropy(logits: number, d: number, targets: number, weights: number, best: number, s: number, v: number): number
  adam(
    w: number,
    m: number,
    v: number,
    g: number,
    n: number,
    rate: number,
    beta1: number,
    beta2: number,
    epsilon: number,
    decay: number,
    clip: number,
  ): void
  sumOfSquares(g: number, n: number): number
  shiftCached(
    x: number,
    y: number,
    cache: number,
    slots: number,
    positions: number,
    n: number,
    c: number,
    length: number,
  ): void
  attendCached(
    q: number,
    k: number,
    v: number,
    out: number,
    keys: number,
    values: number,
    slots: number,
    positions: number,
    cos: number,
    sin: number,
    scratch: number,
    n: number,
    h: number,
    g: number,
    d: number,
    length: number,
    scale: number,
  ): void
}

/** Loads the build with fused multiply-add where this engine has relaxed SIMD, else the plain one. */
export async function loadKernels(
  backend: WasmBackend,
  options: { readonly relaxed?: boolean } = {},
): Promise<Kernels & { readonly relaxed: boolean }> {
  const relaxed = options.relaxed === false ? undefined : await relaxedKernels().catch(() => undefined)
  const module = relaxed ?? (await compile("kernels.wasm"))
  const { exports } = new WebAssembly.Instance(module, { env: { memory: backend.wasm.asm.memory } })
  return { ...(exports as unknown as Kernels), relaxed: relaxed !== undefined }
}

/**
 * Node 20 has relaxed SIMD behind a flag, which must be set before the module compiles; later ones do not know the
 * flag.
 */
async function relaxedKernels(): Promise<WebAssembly.Module> {
  const name = "kernels.relaxed.wasm"
  return compile(name).catch(() => {
    setFlagsFromString("--experimental-wasm-relaxed-simd")
    return compile(name)
  })
}

async function compile(name: string): Promise<WebAssembly.Module> {
  return WebAssembly.compile(await readFile(new URL(name, import.meta.url)))
}
