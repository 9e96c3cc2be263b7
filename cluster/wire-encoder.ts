/** Batches to bytes (`wire.ts`). */
import { AgentOSError, executions } from "#actors/errors.js"
import type { Failure } from "#actors/remote/failure.js"
import { op, type Beside, type FarCause, type FarDefinition, type Fate, type Parts } from "#actors/remote/protocol.js"
import { ByteWriter } from "#actors/bytes.js"
import { TextsSent } from "./interned.js"
import { writeNumber, writePlain, writeText } from "#actors/plain-codec.js"
import { besideFlag, causeFlag, failureFlag, fates, keyPlaces, namePlaces } from "./wire.js"

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

  /**
   * What waits, as one text or several: each but the last has `cutBytes` at least, and ends with an operation.
   * @param room bytes left free before each text, for a header
   */
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
