/**
 * What the store needs of a database: ordered bytes, and one synced atomic batch at a time. LevelDB is the real one; a
 * simulated disk is another.
 *
 * Invariants
 *   B1. When `write` resolves, all its changes are durable; after a crash at any moment, all of them are there or
 *       none.
 *   B2. A range sees the database as it was when its first page was asked for, whatever is written meanwhile.
 *   B3. A LevelDB that lacks anything acknowledged is not opened unasked: neither when the end of its log is gone
 *       (`watermark.ts`), nor, whoever asks, when a file of it is damaged (`level-files.ts`). One that is not opened
 *       stays as it is.
 */
import { mkdir } from "node:fs/promises"
import { Level } from "level"
import { AgentOSError } from "../errors.js"
import { settleRenewed } from "./folders.js"
import { levelFiles, type LevelFiles } from "./level-files.js"
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
  /**
   * Entries with `from` <= key < `to` in the order of the bytes of their keys, in pages of at most 1,000, none of them
   * empty (B2).
   */
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
  /**
   * Opens it also when something that was acknowledged is missing, and says so in `lost`. Commits are then counted on
   * after the lost ones, and nothing misses them any more.
   */
  readonly lacking?: boolean
}

/**
 * Bytes that LevelDB gathers before it sorts them into a table. With its own 4 MB a fast disk waits for the sorting;
 * more takes longer to open.
 */
export const writeBufferSize = 16 * 1024 * 1024

/** From the first key to after the last. */
export const wholeRange = [Buffer.from([0]), Buffer.from([0xff])] as const

/** Where each commit leaves its number, after all keys: no range comes to it. */
const commitKey = Buffer.from([0xff])

/** In Node, `Level` is the class of classic-level; its own types name only what browsers have, too. */
interface NodeOnly {
  compactRange(from: Buffer, to: Buffer): Promise<void>
}
/**
 * Most entries of a page. LevelDB makes room for as many when it begins to read one, 64 bytes each, and keeps it until
 * the iterator is collected as garbage: as most ranges are short, the first page is small.
 */
const page = { first: 16, entries: 1000, bytes: 1024 * 1024 }

/**
 * Opens a LevelDB, and makes the folder when it is not there.
 * @throws `LEVEL_LOCKED` when another process owns the folder, `RECORD_DAMAGED` when something that was acknowledged
 * is missing, `DISK_FULL`, `STORE_FAILED`
 */
export async function openLevelDatabase(folder: string, { lacking = false }: OpenOptions = {}): Promise<Database> {
  try {
    await settleRenewed(folder)
    await mkdir(folder, { recursive: true, mode: 0o700 }).catch((cause: NodeJS.ErrnoException) => {
      if (!["EEXIST", "ENOTDIR", "ENOENT"].includes(cause.code ?? "")) throw cause
      const text = `the store in ${folder} cannot be opened: a file, or a link to nothing, stands where its folder goes`
      throw new AgentOSError("STORE_FAILED", `${text}; move it away, or name another data folder (--data)`, { cause })
    })
    const files = await lookAt(folder, { lacking })
    const [damage] = files.damages
    if (damage !== undefined) throw incomplete(folder, damage.message) // B3
    if (files.lost !== undefined && !lacking) throw incomplete(folder, lostText(files.lost))
    return await opened(folder)
  } catch (error) {
    throw storeError(error, folder)
  }
}

/** The files of a folder, and what they lack. */
export interface LookedAt extends LevelFiles {
  readonly lost: LostCommits | undefined
}

/**
 * Looks at the files of a folder that nobody has open; changes nothing.
 * @param lacking it is no reason to refuse the store when it lacks commits
 * @throws `LEVEL_LOCKED`, `STORE_FAILED` when a file cannot be read
 */
export async function lookAt(
  folder: string,
  { blocks = false, lacking = false }: { readonly blocks?: boolean } & OpenOptions = {},
): Promise<LookedAt> {
  const look = async (): Promise<LookedAt> => {
    const files = await levelFiles(folder, { blocks })
    if (files.damages.length > 0) return { ...files, lost: undefined }
    return { ...files, lost: lostIn(folder, numberOf(await files.last(commitKey))) }
  }
  try {
    if (blocks) await refuseOwned(folder)
    const first = await look().catch(() => undefined) // a file that its owner has just deleted cannot be read
    if (first !== undefined && first.damages.length === 0 && (lacking || first.lost === undefined)) return first
    await refuseOwned(folder) // F2 of `level-files.ts`
    return await look()
  } catch (error) {
    throw storeError(error, folder)
  }
}

