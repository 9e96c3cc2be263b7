/**
 * What the two sides of a link have named to each other so far: texts, definitions and signals. With it, what a
 * message is turns into what travels, and back.
 *
 * Invariants
 *   V1. What gets a number is named before anything that bears the number, once; both sides count alike (W1).
 *   V2. What has no number travels without one: a text as it is, a ref without its definition.
 */
import type { Ask } from "../ask.js"
import type { Cause } from "../cause.js"
import { Cell } from "../cell.js"
import type { Compiled } from "../compiled.js"
import { checkCause, Ref, type OpenAsk } from "../ref.js"
import type { TimerWheel } from "../timers.js"
import { failureOf, thrownOf } from "./failure.js"
import type { Holding } from "./holding.js"
import { pack, unpack } from "./payload.js"
import { op, type FarCause, type FarDefinition, type FarPart, type Parts } from "./protocol.js"
import { farCompiled, UnknownProtocol } from "./remote-ref.js"
import { SignalsReceived, SignalsSent } from "./signals.js"

/** Texts that are sent as numbers; more are sent as they are. */
const mostNames = 10_000

/** Which actor a name stands for, and the other way round. */
export interface RefNames {
  nameOf(ref: Ref): string
  refOf(name: string, compiled: Compiled | undefined): Ref
}

/** Bytes of the most usual kinds, which are written wherever they lie. */
function isBytes(payload: unknown): boolean {
  if (!(payload instanceof Uint8Array)) return false
  const prototype: unknown = Object.getPrototypeOf(payload)
  return prototype === Uint8Array.prototype || prototype === Buffer.prototype
}

export class Vocabulary {
  readonly #wheel: TimerWheel
  readonly #refs: RefNames
  readonly #say: (...fields: readonly unknown[]) => void
  readonly #writes: boolean

  readonly #textsSent = new Map<string, number>()
  readonly #texts: string[] = []
  readonly #kindsSent = new Map<Compiled, number>()
  readonly #kinds: Compiled[] = []
  readonly #kindsByName = new Map<string, Compiled>()
  readonly #signalsSent: SignalsSent
  /** Signals of the other side. */
  readonly signals = new SignalsReceived()

