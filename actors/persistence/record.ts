/**
 * One stored event as bytes.
 *
 * Layout, little-endian: magic "LA" (2), format (1), flags (1: bit 0 command id, bit 1 trace id), crc32c of all the
 * rest (4), sequence (8), epoch (8), wall time (8), schema version (4), key id (2; 0 is not encrypted), then tenant,
 * type, key, event name, [command id], [trace id], each as length (2) and UTF-8, then the payload (`stored-codec.ts`).
 *
 * Invariants
 *   R1. A record of any released format can be read for ever; `test/support/golden` keeps one of each.
 *   R2. Reading never throws anything but `RECORD_DAMAGED` and `RECORD_UNKNOWN`.
 */
import { AgentOSError } from "../errors.js"
import { crc32c } from "./crc32c.js"
import type { PersistenceId, StoredEvent } from "./journal.js"
import { decodePayload, encodePayload } from "./stored-codec.js"

const magic = 0x414c // "LA"
const format = 1
const flag = { command: 1, trace: 2 }
const headerSize = 38
const bodyAt = 8

export interface StoredRecord {
  readonly actor: PersistenceId
  readonly event: StoredEvent
}

/** Bytes of a name: length (2) and UTF-8. */
const nameSize = (name: string): number => 2 + Buffer.byteLength(name)

/** @returns where the name ends */
function writeName(bytes: Buffer, name: string, at: number): number {
  const length = bytes.write(name, at + 2)
  if (length > 0xffff) throw new RangeError(`a name of ${length} bytes does not fit a record`)
  bytes.writeUInt16LE(length, at)
  return at + 2 + length
}

/**
 * The names that every record of an actor begins with, to be made once.
 * @throws RangeError when one has more than 65,535 bytes
 */
export function actorNames({ tenant, type, key }: PersistenceId): Buffer {
  const bytes = Buffer.allocUnsafe(nameSize(tenant) + nameSize(type) + nameSize(key))
  writeName(bytes, key, writeName(bytes, type, writeName(bytes, tenant, 0)))
  return bytes
}

/** @param names of the actor, from `actorNames` @throws RangeError when a name has more than 65,535 bytes */
export function encodeRecord(names: Buffer, event: StoredEvent): Buffer {
  const { commandId, traceId } = event
  const name = eventNameBytes(event.name)
  const before =
    headerSize +
    names.length +
    name.length +
    (commandId === undefined ? 0 : nameSize(commandId)) +
    (traceId === undefined ? 0 : nameSize(traceId))
  const bytes = encodePayload(event.payload, before)
  writeUInt32(bytes, magic | (format << 16), 0)
  bytes[3] = (commandId === undefined ? 0 : flag.command) | (traceId === undefined ? 0 : flag.trace)
  writeUInt53(bytes, event.sequence, 8)
  writeUInt53(bytes, event.epoch, 16)
  writeUInt53(bytes, event.wallTime, 24)
  writeUInt32(bytes, event.version, 32)
  bytes[36] = bytes[37] = 0
  bytes.set(names, headerSize)
  bytes.set(name, headerSize + names.length)
  let at = headerSize + names.length + name.length
  if (commandId !== undefined) at = writeName(bytes, commandId, at)
  if (traceId !== undefined) writeName(bytes, traceId, at)
  writeUInt32(bytes, checksum(bytes), 4)
  return bytes
}

/** The same record of an actor of other names. @param names of the actor, from `actorNames` @param to of the other */
export function renamed(bytes: Uint8Array, names: Buffer, to: Buffer): Buffer {
  const made = Buffer.concat([bytes.subarray(0, headerSize), to, bytes.subarray(headerSize + names.length)])
  made.writeUInt32LE(checksum(made), 4)
  return made
}

/** @param where names the record in errors @throws `RECORD_DAMAGED`, `RECORD_UNKNOWN` */
export function decodeRecord(bytes: Uint8Array, where: string): StoredRecord {
  const buffer = checkedBuffer(bytes, () => where)
  try {
    const type = nameEnd(buffer, headerSize)
    const key = nameEnd(buffer, type)
    const end = nameEnd(buffer, key)
    const actor = { tenant: textAt(buffer, headerSize, type), type: textAt(buffer, type, key), key: textAt(buffer, key, end) } // prettier-ignore
    return { actor, event: eventAt(buffer, end) }
  } catch (cause) {
    throw damaged(where, "its content cannot be read", cause)
  }
}

/**
 * The event of a record whose actor is known, at a third of the price.
 *
 * @param names of the actor, from `actorNames`
 * @throws `RECORD_DAMAGED`, also when it is the record of another actor, `RECORD_UNKNOWN`
 */
