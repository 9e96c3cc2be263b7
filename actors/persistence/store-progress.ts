/** How far the work on a store is, told to a function of the caller's. */

import { checkOptions } from "../words.js"

/** Told how many records of how many are done. */
export type StoreProgress = (done: number, total: number) => void

export interface ProgressOptions {
  readonly progress?: StoreProgress
}

/** @param what is done @throws {AgentOSError} `INVALID_OPTION` */
export function progressOf(what: string, options: ProgressOptions): StoreProgress | undefined {
  checkOptions("INVALID_OPTION", `the options of ${what}`, options, { progress: true })
  return options.progress
}

/**
 * Does work that tells how far it is. What the caller's function throws ends it, and is thrown as it is, whatever the
 * work made of it: it is no fault of the store.
 */
export async function telling<T>(
  progress: StoreProgress | undefined,
  work: (progress: StoreProgress | undefined) => Promise<T>,
): Promise<T> {
  let threw: { readonly error: unknown } | undefined
  const tell = (done: number, total: number): void => {
    try {
      progress?.(done, total)
    } catch (error) {
      threw = { error }
      throw error
    }
  }
  const [outcome] = await Promise.allSettled([work(progress && tell)])
  if (threw !== undefined) throw threw.error
  if (outcome.status === "rejected") throw outcome.reason
  return outcome.value
}
