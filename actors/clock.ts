/**
 * Time and chance: the only doors through which they enter. Everything above asks these ports, so a simulation can replace them and replay a
 * run from its seed.
 */
import { randomBytes, randomUUID } from "node:crypto"

/** Stops a timer that has not fired; afterwards it does nothing. */
export type CancelTimer = () => void

export interface Clock {
  /** Wall time in milliseconds since 1970: for people and records, never for measuring. */
  wallTime(): number
  /** Milliseconds since some fixed moment; never goes back. */
  monotonic(): number
  /** Calls back once, after at least so many milliseconds. */
  timer(milliseconds: number, callback: () => void): CancelTimer
  /** Calls back when the running callback has ended, before any input or output is looked at. */
  soon(callback: () => void): void
  /** Calls back after waiting input and output had its turn. */
  afterInputOutput(callback: () => void): void
}

export interface Random {
  /** A number from 0 (inclusive) to 1 (exclusive). */
  float(): number
  /** So many random bytes, good enough for secrets. */
  bytes(count: number): Uint8Array
  /** A random UUID (version 4). */
  uuid(): string
}

const settled = Promise.resolve()
/** Node.js takes a longer time for a millisecond. */
const longestTimeout = 2 ** 31 - 1

/** The machine's own time. */
export const systemClock: Clock = {
  wallTime: () => Date.now(),
  monotonic: () => performance.now(),
  timer(milliseconds, callback) {
    if (milliseconds <= longestTimeout) {
      const only = setTimeout(callback, milliseconds)
      return () => clearTimeout(only)
    }
    let timer: NodeJS.Timeout
    const wait = (left: number): void => {
      timer =
        left > longestTimeout
          ? setTimeout(() => wait(left - longestTimeout), longestTimeout)
          : setTimeout(callback, left)
    }
    wait(milliseconds)
    return () => clearTimeout(timer)
  },
  // A settled promise's reaction costs a third of queueMicrotask, which makes an async resource for each call.
  soon(callback) {
    void settled.then(callback)
  },
  afterInputOutput(callback) {
    setImmediate(callback)
  },
}

/** The machine's own chance. */
export const systemRandom: Random = {
  float: () => Math.random(),
  bytes: (count) => randomBytes(count),
  uuid: () => randomUUID(),
}
