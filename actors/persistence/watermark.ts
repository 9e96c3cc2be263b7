/**
 * How far a LevelDB was acknowledged: the number of its last commit, in a small file beside LevelDB's own. LevelDB
 * opens a log whose end is gone as if it had never been there; the number in the database is then lower than the one
 * in this file.
 *
 * Layout, little-endian: magic "LW" (2), format (1), 0 (1), crc32c of the number (4), the number (8).
 *
 * Invariants
 *   W1. It is written when the commit is on the disk, before anybody hears of it. So it never says more than was
 *       durable, and while the machine runs no less than was acknowledged, however the process ends.
 *   W2. It costs a write of 16 bytes in place, and no sync: after a power cut it may say less. What it says too little
 *       of cannot be missed; nothing whole is ever refused.
 *   W3. Without it (a store from before, a copy of the records) or where it cannot be written, the store works as
 *       before.
 */
import { closeSync, constants, fsyncSync, openSync, readFileSync, writeSync } from "node:fs"
import { join } from "node:path"
import { crc32c } from "./crc32c.js"

export const watermarkFile = "ACKNOWLEDGED"
const size = 16
const numberAt = 8
const head = Buffer.from("LW\u0001\u0000")

export class Watermark {
  readonly #path: string
  readonly #bytes = Buffer.alloc(size)
  #file: number | undefined

  constructor(folder: string) {
    this.#path = join(folder, watermarkFile)
    head.copy(this.#bytes)
  }

  /**
   * The number of the last commit that was acknowledged; 0 when that is not known, undefined when the file is damaged.
   */
  read(): number | undefined {
    const bytes = this.#content()
    if (bytes === undefined || bytes.length === 0 || bytes.every((byte) => byte === 0)) return 0 // W2: made, and never synced
    const fits = bytes.length >= size && bytes.subarray(0, head.length).equals(head)
    return fits && bytes.readUInt32LE(head.length) === crc32c(bytes, numberAt, size)
      ? Number(bytes.readBigUInt64LE(numberAt))
      : undefined
  }

  /** A commit is on the disk (W1). */
  write(number: number): void {
    this.#bytes.writeBigUInt64LE(BigInt(number), numberAt)
    this.#bytes.writeUInt32LE(crc32c(this.#bytes, numberAt), head.length)
    try {
      const begun = this.#file === undefined
      this.#file ??= openSync(this.#path, constants.O_RDWR | constants.O_CREAT, 0o600)
      writeSync(this.#file, this.#bytes, 0, size, 0)
      if (begun) fsyncSync(this.#file) // from now on its place on the disk stands
    } catch {
      this.close() // W3
    }
  }

  close(): void {
    if (this.#file !== undefined) closeSync(this.#file)
    this.#file = undefined
  }

  #content(): Buffer | undefined {
    try {
      return readFileSync(this.#path)
    } catch {
      return undefined // W3
    }
  }
}
