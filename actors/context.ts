/** What a handler is given: the cell of one incarnation, seen from inside. Once revoked, every use throws. */
import type { AnyDefinition, Sender, SpawnOptions, Task } from "./actor.js"
import { Ask, DeferredReply } from "./ask.js"
import { Bag } from "./bag.js"
import { anonymous, onward, type Cause } from "./cause.js"
import { Cell, causeOf, causeToPassOn, type Meta } from "./cell.js"
import { AgentOSError } from "./errors.js"
import { RefWith, type AnyRef, type Ref } from "./ref.js"
import type { ActorSystem } from "./system.js"
import { Limit } from "./timers.js"

export class Context {
  readonly #cell: Cell
  #abort: AbortController | undefined
  #timers: Set<Limit> | undefined
  /** One for each work begun by `run` that goes on; they are aborted with the actor's own. */
  #works: Bag<{ readonly stop: AbortController; place: number }> | undefined
  #revoked = false
  /** Works begun by `run` that have not ended; timers do not count. */
  tasks = 0

  constructor(cell: Cell) {
    this.#cell = cell
  }

  /** The cell, while this incarnation lives. */
  protected get cell(): Cell {
    if (this.#revoked)
      throw new AgentOSError(
        "ACTOR_STOPPED",
        `this incarnation of ${this.#cell.address} has ended; its context is of no use any more`,
      )
    return this.#cell
  }

  get state(): unknown {
    return this.cell.state
  }

  set state(state: unknown) {
    this.cell.state = state
  }

  get self(): Ref {
    return this.#cell
  }

  get system(): ActorSystem {
    return this.cell.system
  }

  get cause(): Cause {
    return causeOf(this.cell.current) ?? anonymous
  }

  get signal(): AbortSignal {
    return this.#controller.signal
  }

  get #controller(): AbortController {
    if (this.#abort === undefined) {
      this.#abort = new AbortController()
      if (this.#revoked) this.#abort.abort()
    }
    return this.#abort
  }

  tell(ref: unknown, type: string, payload?: unknown): boolean {
    return (ref as Ref).send(type, payload, causeToPassOn(this.cell.current))
  }

  ask(ref: unknown, type: string, payload?: unknown): Promise<never> {
    return ask(this.cell, this.cell.current, ref as Ref, type, payload)
  }

  spawn(definition: AnyDefinition, options?: SpawnOptions<unknown>): Ref {
    return this.cell.system.spawnUnder(this.cell, definition, options)
  }

  stop(child?: AnyRef): void {
    const cell = this.cell
    if (child === undefined) {
      cell.stoppedByItself = true
      cell.stopSoon()
    } else if (cellOf(child)?.parent === cell) void cellOf(child)?.stop()
  }

  watch(ref: AnyRef): void {
    const other = cellOf(ref)
    if (other !== undefined) this.cell.watch(other)
  }

  unwatch(ref: AnyRef): void {
    const other = cellOf(ref)
    if (other !== undefined) this.cell.unwatch(other)
  }

  run<T>(work: (signal: AbortSignal, sender: Sender) => Promise<T>, done: string, failed?: string): Task {
    const cell = this.cell
    const meta = cell.current
    const stop = new AbortController()
    // A listener that is taken off again costs a tenth of AbortSignal.any, and leaves nothing behind on a signal that lives longer.
    const callers = causeOf(meta)?.signal
    const follow = (): void => stop.abort(callers?.reason)
    if (callers?.aborted === true) follow()
    else callers?.addEventListener("abort", follow, { once: true })
    if (this.#abort?.signal.aborted === true) stop.abort(this.#abort.signal.reason)
    const works = (this.#works ??= new Bag())
    const task = { stop, place: 0 }
    works.add(task)
    const handler = indexOf(cell, done)
    const failure = failed === undefined ? undefined : indexOf(cell, failed)
    const sender = new TaskSender(meta)
    let dropped = false
    this.tasks += 1
    const end = (deliver: () => void): void => {
      this.tasks -= 1
      works.remove(task)
      callers?.removeEventListener("abort", follow)
      if (!dropped && !this.#revoked && cell.alive) deliver()
    }
    Promise.resolve()
      .then(() =>
        // Who takes no signal is not made one: it costs more than a small task.
        work.length === 0 ? (work as () => Promise<T>)() : work(stop.signal, sender as unknown as Sender),
      )
      .then(
        (value) => end(() => cell.put(handler, value, causeToPassOn(meta), true)),
        (error: unknown) =>
          end(() =>
            failure === undefined ? cell.crashed(error) : cell.put(failure, error, causeToPassOn(meta), true),
          ),
      )
    return {
      cancel: () => {
        if (failure !== undefined) dropped = true
        stop.abort(new AgentOSError("CANCELLED", "the task was cancelled"))
      },
    }
  }

  after(milliseconds: number, type: string, payload?: unknown): Task {
    const cell = this.cell
    const handler = indexOf(cell, type)
    const meta = causeToPassOn(cell.current)
    const timer = new Limit(() => {
      this.#timers?.delete(timer)
      cell.put(handler, payload, meta, true)
    })
    return this.#start(timer, milliseconds)
  }

  every(milliseconds: number, type: string, payload?: unknown): Task {
    const cell = this.cell
    const handler = indexOf(cell, type)
    const { wheel } = cell.system
    const timer = new Limit(() => {
      wheel.addAt(timer, Math.max(timer.deadline + milliseconds, wheel.now))
      cell.put(handler, payload, undefined, false)
    })
    return this.#start(timer, milliseconds)
  }

  /** A timer of this incarnation: it ends with it. */
  #start(timer: Limit, milliseconds: number): Task {
    const timers = (this.#timers ??= new Set())
    timers.add(timer)
    this.cell.system.wheel.add(timer, milliseconds)
    return {
      cancel: () => {
        timers.delete(timer)
        timer.cancel()
      },
    }
  }

  stash(): void {
    this.cell.stash()
  }

  unstashAll(): void {
    this.cell.unstashAll()
  }

  defer(): DeferredReply {
    const meta = this.cell.current
    return new DeferredReply(meta instanceof Ask ? meta : undefined)
  }

  /** Aborts the signal and ends the timers: the incarnation is about to end. */
  abort(): void {
    for (const timer of this.#timers ?? []) timer.cancel()
    this.#timers = undefined
    const reason = new AgentOSError("ACTOR_STOPPED", "the actor is stopping")
    this.#abort?.abort(reason)
    for (const { stop } of this.#works?.members() ?? []) stop.abort(reason)
  }

  revoke(): void {
    this.#revoked = true
  }
}

/** Sends for one message while its work goes on. */
class TaskSender {
  readonly #meta: Meta | undefined
  constructor(meta: Meta | undefined) {
    this.#meta = meta
  }
  get cause(): Cause {
    return causeOf(this.#meta) ?? anonymous
  }
  tell(ref: unknown, type: string, payload?: unknown): boolean {
    return (ref as Ref).send(type, payload, causeToPassOn(this.#meta))
  }
  ask(ref: unknown, type: string, payload?: unknown): Promise<never> {
    // The mailbox is free while the task waits, so this is no link in a chain of waiting actors.
    return (ref as Ref).request(type, payload, onward(causeOf(this.#meta)), undefined, undefined, undefined)
  }
}

function ask(cell: Cell, meta: Meta | undefined, ref: Ref, type: string, payload: unknown): Promise<never> {
  return ref.request(type, payload, causeToPassOn(meta), undefined, meta instanceof Ask ? meta : undefined, cell)
}

function indexOf(cell: Cell, type: string): number {
  const index = cell.compiled.indexes[type]
  if (index === undefined)
    throw new AgentOSError(
      "UNKNOWN_MESSAGE",
      `${cell.compiled.spec.name} has no handler ${JSON.stringify(type)}; it has: ${cell.compiled.types.join(", ")}`,
    )
  return index
}

/** The cell behind a ref, if it is an actor of this process. */
export function cellOf(ref: AnyRef): Cell | undefined {
  if (ref instanceof Cell) return ref
  return ref instanceof RefWith ? cellOf(ref.target) : undefined
}
