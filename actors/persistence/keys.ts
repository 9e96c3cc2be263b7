/**
 * Keys of records in LevelDB: parts in order, each ended by a zero byte, so that the keys of one prefix stand together. Inside a part, a zero byte
 * becomes 1 1 and a one byte 1 2.
 */
import { AgentOSError } from "../errors.js"

export function keyOf(...parts: readonly string[]): Buffer {
  let text = ""
  for (const part of parts) text += `${escaped(part)}\u0000`
  return Buffer.from(text)
}

/** A part without zero bytes; sorts as the part does. @throws `INVALID_NAME` */
export const escaped = (part: string): string =>
  /[\u0000\u0001]/.test(wellFormed(part))
    ? part.replace(/[\u0000\u0001]/g, (c) => (c === "\u0000" ? "\u0001\u0001" : "\u0001\u0002"))
    : part

/** The part, when it is well-formed: all that are not would be the same in UTF-8. @throws `INVALID_NAME` */
export function wellFormed(part: string): string {
  if (part.isWellFormed()) return part
  throw new AgentOSError("INVALID_NAME", `${JSON.stringify(part)} holds half of a surrogate pair: it cannot be told from others in a store`) // prettier-ignore
}

/** The part that was escaped. */
export const unescaped = (text: string): string =>
  text.replace(/\u0001[\u0001\u0002]/g, (pair) => (pair === "\u0001\u0001" ? "\u0000" : "\u0001"))

/** The parts of a key. */
export function partsOf(key: Uint8Array): string[] {
  return Buffer.from(key.buffer, key.byteOffset, key.byteLength).toString().slice(0, -1).split("\u0000").map(unescaped)
}

/** The least key that is greater than every key with this prefix. */
export function after(prefix: Buffer): Buffer {
  return Buffer.concat([prefix, Buffer.from([0xff])])
}

/** A key with a number at its end that sorts by size. */
export function numbered(prefix: Buffer, number: number): Buffer {
  const key = Buffer.allocUnsafe(prefix.length + 8)
  prefix.copy(key)
  key.writeUInt32BE(Math.floor(number / 2 ** 32), prefix.length)
  key.writeUInt32BE(number >>> 0, prefix.length + 4)
  return key
}

/** The number at the end of a key. */
export function numberOf(key: Uint8Array): number {
  const view = new DataView(key.buffer, key.byteOffset + key.length - 8)
  return view.getUint32(0) * 2 ** 32 + view.getUint32(4)
}
