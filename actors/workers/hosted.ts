import { isMainThread, workerData } from "node:worker_threads"
import { AgentOSError } from "../errors.js"

/** Says so when a module that a worker thread loads for its definitions is a program that makes a system itself. @throws {AgentOSError} `INVALID_DEFINITION` */
export function checkNotHosted(): void {
  const started = workerData as { readonly llmagentos?: unknown } | null | undefined
  if (isMainThread || started?.llmagentos !== "actors") return
  throw new AgentOSError(
    "INVALID_DEFINITION",
    "a worker thread loads this module for its definitions, and it makes an actor system: put the definitions into a module of their own, or make the system only when isMainThread (node:worker_threads)",
  )
}
