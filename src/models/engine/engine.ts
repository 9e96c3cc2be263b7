/**
 * One model replica: its sequences, and the thread that computes them. Owned by an inference actor; not an actor itself.
 *
 * Invariants
 *   E1. One step is in flight at a time; what arrives meanwhile joins the next.
 *   E2. Cancelling takes a sequence out before the next step; the thread is never aborted for it.
 *   E3. When the thread is lost, every open sequence ends with `INFERENCE_WORKER_LOST` and so does this engine: another takes its place.
 *   E4. While a sequence is open or the model loads, the thread keeps the process alive: Piscina lets go of it, and the end of a thread that nobody holds may never be told.
 */
import { Piscina } from "piscina"
import { AgentOSError, thrownText } from "#actors/errors.js"
import { greedy, type Sampling } from "../decoding/sampler.js"
import type { Confidence } from "../model.js"
import { schedule, type Feed } from "./schedule.js"
import type { Fault, Loaded, LoadTask, StepFeed, StepResult, StepTask } from "./worker.js"

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
  /** @param confidence where the request is measured and a token was made */
  end(reason: "stop" | "length" | "cancelled", confidence?: Confidence): void
  fail(error: AgentOSError): void
}

/** A prompt to go on from; plain data. */
export interface SequenceRequest {
  readonly prompt: readonly number[]
  /** Ids that end the sequence; they are not given to the listener. */
  readonly stops: readonly number[]
  readonly maxTokens: number
  readonly sampling?: Sampling
  /** Default: the sequence's id. */
  readonly seed?: number
  /** Whether its end tells how sure the model was; default false. */
  readonly measured?: boolean
}

interface Sequence {
  readonly id: number
  readonly request: SequenceRequest
  readonly listener: SequenceListener
  readonly tokens: number[]
  readonly logProbabilities: number[]
  slot: number | undefined
  cached: number
}

/** Rows of one step: a few prompts, or a long one in chunks. */
const rowsPerStep = 256

export class Engine {
  /** Resolves when it was stopped; rejects with `INFERENCE_WORKER_LOST` when its thread is lost (E3). */
  readonly ended: Promise<void>
  readonly #options: EngineOptions
  readonly #sequences = new Map<number, Sequence>()
  #settle: { stopped(): void; lost(error: AgentOSError): void } = { stopped() {}, lost() {} }
  #over: AgentOSError | undefined
  #pool: Piscina | undefined
  #thread: Piscina["threads"][number] | undefined
  #loading: Promise<string> | undefined
  #ended: number[] = []
  #stepping = false

