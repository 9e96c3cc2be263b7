/**
 * The context of one call of a handler of a persistent actor; works and closures that outlive the call go on with it.
 * What they persist is stored by itself, in its turn. A command with an id has another one (command-turn.ts).
 */
import { Ask, DeferredReply } from "../ask.js"
import type { Cell } from "../cell.js"
import { TurnContext } from "../context.js"
import { AgentOSError, ofHandler } from "../errors.js"
import { causeOf, type Message } from "../inbox.js"
import type { ActorRef } from "../ref.js"
import type { NewEvent } from "./journal.js"
import { checkedDelivery, type Delivery } from "./outbox.js"
import type { Persisted } from "./persisted.js"
import type { PersistedContext } from "./persisted-context.js"

/** Nobody is to be answered by the handler's result. */
export const SILENCE = new DeferredReply(undefined)

export class PersistedTurn extends TurnContext {
  readonly life: PersistedContext
  #refusal: { readonly refusal: Refusal; readonly error: AgentOSError } | undefined

  constructor(life: PersistedContext, cell: Cell, message: Message) {
    super(life, cell, message)
    this.life = life
  }

  override get state(): unknown {
    return (this.cell.state as Persisted).state
  }

  protected get traceId(): string | undefined {
    return causeOf(this.meta)?.traceId
  }

  persist(name: string, payload?: unknown): Promise<void> {
    try {
      return this.store([this.#persisted.event(name, payload)])
    } catch (error) {
      return this.#refused(error)
    }
  }

  persistAll(
    events: readonly { readonly name: string; readonly payload: unknown }[],
    ...deliveries: readonly Delivery[]
  ): Promise<void> {
    try {
      const persisted = this.#persisted
      return this.store([
        ...events.map(({ name, payload }) => persisted.event(name, payload)),
        ...deliveries.map((delivery) => {
          const event = persisted.delivery(delivery)
          this.life.system.checkType(delivery.to, delivery.type)
          return event
        }),
      ])
    } catch (error) {
      return this.#refused(error)
    }
  }

  deliver(ref: ActorRef<unknown>, type: string, payload?: unknown): Promise<void> {
    try {
      return this.persistAll([], checkedDelivery(ref, type, payload))
    } catch (error) {
      return this.#refused(error)
    }
  }

  #refused(thrown: unknown): Promise<void> {
    const error = AgentOSError.from(thrown, "INVALID_PAYLOAD") // of callers that are not typed
    const refusal = new Refusal((_, reject) => reject(error))
    void Promise.prototype.then.call(refusal, undefined, ended) // whether it was looked at is asked when the handler has ended
    this.#refusal = { refusal, error }
    return refusal
  }

  /** @throws what a persist was refused with, when the handler did not look at it: nothing is lost in silence */
  checkLooked(): void {
    if (this.#refusal?.refusal.looked === false) throw this.#refusal.error
  }

  /** @throws `ACTOR_STOPPED` when the life has ended */
  get #persisted(): Persisted {
    return this.cell.state as Persisted
  }

  /** @param events that nobody else holds */
  protected store(events: readonly NewEvent[]): Promise<void> {
    return this.life.appends.append(events, this.traceId, undefined)
  }

  override defer(): DeferredReply {
    const { meta } = this
    if (meta instanceof Ask) this.ongoing.owe(meta)
    return new DurableReply(this)
  }

  /** Answers an ask that was deferred, when what was persisted up to now is durable. */
  replyLater(value: unknown): void {
    const { meta } = this
    if (!(meta instanceof Ask)) return
    const { tail } = this.life.appends
    if (tail === undefined) meta.reply(value)
    else void tail.then(() => meta.reply(value), ended)
  }

  failLater(error: unknown): void {
    if (this.meta instanceof Ask) this.meta.fail(ofHandler(error))
  }

  /** Its actor cannot take it. */
  lose(type: string, why: AgentOSError): DeferredReply {
    this.refuse(why)
    this.system.deadLetter(this.self, type, this.meta, "stopped")
    return SILENCE
  }

  /** Tells whoever asked why it is not carried out. */
  refuse(why: unknown): DeferredReply {
    if (this.meta instanceof Ask) this.meta.fail(why)
    return SILENCE
  }
}

/** A failed write has ended the life, which tells those whom it owes an answer. */
export const ended = (): void => {}

/** A persist that was refused, and whether anybody has looked at it. */
class Refusal extends Promise<void> {
  static override get [Symbol.species](): PromiseConstructor {
    return Promise
  }

  looked = false

  override then<A, B>(
    onFulfilled?: ((value: void) => A | PromiseLike<A>) | null,
    onRejected?: ((reason: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    this.looked = true
    return super.then(onFulfilled, onRejected)
  }
}

/** What `ctx.defer` of a persistent actor gives: its reply waits for what was persisted before. */
class DurableReply extends DeferredReply {
  readonly #turn: PersistedTurn

  constructor(turn: PersistedTurn) {
    super(undefined)
    this.#turn = turn
  }

  override reply(value: unknown): void {
    this.#turn.replyLater(value)
  }

  override fail(error: unknown): void {
    this.#turn.failLater(error)
  }
}
