/**
 * Batches of a link (`actors/remote/protocol.ts`) to bytes and back, for one session: what was interned on one side is known on the other, so all bytes of a session are
 * read once, in the order in which they were written (`session.ts`). An operation is its number in a byte, then its fields; two texts of operations put one behind
 * the other are one text.
 *
 *   to        interned                                  names, tenants, callers and chains too
 *   type      varint: 2 * number, or 1 and a text
 *   payload   `plain-codec.ts`
 *   beside    varint of flags, then what they say is there
 *   failure   varint of flags, then what they say is there
 *
 * Invariants
 *   W1. A batch that cannot be written leaves no trace: neither bytes nor interned texts.
 *   W2. Reading throws `FRAME_REFUSED` and nothing else, and gives a batch only if all of it is of the protocol: known operations, each with all of its fields, numbers
 *       of types and definitions that were named. Seats do not travel between nodes: no actor of one stands in the tree of another.
 */
import { AgentOSError, executions, thrownText, type Executed } from "#actors/errors.js"
import type { Failure, FarExit } from "#actors/remote/failure.js"
import type { Part } from "#actors/remote/payload.js"
import {
  op,
  type Beside,
  type FarCause,
  type FarDefinition,
  type FarPart,
  type Fate,
  type Parts,
} from "#actors/remote/protocol.js"
import { ByteWriter, refused } from "#actors/bytes.js"
import { TextsReceived, TextsSent } from "./interned.js"
import { PlainReader, writeNumber, writePlain, writeText } from "#actors/plain-codec.js"

/** Names of actors and keys of objects that are kept on both sides of a session. */
const namePlaces = 16_384
const keyPlaces = 4096

const besideFlag = { parts: 1, cause: 2, askers: 4, waits: 8 } as const
const causeFlag = { traceId: 1, caller: 2, left: 4, signal: 8, commandId: 16, untrusted: 32 } as const
const failureFlag = { error: 1, code: 2, node: 4, details: 8, cause: 16, number: 32, executed: 64 } as const
/** Failures in failures; `failureOf` sends fewer. */
const deepestFailure = 32

const nothingBeside: Beside = { parts: undefined, cause: undefined, askers: undefined, waits: false }

const fates = ["observe", "ended", "crashed", "linked-crash", "stop"] as const satisfies readonly Fate["what"][]

export interface WireLimits {
  /** Of one operation. */
  readonly mostBytes: number
  /** A text that has so many is ended after the operation. */
  readonly cutBytes: number
}

export class WireEncoder {
  readonly #out = new ByteWriter()
  readonly #names = new TextsSent(namePlaces)
  readonly #keys = new TextsSent(keyPlaces)
  readonly #limits: WireLimits
  /** Where texts end that are long enough, and the last of these places. */
  #cuts: number[] = []
  #lastCut = 0

  constructor(limits: WireLimits) {
    this.#limits = limits
  }

  /** Bytes that wait. */
  get size(): number {
    return this.#out.at
  }