  constructor(options: EngineOptions) {
    this.#options = options
    this.ended = new Promise((stopped, lost) => (this.#settle = { stopped, lost }))
    this.ended.catch(() => undefined) // whoever owns the engine looks
  }

  /** Starts the thread and loads the model; later calls wait for the same. @returns what computes @throws `INVALID_CHECKPOINT`, `BACKEND_MISSING` */
  load(): Promise<string> {
    if (this.#over !== undefined) return Promise.reject(this.#over)
    this.#loading ??= this.#startThread()
    return this.#loading
  }

  /** Begins a sequence under an id that no other open one has. @throws `CONTEXT_TOO_LONG`, `INVALID_REQUEST`, `MODEL_STOPPED`, `INFERENCE_WORKER_LOST` */
  start(id: number, request: SequenceRequest, listener: SequenceListener): void {
    if (this.#over !== undefined) throw this.#over
    const room = this.#options.contextLength - request.prompt.length
    if (request.prompt.length === 0) throw new AgentOSError("INVALID_REQUEST", "the prompt is empty")
    if (room < 1)
      throw new AgentOSError(
        "CONTEXT_TOO_LONG",
        `the prompt has ${request.prompt.length} tokens; the model reads ${this.#options.contextLength - 1} and writes the rest`,
      )
    this.#sequences.set(id, {
      id,
      request: { ...request, maxTokens: Math.min(request.maxTokens, room) },
      listener,
      tokens: [...request.prompt],
      logProbabilities: [],
      slot: undefined,
      cached: 0,
    })
    void this.#work()
  }

  /** Takes a sequence out of the next step (E2). */
  cancel(id: number): void {
    const sequence = this.#sequences.get(id)
    if (sequence !== undefined) this.#finish(sequence, "cancelled")
  }

  /** Open sequences end with `MODEL_STOPPED`. */
  async stop(): Promise<void> {
    if (this.#over === undefined) this.#end(new AgentOSError("MODEL_STOPPED", "the model was stopped"))
    await this.#pool?.destroy()
  }

  async #startThread(): Promise<string> {
    const { folder, backend, slots } = this.#options
    // One thread for ever: its weights and caches are its own. Atomics would block it between steps.
    const pool = new Piscina({
      filename: new URL("./worker.js", import.meta.url).href,
      minThreads: 1,
      maxThreads: 1,
      idleTimeout: Infinity,
      atomics: "disabled",
    })
    this.#pool = pool
    pool.on("error", (error) => this.#lose(error))
    // Piscina would quietly put a thread without our weights in the place of one that ended between two steps.
    const [thread] = pool.threads
    this.#thread = thread
    thread?.ref() // E4
    thread?.once("exit", (code) => {
      if (this.#pool === pool) this.#lose(new Error(`the thread ended with code ${code}`))
    })
    const task: LoadTask = { do: "load", folder, backend, slots }
    const loaded = (await this.#run(task)) as Loaded | Fault
    if (!this.#stepping) thread?.unref()
    if ("backend" in loaded) return loaded.backend
    // The thread is well, the checkpoint is not: the next request tries again.
    this.#pool = undefined
    this.#loading = undefined
    void pool.destroy()
    throw new AgentOSError(loaded.code, loaded.message)
  }

  /** A task of the thread. Its failure is the thread's: a refusal would have come as a value. */
  async #run(task: LoadTask | StepTask): Promise<unknown> {
    try {
      return await this.#pool?.run(task)
    } catch (error) {
      throw this.#over ?? this.#lose(error)
    }
  }

  /** Steps while there is something to do (E1). */
  async #work(): Promise<void> {
    if (this.#stepping) return
    this.#stepping = true
    try {
      await this.load()
      this.#thread?.ref() // E4
      while (this.#sequences.size > 0) await this.#step()
    } catch (error) {
      this.#failAll(AgentOSError.from(error, "INFERENCE_WORKER_LOST"))
    } finally {
      this.#stepping = false
      this.#thread?.unref()
    }
  }

  async #step(): Promise<void> {
    const views = [...this.#sequences.values()].map(({ id, slot, cached, tokens }) => ({
      id,
      slot,
      cached,
      known: tokens.length,
    }))
    const feeds = schedule(views, { slots: this.#options.slots, rows: rowsPerStep })
    const task: StepTask = { do: "step", ended: this.#ended.splice(0), feeds: feeds.map((feed) => this.#feed(feed)) }
    for (const result of (await this.#run(task)) as StepResult) this.#accept(result)
  }

  #feed({ id, slot, from, to, asks }: Feed): StepFeed {
    const sequence = this.#sequences.get(id) as Sequence
    const begin = sequence.slot === undefined
    sequence.slot = slot
    sequence.cached = to
    const { sampling = greedy, seed = id, measured = false } = sequence.request
    return {
      id,
      slot,
      position: from,
      tokens: sequence.tokens.slice(from, to),
      asks,
      ...(begin ? { begin: { sampling, seed, measured } } : {}),
    }
  }

  #accept({ id, token, logProbability }: StepResult[number]): void {
    const sequence = this.#sequences.get(id)
    if (sequence === undefined) return // cancelled while the step was in flight
    const { request, listener, tokens, logProbabilities } = sequence
    if (logProbability !== undefined) logProbabilities.push(logProbability)
    if (request.stops.includes(token)) return this.#finish(sequence, "stop")
    tokens.push(token)
    listener.token(token)
    if (tokens.length - request.prompt.length >= request.maxTokens && this.#sequences.has(id))
      this.#finish(sequence, "length")
  }

  #finish(sequence: Sequence, reason: "stop" | "length" | "cancelled"): void {
    this.#sequences.delete(sequence.id)
    this.#ended.push(sequence.id)
    sequence.listener.end(reason, confidenceOf(sequence.logProbabilities))
  }

  #lose(cause: unknown): AgentOSError {
    if (this.#over !== undefined) return this.#over
    const error = new AgentOSError("INFERENCE_WORKER_LOST", `the inference thread failed: ${thrownText(cause)}`, {
      cause,
    })
    this.#end(error)
    void this.#pool?.destroy()
    return error
  }

  #end(error: AgentOSError): void {
    this.#over = error
    if (error.code === "MODEL_STOPPED") this.#settle.stopped()
    else this.#settle.lost(error)
    this.#failAll(error)
  }

  #failAll(error: AgentOSError): void {
    const open = [...this.#sequences.values()]
    this.#sequences.clear()
    for (const { listener } of open) listener.fail(error)
  }
}

function confidenceOf(logProbabilities: readonly number[]): Confidence | undefined {
  if (logProbabilities.length === 0) return undefined
  const sum = logProbabilities.reduce((total, value) => total + value, 0)
  return { least: Math.exp(Math.min(...logProbabilities)), mean: Math.exp(sum / logProbabilities.length) }
}
