/**
 * What a user writes: a definition is a name, a state factory and a map of handlers. Types flow from it to every ref.
 *
 * A thrown error is a crash and goes to the supervisor; an expected refusal is a reply. One message at a time: a
 * handler that returns a promise holds its mailbox until the promise settles; long work belongs into `ctx.run`.
 */
import type { Cell } from "./cell.js"
import type { Cause } from "./cause.js"
import { MOST_HANDLERS, type MessageSchema } from "./compiled.js"
import type { Context } from "./context.js"
import { AgentOSError } from "./errors.js"
import { OVERFLOWS, type Overflow } from "./mailbox.js"
import { byName } from "./names.js"
import { checkNumbers, count, durationOrNever, periodOrNever, positiveOrAll } from "./numbers.js"
import type { ActorRef, AnyRef, Deferred, MessageType, PayloadOf, ProtocolOf, ReplyOf, SelfRef } from "./ref.js"
import { checkSupervision, type ChildKind, type Exit, type Supervision } from "./supervision.js"
import type { ActorSystem } from "./system.js"
import { checkObject, checkOptions, checkText, checkWord } from "./words.js"

/** Handlers, by message type: the context, at most one payload, and the reply or a promise of it. */
export type HandlersOf<State> = {
  readonly [type: string]: (ctx: ActorContext<State>, payload: never) => unknown
}

/** Why an actor has ended. */
export type EndReason = Exit

export interface MailboxOptions {
  /** How many messages may wait; default 65,536. */
  readonly capacity?: number
  /** How many bytes may wait, by estimate; default no limit. Costs a look at each payload. */
  readonly bytes?: number
  /**
   * What happens to one message too many; default `reject`: `tell` answers false, `ask` rejects with `MAILBOX_FULL`.
   */
  readonly overflow?: Overflow
  /** Messages that overtake all others that wait. */
  readonly urgent?: readonly string[]
}

export interface ActorSpec<State, Handlers, Init = undefined> {
  /** Stable: stored on disk, sent on the wire. */
  readonly name: string
  /** Makes the state of a new incarnation, at spawn and at each restart. */
  readonly state: (init: Init) => State
  /** One handler per message; at most 254. */
  readonly receive: Handlers
  /** Runs before the first message of each incarnation; messages wait until its promise settles. */
  readonly started?: (ctx: ActorContext<State>) => void | Promise<void>
  /** A watched actor has ended. */
  readonly ended?: (ctx: ActorContext<State>, ref: AnyRef, reason: EndReason) => void | Promise<void>
  /** Runs after the children have stopped, before this actor ends in order. */
  readonly stopping?: (ctx: ActorContext<State>) => void | Promise<void>
  /** How it treats the children it spawns; default one-for-one, at most 10 restarts in 10 seconds. */
  readonly supervision?: Partial<Supervision>
  readonly mailbox?: MailboxOptions
  /**
   * Messages that are handled even while the promise of another handler holds the mailbox. Between its awaits such a
   * handler sees the state of the other halfway.
   */
  readonly reentrant?: readonly (keyof NoInfer<Handlers> & string)[]
  /**
   * What payloads look like, by message (zod or any other Standard Schema): checked where they come from outside
   * (`untrusted`).
   */
  readonly schemas?: { readonly [type in keyof NoInfer<Handlers>]?: MessageSchema }
  /** How long a handler's promise may hold the mailbox; default 60,000. */
  readonly handlerTimeoutMs?: number
  /** How long a handler may go on after its actor was told to stop, and `stopping` may take; default the system's. */
  readonly shutdownTimeoutMs?: number
  /** An entity that got no message for so long is stopped until its next one; default 120,000, `Infinity`: never. */
  readonly passivateAfterMs?: number
  /** `import.meta.url` of the module that exports the definition, for actors that may run on a worker thread. */
  readonly module?: string
  /**
   * Its actors live on worker threads, and `module` says where those find the definition; default: on the thread that
   * spawns them.
   */
  readonly placement?: "worker"
}

const mailboxOptions: Readonly<Record<keyof MailboxOptions, true>> = {
  capacity: true,
  bytes: true,
  overflow: true,
  urgent: true,
}

const options: Readonly<Record<keyof ActorSpec<unknown, never>, true>> = {
  name: true,
  state: true,
  receive: true,
  started: true,
  ended: true,
  stopping: true,
  supervision: true,
  mailbox: true,
  reentrant: true,
  schemas: true,
  handlerTimeoutMs: true,
  shutdownTimeoutMs: true,
  passivateAfterMs: true,
  module: true,
  placement: true,
}

declare const types: unique symbol

/** A kind of actor. `P` is the protocol its refs speak, `Init` what its state factory is given. */
export interface ActorDefinition<P, Init = undefined> {
  readonly name: string
  readonly [types]?: { readonly protocol: P; readonly init: Init }
  /** What the runtime reads; its types are checked where the definition is made. */
  readonly spec: ErasedSpec
}