  /** What waits, as one text or several: each but the last has `cutBytes` at least, and ends with an operation. @param room bytes left free before each text, for a header */
  take(room: number): Buffer[] {
    const out = this.#out
    if (this.#cuts[this.#cuts.length - 1] !== out.at) this.#cuts.push(out.at)
    let from = 0
    const texts = this.#cuts.map((to) => {
      const text = Buffer.allocUnsafeSlow(room + to - from)
      out.bytes.copy(text, room, from, to)
      from = to
      return text
    })
    this.#cuts = []
    this.#lastCut = 0
    out.clear()
    return texts
  }

  /** Adds a batch. @throws {AgentOSError} `INVALID_PAYLOAD` (W1) */
  add(batch: readonly unknown[]): void {
    this.#begin()
    const before = this.#out.at
    const cutsBefore = this.#cuts.length
    try {
      for (let i = 0; i < batch.length;) {
        this.#out.allow(this.#limits.mostBytes)
        i = this.#operation(batch, i)
        this.#cut()
      }
    } catch (error) {
      this.#undo(before, cutsBefore)
      throw error
    }
  }

  /** Adds one message that has nothing beside it. @throws {AgentOSError} `INVALID_PAYLOAD` (W1) */
  tell(to: string, type: number | string, payload: unknown): void {
    this.#begin()
    const out = this.#out
    const before = out.at
    try {
      out.allow(this.#limits.mostBytes)
      out.byte(op.tell)
      this.#message(to, type, payload)
    } catch (error) {
      this.#undo(before, this.#cuts.length)
      throw error
    }
    this.#cut()
  }

  #begin(): void {
    this.#names.begin()
    this.#keys.begin()
  }

  #undo(before: number, cutsBefore: number): void {
    this.#out.at = before
    this.#cuts.length = cutsBefore
    this.#lastCut = this.#cuts.at(-1) ?? 0
    this.#names.undo()
    this.#keys.undo()
  }

  #cut(): void {
    const { at } = this.#out
    if (at - this.#lastCut < this.#limits.cutBytes) return
    this.#cuts.push(at)
    this.#lastCut = at
  }

  /** @param i where `to`, `type` and `payload` stand */
  #messageAt(batch: readonly unknown[], i: number): void {
    this.#message(batch[i] as string, batch[i + 1] as number | string, batch[i + 2])
  }

  /** @returns where the next one begins */
  #operation(batch: readonly unknown[], i: number): number {
    const out = this.#out
    out.byte(batch[i] as number)
    switch (batch[i]) {
      case op.tell:
        this.#messageAt(batch, i + 1)
        return i + 4
      case op.send:
        this.#messageAt(batch, i + 1)
        this.#beside(batch[i + 4] as Beside)
        return i + 5
      case op.ask:
        out.varint(batch[i + 1] as number)
        this.#messageAt(batch, i + 2)
        writeNumber(out, batch[i + 5] as number)
        this.#beside(batch[i + 6] as Beside | undefined)
        return i + 7
      case op.reply:
        out.varint(batch[i + 1] as number)
        writePlain(out, this.#keys, batch[i + 2])
        this.#parts((batch[i + 3] as Parts) ?? [])
        return i + 4
      case op.fail:
        out.varint(batch[i + 1] as number)
        this.#failure(batch[i + 2] as Failure)
        return i + 3
      case op.credit:
        this.#names.write(out, batch[i + 1] as string)
        out.varint(batch[i + 2] as number)
        return i + 3
      case op.name:
        out.text(batch[i + 1] as string)
        return i + 2
      case op.kind:
        this.#definition(batch[i + 1] as FarDefinition)
        return i + 2
      case op.abort:
        out.varint(batch[i + 1] as number)
        this.#failure(batch[i + 2] as Failure)
        return i + 3
      case op.forget:
        out.varint(batch[i + 1] as number)
        return i + 2
      case op.fate:
        this.#fate({ what: batch[i + 1], data: batch[i + 3] } as Fate, batch[i + 2] as string)
        return i + 4
      default:
        throw new AgentOSError("INVALID_PAYLOAD", `the operation ${String(batch[i])} does not travel between nodes`)
    }
  }

  #message(to: string, type: number | string, payload: unknown): void {
    const out = this.#out
    this.#names.write(out, to)
    if (typeof type === "number") out.varint(2 * type)
    else {
      out.byte(1)
      out.text(type)
    }
    writePlain(out, this.#keys, payload)
  }

  #texts(texts: readonly string[]): void {
    this.#out.varint(texts.length)
    for (const text of texts) this.#names.write(this.#out, text)
  }

  #beside(beside: Beside | undefined): void {
    const out = this.#out
    if (beside === undefined) return out.byte(0)
    const { parts, cause, askers, waits } = beside
    out.byte(
      (parts === undefined ? 0 : besideFlag.parts) |
        (cause === undefined ? 0 : besideFlag.cause) |
        (askers === undefined ? 0 : besideFlag.askers) |
        (waits === true ? besideFlag.waits : 0),
    )
    if (parts !== undefined) this.#parts(parts)
    if (cause !== undefined) this.#cause(cause)
    if (askers !== undefined) this.#texts(askers)
  }

  #parts(parts: NonNullable<Parts>): void {
    const out = this.#out
    out.varint(parts.length)
    for (const [path, is] of parts) {
      out.varint(path.length)
      for (const step of path) {
        if (typeof step === "string") writeText(out, step)
        else writeNumber(out, step)
      }
      if ("ref" in is) {
        out.varint(is.kind === undefined ? 1 : is.kind + 2)
        this.#names.write(out, is.ref)
      } else {
        out.varint(0)
        this.#failure(is.failure)
      }
    }
  }

  #cause({ traceId, caller, tenant, left, signal, commandId, untrusted, chain }: FarCause): void {
    const out = this.#out
    out.byte(
      (traceId === undefined ? 0 : causeFlag.traceId) |
        (caller === undefined ? 0 : causeFlag.caller) |
        (left === undefined ? 0 : causeFlag.left) |
        (signal === undefined ? 0 : causeFlag.signal) |
        (commandId === undefined ? 0 : causeFlag.commandId) |
        (untrusted === undefined ? 0 : causeFlag.untrusted),
    )
    this.#names.write(out, tenant)
    if (traceId !== undefined) out.text(traceId)
    if (caller !== undefined) this.#names.write(out, caller)
    if (left !== undefined) writeNumber(out, left)
    if (signal !== undefined) out.varint(signal)
    if (commandId !== undefined) out.text(commandId)
    this.#texts(chain)
  }

  #failure(failure: Failure): void {
    const out = this.#out
    if (failure.kind === "value") {
      out.byte(0)
      return writePlain(out, this.#keys, failure.value)
    }
    const { name, message, code, node, executed, details, cause } = failure
    out.byte(
      failureFlag.error |
        (code === undefined ? 0 : failureFlag.code) |
        (typeof code === "number" ? failureFlag.number : 0) |
        (node === undefined ? 0 : failureFlag.node) |
        (executed === undefined ? 0 : failureFlag.executed) |
        (details === undefined ? 0 : failureFlag.details) |
        (cause === undefined ? 0 : failureFlag.cause),
    )
    out.text(name)
    out.text(message)
    if (typeof code === "number") writeNumber(out, code)
    else if (code !== undefined) out.text(code)
    if (node !== undefined) out.text(node)
    if (executed !== undefined) out.byte(executions.indexOf(executed))
    if (details !== undefined) writePlain(out, this.#keys, details)
    if (cause !== undefined) this.#failure(cause)
  }

  #definition({ name, types, reentrant, urgent, capacity }: FarDefinition): void {
    const out = this.#out
    out.text(name)
    writeNumber(out, capacity)
    for (const texts of [types, reentrant, urgent]) {
      out.varint(texts.length)
      for (const text of texts) out.text(text)
    }
  }

  #fate(fate: Fate, name: string): void {
    const out = this.#out
    out.byte(fates.indexOf(fate.what))
    this.#names.write(out, name)
    switch (fate.what) {
      case "ended":
        out.byte(fate.data.kind === "crashed" ? 1 : 0)
        if (fate.data.kind === "crashed") this.#failure(fate.data.failure)
        return
      case "crashed":
        return this.#failure(fate.data)
      case "linked-crash":
        this.#names.write(out, fate.data.other)
        return this.#failure(fate.data.failure)
    }
  }
}

