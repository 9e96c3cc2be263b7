/**
 * A ref: the only way to reach an actor. It is the same for an actor beside you, an entity that is not active, and
 * (later) an actor on another node.
 *
 * `tell` and `ask` on the ref itself are for programs outside; inside a handler send through the context (`ctx.tell`,
 * `ctx.ask`), which passes on who began this and until when.
 */
import { bothOf, type Cause, causeWith, marked, type SendOptions } from "./cause.js"
import { callersId, checkName } from "./names.js"
import { checkNumber, durationOrNever, moment } from "./numbers.js"
import type { Plain, RefMark } from "./plain.js"
import { checkObject, checkSignal, checkText, checkWord } from "./words.js"
import { AgentOSError } from "./errors.js"

/** The names of the messages of a protocol. */
export type MessageType<P> = keyof P & string

/** The payload of a message, as the arguments that follow its name. */
export type PayloadOf<P, K extends keyof P> = P[K] extends (...payload: infer Payload) => unknown ? Payload : never

/** What an ask of a message resolves to. */
export type ReplyOf<P, K extends keyof P> = P[K] extends (...payload: never[]) => infer Reply ? Answer<Reply> : never

type Answer<R> = Awaited<R> extends infer A ? (A extends Deferred<infer D> ? D : A) : never

declare const deferredReply: unique symbol

/**
 * A reply that a handler gives later: it returns this instead, and the ask stays open until `reply` or `fail` is
 * called (or its deadline passes).
 */
export interface Deferred<Reply> {
  readonly [deferredReply]?: Reply
  reply(value: Reply): void
  fail(error: unknown): void
}

/** The protocol that a map of handlers speaks. */
export type ProtocolOf<Handlers> = {
  readonly [K in keyof Handlers]: Handlers[K] extends (context: never, ...payload: infer Payload) => infer Reply
    ? (...payload: { [I in keyof Payload]: Plain<Payload[I]> }) => Reply
    : never
}

declare const speaks: unique symbol

export interface ActorRef<P> extends RefMark {
  /** Only for the types: a ref stands for another only if it understands all of its messages. */
  readonly [speaks]?: { readonly [K in keyof P]: (...payload: PayloadOf<P, K>) => ReplyOf<P, K> }
  /** Where it lives, as text (`parseAddress` reads it). Two refs with the same address reach the same actor. */
  readonly address: string
  /**
   * Puts a message into the mailbox. False when the mailbox refused it or the actor has stopped.
   * @throws {AgentOSError} `UNKNOWN_MESSAGE`
   */
  tell<K extends MessageType<P>>(type: K, ...payload: PayloadOf<P, K>): boolean
  /**
   * Sends a message and waits for what its handler returns.
   * @throws {AgentOSError} (as rejection) `ASK_TIMEOUT`, `MAILBOX_FULL`, `ACTOR_STOPPED`, `CANCELLED`,
   * `UNKNOWN_MESSAGE`; the handler's own error, or `ACTOR_CRASHED` with it as its cause
   */
  ask<K extends MessageType<P>>(type: K, ...payload: PayloadOf<P, K>): Promise<ReplyOf<P, K>>
  /**
   * The same ref, sending with these options.
   * @throws {AgentOSError} `INVALID_NAME` for a command id or tenant that is none, `INVALID_OPTION` for a time
   */
  with(options: SendOptions): ActorRef<P>
}

/**
 * An actor's own ref, as its handlers see it. Types cannot know the protocol inside its own definition; it fits
 * wherever a ref is wanted: `const me: ActorRef<MyProtocol> = ctx.self`.
 */
export interface SelfRef extends RefMark {
  readonly address: string
  tell(type: string, ...payload: unknown[]): boolean
  /**
   * For programs that were given the ref, as with every ref. A handler that wants to ask itself would wait for ever:
   * `ctx.ask(ctx.self, ...)` says so at once, with `ASK_CYCLE`; this cannot tell who asks, and ends at the deadline.
   */
  ask(type: string, ...payload: unknown[]): Promise<never>
  with(options: SendOptions): SelfRef
}

/** Any ref, whatever its protocol: to watch, to stop, to compare. */
export interface AnyRef extends RefMark {
  readonly address: string
}

/** An ask that is open, as seen by the asks it leads to: a link in the chain of actors that wait for each other. */
export interface OpenAsk {
  /** The actor that waits; undefined for a program outside. */
  readonly asker: object | undefined
  /** The ask that the asker is serving meanwhile. */
  readonly serving: OpenAsk | undefined
  /** When it is given up, on the monotonic clock. */
  readonly deadline: number
}

/** How one ask waits. */
export interface AskOptions {
  readonly timeoutMs?: number | undefined
  readonly whenFull?: "refuse" | "wait" | undefined
  /** What is done with the answer the moment it is given. */
  readonly answered?: ((answer: unknown) => unknown) | undefined
}

/** How the runtime sees every ref: what is sent comes with the cause it belongs to. */
export abstract class Ref implements SelfRef {
  abstract readonly address: string

  abstract send(type: string, payload: unknown, cause: Cause | undefined): boolean

  /** Opens an ask on behalf of `asker`, which is serving the ask `serving`. */
  abstract request(
    type: string,
    payload: unknown,
    cause: Cause | undefined,
    options: AskOptions | undefined,
    serving: OpenAsk | undefined,
    asker: object | undefined,
  ): Promise<never>

  tell(type: string, payload?: unknown): boolean {
    return this.send(type, payload, undefined)
  }

  ask(type: string, payload?: unknown): Promise<never> {
    return this.request(type, payload, undefined, undefined, undefined, undefined)
  }

