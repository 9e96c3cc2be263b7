/**
 * One error class for the whole house. A code says whether the same call may succeed later with nothing changed, and
 * whether the work was done. Each floor adds its own table of codes; `docs/errors.md` is generated from the tables.
 *
 * Invariants
 *   E1. Anything may be thrown: a Symbol, a revoked Proxy, an error whose message throws. To ask what it is or says
 *       (`instanceof AgentOSError`, `thrownText`, `errorOf`, `AgentOSError.from`) never throws. Nothing else turns a
 *       thrown value into text; a lint rule says so.
 *   E2. What a code says was done is said of the call that it was made for. Once it has left a handler, which had
 *       begun, it says "maybe" of the handler's call, unless the handler made it with `executed`.
 */

export const executions = ["no", "maybe", "yes"] as const
/** Was the work done? */
export type Executed = (typeof executions)[number]

export interface CodeSpec {
  /** May the same call succeed later with nothing changed by the caller? */
  readonly retryable: boolean
  /** Automatic retry only for "no", or with a command id. */
  readonly executed: Executed
  /** One line for the reference page. */
  readonly meaning: string
}

const registry = new Map<string, CodeSpec>()
/** Known from another thread; the floor that they are of has not been loaded in this one. */
const adopted = new Set<string>()

/** Adds a floor's codes. @throws TypeError when a code is taken */
export function defineErrors<const Table extends Readonly<Record<string, CodeSpec>>>(table: Table): Table {
  for (const [code, spec] of Object.entries(table)) {
    if (registry.has(code) && !adopted.delete(code)) throw new TypeError(`error code ${code} is defined twice`)
    registry.set(code, spec)
  }
  return table
}

/** Learns the codes that another thread knows. */
export function adoptErrors(codes: ReadonlyMap<string, CodeSpec>): void {
  for (const [code, spec] of codes) {
    if (registry.has(code)) continue
    registry.set(code, spec)
    adopted.add(code)
  }
}

/** Every code known so far, by name. */
export function errorCodes(): ReadonlyMap<string, CodeSpec> {
  return registry
}

