/**
 * LevelDB's table files: whether they are whole, and what can be read of one that is not. LevelDB itself does not look
 * at checksums when it reads, and a damaged block can end the process; so this is asked first, of a store that nobody
 * has open.
 *
 * @see https://github.com/google/leveldb/blob/main/doc/table_format.md
 * @see https://github.com/google/snappy/blob/main/format_description.txt
 */
import { crc32c, masked } from "./crc32c.js"
import { Reader, versioned, type Versioned } from "./level-bytes.js"

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
  const lists = listsOf(table)
  for (const list of [lists.meta, lists.index])
    for (const handle of handlesIn(checkedBlock(table, list))) if (handle.size > 0) checkBlock(table, handle)
}

/**
 * What the blocks of a table hold, in order; undefined stands where one cannot be read, or several that follow each
 * other. Where their index is gone, they are looked for.
 */
export function* blocksOf(table: Buffer): Generator<readonly Versioned[] | undefined> {
  let handles: readonly Handle[]
  try {
    handles = [...handlesIn(checkedBlock(table, listsOf(table).index))]
  } catch {
    return yield* foundBlocks(table)
  }
  for (const handle of handles) yield changesIn(table, handle)
}

/** Blocks follow each other from the beginning, without gaps; where one ends, its checksum stands. */
function* foundBlocks(table: Buffer): Generator<readonly Versioned[] | undefined> {
  for (let offset = 0; ;) {
    const size = sizeAt(table, offset)
    if (size === undefined) return yield undefined
    const found = changesIn(table, { offset, size })
    if (found === undefined) return // after the last of them stands what is no change: their filter, then their index
    yield found
    offset += size + trailerSize
  }
}

function sizeAt(table: Buffer, offset: number): number | undefined {
  let crc = 0
  for (let at = offset; at + trailerSize <= table.length; at++) {
    crc = crc32c(table, at, at + 1, crc)
    if (at > offset && table.readUInt32LE(at + 1) === masked(crc)) return at - offset
  }
  return undefined
}

/** @returns undefined when it is damaged, or holds no changes */
function changesIn(table: Buffer, handle: Handle): readonly Versioned[] | undefined {
  try {
    const changes = [...entriesIn(checkedBlock(table, handle))].map(([key, value]) => versioned(key, value))
    return changes.length > 0 ? changes : undefined
  } catch {
    return undefined
  }
}

/** Where its two lists are: of blocks beside the data, and of the data. @throws Error that says what is wrong */
function listsOf(table: Buffer): { readonly meta: Handle; readonly index: Handle } {
  if (table.length < footerSize) throw new Error("it is too short for a table")
  if (table.readBigUInt64LE(table.length - 8) !== magic) throw new Error("it does not end as a table does")
  const footer = new Reader(table.subarray(-footerSize))
  return { meta: handleIn(footer), index: handleIn(footer) }
}

const handleIn = (reader: Reader): Handle => ({ offset: reader.varint(), size: reader.varint() })

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

/** A block's entries; each key says how much of it is that of the key before. */
function* entriesIn(block: Buffer): Generator<readonly [key: Buffer, value: Buffer]> {
  const restarts = block.readUInt32LE(block.length - 4)
  if (4 * restarts + 4 > block.length) throw new Error("a block has no end")
  const reader = new Reader(block.subarray(0, block.length - 4 - 4 * restarts))
  let key = Buffer.alloc(0)
  while (!reader.done) {
    const [shared, own, value] = [reader.varint(), reader.varint(), reader.varint()]
    key = Buffer.concat([key.subarray(0, shared), reader.take(own)])
    yield [key, reader.take(value)]
  }
}

function* handlesIn(block: Buffer): Generator<Handle> {
  for (const [, value] of entriesIn(block)) yield handleIn(new Reader(value))
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
