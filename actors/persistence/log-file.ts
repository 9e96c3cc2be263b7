/**
 * LevelDB's log files. LevelDB leaves out silently what it cannot read of a log, and goes on with what follows; so
 * this is asked before it opens one. Of the end of a log it says nothing: a write that was cut short leaves one that
 * is torn, and whether it was acknowledged is the watermark's to say.
 *
 * @see https://github.com/google/leveldb/blob/main/doc/log_format.md
 */
import { crc32c, masked } from "./crc32c.js"
import { kindOf, Reader, type Versioned } from "./level-bytes.js"

const blockSize = 32 * 1024
/** Before each fragment: a checksum (4), its length (2), which part of a record it is (1). */
const headerSize = 7
const part = { none: 0, full: 1, first: 2, middle: 3, last: 4 }
/** A batch begins with the number of its first change (8) and how many it has (4). */
const batchHeader = 12

/**
 * A record of a log, as far as it is there: whole, damaged, or at the end of what was written when the process died.
 */
export interface LogRecord {
  readonly is: "whole" | "damaged" | "unwritten"
  readonly bytes: Buffer
}

/**
 * The records of a log. Behind one that is damaged the next that is whole is looked for, which LevelDB does in the
 * next block only.
 */
export function* recordsOf(log: Buffer): Generator<LogRecord> {
  /** Of the record that is being put together. */
  let begun: Buffer[] = []
  const ended = (is: LogRecord["is"], ...more: readonly Buffer[]): LogRecord => {
    const bytes = Buffer.concat([...begun, ...more])
    begun = []
    return { is, bytes }
  }
  for (let block = 0; block < log.length; block += blockSize) {
    const end = Math.min(block + blockSize, log.length)
    const last = end < block + blockSize
    let at = block
    while (at + headerSize <= end) {
      const from = at + headerSize
      const to = from + log.readUInt16LE(at + 4)
      const type = log[at + 6] as number
      if (!isFragment(log, at, end)) {
        const unwritten = (type === part.none && to === from) || (last && to > end)
        yield ended(unwritten ? "unwritten" : "damaged", log.subarray(from, Math.min(to, end)))
        at = fragmentAfter(log, at, to, end)
        continue
      }
      at = to
      const fragment = log.subarray(from, to)
      if (type === part.full || type === part.first) {
        if (begun.length > 0) yield ended("damaged")
        if (type === part.full) yield { is: "whole", bytes: fragment }
        else begun = [fragment]
      } else if (begun.length > 0) {
        if (type === part.last) yield ended("whole", fragment)
        else begun.push(fragment)
      }
    }
    if (last && at < end) yield ended("unwritten")
  }
  if (begun.length > 0) yield ended("unwritten")
}

function isFragment(log: Buffer, at: number, end: number): boolean {
  const to = at + headerSize + log.readUInt16LE(at + 4)
  const type = log[at + 6] as number
  return (
    type !== part.none && type <= part.last && to <= end && log.readUInt32LE(at) === masked(crc32c(log, at + 6, to))
  )
}

/** @param to where the next one should begin, if that can be trusted */
function fragmentAfter(log: Buffer, at: number, to: number, end: number): number {
  if (to + headerSize <= end && isFragment(log, to, end)) return to
  for (let next = at + 1; next + headerSize <= end; next++) if (isFragment(log, next, end)) return next
  return end
}

/** @returns undefined for what is no batch */
function headOf(batch: Buffer): { readonly first: number; readonly count: number } | undefined {
  if (batch.length < batchHeader) return undefined
  return { first: Number(batch.readBigUInt64LE(0)), count: batch.readUInt32LE(8) }
}

/** The changes of a batch. @throws RangeError when it is none */
export function* changesOf(batch: Buffer): Generator<Versioned> {
  const head = headOf(batch)
  const reader = new Reader(batch.subarray(batchHeader))
  for (let number = head?.first ?? 0; !reader.done; number++) {
    const kind = reader.number(1)
    const key = reader.slice()
    yield { key, number, value: kind === kindOf.put ? reader.slice() : undefined }
  }
}

/** Keys in what is left of a batch, as far as they can be read. */
export function keysIn(batch: Buffer): Buffer[] {
  const keys: Buffer[] = []
  const reader = new Reader(batch.subarray(batchHeader))
  try {
    while (!reader.done) {
      const kind = reader.number(1)
      keys.push(reader.slice())
      if (kind === kindOf.put) reader.slice()
    }
  } catch {
    // Here it ends.
  }
  return keys
}

/** Follows the batches of a store's logs, from the oldest to the newest, and finds what is gone between them. */
export class LogGaps {
  /** The number of the change that comes next. */
  #next: number
  #begun = false
  #dropped = false

  /** @param last number of the last change that the tables may hold */
  constructor(last: number) {
    this.#next = last + 1
  }

  /** @returns what is wrong with a log, in words */
  follow(log: Buffer): string | undefined {
    let lost = 0
    let counted = true
    for (const { is, bytes } of recordsOf(log)) {
      const batch = is === "whole" ? headOf(bytes) : undefined
      if (batch === undefined) {
        this.#dropped = true
        continue
      }
      if (batch.first > this.#next) lost += batch.first - this.#next
      else if (!this.#begun && this.#dropped) {
        lost += 1
        counted = false
      }
      this.#begun = true
      this.#next = batch.first + batch.count
    }
    if (lost === 0) return undefined
    return `${counted && lost > 1 && Number.isFinite(lost) ? `${lost} changes` : "a change or more"} in its midst cannot be read, and others follow`
  }
}
