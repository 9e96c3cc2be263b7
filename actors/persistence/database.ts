/**
 * What the store needs of a database: ordered bytes, and one synced atomic batch at a time. LevelDB is the real one; a simulated disk is another.
 *
 * Invariants
 *   B1. When `write` resolves, all its changes are durable; after a crash at any moment, all of them are there or none.
 *   B2. A range sees the database as it was when its first page was asked for, whatever is written meanwhile.
 *   B3. A LevelDB that lacks anything acknowledged is not opened unasked: neither when something in the midst of its log is gone (`log-file.ts`), nor when its end is (`watermark.ts`).
 */
import { mkdir } from "node:fs/promises"
import { Level } from "level"
import { AgentOSError } from "../errors.js"
import { damagedLogs } from "./log-file.js"
import { Watermark } from "./watermark.js"

/** A change of one key; a value of undefined deletes. */
export type Change = readonly [key: Buffer, value: Uint8Array | undefined]

export type Entry = readonly [key: Buffer, value: Uint8Array]

export interface RangeOptions {
  /** From the last key to the first. */
  readonly reverse?: boolean
  /** Most entries, of all pages together. */
  readonly limit?: number
}

export interface Database {
  /** For messages: the folder. */
  readonly location: string
  get(key: Buffer): Promise<Uint8Array | undefined>
  /** Entries with `from` <= key < `to` in the order of the bytes of their keys, in pages of at most 1,000, none of them empty (B2). */
  range(from: Buffer, to: Buffer, options?: RangeOptions): AsyncIterable<readonly Entry[]>
  /** One synced atomic batch (B1); the store never begins one before the last has ended. */
  write(changes: readonly Change[]): Promise<void>
  /** Gives the room of deleted entries back; a database that has none to give leaves it out. */
  compact?(): Promise<void>
  /** Commits that were acknowledged and are not here. */
  readonly lost?: LostCommits | undefined
  close(): Promise<void>
}

/** Numbers of commits, both inclusive. */
export interface LostCommits {
  readonly from: number
  readonly to: number
}

export interface OpenOptions {
  /** Opens it also when something that was acknowledged is missing, and says so in `lost`. Commits are then counted on after the lost ones, and nothing misses them any more. */
  readonly lacking?: boolean
}

/** Bytes that LevelDB gathers before it sorts them into a table. With its own 4 MB a fast disk waits for the sorting; more takes longer to open. */
export const writeBufferSize = 16 * 1024 * 1024

/** From the first key to after the last. */
export const wholeRange = [Buffer.from([0]), Buffer.from([0xff])] as const

/** Where each commit leaves its number, after all keys: no range comes to it. */
const commitKey = Buffer.from([0xff])

/** In Node, `Level` is the class of classic-level; its own types name only what browsers have, too. */
interface NodeOnly {
  compactRange(from: Buffer, to: Buffer): Promise<void>
}
interface NodeOnlyStatic {
  repair(folder: string): Promise<void>
}

/**
 * Most entries of a page. LevelDB makes room for as many when it begins to read one, 64 bytes each, and keeps it until the iterator is collected as garbage: as most ranges
 * are short, the first page is small.
 */
const page = { first: 16, entries: 1000, bytes: 1024 * 1024 }

/**
 * Opens a LevelDB, and makes the folder when it is not there.
 * @throws `LEVEL_LOCKED` when another process owns the folder, `RECORD_DAMAGED` when something that was acknowledged is missing, `DISK_FULL`, `STORE_FAILED`
 */