/** The codes of the actor runtime. */
export const actorErrors = defineErrors({
  MAILBOX_FULL: {
    retryable: true,
    executed: "no",
    meaning: "The mailbox has reached its capacity and refuses messages.",
  },
  ASK_TIMEOUT: { retryable: true, executed: "maybe", meaning: "No reply came before the deadline of the ask." },
  ASK_CYCLE: {
    retryable: false,
    executed: "no",
    meaning: "The chain of asks already waits for this actor, which would wait for itself.",
  },
  ACTOR_STOPPED: {
    retryable: false,
    executed: "maybe",
    meaning: "The actor has stopped, or this incarnation of it was replaced.",
  },
  ACTOR_CRASHED: {
    retryable: true,
    executed: "maybe",
    meaning: "The handler threw; its supervisor decides what happens to the actor.",
  },
  SYSTEM_STOPPED: {
    retryable: false,
    executed: "no",
    meaning:
      "The system is stopping or has stopped. A run that it breaks off says what was done, and is retryable with its idempotency key: it goes on at the next start.",
  },
  UNKNOWN_MESSAGE: { retryable: false, executed: "no", meaning: "The actor has no handler of this name." },
  UNKNOWN_DEFINITION: {
    retryable: false,
    executed: "no",
    meaning: "No definition of this name was registered when the system was made.",
  },
  NAME_TAKEN: { retryable: false, executed: "no", meaning: "A sibling with this name is alive." },
  INVALID_NAME: {
    retryable: false,
    executed: "no",
    meaning: "A key, tenant, command id or other name is empty, too long, ill-formed or holds control characters.",
  },
  INVALID_ADDRESS: { retryable: false, executed: "no", meaning: "The text is not the address of an actor." },
  INVALID_DEFINITION: {
    retryable: false,
    executed: "no",
    meaning: "A definition contradicts itself or the limits of the runtime.",
  },
  INVALID_OPTION: {
    retryable: false,
    executed: "no",
    meaning:
      "What a call was given is not what it takes: a number (a time, a size) out of its range, say, or a ref to no actor.",
  },
  HANDLER_TIMEOUT: {
    retryable: true,
    executed: "maybe",
    meaning: "The handler's promise did not settle within its limit.",
  },
  CANCELLED: { retryable: false, executed: "maybe", meaning: "The caller cancelled." },
  DEADLINE_EXCEEDED: {
    retryable: true,
    executed: "no",
    meaning: "The deadline passed before the work began, or before the ask was sent.",
  },
  STASH_FULL: { retryable: true, executed: "no", meaning: "The stash of the actor has reached its capacity." },
  JOURNAL_FAILED: {
    retryable: true,
    executed: "maybe",
    meaning: "The journal did not confirm the events; whether they are durable is unknown.",
  },
  COMMAND_UNANSWERED: {
    retryable: false,
    executed: "yes",
    meaning:
      "The command was carried out, and no answer to it is kept: the life of the actor that deferred it ended before, a failure was told, or it was damaged in the store and set aside.",
  },
  RECOVERY_FAILED: {
    retryable: false,
    executed: "no",
    meaning:
      "The definition cannot make its state of what is stored: a fold or an upgrade throws, or an upgrade gives nothing or is lacking.",
  },
  SEQUENCE_CONFLICT: { retryable: true, executed: "no", meaning: "Another writer has appended to the same actor." },
  STALE_EPOCH: {
    retryable: false,
    executed: "no",
    meaning: "A newer owner of the actor has written; this one must stop.",
  },
  RECORD_DAMAGED: {
    retryable: false,
    executed: "no",
    meaning: "A stored record fails its checksum or cannot be read, or a store lacks what it acknowledged.",
  },
  RECORD_UNKNOWN: {
    retryable: false,
    executed: "no",
    meaning: "A stored record is of a newer format or names an unknown event.",
  },
  INVALID_PAYLOAD: {
    retryable: false,
    executed: "no",
    meaning: "The payload does not fit the schema that the definition gives for this message.",
  },
  INVALID_ANSWER: {
    retryable: false,
    executed: "yes",
    meaning:
      "The work was done, and what it gave is not what it may give: an answer that no other process can be given, no text of a topology's function, no part of an answer of a model.",
  },
  LINKED_CRASH: {
    retryable: true,
    executed: "maybe",
    meaning: "An actor that this one is linked to has crashed, and took it along.",
  },
  NOT_WATCHABLE: {
    retryable: false,
    executed: "no",
    meaning: "What the ref names cannot end, or its end cannot be seen from here.",
  },
  NO_ROUTEE: { retryable: true, executed: "no", meaning: "The router has nobody to pass the message to." },
  CIRCUIT_OPEN: {
    retryable: true,
    executed: "no",
    meaning: "The actor behind the circuit breaker failed too often; it is left alone for a while.",
  },
  THROTTLED: { retryable: true, executed: "no", meaning: "More messages than the rate limit allows." },
  WORKER_LOST: {
    retryable: true,
    executed: "maybe",
    meaning: "The worker thread that the actor lived on has ended.",
  },
  LEVEL_LOCKED: { retryable: true, executed: "no", meaning: "Another process owns the data folder." },
  DISK_FULL: { retryable: true, executed: "no", meaning: "The disk has no room for the write." },
  STORE_REFUSED: {
    retryable: false,
    executed: "no",
    meaning: "The store does not do this: it would lose what nothing else holds.",
  },
  STORE_FAILED: { retryable: false, executed: "maybe", meaning: "The store failed for another reason." },
})

export interface ErrorOptions {
  readonly cause?: unknown
  /** Plain data about what went wrong, for programs. */
  readonly details?: Readonly<Record<string, unknown>>
  /** The node it happened on, when it was not this one. */
  readonly node?: string
  /** What was done of the call that it answers, where more is known of it than its code says. */
  readonly executed?: Executed
  /** The same of whether it may be tried again: a code of another process need not be known in this one. */
  readonly retryable?: boolean
}