/** A spec with its types put aside: handlers and state fit each other by construction. */
export interface ErasedSpec extends Omit<
  ActorSpec<unknown, Readonly<Record<string, ErasedHandler>>, never>,
  "started" | "ended" | "stopping" | "state" | "reentrant" | "schemas"
> {
  readonly reentrant?: readonly string[]
  readonly schemas?: Readonly<Record<string, MessageSchema>>
  readonly state: (init: unknown) => unknown
  readonly started?: (ctx: Context) => unknown
  readonly ended?: (ctx: Context, ref: AnyRef, reason: EndReason) => unknown
  readonly stopping?: (ctx: Context) => unknown
  /** Another context than the usual one: how persistent actors come by `ctx.persist`. */
  readonly context?: (cell: Cell) => Context
  /** Its state is kept under the key of an entity: it cannot be spawned. */
  readonly persistent?: boolean
  /** Payloads go on to another thread or process: what cannot travel is refused when it is sent. */
  readonly carried?: boolean
  /** What it is sent goes on to others: by their schemas messages from outside are held. */
  readonly handsOn?: boolean
}

export type ErasedHandler = (ctx: Context, payload: unknown) => unknown

/** Any definition, whatever it understands. */
export interface AnyDefinition {
  readonly name: string
  readonly spec: ErasedSpec
}

/** The ref type of a definition: `RefOf<typeof Counter>`. */
export type RefOf<Definition> = Definition extends { readonly [types]?: { readonly protocol: infer P } }
  ? ActorRef<P>
  : never

export interface SpawnOptions<Init = undefined> {
  /** Unique among the living siblings; without one the actor is known by its incarnation number. */
  readonly name?: string
  /** Given to the state factory, again at each restart. */
  readonly init?: Init
  /** When its supervisor starts it again; default `transient`. */
  readonly kind?: ChildKind
  readonly mailbox?: Pick<MailboxOptions, "capacity" | "overflow">
  /** Instead of the definition's. */
  readonly shutdownTimeoutMs?: number
  /** Instead of the definition's, for the children of this actor. */
  readonly supervision?: Partial<Supervision>
  /** This one lives on a worker thread; the definition must say its `module`. */
  readonly placement?: "worker"
}

export const spawnOptions: Readonly<Record<keyof SpawnOptions, true>> = {
  name: true,
  init: true,
  kind: true,
  mailbox: true,
  shutdownTimeoutMs: true,
  supervision: true,
  placement: true,
}

/** `init` is asked for exactly when the state factory takes one. */
export type SpawnArguments<Init> = undefined extends Init
  ? [options?: SpawnOptions<Init>]
  : [options: SpawnOptions<Init> & { readonly init: Init }]

/** Work that runs beside the mailbox. */
export interface Task {
  /** Aborts its signal; its result is dropped. */
  cancel(): void
}

export interface RunOptions {
  /**
   * Goes on when the caller cancels, and what its sender asks has neither the caller's deadline nor its signal;
   * default false.
   */
  readonly detached?: boolean
}

/** Sends on behalf of one message, for as long as its work takes. */
export interface Sender {
  readonly cause: Cause
  tell<P, K extends MessageType<P>>(ref: ActorRef<P>, type: K, ...payload: PayloadOf<P, K>): boolean
  tell(ref: SelfRef, type: string, payload?: unknown): boolean
  ask<P, K extends MessageType<P>>(ref: ActorRef<P>, type: K, ...payload: PayloadOf<P, K>): Promise<ReplyOf<P, K>>
}

/** What a handler is given. It belongs to one incarnation: after that has ended, every use throws `ACTOR_STOPPED`. */
export interface ActorContext<State> extends Sender {
  state: State
  readonly self: SelfRef
  readonly system: ActorSystem
  /** Who began the message being handled, for whom and until when. */
  readonly cause: Cause
  /** Aborts when this incarnation stops. */
  readonly signal: AbortSignal
  spawn<P, Init>(definition: ActorDefinition<P, Init>, ...options: SpawnArguments<Init>): ActorRef<P>
  /**
   * Stops a child, or without one this actor after the current message.
   * @throws {AgentOSError} `INVALID_OPTION` for what is no actor (an entity, a pool)
   */
  stop(child?: AnyRef): void
  /**
   * Asks for `ended` when that actor ends for good (a restart is no end); at once when it already has. Entities never
   * end, and cannot be watched.
   */
  watch(ref: AnyRef): void
  unwatch(ref: AnyRef): void
  /** From now on a crash of one is a crash of both; a stop is not. */
  link(ref: AnyRef): void
  unlink(ref: AnyRef): void
  /**
   * Work that does not hold the mailbox. Its result comes back as the message `done`, only to this incarnation,
   * whatever became of its caller; its error as the message `failed`, or as a crash when none is named. The signal
   * aborts when this incarnation stops, the task is cancelled or, unless the work is detached, the caller cancels.
   */
  run<T>(
    work: (signal: AbortSignal, sender: Sender) => Promise<T>,
    done: string,
    failed?: string,
    options?: RunOptions,
  ): Task
  /** Sends itself a message after so many milliseconds. */
  after(milliseconds: number, type: string, payload?: unknown): Task
  /** Sends itself a message every so many milliseconds; a tick is skipped while the mailbox is full. */
  every(milliseconds: number, type: string, payload?: unknown): Task
  /**
   * Puts the current message aside until `unstashAll`.
   * @throws {AgentOSError} `STASH_FULL`; `INVALID_DEFINITION` where no message is handled, as in `started`, or its
   * handler has ended, and for one that was put aside already
   */
  stash(): void
  /** Puts the stashed messages before all waiting ones, in their order. */
  unstashAll(): void
  /** The reply to the current ask is given later: the handler returns this. */
  defer<Reply>(): Deferred<Reply>
}