/** LevelDB takes the lock before it sees that it should not open what is there. @throws `LEVEL_LOCKED` */
async function refuseOwned(folder: string): Promise<void> {
  const never = { createIfMissing: false, errorIfExists: true }
  const error = await new Level(folder, never).open().then(
    () => undefined,
    (thrown: unknown) => storeError(thrown, folder),
  )
  if (error?.code === "LEVEL_LOCKED") throw error
}

function lostIn(folder: string, stored: number): LostCommits | undefined {
  const acknowledged = new Watermark(folder).read() ?? 0
  return stored < acknowledged ? { from: stored + 1, to: acknowledged } : undefined
}

const openLevel = async (folder: string): Promise<Level<Buffer, Uint8Array>> => {
  const db = new Level<Buffer, Uint8Array>(folder, { keyEncoding: "buffer", valueEncoding: "view", writeBufferSize })
  await db.open()
  return db
}

/** Fills a new LevelDB with pages of changes, which are durable when it resolves. */
export async function writeLevelDatabase(folder: string, pages: AsyncIterable<readonly Change[]>): Promise<void> {
  const db = await openLevel(folder)
  try {
    for await (const changes of pages) await batchOf(db, changes).write({ sync: true })
  } finally {
    await db.close()
  }
}

/** A chained batch: the array form is three to four times slower. */
function batchOf(db: Level<Buffer, Uint8Array>, changes: readonly Change[]) {
  const batch = db.batch()
  for (const [key, value] of changes) {
    if (value === undefined) batch.del(key)
    else batch.put(key, value)
  }
  return batch
}

async function opened(folder: string): Promise<Database> {
  const db = await openLevel(folder)
  const mark = new Watermark(folder)
  let lost: LostCommits | undefined
  let number: number
  try {
    const stored = numberOf(await db.get(commitKey))
    lost = lostIn(folder, stored)
    number = lost?.to ?? stored
  } catch (error) {
    await db.close()
    throw error
  }
  const fail = (error: unknown): never => {
    throw storeError(error, folder)
  }
  return {
    location: folder,
    lost,
    get: (key) => db.get(key).catch(fail),
    async *range(from, to, { reverse = false, limit = -1 } = {}) {
      // LevelDB's own 16 KiB would make a page of some 80 events.
      const options = { gte: from, lt: to, reverse, limit, highWaterMarkBytes: page.bytes }
      const most = limit < 0 ? page.entries : Math.min(limit, page.entries)
      const begin = () => db.iterator(options)
      let iterator: ReturnType<typeof begin> | undefined
      try {
        iterator = begin()
        for (let next = iterator.nextv(Math.min(most, page.first)); ;) {
          const entries = await next
          if (entries.length === 0) return
          next = iterator.nextv(most) // is read while this page is worked on
          next.catch(() => undefined) // whoever goes on hears of it, whoever has left need not
          yield entries
        }
      } catch (error) {
        fail(error)
      } finally {
        await iterator?.close()
      }
    },
    async write(changes) {
      number += 1
      await batchOf(db, changes).put(commitKey, bytesOf(number)).write({ sync: true }) // B1
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

/** What a database threw, under its code; an error that has one stays as it is. */
export function storeError(error: unknown, location: string): AgentOSError {
  if (error instanceof AgentOSError) return error
  const causes: string[] = []
  type Caused = { readonly code?: string; readonly message?: string; readonly cause?: unknown }
  for (let e = error as Caused | undefined | null; e !== undefined && e !== null; e = e.cause as Caused | undefined)
    causes.push(e.message?.startsWith(`${e.code}: `) ? e.message : `${e.code ?? ""} ${e.message ?? ""}`)
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
  // prettier-ignore
  if (text.includes("LEVEL_CORRUPTION"))
    return new AgentOSError("RECORD_DAMAGED", `a file of the store in ${location} is damaged: ${text}; stop, and see what \`store verify\` says`, { cause: error })
  return new AgentOSError("STORE_FAILED", `the store in ${location} failed: ${text}`, { cause: error })
}
