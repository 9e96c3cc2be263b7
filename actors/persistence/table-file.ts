/**
 * LevelDB's table files, as far as it takes to know that they are whole. LevelDB itself does not look at checksums when it reads, and a damaged block can end the
 * process; so this is asked first, of a store that nobody has open.
 *
 * @see https://github.com/google/leveldb/blob/main/doc/table_format.md
 * @see https://github.com/google/snappy/blob/main/format_description.txt
 */
import { readdir, readFile } from "node:fs/promises"
import { join } from "node:path"
import { thrownText } from "../errors.js"
import { crc32c, masked } from "./crc32c.js"

export interface DamagedFile {
  /** Name of the file. */
  readonly file: string
  readonly message: string
}

/** The table files of a folder that are damaged. */
export async function damagedTables(folder: string): Promise<readonly DamagedFile[]> {
  const found: DamagedFile[] = []
  for (const file of (await readdir(folder)).filter((name) => /\.(ldb|sst)$/.test(name)).sort()) {
    try {
      checkTable(await readFile(join(folder, file)))
    } catch (error) {
      found.push({ file, message: `table ${file}: ${thrownText(error)}` })
    }
  }
  return found
}

const footerSize = 48
const magic = 0xdb4775248b80fb57n
/** After a block: how it is compressed (1) and a checksum (4). */
const trailerSize = 5
const compressed = 1

/** Where a block lies in its file, without the trailer. */
interface Handle {
  readonly offset: number
  readonly size: number
}

/** @throws Error that says what is wrong */
export function checkTable(table: Buffer): void {
  if (table.length < footerSize) throw new Error("it is too short for a table")
  if (table.readBigUInt64LE(table.length - 8) !== magic) throw new Error("it does not end as a table does")
  const footer = new Reader(table.subarray(-footerSize))
  const [metaIndex, index] = [footer.handle(), footer.handle()]
  for (const list of [metaIndex, index])
    for (const handle of handlesIn(checkedBlock(table, list))) if (handle.size > 0) checkBlock(table, handle)
}

function checkBlock(table: Buffer, { offset, size }: Handle): void {
  if (offset + size + trailerSize > table.length) throw new Error(`the block at ${offset} ends past the file`)
  const crc = crc32c(table, offset, offset + size + 1)
  if (table.readUInt32LE(offset + size + 1) !== masked(crc))
    throw new Error(`the checksum of the block at ${offset} does not fit its content`)
}

/** The content of a block that was found whole. */
function checkedBlock(table: Buffer, handle: Handle): Buffer {
  checkBlock(table, handle)
  const content = table.subarray(handle.offset, handle.offset + handle.size)
  return table[handle.offset + handle.size] === compressed ? unsnappy(content) : content
}

/** The values of a block's entries, each of them a handle. */
function* handlesIn(block: Buffer): Generator<Handle> {
  const restarts = block.readUInt32LE(block.length - 4)
  const reader = new Reader(block.subarray(0, block.length - 4 - 4 * restarts))
  while (!reader.done) {
    reader.varint() // bytes shared with the key before
    const key = reader.varint()
    const value = reader.varint()
    reader.skip(key)
    yield new Reader(reader.take(value)).handle()
  }
}

function unsnappy(bytes: Buffer): Buffer {
  const reader = new Reader(bytes)
  const out = Buffer.alloc(reader.varint())
  let at = 0
  while (!reader.done) {
    const tag = reader.number(1)
    const high = tag >>> 2
    if ((tag & 3) === 0) {
      const length = high < 60 ? high + 1 : reader.number(high - 59) + 1
      at += reader.take(length).copy(out, at)
      continue
    }
    const length = (tag & 3) === 1 ? (high & 7) + 4 : high + 1
    const back = (tag & 3) === 1 ? ((high >>> 3) << 8) | reader.number(1) : reader.number((tag & 3) === 2 ? 2 : 4)
    for (let i = 0; i < length; i++, at++) out[at] = out[at - back] as number // may run into what it has written
  }
  return out
}

class Reader {
  readonly #bytes: Buffer
  #at = 0

  constructor(bytes: Buffer) {
    this.#bytes = bytes
  }

  get done(): boolean {
    return this.#at >= this.#bytes.length
  }

  skip(count: number): void {
    this.#at += count
  }

  take(count: number): Buffer {
    if (this.#at + count > this.#bytes.length) throw new Error("a block ends before its content")
    return this.#bytes.subarray(this.#at, (this.#at += count))
  }

  /** Little-endian, of up to four bytes. */
  number(bytes: number): number {
    return this.take(bytes).readUIntLE(0, bytes)
  }

  varint(): number {
    for (let value = 0, scale = 1; ; scale *= 128) {
      const byte = this.number(1)
      value += (byte & 127) * scale
      if (byte < 128) return value
    }
  }

  handle(): Handle {
    return { offset: this.varint(), size: this.varint() }
  }
}
