/**
 * LevelDB's log files, as far as it takes to know that nothing in their midst is gone. LevelDB leaves out silently what it cannot read of a log, and goes on with what follows; so
 * this is asked before it opens one. Of the end of a log it says nothing: a write that was cut short leaves one that is torn, and whether it was acknowledged is the watermark's to say.
 *
 * @see https://github.com/google/leveldb/blob/main/doc/log_format.md
 */
import { readdir, readFile } from "node:fs/promises"
import { join } from "node:path"
import { crc32c, masked } from "./crc32c.js"
import type { DamagedFile } from "./table-file.js"

const blockSize = 32 * 1024
/** Before each fragment: a checksum (4), its length (2), which part of a batch it is (1). */
const headerSize = 7
const part = { full: 1, first: 2, middle: 3, last: 4 }
/** A batch begins with the number of its first change (8) and how many it has (4). */
const batchHeader = 12

/** The log files of a folder in whose midst something is gone. */
export async function damagedLogs(folder: string): Promise<readonly DamagedFile[]> {
  const found: DamagedFile[] = []
  const files = (await readdir(folder)).filter((name) => /^\d+\.log$/.test(name))
  let next: number | undefined
  for (const file of files.sort((a, b) => Number.parseInt(a) - Number.parseInt(b))) {
    const log = await readFile(join(folder, file)).catch(() => undefined)
    if (log === undefined) continue // its owner has just deleted it
    let lost = 0
    let dropped = false
    for (const batch of batchesOf(log)) {
      if (batch === undefined) {
        dropped = true
        continue
      }
      if (next === undefined ? dropped : batch.first > next) lost += next === undefined ? 1 : batch.first - next
      next = batch.first + batch.count
    }
    const what = next === undefined || lost <= 1 ? "a change or more" : `${lost} changes`
    if (lost > 0) found.push({ file, message: `log ${file}: ${what} in its midst cannot be read, and others follow` })
  }
  return found
}

interface Batch {
  readonly first: number
  readonly count: number
}

/** The batches of a log that are whole, and undefined wherever something cannot be read. */
function* batchesOf(log: Buffer): Generator<Batch | undefined> {
  /** Of the batch that is being put together: its beginning. */
  let begun: Batch | undefined
  for (let block = 0; block < log.length; block += blockSize) {
    const end = Math.min(block + blockSize, log.length)
    for (let at = block; at + headerSize <= end;) {
      const from = at + headerSize
      const length = log.readUInt16LE(at + 4)
      const type = log[at + 6] as number
      if (from + length > end || log.readUInt32LE(at) !== masked(crc32c(log, at + 6, from + length))) {
        begun = undefined
        yield undefined
        break // the length is not to be trusted either: LevelDB goes on with the next block
      }
      at = from + length
      if (type === part.full || type === part.first) begun = batchAt(log, from, length)
      if ((type === part.full || type === part.last) && begun !== undefined) yield begun
      if (type !== part.first && type !== part.middle) begun = undefined
    }
  }
}

function batchAt(log: Buffer, at: number, length: number): Batch | undefined {
  if (length < batchHeader) return undefined
  return { first: Number(log.readBigUInt64LE(at)), count: log.readUInt32LE(at + 8) }
}
