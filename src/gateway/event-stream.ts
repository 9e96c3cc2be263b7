/**
 * Server-sent events on a raw response.
 *
 * Invariants
 *   E1. What is made within one turn of the event loop leaves in one write: a write a token costs ten times as much.
 *   E2. A reader that is too slow holds the run back: `send` waits while more than a megabyte is unsent.
 *   E3. Where nothing happens, a comment every so often keeps what is between from taking the stream for dead.
 *   E4. To a reader that is gone nothing is sent, and nothing is kept for it; what is read may go on without it.
 */
import type { ServerResponse } from "node:http"
import type { Clock } from "#actors/clock.js"

const high = 1_048_576
const beatMs = 15_000

export class EventStream {
  readonly #response: ServerResponse
  readonly #clock: Clock
  #pending = ""
  #cancelBeat: () => void

  /** Writes the head; from here on errors travel as events. */
  constructor(response: ServerResponse, clock: Clock, headers: Readonly<Record<string, string>>) {
    this.#response = response
    this.#clock = clock
    response.writeHead(200, {
      "content-type": "text/event-stream; charset=utf-8",
      "cache-control": "no-cache, no-transform",
      "x-accel-buffering": "no",
      ...headers,
    })
    response.flushHeaders()
    const beat = (): void => {
      if (response.destroyed) return
      if (this.#pending === "" && !response.writableNeedDrain) response.write(": beat\n\n") // E3
      this.#cancelBeat = clock.timer(beatMs, beat)
    }
    this.#cancelBeat = clock.timer(beatMs, beat)
    response.once("close", () => this.#cancelBeat())
  }

  /** Sends one event; the promise, if there is one, says when to go on (E2). */
  send(data: unknown, event?: string): Promise<void> | undefined {
    if (this.#response.destroyed) return undefined // E4
    if (this.#pending === "") this.#clock.afterInputOutput(() => this.#flush()) // E1
    this.#pending += `${event === undefined ? "" : `event: ${event}\n`}data: ${typeof data === "string" ? data : JSON.stringify(data)}\n\n`
    return this.#response.writableLength + this.#pending.length > high ? this.#drained() : undefined
  }

  end(): void {
    this.#cancelBeat()
    this.#flush()
    this.#response.end()
  }

  #flush(): void {
    if (this.#pending === "" || this.#response.destroyed) return
    this.#response.write(this.#pending)
    this.#pending = ""
  }

  #drained(): Promise<void> {
    return new Promise((resolve) => {
      const go = () => {
        this.#response.off("drain", go).off("close", go)
        resolve()
      }
      this.#response.on("drain", go).on("close", go)
      this.#flush()
      if (!this.#response.writableNeedDrain) go()
    })
  }
}
