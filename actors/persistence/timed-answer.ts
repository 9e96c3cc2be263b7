/**
 * The answer of a command as bytes in LevelDB: a value of checked-value.ts with the wall time at which it was given
 * (0xc1 again, then 8 bytes, little-endian) before its msgpackr part. So the answer itself says how old it is, also
 * when it has replaced an earlier one; those of stores from before do not.
 */
import { decodeValue, encodeValue } from "./checked-value.js"
import { crc32c } from "./crc32c.js"
import type { Answer } from "./journal.js"

/** As in checked-value.ts; msgpack never begins with it, so that an answer without a time is told from one with it. */
const mark = 0xc1
const partAt = 5
const timeSize = 9

export const encodeAnswer = (reply: unknown, wallTime: number): Uint8Array => timed(encodeValue(reply), wallTime)

/** @param where names the answer in errors @throws `RECORD_DAMAGED` */
export function decodeAnswer(bytes: Uint8Array, where: () => string): Answer {
  const reply = decodeValue(untimed(bytes), where)
  return isTimed(bytes) ? { reply, wallTime: Number(viewOf(bytes).getBigUint64(partAt + 1, true)) } : { reply }
}

/** An answer that has no time in it, with one. One from before checksums stays as it is. */
export function timed(answer: Uint8Array, wallTime: number): Uint8Array {
  if (answer[0] !== mark || isTimed(answer)) return answer
  const bytes = Buffer.allocUnsafe(answer.length + timeSize)
  bytes[0] = bytes[partAt] = mark
  bytes.writeBigUInt64LE(BigInt(wallTime), partAt + 1)
  bytes.set(answer.subarray(partAt), partAt + timeSize)
  bytes.writeUInt32LE(crc32c(bytes, partAt), 1)
  return bytes
}

/**
 * The answer without its time, as other stores and nodes have it; as it is when it is damaged, so that whoever reads
 * it says so.
 */
export function untimed(answer: Uint8Array): Uint8Array {
  if (!isTimed(answer)) return answer
  const bytes = Buffer.allocUnsafe(answer.length - timeSize)
  bytes[0] = mark
  bytes.set(answer.subarray(partAt + timeSize), partAt)
  bytes.writeUInt32LE(crc32c(bytes, partAt), 1)
  return bytes
}

const isTimed = (bytes: Uint8Array): boolean =>
  bytes.length > partAt + timeSize &&
  bytes[0] === mark &&
  bytes[partAt] === mark &&
  viewOf(bytes).getUint32(1, true) === crc32c(bytes, partAt)

const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
