/** Runs a measurement in a process of its own, with the garbage collector at hand: its memory, handles and processor time are nobody else's. */
import { fork } from "node:child_process"
import { fileURLToPath } from "node:url"

const program = fileURLToPath(new URL("alone-process.js", import.meta.url))

/** What a module exports that is to be run alone. */
export type Measure<Options, Result> = (options: Options, progress: (text: string) => void) => Promise<Result>

export type FromAlone = { readonly progress: string } | { readonly result: unknown }

/**
 * @param module name of a module beside this one, which exports `measure`
 * @param heapMB the most that its heap may grow to; without it V8 lets garbage lie for as long as the machine has room
 */
export function alone<Options, Result>(
  module: string,
  options: Options,
  progress: (text: string) => void,
  heapMB?: number,
): Promise<Result> {
  return new Promise((done, fail) => {
    let result: unknown
    const limit = heapMB === undefined ? [] : [`--max-old-space-size=${heapMB}`]
    const child = fork(program, [module, JSON.stringify(options)], { execArgv: ["--expose-gc", ...limit] })
    child.on("message", (message: FromAlone) => {
      if ("progress" in message) progress(message.progress)
      else result = message.result
    })
    child.on("exit", (code) => {
      if (result !== undefined) done(result as Result)
      else fail(new Error(`${module} ended with ${code} and has no result`))
    })
  })
}

/** Bytes of the heap that are in use, garbage not counted. */
export function heapInUse(): number {
  if (globalThis.gc === undefined) throw new Error("the garbage collector is not at hand: run this by `alone`")
  globalThis.gc()
  globalThis.gc()
  return process.memoryUsage().heapUsed
}
