/**
 * One model replica: its sequences, and the thread that computes them. Owned by an inference actor; not an actor itself.
 *
 * Invariants
 *   E1. One step is in flight at a time; what arrives meanwhile joins the next.
 *   E2. Cancelling takes a sequence out before the next step; the thread is never aborted for it.
 *   E3. When the thread is lost, every open sequence ends with `INFERENCE_WORKER_LOST` and a new thread is started for what comes next.
 */
import { Piscina } from "piscina"
import { AgentOSError } from "#actors/errors.js"
import { greedy, type Sampling } from "../decoding/sampler.js"
import { schedule } from "./schedule.js"
import type { LoadTask, StepFeed, StepResult, StepTask } from "./worker.js"

export interface EngineOptions {
  readonly folder: string
  readonly backend: "wasm" | "tensorflow"
  /** Sequences decoded together. */
  readonly slots: number
  /** Tokens of prompt and answer together. */
  readonly contextLength: number
}

/** What a sequence gives, token by token; `end` or `fail` comes last, once. */
export interface SequenceListener {
  token(id: number): void
  end(reason: "stop" | "length" | "cancelled"): void
  fail(error: AgentOSError): void
}

export interface SequenceRequest {
  readonly prompt: readonly number[]
  /** Ids that end the sequence; they are not given to the listener. */
  readonly stops: ReadonlySet<number>
  readonly maxTokens: number
  readonly sampling?: Sampling
  readonly seed?: number
}

interface Sequence {
  readonly id: number
  readonly request: SequenceRequest
  readonly listener: SequenceListener
  readonly tokens: number[]
  slot: number | undefined
  cached: number
}

/** Rows of one step: a few prompts, or a long one in chunks. */
const rowsPerStep = 256

export class Engine {
  readonly #options: EngineOptions
  readonly #sequences = new Map<number, Sequence>()
  #pool: Piscina | undefined
  #loading: Promise<{ readonly backend: string }> | undefined
  #ended: number[] = []
  #nextId = 1
  #stepping = false
  #stopped = false
  #steps = 0

  constructor(options: EngineOptions) {
    this.#options = options
  }

  /** Sequences waiting or running. */
  get open(): number {
    return this.#sequences.size
  }

  get steps(): number {
    return this.#steps
  }

  /** Starts the thread and loads the model; later calls wait for the same. @returns what computes */
  async load(): Promise<string> {
    if (this.#stopped) throw new AgentOSError("MODEL_STOPPED", "the model was stopped")
    if (this.#loading === undefined) {
      // One thread for ever: its weights and caches are its own. Atomics would block it between steps.
      const pool = new Piscina({
        filename: new URL("./worker.js", import.meta.url).href,
        minThreads: 1,
        maxThreads: 1,
        idleTimeout: Infinity,
        atomics: "disabled",
      })
      this.#pool = pool
      const task: LoadTask = {
        do: "load",
        folder: this.#options.folder,
        backend: this.#options.backend,
        slots: this.#options.slots,
      }
      const loading = pool.run(task) as Promise<{ readonly backend: string }>
      this.#loading = loading
      loading.catch(() => this.#dropThread(pool))
    }
    return (await this.#loading).backend
  }

  /** Begins a sequence. @returns its id, for `cancel` */
  start(request: SequenceRequest, listener: SequenceListener): number {
    const room = this.#options.contextLength - request.prompt.length
    if (this.#stopped) throw new AgentOSError("MODEL_STOPPED", "the model was stopped")
    if (request.prompt.length === 0) throw new AgentOSError("INVALID_REQUEST", "the prompt is empty")
    if (room < 1)
      throw new AgentOSError(
        "CONTEXT_TOO_LONG",
        `the prompt has ${request.prompt.length} tokens; the model reads ${this.#options.contextLength - 1} and writes the rest`,
      )
    const id = this.#nextId++
    this.#sequences.set(id, {
      id,
      request: { ...request, maxTokens: Math.min(request.maxTokens, room) },
      listener,
      tokens: [...request.prompt],
      slot: undefined,
      cached: 0,
    })
    void this.#work()
    return id
  }

  /** Takes a sequence out of the next step (E2). */
  cancel(id: number): void {
    const sequence = this.#sequences.get(id)
    if (sequence === undefined) return
    this.#finish(sequence)
    sequence.listener.end("cancelled")
  }

  async stop(): Promise<void> {
    this.#stopped = true
    this.#failAll(new AgentOSError("MODEL_STOPPED", "the model was stopped"))
    await this.#pool?.destroy()
  }

  /** Steps while there is something to do (E1). */
  async #work(): Promise<void> {
    if (this.#stepping) return
    this.#stepping = true
    try {
      await this.load()
      while (this.#sequences.size > 0) await this.#step()
    } catch (error) {
      this.#failAll(
        error instanceof AgentOSError
          ? error
          : new AgentOSError(
              "INFERENCE_WORKER_LOST",
              `the inference thread failed: ${error instanceof Error ? error.message : String(error)}`,
              { cause: error },
            ),
      )
    } finally {
      this.#stepping = false
    }
    if (this.#sequences.size > 0) void this.#work()
  }

  async #step(): Promise<void> {
    const pool = this.#pool
    if (pool === undefined) return
    const views = [...this.#sequences.values()].map(({ id, slot, cached, tokens }) => ({
      id,
      slot,
      cached,
      known: tokens.length,
    }))
    const feeds = schedule(views, { slots: this.#options.slots, rows: rowsPerStep })
    const task: StepTask = { do: "step", ended: this.#ended.splice(0), feeds: feeds.map((feed) => this.#feed(feed)) }
    let result: StepResult
    try {
      result = (await pool.run(task)) as StepResult
    } catch (error) {
      this.#dropThread(pool) // E3
      throw error
    }
    this.#steps += 1
    for (const { id, token } of result) this.#accept(id, token)
  }

  #feed({ id, slot, from, to, asks }: ReturnType<typeof schedule>[number]): StepFeed {
    const sequence = this.#sequences.get(id) as Sequence
    const begin = sequence.slot === undefined
    sequence.slot = slot
    sequence.cached = to
    const { sampling = greedy, seed = id } = sequence.request
    return {
      id,
      slot,
      position: from,
      tokens: sequence.tokens.slice(from, to),
      asks,
      ...(begin ? { begin: { sampling, seed } } : {}),
    }
  }

  #accept(id: number, token: number): void {
    const sequence = this.#sequences.get(id)
    if (sequence === undefined) return // cancelled while the step was in flight
    const { request, listener, tokens } = sequence
    if (request.stops.has(token)) {
      this.#finish(sequence)
      listener.end("stop")
      return
    }
    tokens.push(token)
    listener.token(token)
    if (tokens.length - request.prompt.length >= request.maxTokens && this.#sequences.has(id)) {
      this.#finish(sequence)
      listener.end("length")
    }
  }

  #finish(sequence: Sequence): void {
    this.#sequences.delete(sequence.id)
    this.#ended.push(sequence.id)
  }

  #failAll(error: AgentOSError): void {
    const open = [...this.#sequences.values()]
    this.#sequences.clear()
    for (const { listener } of open) listener.fail(error)
  }

  #dropThread(pool: Piscina): void {
    if (this.#pool !== pool) return
    this.#pool = undefined
    this.#loading = undefined
    this.#ended = []
    void pool.destroy()
  }
}