  with(options: SendOptions): Ref {
    return new RefWith(this, checkedOptions(options))
  }

  /**
   * Whether `check` knows on this side what the messages look like. What is sent to a ref that does not bears the mark
   * `untrusted` in its cause, and is checked where it arrives (`checking`).
   */
  get checks(): boolean {
    return true
  }

  /**
   * Holds a payload against the schema of its message, where there is one.
   * @throws {AgentOSError} `INVALID_PAYLOAD`, `UNKNOWN_MESSAGE`
   */
  check(_type: string, payload: unknown): unknown {
    return payload
  }
}

/** A ref as it lies in a store: its address, until whoever reads the store makes a ref of it again. */
export class StoredRef {
  readonly address: string

  constructor(address: string) {
    this.address = address
  }
}

/** A ref that is found by its address on every node, and so is sent by it: of an entity, wherever that is active. */
export abstract class AddressedRef extends Ref {
  abstract readonly tenant: string
  abstract readonly type: string
  abstract readonly key: string
}

/** Whether two refs reach the same actor: the same object, or the same entity. */
export function isSameActor(one: object, other: object): boolean {
  if (one === other) return true
  if (!(one instanceof AddressedRef && other instanceof AddressedRef)) return false
  return one.key === other.key && one.type === other.type && one.tenant === other.tenant
}

/** A ref that stands before another one, and passes on what it likes. */
export abstract class RefBefore extends Ref {
  /** The ref it sends to. */
  readonly target: Ref

  constructor(target: Ref) {
    super()
    this.target = target
  }

  get address(): string {
    return this.target.address
  }

  override get checks(): boolean {
    return this.target.checks
  }

  override check(type: string, payload: unknown): unknown {
    return this.target.check(type, payload)
  }
}

function checkedOptions(options: SendOptions): SendOptions {
  checkObject("INVALID_OPTION", "what a ref sends with", options ?? null)
  const { commandId, timeoutMs, whenFull, signal, cause } = options
  checkWord("INVALID_OPTION", "whenFull", whenFull, ["refuse", "wait"])
  checkSignal("INVALID_OPTION", "signal", signal)
  checkObject("INVALID_OPTION", "cause", cause)
  checkText("INVALID_OPTION", "cause.traceId", cause?.traceId)
  checkText("INVALID_OPTION", "cause.caller", cause?.caller)
  checkSignal("INVALID_OPTION", "cause.signal", cause?.signal)
  if (timeoutMs !== undefined) checkNumber("INVALID_OPTION", "timeoutMs", timeoutMs, durationOrNever)
  if (cause?.deadline !== undefined) checkNumber("INVALID_OPTION", "cause.deadline", cause.deadline, moment)
  if (cause !== undefined) checkCause(cause)
  if (commandId === undefined) return options
  const id = callersId(checkName("a command id", commandId))
  return id === commandId ? options : { ...options, commandId: id }
}

/** What a cause names that stands in records and keys. @throws {AgentOSError} `INVALID_NAME` */
export function checkCause({ tenant, commandId }: Partial<Pick<Cause, "tenant" | "commandId">>): void {
  if (tenant !== undefined) checkName("a tenant", tenant)
  if (commandId !== undefined) checkName("a command id", commandId)
}

/** A ref with options of its own; they are laid over the cause of the message that is being handled. */
export class RefWith extends RefBefore {
  readonly #options: SendOptions

  constructor(target: Ref, options: SendOptions) {
    super(target)
    this.#options = options
  }

  /**
   * Options laid over options are one layer: two would be two senders, and what one passes on carries no command id.
   */
  override with(options: SendOptions): Ref {
    return new RefWith(this.target, bothOf(this.#options, checkedOptions(options)))
  }

  send(type: string, payload: unknown, cause: Cause | undefined): boolean {
    const whole = causeWith(this.#options, cause)
    if (!this.#isFromOutside(cause)) return this.target.send(type, payload, whole)
    if (!this.target.checks) return this.target.send(type, payload, marked(whole))
    return this.target.send(type, this.target.check(type, payload), whole)
  }

  request(
    type: string,
    payload: unknown,
    cause: Cause | undefined,
    options: AskOptions | undefined,
    serving: OpenAsk | undefined,
    asker: object | undefined,
  ): Promise<never> {
    const { timeoutMs = options?.timeoutMs, whenFull = options?.whenFull } = this.#options
    const how = { timeoutMs, whenFull, answered: options?.answered }
    let whole = causeWith(this.#options, cause)
    let checked = payload
    try {
      if (this.#isFromOutside(cause)) {
        if (this.target.checks) checked = this.target.check(type, payload)
        else whole = marked(whole)
      }
    } catch (error) {
      return Promise.reject(error)
    }
    return this.target.request(type, checked, whole, how, serving, asker)
  }

  #isFromOutside(cause: Cause | undefined): boolean {
    return this.#options.untrusted === true || cause?.untrusted === true
  }

  /**
   * A payload that is kept first, and sent later by somebody else.
   * @throws {AgentOSError} `INVALID_PAYLOAD`; `INVALID_OPTION` where its schema is not known
   */
  screened(type: string, payload: unknown): unknown {
    if (this.#options.untrusted !== true) return payload
    if (this.checks) return this.check(type, payload)
    throw new AgentOSError(
      "INVALID_OPTION",
      `what ${this.address} takes is not known on this thread: a payload from outside can be sent there, and not be kept for it`,
    )
  }
}

/**
 * A ref for a message that may be marked as one from outside: it is held against its schema by this ref, or goes on
 * with the mark.
 */
export const checking = (ref: Ref, cause: Cause | undefined): Ref =>
  cause?.untrusted === true ? new RefWith(ref, {}) : ref