export function decodeEvent(bytes: Uint8Array, names: Buffer, where: () => string): StoredEvent {
  const buffer = checkedBuffer(bytes, where)
  for (let i = 0; i < names.length; i++)
    if (buffer[headerSize + i] !== names[i]) throw damaged(where(), "it is the record of another actor")
  try {
    return eventAt(buffer, headerSize + names.length)
  } catch (cause) {
    throw damaged(where(), "its content cannot be read", cause)
  }
}

const damaged = (where: string, what: string, cause?: unknown): AgentOSError =>
  new AgentOSError("RECORD_DAMAGED", `${where}: ${what}`, { cause })

/** The record, once its header and checksum are found right. */
function checkedBuffer(bytes: Uint8Array, where: () => string): Buffer {
  const buffer = bytes instanceof Buffer ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (buffer.length < headerSize) throw damaged(where(), `${buffer.length} bytes are too few for a record`)
  if (buffer.readUInt16LE(0) !== magic) throw damaged(where(), "it does not begin as a record does")
  if (buffer[2] !== format)
    throw new AgentOSError(
      "RECORD_UNKNOWN",
      `${where()}: it has format ${buffer[2]}; this release reads format ${format}. Was it written by a newer release?`,
    )
  if (buffer.readUInt32LE(4) !== checksum(buffer)) throw damaged(where(), "its checksum does not fit its content")
  if (buffer.readUInt16LE(36) !== 0)
    throw new AgentOSError(
      "RECORD_UNKNOWN",
      `${where()}: it is encrypted with key ${buffer.readUInt16LE(36)}, which this release cannot use`,
    )
  return buffer
}

/** @param at where the event's name begins */
function eventAt(buffer: Buffer, at: number): StoredEvent {
  const flags = buffer[3] as number
  const command = nameEnd(buffer, at)
  const trace = flags & flag.command ? nameEnd(buffer, command) : command
  const payload = flags & flag.trace ? nameEnd(buffer, trace) : trace
  const event: { -readonly [Key in keyof StoredEvent]: StoredEvent[Key] } = {
    sequence: readUInt53(buffer, 8),
    epoch: readUInt53(buffer, 16),
    wallTime: readUInt53(buffer, 24),
    version: buffer.readUInt32LE(32),
    name: eventName(buffer, at + 2, command),
    payload: decodePayload(buffer, payload),
  }
  if (flags & flag.command) event.commandId = textAt(buffer, command, trace)
  if (flags & flag.trace) event.traceId = textAt(buffer, trace, payload)
  return event
}

/** Where the name that begins at `at` ends. */
function nameEnd(buffer: Buffer, at: number): number {
  const end = at + 2 + buffer.readUInt16LE(at)
  if (end > buffer.length) throw new RangeError("a name ends past the record")
  return end
}

const textAt = (buffer: Buffer, at: number, end: number): string => buffer.toString("utf8", at + 2, end)

/** Event names as they are written, by name: programs have few. */
const writtenNames = new Map<string, Buffer>()
const mostNames = 1000

function eventNameBytes(name: string): Buffer {
  const known = writtenNames.get(name)
  if (known !== undefined) return known
  const bytes = Buffer.allocUnsafe(nameSize(name))
  writeName(bytes, name, 0)
  if (writtenNames.size >= mostNames) writtenNames.clear()
  writtenNames.set(name, bytes)
  return bytes
}

/**
 * Event names read last, each in the place that its length and ends give it: to compare bytes is quicker than to make
 * a string of them.
 */
const eventNames = new Array<{ readonly bytes: Uint8Array; readonly text: string } | undefined>(64).fill(undefined)

function eventName(buffer: Buffer, from: number, to: number): string {
  const length = to - from
  const place = (length * 5 + (buffer[from] ?? 0) * 3 + (buffer[to - 1] ?? 0)) & 63
  const known = eventNames[place]
  if (known !== undefined && known.bytes.length === length) {
    let i = 0
    while (i < length && buffer[from + i] === known.bytes[i]) i++
    if (i === length) return known.text
  }
  const text = buffer.toString("utf8", from, to)
  if (length <= 100) eventNames[place] = { bytes: Uint8Array.prototype.slice.call(buffer, from, to), text }
  return text
}

/** Of everything but the four bytes that hold it. */
const checksum = (bytes: Uint8Array): number => crc32c(bytes, bodyAt, bytes.length, crc32c(bytes, 0, 4))

function writeUInt53(buffer: Buffer, value: number, at: number): void {
  writeUInt32(buffer, value >>> 0, at)
  writeUInt32(buffer, Math.floor(value / 2 ** 32), at + 4)
}

/** Buffer's own looks at its arguments first. */
function writeUInt32(buffer: Buffer, value: number, at: number): void {
  buffer[at] = value
  buffer[at + 1] = value >>> 8
  buffer[at + 2] = value >>> 16
  buffer[at + 3] = value >>> 24
}

function readUInt53(buffer: Buffer, at: number): number {
  return buffer.readUInt32LE(at) + buffer.readUInt32LE(at + 4) * 2 ** 32
}