/**
 * Defines a kind of actor.
 * @throws {AgentOSError} `INVALID_DEFINITION`
 */
export function defineActor<State, Handlers extends HandlersOf<State>, Init = undefined>(
  spec: ActorSpec<State, Handlers, Init>,
): ActorDefinition<ProtocolOf<Handlers>, Init> {
  checkOptions("INVALID_DEFINITION", titleOf(spec), spec, options)
  return checkedDefinition<ProtocolOf<Handlers>, Init>(spec as unknown as ErasedSpec)
}

/** What it is called in errors, and that it can be. @throws {AgentOSError} `INVALID_DEFINITION` */
export function titleOf(spec: { readonly name: string }): string {
  checkObject("INVALID_DEFINITION", "the definition of an actor", spec ?? null)
  checkText("INVALID_DEFINITION", "the name of an actor", spec.name ?? null)
  return `actor ${JSON.stringify(spec.name)}`
}

/**
 * The numbers that a definition and the options of a spawn have in common.
 * @throws {AgentOSError} `INVALID_DEFINITION`
 */
export function checkNumbersOfLife(
  where: string,
  {
    mailbox,
    shutdownTimeoutMs,
    supervision,
  }: Pick<SpawnOptions<unknown>, "mailbox" | "shutdownTimeoutMs" | "supervision">,
): void {
  checkNumbers("INVALID_DEFINITION", where, { shutdownTimeoutMs }, { shutdownTimeoutMs: durationOrNever })
  checkOptions("INVALID_DEFINITION", `${where}mailbox`, mailbox, mailboxOptions)
  checkNumbers("INVALID_DEFINITION", `${where}mailbox.`, mailbox, { capacity: count })
  checkWord("INVALID_DEFINITION", `${where}mailbox.overflow`, mailbox?.overflow, OVERFLOWS)
  if (supervision !== undefined) checkSupervision(where, supervision)
}

/** A definition from a spec whose types were checked by whoever made it. */
export function checkedDefinition<P, Init>(spec: ErasedSpec): ActorDefinition<P, Init> {
  checkObject("INVALID_DEFINITION", `actor ${JSON.stringify(spec.name)}: receive`, spec.receive ?? null)
  const names = Object.keys(spec.receive)
  const wrong = (what: string) => new AgentOSError("INVALID_DEFINITION", `actor ${JSON.stringify(spec.name)}: ${what}`)
  if (!/^[A-Za-z][A-Za-z0-9._-]{0,99}$/.test(spec.name)) {
    throw wrong("a name is a letter, then up to 99 letters, digits, dots, dashes or underscores")
  }
  if (names.length > MOST_HANDLERS)
    throw wrong(
      `it has ${names.length} handlers; a mailbox keeps the handler's number in one byte: at most ${MOST_HANDLERS}`,
    )
  const odd = names.find((name) => typeof spec.receive[name] !== "function")
  if (odd !== undefined) throw wrong(`receive.${odd} is not a function`)
  const illFormed = names.find((name) => !name.isWellFormed())
  if (illFormed !== undefined)
    throw wrong(
      `the message ${JSON.stringify(illFormed)} holds half of a surrogate pair: no other node or record would know it`,
    )
  checkWord("INVALID_DEFINITION", `actor ${JSON.stringify(spec.name)}: placement`, spec.placement, ["worker"])
  if (spec.placement === "worker" && spec.module === undefined)
    throw wrong('placement: "worker" needs module: import.meta.url, and that module must export the definition')
  const where = `actor ${JSON.stringify(spec.name)}: `
  checkNumbers("INVALID_DEFINITION", where, spec, { handlerTimeoutMs: periodOrNever, passivateAfterMs: periodOrNever })
  checkNumbers("INVALID_DEFINITION", `${where}mailbox.`, spec.mailbox, { bytes: positiveOrAll })
  checkNumbersOfLife(where, spec)
  checkObject("INVALID_DEFINITION", `${where}schemas`, spec.schemas)
  const unknown = [...(spec.mailbox?.urgent ?? []), ...(spec.reentrant ?? []), ...Object.keys(spec.schemas ?? {})].find(
    (name) => !names.includes(name),
  )
  if (unknown !== undefined)
    throw wrong(`${JSON.stringify(unknown)} is named as urgent, reentrant or with a schema, but has no handler`)
  const { schemas } = spec
  return { name: spec.name, spec: schemas === undefined ? spec : { ...spec, schemas: byName(schemas) } }
}
