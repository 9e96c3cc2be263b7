/**
 * What travels with a message beside its payload: who began this, for whom, until when, and how to call it off. One
 * immutable object is shared along the whole chain of messages; a message begun by an anonymous program carries none
 * at all.
 *
 * Invariants
 *   C1. A command id belongs to the command it was given with: the receiver sees it, what the receiver sends on does
 *       not carry it. (Two commands to one entity from one handler would otherwise be taken for the same.)
 *   C2. A message from outside that its sender could not check is marked, until it is checked where it arrives: no
 *       handler sees the mark, save of actors that only hand on what they are sent.
 */

export const DEFAULT_TENANT = "default"

export interface Cause {
  /** W3C trace id, when someone traces. */
  readonly traceId?: string | undefined
  /** Who asks: an API key's id, a user, a node. */
  readonly caller?: string | undefined
  readonly tenant: string
  /** The moment on the monotonic clock when the answer is worth nothing any more. */
  readonly deadline?: number | undefined
  /** Aborts when the caller gave up. */
  readonly signal?: AbortSignal | undefined
  /** The same command sent again has the same id, and gets the first answer from a persistent actor. */
  readonly commandId?: string | undefined
  /** The payload comes from outside, and was not checked yet (C2). */
  readonly untrusted?: true | undefined
  /** Addresses of the actors that wait for the answer, first asker first. */
  readonly chain: readonly string[]
}

/** How a ref sends: given to `ref.with()`. */
export interface SendOptions {
  /** How long an ask waits; default 5,000. The deadline of the cause applies too, whichever is sooner. */
  readonly timeoutMs?: number | undefined
  readonly signal?: AbortSignal | undefined
  readonly commandId?: string | undefined
  /**
   * What an ask does while the mailbox is full: `refuse` (the default) rejects with `MAILBOX_FULL`, `wait` waits for
   * room until its deadline.
   */
  readonly whenFull?: "refuse" | "wait" | undefined
  /**
   * The payload comes from outside: it is held against the schema of its message, and refused with `INVALID_PAYLOAD`.
   */
  readonly untrusted?: boolean | undefined
  /** Who began this: for programs at the edge (the gateway), where no message is being handled. */
  readonly cause?: Partial<Pick<Cause, "traceId" | "caller" | "tenant" | "deadline" | "signal">> | undefined
}

/** The cause of what nobody in particular began. */
export const anonymous: Cause = Object.freeze({ tenant: DEFAULT_TENANT, chain: Object.freeze([]) })

/**
 * The cause of a message sent with these options; a mark (C2) is not taken over.
 * @param current the cause to go on with: a context has taken the command id out of it (C1)
 */
export function causeWith(options: SendOptions, current: Cause | undefined): Cause | undefined {
  const given = options.cause
  if ((given ?? options.signal ?? options.commandId ?? current?.untrusted) === undefined) return current
  const base = current ?? anonymous
  return {
    traceId: given?.traceId ?? base.traceId,
    caller: given?.caller ?? base.caller,
    tenant: given?.tenant ?? base.tenant,
    deadline: sooner(given?.deadline, base.deadline),
    signal: joined(joined(base.signal, given?.signal), options.signal),
    commandId: options.commandId ?? base.commandId,
    chain: base.chain,
  }
}

/** The cause of a message from outside that is checked where it arrives (C2). */
export const marked = (cause: Cause | undefined): Cause => ({ ...(cause ?? anonymous), untrusted: true })

/** The later options over the earlier ones; either signal aborts, and the sooner deadline applies. */
export function bothOf(earlier: SendOptions, later: SendOptions): SendOptions {
  const [a, b] = [earlier.cause, later.cause]
  const cause = { ...a, ...b, deadline: sooner(a?.deadline, b?.deadline), signal: joined(a?.signal, b?.signal) }
  return {
    timeoutMs: later.timeoutMs ?? earlier.timeoutMs,
    signal: joined(earlier.signal, later.signal),
    commandId: later.commandId ?? earlier.commandId,
    whenFull: later.whenFull ?? earlier.whenFull,
    untrusted: later.untrusted ?? earlier.untrusted,
    cause: a === undefined && b === undefined ? undefined : cause,
  }
}

/** What the receiver of a message passes on (C1). */
export function onward(cause: Cause | undefined): Cause | undefined {
  return cause?.commandId === undefined ? cause : { ...cause, commandId: undefined }
}

/** What an actor's own timers and works pass on: who began it, but neither until when nor how to call it off. */
export function later(cause: Cause | undefined): Cause | undefined {
  if (cause === undefined || (cause.deadline ?? cause.signal ?? cause.commandId) === undefined) return cause
  return { ...cause, deadline: undefined, signal: undefined, commandId: undefined }
}

function joined(a: AbortSignal | undefined, b: AbortSignal | undefined): AbortSignal | undefined {
  if (a === undefined || a === b) return b
  return b === undefined ? a : AbortSignal.any([a, b])
}

function sooner(a: number | undefined, b: number | undefined): number | undefined {
  if (a === undefined) return b
  return b === undefined ? a : Math.min(a, b)
}
