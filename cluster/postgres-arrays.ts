/**
 * Arrays as PostgreSQL receives them in binary form (`array_recv`): dimensions, whether there are nulls, the type of the elements, length, first index, then
 * each element after its length. The driver itself would write them as text, bytes as hexadecimal digits.
 */

const types = { bytea: 17, int8: 20, int4: 23, text: 25 } as const

function arrayOf(
  type: number,
  count: number,
  size: number,
  write: (bytes: Buffer, at: number, index: number) => number,
): Buffer {
  if (count === 0) {
    const none = Buffer.alloc(12)
    none.writeInt32BE(type, 8)
    return none
  }
  const bytes = Buffer.allocUnsafe(20 + 4 * count + size)
  bytes.writeInt32BE(1, 0)
  bytes.writeInt32BE(0, 4)
  bytes.writeInt32BE(type, 8)
  bytes.writeInt32BE(count, 12)
  bytes.writeInt32BE(1, 16)
  let at = 20
  for (let index = 0; index < count; index++) {
    const length = write(bytes, at + 4, index)
    bytes.writeInt32BE(length, at)
    at += 4 + length
  }
  return bytes.subarray(0, at)
}

export const integers = (values: readonly number[]): Buffer =>
  arrayOf(types.int4, values.length, 4 * values.length, (bytes, at, i) => bytes.writeInt32BE(values[i] as number, at) - at) // prettier-ignore

/** Whole numbers up to 2^53. */
export const bigIntegers = (values: readonly number[]): Buffer =>
  arrayOf(types.int8, values.length, 8 * values.length, (bytes, at, i) => {
    const value = values[i] as number
    bytes.writeUInt32BE(Math.floor(value / 2 ** 32), at)
    return bytes.writeUInt32BE(value >>> 0, at + 4) - at
  })

export const texts = (values: readonly string[]): Buffer =>
  arrayOf(types.text, values.length, values.reduce((sum, text) => sum + 3 * text.length, 0), (bytes, at, i) => bytes.write(values[i] as string, at)) // prettier-ignore

export const byteStrings = (values: readonly Uint8Array[]): Buffer =>
  arrayOf(types.bytea, values.length, values.reduce((sum, value) => sum + value.length, 0), (bytes, at, i) => {
    const value = values[i] as Uint8Array
    bytes.set(value, at)
    return value.length
  }) // prettier-ignore