export class WireDecoder {
  readonly #names = new TextsReceived(namePlaces)
  readonly #keys = new TextsReceived(keyPlaces)
  /** How many types and definitions were named. */
  #types = 0
  #kinds = 0

  /** @throws {AgentOSError} `FRAME_REFUSED` (W2); the session is of no use after that */
  decode(bytes: Uint8Array, at = 0): unknown[] {
    try {
      return this.#batch(new PlainReader(bytes, this.#keys, at))
    } catch (error) {
      if (error instanceof AgentOSError && error.code === "FRAME_REFUSED") throw error
      throw refused(`they hold what cannot be made: ${thrownText(error)}`)
    }
  }

  #batch(from: PlainReader): unknown[] {
    const batch: unknown[] = []
    while (from.at < from.end) {
      const what = from.byte()
      switch (what) {
        case op.tell:
          batch.push(what, this.#names.read(from), this.#type(from), from.value())
          break
        case op.send:
          batch.push(what, this.#names.read(from), this.#type(from), from.value(), this.#beside(from) ?? nothingBeside)
          break
        case op.ask: {
          const id = from.varint()
          const to = this.#names.read(from)
          batch.push(what, id, to, this.#type(from), from.value(), this.#number(from), this.#beside(from))
          break
        }
        case op.reply: {
          const id = from.varint()
          const value = from.value()
          const parts = this.#parts(from)
          batch.push(what, id, value, parts.length === 0 ? undefined : parts)
          break
        }
        case op.fail:
        case op.abort:
          batch.push(what, from.varint(), this.#failure(from))
          break
        case op.credit:
          batch.push(what, this.#names.read(from), from.varint())
          break
        case op.name:
          this.#types += 1
          batch.push(what, from.text())
          break
        case op.kind:
          batch.push(what, this.#definition(from))
          this.#kinds += 1
          break
        case op.forget:
          batch.push(what, from.varint())
          break
        case op.fate: {
          const fate = fates[from.byte()]
          if (fate === undefined) throw refused("an actor has an unknown fate")
          batch.push(what, fate, this.#names.read(from), this.#fateOf(fate, from))
          break
        }
        default:
          throw refused(`${what} is no operation between nodes`)
      }
    }
    return batch
  }

  #type(from: PlainReader): number | string {
    const number = from.varint()
    if (number === 1) return from.text()
    if (number % 2 === 1 || number / 2 >= this.#types) throw refused("the type of a message was not named before")
    return number / 2
  }

  #number(from: PlainReader): number {
    const value = from.value()
    if (typeof value !== "number" || Number.isNaN(value)) throw refused("something is no number")
    return value
  }

  #texts(from: PlainReader): string[] {
    const count = from.count()
    const texts: string[] = []
    for (let i = 0; i < count; i++) texts.push(this.#names.read(from))
    return texts
  }

  #beside(from: PlainReader): Beside | undefined {
    const flags = from.byte()
    if (flags === 0) return undefined
    if (flags > 15) throw refused("something unknown stands beside a message")
    return {
      parts: flags & besideFlag.parts ? this.#parts(from) : undefined,
      cause: flags & besideFlag.cause ? this.#cause(from) : undefined,
      askers: flags & besideFlag.askers ? this.#texts(from) : undefined,
      waits: (flags & besideFlag.waits) !== 0,
    }
  }

  #parts(from: PlainReader): Part<FarPart>[] {
    const count = from.count()
    const parts: Part<FarPart>[] = []
    for (let i = 0; i < count; i++) parts.push([this.#path(from), this.#part(from)])
    return parts
  }

  #path(from: PlainReader): (string | number)[] {
    const count = from.count()
    const path: (string | number)[] = []
    for (let i = 0; i < count; i++) {
      const step = from.value()
      if (typeof step !== "string" && typeof step !== "number")
        throw refused("a step of a path is neither name nor number")
      path.push(step)
    }
    return path
  }

  #part(from: PlainReader): FarPart {
    const what = from.varint()
    if (what === 0) return { failure: this.#failure(from) }
    if (what >= 2 && what - 2 >= this.#kinds) throw refused("the definition of a ref was not named before")
    return { kind: what === 1 ? undefined : what - 2, ref: this.#names.read(from) }
  }

  #cause(from: PlainReader): FarCause {
    const flags = from.byte()
    if (flags > 63) throw refused("a cause holds something unknown")
    return {
      tenant: this.#names.read(from),
      traceId: flags & causeFlag.traceId ? from.text() : undefined,
      caller: flags & causeFlag.caller ? this.#names.read(from) : undefined,
      left: flags & causeFlag.left ? this.#number(from) : undefined,
      signal: flags & causeFlag.signal ? from.varint() : undefined,
      commandId: flags & causeFlag.commandId ? from.text() : undefined,
      ...(flags & causeFlag.untrusted ? { untrusted: true as const } : {}),
      chain: this.#texts(from),
    }
  }

  #failure(from: PlainReader, depth = 0): Failure {
    const flags = from.byte()
    if (flags === 0) return { kind: "value", value: from.value() }
    if ((flags & failureFlag.error) === 0 || flags > 127 || depth > deepestFailure)
      throw refused("a failure is none of the protocol")
    return {
      kind: "error",
      name: from.text(),
      message: from.text(),
      ...(flags & failureFlag.code ? { code: flags & failureFlag.number ? this.#number(from) : from.text() } : {}),
      ...(flags & failureFlag.node ? { node: from.text() } : {}),
      ...(flags & failureFlag.executed ? { executed: executedOf(from.byte()) } : {}),
      ...(flags & failureFlag.details ? { details: from.value() } : {}),
      ...(flags & failureFlag.cause ? { cause: this.#failure(from, depth + 1) } : {}),
    }
  }

  #definition(from: PlainReader): FarDefinition {
    const name = from.text()
    const capacity = this.#number(from)
    const [types, reentrant, urgent] = [this.#list(from), this.#list(from), this.#list(from)]
    if (capacity < 1 || types.length > 254 || [...reentrant, ...urgent].some((type) => !types.includes(type)))
      throw refused("a definition contradicts itself")
    return { name, types, reentrant, urgent, capacity }
  }

  #list(from: PlainReader): string[] {
    const count = from.count()
    const texts: string[] = []
    for (let i = 0; i < count; i++) texts.push(from.text())
    return texts
  }

  #fateOf(what: Fate["what"], from: PlainReader): Fate["data"] {
    switch (what) {
      case "ended":
        return this.#exit(from)
      case "crashed":
        return this.#failure(from)
      case "linked-crash":
        return { other: this.#names.read(from), failure: this.#failure(from) }
      case "observe":
      case "stop":
        return undefined
    }
  }

  #exit(from: PlainReader): FarExit {
    const crashed = from.byte()
    if (crashed > 1) throw refused("an actor has ended in an unknown way")
    return crashed === 1 ? { kind: "crashed", failure: this.#failure(from) } : { kind: "stopped" }
  }
}

function executedOf(index: number): Executed {
  const executed = executions[index]
  if (executed === undefined) throw refused(`${index} does not say what was done`)
  return executed
}
