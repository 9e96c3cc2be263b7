/**
 * Reads documents on a thread of their own, which is started for the first and ends when there was none for a while.
 *
 * Invariants
 *   R1. What a document costs is bounded (limits.ts). A thread that runs out of time or memory is ended and another
 *       takes its place; the node goes on, and the error names the limit.
 *   R2. A document is given away to the thread, and its passages come back in blocks that hold nobody up.
 */
import { MessageChannel } from "node:worker_threads"
import { Piscina } from "piscina"
import type { Clock } from "#actors/clock.js"
import { AgentOSError, thrownText } from "#actors/errors.js"
import type { Document } from "../knowledge.js"
import type { DocumentBytes } from "./document-bytes.js"
import { readingLimits, unreadable } from "./limits.js"
import type { Passage } from "./passages.js"
import type { ReadOutcome, ReadTask } from "./thread.js"

/** What came of a document that was read. */
export interface Reading {
  readonly passages: number
  /** What of it was not read, and how the rest was taken, for people. */
  readonly notes: readonly string[]
}

const threads = 1
const idleMs = 5_000

const stopped = (id: string, cause?: unknown): AgentOSError =>
  new AgentOSError("SYSTEM_STOPPED", `the node stopped before ${id} was read; nothing of it was added`, { cause })

export class DocumentReader {
  readonly #clock: Clock
  #pool: Piscina<ReadTask, ReadOutcome> | undefined
  #closed = false

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /**
   * @param bytes are given away
   * @param take is given passages, some at a time; more come when it has taken them
   * @throws `DOCUMENT_UNREADABLE`, and what `take` throws
   */
  async read(
    { id, format }: Pick<Document, "id" | "format">,
    { buffer, isText }: DocumentBytes,
    take: (block: readonly Passage[]) => Promise<void>,
  ): Promise<Reading> {
    if (this.#closed) throw stopped(id)
    const { port1: ours, port2: theirs } = new MessageChannel()
    const ended = new AbortController()
    const limitMs = readingLimits.milliseconds(buffer.byteLength)
    let failure: unknown
    let stopTimer: (() => void) | undefined
    const fail = (error: unknown): void => {
      failure ??= error
      ended.abort()
    }
    const answer = async (block: readonly Passage[]): Promise<void> => {
      // R1: the first says that it has begun; what waited for the thread has lost no time.
      stopTimer ??= this.#clock.timer(limitMs, () =>
        fail(unreadable(id, `takes longer than ${limitMs / 1000} s to read, the most that it is given`)),
      )
      if (block.length > 0) await take(block)
      ours.postMessage(undefined)
    }
    ours.on("message", (block: readonly Passage[]) => void answer(block).catch(fail))
    try {
      const task: ReadTask = { format, buffer, isText, port: theirs }
      const outcome = await this.#threads().run(task, { transferList: [theirs, buffer], signal: ended.signal }) // R2
      if (outcome.kind === "unreadable") throw unreadable(id, outcome.why)
      return { passages: outcome.passages, notes: outcome.notes }
    } catch (error) {
      if (failure !== undefined) throw failure
      if (this.#closed) throw stopped(id, error)
      const { code } = error as { code?: unknown }
      if (code === "ERR_WORKER_OUT_OF_MEMORY")
        throw unreadable(id, `takes more than ${readingLimits.heapMb} MiB of memory to read, the most that it is given`)
      if (code === "DOCUMENT_UNREADABLE") throw error
      throw unreadable(id, `cannot be read: ${thrownText(error)}`, error)
    } finally {
      stopTimer?.()
      ours.close()
    }
  }

  async close(): Promise<void> {
    this.#closed = true
    await this.#pool?.destroy()
  }

  #threads(): Piscina<ReadTask, ReadOutcome> {
    if (this.#pool !== undefined) return this.#pool
    this.#pool = new Piscina({
      filename: new URL("./thread.js", import.meta.url).href,
      minThreads: 0,
      maxThreads: threads,
      idleTimeout: idleMs,
      atomics: "disabled",
      resourceLimits: { maxOldGenerationSizeMb: readingLimits.heapMb, maxYoungGenerationSizeMb: 4, stackSizeMb: 4 },
    })
    this.#pool.on("error", () => undefined) // whoever waits for the thread hears of it
    return this.#pool
  }
}
