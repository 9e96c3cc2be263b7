import pc from "picocolors"
import { AgentOSError } from "#actors/errors.js"
import { printable } from "./printable.js"

/**
 * Tells a person what went wrong, and ends the process with 1. A bug keeps its stack; an expected refusal, or one of
 * the operating system, does not need one.
 */
export function fail(error: unknown): never {
  if (error instanceof AgentOSError) console.error(`${pc.red(error.code)} ${printable(error.message)}`)
  else if (isSystemError(error))
    console.error(`${pc.red(error.code)} ${printable(error.message.replace(`${error.code}: `, ""))}`)
  else console.error(error)
  process.exit(1)
}

/** Such as "ENOTDIR: not a directory, mkdir 'data/logs'". */
const isSystemError = (error: unknown): error is Error & { readonly code: string } =>
  error instanceof Error && "syscall" in error && "code" in error && typeof error.code === "string"
