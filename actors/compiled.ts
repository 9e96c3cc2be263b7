/**
 * A definition made ready to run: handlers by number, numbers by name, and what the runtime decides per message looked
 * up beforehand.
 *
 * Invariants
 *   D1. A handler's number is its place among the definition's handlers, from 1; 0 means none. It never leaves the
 *       process: the wire carries names.
 */
import type { ErasedHandler, ErasedSpec } from "./actor.js"
import { DeferredReply, unanswerable } from "./ask.js"
import { AgentOSError, thrownText } from "./errors.js"
import { DEFAULT_CAPACITY, type Overflow } from "./mailbox.js"
import type { DefinitionMeter } from "./meter.js"
import { frozenCopy, keptCopy } from "./plain.js"

/** Most handlers of a definition: a mailbox keeps the number in a byte, and one is the runtime's own. */
export const MOST_HANDLERS = 254

/** What is out of the ordinary about a message type. */
export const lanes = { urgent: 1, reentrant: 2 } as const

export class Compiled {
  readonly spec: ErasedSpec
  readonly types: readonly string[]
  readonly handlers: readonly ErasedHandler[]
  readonly capacity: number
  /** Most bytes that may wait; Infinity for no limit. */
  readonly bytes: number
  /** Whether a message may wait in the cell itself: it is not weighed there. */
  readonly inline: boolean
  readonly overflow: Overflow
  /** By a handler's number; undefined when all messages are ordinary. */
  readonly lanes: Uint8Array | undefined
  /**
   * Whether payloads are copied when they are sent, as they go elsewhere, or as if they did; those of the latter kind
   * are frozen, too.
   */
  readonly isolated: boolean
  readonly #freezes: boolean
  /** Makes of a deferred answer what it would be in another process; set where actors are isolated. */
  readonly answerCopy: ((answer: unknown) => unknown) | undefined
  /** Messages handled by actors of this definition. */
  handled = 0
  /** Set while somebody measures. */
  meter: DefinitionMeter | undefined = undefined
  readonly #numbers: Map<string, number>
  /**
   * The type looked up last: most definitions get the same one again and again, and comparing costs a tenth of looking
   * up.
   */
  #lastType: string | undefined = undefined
  #lastNumber = 0

  constructor(spec: ErasedSpec, isolated = false) {
    this.spec = spec
    this.isolated = isolated || spec.carried === true
    this.#freezes = isolated
    this.answerCopy = isolated ? (answer) => frozenCopy(answer, () => `a deferred answer of ${spec.name}`) : undefined
    this.types = Object.keys(spec.receive)
    this.handlers = this.types.map((type) => {
      const handler = spec.receive[type] as ErasedHandler
      return isolated
        ? isolatedHandler(handler, `the answer of ${spec.name}.${type}`, spec.persistent === true)
        : handler
    })
    this.#numbers = new Map(this.types.map((type, i) => [type, i + 1]))
    this.capacity = spec.mailbox?.capacity ?? DEFAULT_CAPACITY
    this.bytes = spec.mailbox?.bytes ?? Infinity
    this.inline = this.bytes === Infinity
    this.overflow = spec.mailbox?.overflow ?? "reject"
    const urgent = new Set(spec.mailbox?.urgent)
    const reentrant = new Set(spec.reentrant)
    if (urgent.size + reentrant.size > 0 || this.isolated)
      this.lanes = Uint8Array.from(["", ...this.types], (type) =>
        urgent.has(type) ? lanes.urgent : reentrant.has(type) ? lanes.reentrant : 0,
      )
  }

  /** The number of the handler of a message type. @throws {AgentOSError} `UNKNOWN_MESSAGE` */
  number(type: string): number {
    if (type === this.#lastType) return this.#lastNumber
    const number = this.#numbers.get(type)
    if (number === undefined)
      throw new AgentOSError(
        "UNKNOWN_MESSAGE",
        `${this.spec.name} has no handler ${typeof type === "string" ? JSON.stringify(type) : thrownText(type)}; it has: ${this.types.filter((own) => !own.startsWith("$")).join(", ")}`,
      )
    this.#lastType = type
    this.#lastNumber = number
    return number
  }

  /** @param handler its number */
  typeOf(handler: number): string {
    return this.types[handler - 1] ?? ""
  }

  /**
   * @param handler its number
   * @returns the payload of a message as it would arrive from another process
   * @throws `INVALID_PAYLOAD`
   */
  isolate(handler: number, payload: unknown): unknown {
    const title = (): string => `${this.spec.name}.${this.typeOf(handler)}`
    return this.#freezes ? frozenCopy(payload, title) : keptCopy(payload, title)
  }

  isReentrant(type: string): boolean {
    return this.lanes !== undefined && this.lanes[this.number(type)] === lanes.reentrant
  }

  /**
   * Holds a payload against the schema of its message, where the definition gives one.
   * @returns the payload as the schema left it
   * @throws {AgentOSError} `INVALID_PAYLOAD` naming each fault
   */
  checked(type: string, payload: unknown): unknown {
    this.number(type)
    const schema = this.spec.schemas?.[type]
    if (schema === undefined) return payload
    const judged = this.#judged(schema, type, payload)
    if (judged.faults === undefined) return judged.value
    throw new AgentOSError("INVALID_PAYLOAD", `${this.spec.name}.${type}: ${judged.faults.join("; ")}`)
  }

  /** What the schema says, whatever it does: one that throws at a payload refuses it. */
  #judged(
    schema: MessageSchema,
    type: string,
    payload: unknown,
  ): { readonly value?: unknown; readonly faults?: readonly string[] } {
    let result: ReturnType<MessageSchema["~standard"]["validate"]>
    try {
      result = schema["~standard"].validate(payload)
      if (!(result instanceof Promise || "then" in result)) {
        if (result.issues === undefined) return { value: result.value }
        return { faults: result.issues.map(({ message, path }) => `${pathText(path)}${message}`) }
      }
    } catch (error) {
      return { faults: [`its schema throws: ${thrownText(error)}`] }
    }
    Promise.resolve(result).catch(() => {}) // nobody waits for what it would say
    throw new AgentOSError("INVALID_DEFINITION", `${this.spec.name}.${type}: a schema that checks asynchronously`)
  }
}

/** Its answer is copied and frozen, too. @param commands with an id are undone when their answer cannot be given */
function isolatedHandler(handler: ErasedHandler, title: string, commands: boolean): ErasedHandler {
  return (ctx, payload) => {
    const isolate = (reply: unknown): unknown => {
      if (reply instanceof DeferredReply) return reply
      try {
        return frozenCopy(reply, () => title)
      } catch (error) {
        throw commands && ctx.cause.commandId !== undefined ? error : unanswerable(error)
      }
    }
    const reply = handler(ctx, payload)
    return reply instanceof Promise ? reply.then(isolate) : isolate(reply)
  }
}

function pathText(path: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined): string {
  if (path === undefined || path.length === 0) return ""
  return `${path.map((part) => String(typeof part === "object" ? part.key : part)).join(".")}: `
}

/**
 * What a schema of any library looks like (zod, valibot, arktype).
 * @see https://standardschema.dev
 */
export interface MessageSchema {
  readonly "~standard": {
    validate(value: unknown):
      | { readonly value: unknown; readonly issues?: undefined }
      | {
          readonly issues: readonly {
            readonly message: string
            readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined
          }[]
        }
      | Promise<unknown>
  }
}