  /**
   * @param say sends an operation and its fields
   * @param writes whether batches are written to bytes: then no memory is shared or given away, and bytes need not
   * travel alone (R3)
   */
  constructor(
    wheel: TimerWheel,
    holding: Holding,
    refs: RefNames,
    say: (...fields: readonly unknown[]) => void,
    writes: boolean,
  ) {
    this.#writes = writes
    this.#wheel = wheel
    this.#refs = refs
    this.#say = say
    this.#signalsSent = new SignalsSent(
      holding,
      (number, failure) => say(op.abort, number, failure),
      (number) => say(op.forget, number),
    )
  }

  // --- texts and definitions -----------------------------------------------------------------------------------------------------------------

  numberOf(text: string): number | string {
    const known = this.#textsSent.get(text)
    if (known !== undefined) return known
    if (this.#textsSent.size >= mostNames) return text
    this.#say(op.name, text) // V1
    const number = this.#textsSent.size
    this.#textsSent.set(text, number)
    return number
  }

  /** The other side has named a text. */
  learnText(text: string): void {
    this.#texts.push(text)
  }

  text(named: unknown): string {
    return typeof named === "number" ? (this.#texts[named] as string) : (named as string)
  }

  /** Makes a definition known, so that refs to its actors refuse what they do not understand. */
  announce(compiled: Compiled): number {
    const known = this.#kindsSent.get(compiled)
    if (known !== undefined) return known
    const number = this.#kindsSent.size
    this.#kindsSent.set(compiled, number)
    const { types, capacity } = compiled
    const { name, reentrant = [], mailbox } = compiled.spec
    const definition: FarDefinition = { name, types, reentrant, urgent: mailbox?.urgent ?? [], capacity }
    this.#say(op.kind, definition)
    return number
  }

  /** The other side has made a definition known. */
  learnKind(definition: FarDefinition): void {
    const compiled = farCompiled(definition)
    this.#kinds.push(compiled)
    this.#kindsByName.set(definition.name, compiled)
  }

  /** A definition that the other side has made known. */
  kind(name: string): Compiled | undefined {
    return this.#kindsByName.get(name)
  }

  #kindOf({ compiled }: Cell): number | undefined {
    return compiled instanceof UnknownProtocol ? undefined : this.announce(compiled)
  }

  // --- payloads ------------------------------------------------------------------------------------------------------------------------------

  /**
   * Ready to travel, and not to be changed by anybody: a copy, unless it is written at once, or nobody else has it.
   * @param owned nobody else has it
   * @throws {AgentOSError} `INVALID_PAYLOAD`
   */
  pack(payload: unknown, type: string, owned = false): { readonly value: unknown; readonly parts: Parts } {
    if (typeof payload === "number" || typeof payload === "string" || payload === undefined)
      return { value: payload, parts: undefined }
    const writes = this.#writes
    if (writes && isBytes(payload)) return { value: payload, parts: undefined }
    return pack<FarPart>(payload, () => type, {
      copies: !writes && !owned,
      refusesCircles: writes,
      replace: this.#replace,
    })
  }

  readonly #replace = (part: Ref | Error): FarPart =>
    part instanceof Ref
      ? { ref: this.#refs.nameOf(part), kind: part instanceof Cell ? this.#kindOf(part) : undefined }
      : { failure: failureOf(part) }

  unpack(value: unknown, parts: Parts): unknown {
    if (parts === undefined) return value
    return unpack<FarPart>(value, parts, (is) =>
      "ref" in is
        ? this.#refs.refOf(is.ref, is.kind === undefined ? undefined : this.#kinds[is.kind])
        : thrownOf(is.failure),
    )
  }

  // --- causes, and who waits -----------------------------------------------------------------------------------------------------------------

  packCause(cause: Cause | undefined): FarCause | undefined {
    if (cause === undefined) return undefined
    const { traceId, caller, tenant, deadline, signal, commandId, chain, untrusted } = cause
    const far: FarCause = {
      traceId,
      caller,
      tenant,
      left: deadline === undefined ? undefined : deadline - this.#wheel.now,
      signal: signal === undefined ? undefined : this.#signalsSent.numberOf(signal),
      commandId,
      chain,
    }
    return untrusted === undefined ? far : { ...far, untrusted }
  }

  /** @throws {AgentOSError} `INVALID_NAME` */
  unpackCause(far: FarCause | undefined): Cause | undefined {
    if (far === undefined) return undefined
    checkCause(far)
    const { left, signal, ...rest } = far
    return {
      ...rest,
      deadline: left === undefined ? undefined : this.#wheel.now + left,
      signal: signal === undefined ? undefined : this.signals.signalOf(signal),
    }
  }

  /** The names of the actors that wait, the one that asks first. */
  packAskers({ asker, serving }: Ask): readonly string[] | undefined {
    if (asker === undefined) return undefined
    const names: string[] = []
    if (asker instanceof Ref) names.push(this.#refs.nameOf(asker))
    for (let link: OpenAsk | undefined = serving; link !== undefined; link = link.serving)
      if (link.asker instanceof Ref) names.push(this.#refs.nameOf(link.asker))
    return names
  }

  /** The chain of actors that wait, for so many milliseconds yet. */
  unpackAskers(names: readonly string[] | undefined, left: number): OpenAsk | undefined {
    const deadline = this.#wheel.now + left
    let chain: OpenAsk | undefined
    for (const name of [...(names ?? [])].reverse())
      chain = { asker: this.#refs.refOf(name, undefined), serving: chain, deadline }
    return chain
  }
}
