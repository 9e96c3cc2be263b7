/**
 * Values that are not events (heads, answers of commands, snapshots, the order of a type) as bytes: 0xc1, a byte that msgpack never begins with, then crc32c
 * of the rest (4, little-endian), then the value (`stored-codec.ts`). Values of stores from before have that part only, by msgpackr.
 */
import { AgentOSError } from "../errors.js"
import { crc32c } from "./crc32c.js"
import { decodePayload, encodePayload } from "./stored-codec.js"

const mark = 0xc1
const valueAt = 5

export function encodeValue(value: unknown): Uint8Array {
  const payload = encodePayload(value)
  const bytes = Buffer.allocUnsafe(valueAt + payload.length)
  bytes[0] = mark
  bytes.writeUInt32LE(crc32c(payload), 1)
  bytes.set(payload, valueAt)
  return bytes
}

/** @param where names the value in errors @throws `RECORD_DAMAGED` */
export function decodeValue(bytes: Uint8Array, where: () => string): unknown {
  const buffer = bytes instanceof Buffer ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const checked = buffer.length > valueAt && buffer.readUInt32LE(1) === crc32c(buffer, valueAt)
  // Without its mark, but with a checksum that fits: the mark itself is damaged.
  if ((buffer[0] === mark) !== checked)
    throw new AgentOSError("RECORD_DAMAGED", `${where()}: its checksum does not fit its content`)
  try {
    return decodePayload(checked ? buffer.subarray(valueAt) : buffer)
  } catch (cause) {
    throw new AgentOSError("RECORD_DAMAGED", `${where()}: its content cannot be read`, { cause })
  }
}
