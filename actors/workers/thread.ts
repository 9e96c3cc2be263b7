/**
 * One worker thread, seen from the main thread.
 *
 * Invariants
 *   K1. A thread that has ended is never used again: what comes after it is another, of another name.
 *   K2. A thread that does not answer for `hangMs` is ended, and the handler that was begun last is named.
 */
import { MessageChannel, Worker, type ResourceLimits } from "node:worker_threads"
import type { CancelTimer } from "../clock.js"
import { AgentOSError, errorCodes } from "../errors.js"
import type { Directory } from "../remote/directory.js"
import { thrownOf } from "../remote/failure.js"
import { Link, type Seats } from "../remote/link.js"
import type { Seat } from "../remote/near.js"
import type { SeatNews } from "../remote/protocol.js"
import type { ActorSystem } from "../system.js"
import { silentLogger } from "../telemetry.js"
import { Limit } from "../timers.js"
import type { FromThread, ThreadStart, ToThread } from "./control.js"

export interface ThreadOptions {
  readonly name: string
  readonly hangMs: number
  readonly memoryMb: number | undefined
  /** The thread has ended, without being told to. */
  readonly lost: (thread: Thread) => void
}

/**
 * How long a thread may take to start: some 50 ms on a machine with nothing else to do, seconds on one that is busy.
 */
const mostStartMs = 60_000

export class Thread implements Seats {
  readonly link: Link
  readonly ready: Promise<void>
  readonly seats = new Map<number, Seat>()
  /** When it was up, on the monotonic clock: Infinity before. */
  upSince = Infinity
  readonly #system: ActorSystem
  readonly #options: ThreadOptions
  readonly #worker: Worker
  readonly #board = new Int32Array(new SharedArrayBuffer(8))
  readonly #definitions: { readonly name: string; readonly types: readonly string[] }[] = []
  #ready!: () => void
  #failed!: (error: AgentOSError) => void
  #thrown: unknown
  #stopping = false
  #stopped: (() => void) | undefined
  #pinged: number | undefined
  #cancelPing: CancelTimer | undefined

  constructor(system: ActorSystem, directory: Directory, options: ThreadOptions) {
    this.#system = system
    this.#options = options
    this.ready = new Promise((ready, failed) => {
      this.#ready = ready
      this.#failed = failed
    })
    this.ready.catch(() => {}) // who waits for it hears of it
    const { port1, port2 } = new MessageChannel()
    this.link = new Link(system, directory, { post: (batch) => port1.postMessage(batch) }, this)
    const start: ThreadStart = {
      llmagentos: "actors",
      port: port2,
      board: this.#board,
      system: system.name,
      node: options.name,
      shutdownTimeoutMs: system.shutdownTimeoutMs,
      errors: errorCodes(),
      logs: system.logger !== silentLogger,
    }
    const limits: ResourceLimits = options.memoryMb === undefined ? {} : { maxOldGenerationSizeMb: options.memoryMb }
    this.#worker = new Worker(new URL("./worker.js", import.meta.url), {
      name: options.name,
      workerData: start,
      transferList: [port2],
      resourceLimits: limits,
    })
    port1.on("message", (batch: readonly unknown[]) => {
      if (!this.link.closed) this.link.receive(batch)
    })
    port1.on("messageerror", (error) => {
      this.#thrown = error
      void this.#worker.terminate()
    })
    this.#cancelPing = system.clock.timer(mostStartMs, () => {
      this.#lose(
        new AgentOSError("WORKER_LOST", `the worker thread ${this.name} did not start within ${mostStartMs} ms`),
      )
      void this.#worker.terminate()
    })
    this.#worker.on("message", (message: FromThread) => this.#heard(message))
    this.#worker.on("error", (error) => (this.#thrown = error))
    this.#worker.on("exit", (code) => {
      port1.close()
      this.#exited(code)
    })
  }

  get name(): string {
    return this.#options.name
  }

  // --- seats ---------------------------------------------------------------------------------------------------------------------------------

  at(): undefined {
    return undefined // who lives here is known by name
  }

  news(seat: number, news: SeatNews): void {
    this.seats.get(seat)?.news(news)
  }

  credit(seat: number, count: number): void {
    this.seats.get(seat)?.credit(count)
  }

  // --- life ----------------------------------------------------------------------------------------------------------------------------------

  #tell(message: ToThread): void {
    this.#worker.postMessage(message)
  }

  #heard(message: FromThread): void {
    switch (message.kind) {
      case "ready":
        this.#cancelPing?.()
        this.upSince = this.#system.clock.monotonic()
        this.#pingLater()
        return this.#ready()
      case "pong":
        this.#pinged = undefined
        return
      case "stopped":
        return this.#stopped?.()
      case "definition":
        this.#definitions.push(message)
        return
      case "letter":
        this.#system.counts.deadLetters += 1
        return this.#system.telemetry.deadLetter?.(message.letter)
      case "log": {
        const { level, fields, error, message: text } = message
        const { logger } = this.#system
        logger[level](
          { thread: this.name, ...fields, ...(error === undefined ? {} : { error: thrownOf(error) }) },
          text,
        )
      }
    }
  }

  /** K2 */
  #pingLater(): void {
    const { clock } = this.#system
    this.#cancelPing = clock.timer(this.#options.hangMs / 2, () => {
      // An answer may have come while this thread was busy itself.
      clock.afterInputOutput(() => {
        if (this.link.closed || this.#stopping) return
        const now = clock.monotonic()
        if (this.#pinged !== undefined && now - this.#pinged >= this.#options.hangMs) return this.#hangs()
        if (this.#pinged === undefined) {
          this.#pinged = now
          this.#tell({ kind: "ping" })
        }
        this.#pingLater()
      })
    })
  }

  #hangs(): void {
    const [definition = 0, handler = 0] = this.#board
    const known = this.#definitions[definition - 1]
    const doing = known === undefined ? "" : `: the handler ${known.name}.${known.types[handler - 1]} does not end`
    const message = `the worker thread ${this.name} gave no sign for ${this.#options.hangMs} ms and was ended${doing}`
    this.#lose(new AgentOSError("WORKER_LOST", message))
    void this.#worker.terminate()
  }

  #exited(code: number): void {
    if (this.#stopping) this.#stopped?.()
    const cause = this.#thrown
    this.#lose(
      new AgentOSError("WORKER_LOST", `the worker thread ${this.name} has ended (exit code ${code})`, { cause }),
    )
  }

  /** K1 */
  #lose(error: AgentOSError): void {
    if (this.link.closed) return
    this.#cancelPing?.()
    if (this.upSince === Infinity) this.upSince = this.#system.clock.monotonic() // nobody waits for it any more
    if (!this.#stopping) {
      this.#system.logger.error({ thread: this.name, error }, "a worker thread is lost")
      this.#options.lost(this)
    }
    this.link.close(error)
    this.#failed(error)
    for (const seat of [...this.seats.values()]) seat.lost(error)
    this.seats.clear()
  }

  /** Ends it when the actors there have ended; in any case after the time that a stop may take. */
  async stop(): Promise<void> {
    if (this.link.closed) return
    this.#stopping = true
    this.#cancelPing?.()
    await new Promise<void>((done) => {
      const limit = new Limit(done)
      this.#stopped = () => {
        limit.cancel()
        done()
      }
      this.#system.wheel.add(limit, this.#system.shutdownTimeoutMs)
      this.#tell({ kind: "stop" })
    })
    await this.#worker.terminate()
    this.#lose(new AgentOSError("WORKER_LOST", `the worker thread ${this.name} was stopped`))
  }
}
