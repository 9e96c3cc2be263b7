/** Bytes to batches (`wire.ts`). */
import { AgentOSError, executions, thrownText, type Executed } from "#actors/errors.js"
import type { Failure, FarExit } from "#actors/remote/failure.js"
import type { Part } from "#actors/remote/payload.js"
import { op, type Beside, type FarCause, type FarDefinition, type FarPart, type Fate } from "#actors/remote/protocol.js"
import { refused } from "#actors/bytes.js"
import { TextsReceived } from "./interned.js"
import { PlainReader } from "#actors/plain-codec.js"
import { besideFlag, causeFlag, failureFlag, fates, keyPlaces, namePlaces } from "./wire.js"

/** Failures in failures; `failureOf` sends fewer. */
const deepestFailure = 32

const nothingBeside: Beside = { parts: undefined, cause: undefined, askers: undefined, waits: false }

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