/** Errors that say themselves what was done, of a call that has ended with them (E2). */
const told = new WeakSet<AgentOSError>()

/**
 * What every refusal and failure of this system is. Its message says what was wrong, where, and what would be right.
 */
export class AgentOSError extends Error {
  override readonly name = "AgentOSError"
  readonly code: string
  readonly details: Readonly<Record<string, unknown>> | undefined
  readonly node: string | undefined
  /** What it says itself was done; undefined where its code does. */
  readonly says: Executed | undefined
  readonly #retryable: boolean | undefined

  constructor(code: string, message: string, options: ErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.code = code
    this.details = options.details
    this.node = options.node
    this.says = executions.find((word) => word === options.executed)
    this.#retryable = options.retryable
  }

  get retryable(): boolean {
    return this.#retryable ?? registry.get(this.code)?.retryable ?? false
  }

  get executed(): Executed {
    return this.says ?? registry.get(this.code)?.executed ?? "maybe"
  }

  /** E1: one whose message or code cannot be read is none. */
  static override [Symbol.hasInstance](value: unknown): boolean {
    try {
      if (!Function.prototype[Symbol.hasInstance].call(this, value)) return false
      const { code, message, stack } = value as { readonly [part: string]: unknown }
      return (
        typeof code === "string" && typeof message === "string" && (stack === undefined || typeof stack === "string")
      )
    } catch {
      return false
    }
  }

  /** Any thrown value as an AgentOSError; one that is already is returned as it is. */
  static from(thrown: unknown, code = "ACTOR_CRASHED"): AgentOSError {
    if (thrown instanceof AgentOSError) return thrown
    return new AgentOSError(code, thrownText(thrown), { cause: thrown })
  }
}

/** A call ends with it. */
export function tellsOfCall(error: unknown): void {
  if (error instanceof AgentOSError && error.says !== undefined) told.add(error)
}

/** What an error that has left a handler says to whoever asked (E2). */
export function ofHandler(error: unknown): unknown {
  if (!(error instanceof AgentOSError)) return error
  if (error.executed === "maybe" || (error.says !== undefined && !told.has(error))) return error
  return saying(error, "maybe")
}

/** The same, but for what it says was done; its cause is the error as it was. */
export function saying(error: AgentOSError, executed: Executed, retryable = error.retryable): AgentOSError {
  const { code, message, details, node } = error
  return new AgentOSError(code, message, {
    cause: error,
    executed,
    retryable,
    ...(details === undefined ? {} : { details }),
    ...(node === undefined ? {} : { node }),
  })
}

const mostThrownText = 10_000

/** What was thrown, as well-formed text, whatever it is (E1). */
export function thrownText(thrown: unknown): string {
  const text = totalText(thrown)
  return (text.length > mostThrownText ? `${text.slice(0, mostThrownText)}…` : text).toWellFormed()
}

/** What was thrown as an error; one that is already, and can be read, is returned as it is (E1). */
export function errorOf(thrown: unknown): Error {
  try {
    if (thrown instanceof Error && typeof thrown.message === "string" && typeof (thrown.stack ?? "") === "string")
      return thrown
  } catch {
    // It is not what it looks like.
  }
  return new Error(thrownText(thrown), { cause: thrown })
}

function totalText(thrown: unknown): string {
  try {
    if (thrown instanceof Error) {
      const { message, name } = thrown as { readonly message: unknown; readonly name: unknown }
      if (typeof message === "string" && message !== "") return message
      if (typeof name === "string" && name !== "") return name
    }
    return String(thrown) // eslint-disable-line no-restricted-syntax -- here, and nowhere else
  } catch {
    return `a value that has no text (${kindOf(thrown)})`
  }
}

function kindOf(value: unknown): string {
  try {
    return Object.prototype.toString.call(value).slice(8, -1)
  } catch {
    return typeof value
  }
}