export async function openLevelDatabase(folder: string, { lacking = false }: OpenOptions = {}): Promise<Database> {
  let db: Level<Buffer, Uint8Array>
  try {
    await mkdir(folder, { recursive: true })
    const [log] = lacking ? [] : await damagedLogs(folder) // before LevelDB makes a table of what it can read, and deletes the log
    if (log !== undefined) throw incomplete(folder, log.message)
    db = new Level(folder, { keyEncoding: "buffer", valueEncoding: "view", writeBufferSize }) // begins to open
    await db.open()
  } catch (error) {
    throw storeError(error, folder)
  }
  const mark = new Watermark(folder)
  const [stored, acknowledged] = [numberOf(await db.get(commitKey)), mark.read() ?? 0]
  const lost = stored < acknowledged ? { from: stored + 1, to: acknowledged } : undefined
  if (lost !== undefined && !lacking) {
    await db.close()
    throw incomplete(folder, lostText(lost))
  }
  let number = Math.max(stored, acknowledged)
  return {
    location: folder,
    lost,
    get: (key) => db.get(key),
    async *range(from, to, { reverse = false, limit = -1 } = {}) {
      // LevelDB's own 16 KiB would make a page of some 80 events.
      const options = { gte: from, lt: to, reverse, limit, highWaterMarkBytes: page.bytes }
      const iterator = db.iterator(options)
      const most = limit < 0 ? page.entries : Math.min(limit, page.entries)
      try {
        for (let next = iterator.nextv(Math.min(most, page.first)); ;) {
          const entries = await next
          if (entries.length === 0) return
          next = iterator.nextv(most) // is read while this page is worked on
          next.catch(() => undefined) // whoever goes on hears of it, whoever has left need not
          yield entries
        }
      } finally {
        await iterator.close()
      }
    },
    async write(changes) {
      const batch = db.batch() // chained: the array form is three to four times slower
      for (const [key, value] of changes) {
        if (value === undefined) batch.del(key)
        else batch.put(key, value)
      }
      number += 1
      batch.put(commitKey, bytesOf(number))
      await batch.write({ sync: true }) // B1
      mark.write(number)
    },
    compact: () => (db as Level<Buffer, Uint8Array> & NodeOnly).compactRange(...wholeRange),
    close: async () => {
      await db.close()
      mark.close()
    },
  }
}

/** What is lost, for messages. */
export const lostText = ({ from, to }: LostCommits): string =>
  `${from === to ? `commit ${from} was acknowledged, and is` : `commits ${from} to ${to} were acknowledged, and are`} missing: the end of LevelDB's log is damaged or gone`

const incomplete = (folder: string, what: string): AgentOSError =>
  new AgentOSError(
    "RECORD_DAMAGED",
    `the store in ${folder} is not opened: ${what}; restore a backup, or let \`store repair\` go on without what is lost`,
  )

function bytesOf(number: number): Buffer {
  const bytes = Buffer.allocUnsafe(8)
  bytes.writeBigUInt64LE(BigInt(number))
  return bytes
}

const numberOf = (bytes: Uint8Array | undefined): number =>
  bytes === undefined ? 0 : Number(Buffer.from(bytes).readBigUInt64LE())

/** LevelDB's own repair of a folder that does not open; it keeps what can be read. @throws `STORE_FAILED` */
export async function repairLevelDatabase(folder: string): Promise<void> {
  try {
    await (Level as typeof Level & NodeOnlyStatic).repair(folder)
  } catch (error) {
    throw storeError(error, folder)
  }
}

/** What a database threw, under its code; an error that has one stays as it is. */
export function storeError(error: unknown, location: string): AgentOSError {
  if (error instanceof AgentOSError) return error
  const causes: string[] = []
  type Caused = { readonly code?: string; readonly message?: string; readonly cause?: unknown }
  for (let e = error as Caused | undefined | null; e !== undefined && e !== null; e = e.cause as Caused | undefined)
    causes.push(`${e.code ?? ""} ${e.message ?? ""}`)
  const text = causes.join("; ")
  if (text.includes("LEVEL_LOCKED")) {
    return new AgentOSError(
      "LEVEL_LOCKED",
      `another process owns ${location}: stop it, or give this one another data folder (--data)`,
      { cause: error },
    )
  }
  if (/ENOSPC|No space left/i.test(text))
    return new AgentOSError(
      "DISK_FULL",
      `the disk of ${location} is full; free some room and start again: nothing acknowledged is lost`,
      { cause: error },
    )
  return new AgentOSError("STORE_FAILED", `the store in ${location} failed: ${text}`, { cause: error })
}
