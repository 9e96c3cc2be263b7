/**
 * The actors of a local model: one that owns the engine, and with it the thread, and its supervisor.
 *
 * Invariants
 *   I1. When the thread is lost, the inference actor crashes and is started again with a new engine, after a growing wait. Requests that waited in
 *       its mailbox go to the new engine; those that had begun have failed with `INFERENCE_WORKER_LOST`.
 *   I2. Every started sequence hears `end` or `fail` exactly once, whatever happens to actor and thread.
 */
import { defineActor, type ActorRef, type ActorSystem, type RefOf } from "#actors/index.js"
import { AgentOSError } from "#actors/errors.js"
import { Engine, type EngineOptions, type SequenceListener, type SequenceRequest } from "./engine.js"

/** Who listens to the open sequences: streams of tokens go to them directly, not as messages. */
type Listeners = Map<number, SequenceListener>

// The wait grows to 5 s, so that the intensity is never reached: a model is worth trying again for ever.
const supervision = { intensity: { max: 100, withinMs: 10_000 }, backoff: { minMs: 50, maxMs: 5000 } }
const loadTimeoutMs = 60_000

function inferenceActor(options: EngineOptions, listeners: Listeners) {
  return defineActor({
    name: "inference",
    state: () => new Engine(options),
    started(ctx) {
      const engine = ctx.state
      ctx.run(() => engine.ended, "ended") // I1: its rejection is this actor's crash
    },
    receive: {
      ended() {},
      load(ctx) {
        const reply = ctx.defer<string>()
        ctx.state.load().then(
          (backend) => reply.reply(backend),
          (error: unknown) => reply.fail(error),
        )
        return reply
      },
      start(ctx, { id, request }: { id: number; request: SequenceRequest }) {
        const listener = listeners.get(id)
        if (listener === undefined) return
        try {
          ctx.state.start(id, request, listener)
        } catch (error) {
          listener.fail(AgentOSError.from(error))
        }
      },
      cancel(ctx, id: number) {
        ctx.state.cancel(id)
      },
    },
    stopping: (ctx) => ctx.state.stop(),
  })
}

type InferenceRef = RefOf<ReturnType<typeof inferenceActor>>

function supervisor(options: EngineOptions, listeners: Listeners) {
  return defineActor({
    name: "model",
    supervision,
    state: (): { inference: InferenceRef | undefined } => ({ inference: undefined }),
    started(ctx) {
      ctx.state.inference = ctx.spawn(inferenceActor(options, listeners), { name: "inference" })
    },
    receive: { inference: (ctx) => ctx.state.inference },
  })
}

/** A local model's engine behind its actors. */
export class Inference {
  readonly #system: ActorSystem
  readonly #supervisor: RefOf<ReturnType<typeof supervisor>>
  readonly #inference: Promise<InferenceRef>
  readonly #listeners: Listeners = new Map()
  #nextId = 1
  #stopped = false

  /** Spawns the actors; the thread starts with `load` or the first sequence. */
  constructor(system: ActorSystem, options: EngineOptions) {
    this.#system = system
    this.#supervisor = system.spawn(supervisor(options, this.#listeners))
    this.#inference = this.#supervisor.ask("inference") as Promise<InferenceRef>
    this.#inference.catch(() => undefined)
  }

  /** Sequences waiting or running. */
  get open(): number {
    return this.#listeners.size
  }

  /** Starts the thread and loads the model. @returns what computes @throws `INVALID_CHECKPOINT`, `BACKEND_MISSING`, `INFERENCE_WORKER_LOST` */
  async load(): Promise<string> {
    const inference: ActorRef<{ load(): string }> = await this.#inference
    return inference.with({ timeoutMs: loadTimeoutMs }).ask("load")
  }

  /** Begins a sequence. @returns its id, for `cancel` @throws `MODEL_STOPPED` */
  start(request: SequenceRequest, listener: SequenceListener): number {
    if (this.#stopped) throw stopped()
    const id = this.#nextId++
    this.#listeners.set(id, {
      token: (token) => listener.token(token),
      end: (reason, confidence) => {
        if (this.#listeners.delete(id)) listener.end(reason, confidence) // I2
      },
      fail: (error) => {
        if (this.#listeners.delete(id)) listener.fail(error)
      },
    })
    void this.#send(id, (inference) => inference.tell("start", { id, request }))
    return id
  }

  cancel(id: number): void {
    if (this.#listeners.has(id)) void this.#send(id, (inference) => inference.tell("cancel", id))
  }

  async stop(): Promise<void> {
    this.#stopped = true
    await this.#system.stopActor(this.#supervisor)
    for (const listener of [...this.#listeners.values()]) listener.fail(stopped()) // I2: what waited in the mailbox
  }

  async #send(id: number, tell: (inference: InferenceRef) => boolean): Promise<void> {
    const taken = await this.#inference.then(tell, () => false)
    if (!taken) this.#listeners.get(id)?.fail(stopped())
  }
}

const stopped = (): AgentOSError => new AgentOSError("MODEL_STOPPED", "the model was stopped")
