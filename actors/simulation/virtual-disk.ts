/**
 * The disk of one node: a database whose bytes survive a crash of the node, as far as they were written. A write takes time; until it is durable nobody sees it.
 *
 * Invariants
 *   K1. A write that has resolved is there after every crash, unless the disk lies.
 *   K2. Of a write that was under way, a crash leaves the first bytes, as many as chance has it. Opening the disk reads what is left, and takes those batches whose
 *       checksum fits: all of a batch or nothing.
 *   K3. A database that was open when its node crashed does nothing any more, and answers nobody.
 */
import { AgentOSError } from "../errors.js"
import { crc32c } from "../persistence/crc32c.js"
import type { Change, Database, Entry, RangeOptions } from "../persistence/database.js"
import type { SeededRandom } from "./seeded-random.js"
import { SortedBytes, type Pair } from "./sorted-bytes.js"
import { Happening, type VirtualClock } from "./virtual-clock.js"

/** What somebody who looks on is told. */
export interface DiskObserver {
  read(): void
  /** A write has begun, and takes so long. */
  writing(changes: number, milliseconds: number): void
  written(changes: number): void
  /** It was full. */
  refused(): void
}

export interface DiskOptions {
  /** For messages. */
  readonly name?: string
  /** How long a read and a write take at least; each takes up to twice as long, as chance has it. Default 0.02 and 0.5. */
  readonly readMs?: number
  readonly writeMs?: number
  readonly observer?: DiskObserver
}

const entriesInPage = 1000

/** A batch on its way to the disk. */
class Batch extends Happening {
  readonly #disk: VirtualDisk
  readonly changes: readonly Change[]
  readonly #done: () => void

  constructor(disk: VirtualDisk, changes: readonly Change[], done: () => void) {
    super()
    this.#disk = disk
    this.changes = changes
    this.#done = done
  }

  happen(): void {
    if (this.#disk.finish(this)) this.#done()
  }
}

/** What was read, or nothing, after its time. */
class Answer<T> extends Happening {
  readonly #disk: VirtualDisk
  readonly #age: number
  readonly #value: T
  readonly #done: (value: T) => void

  constructor(disk: VirtualDisk, value: T, done: (value: T) => void) {
    super()
    this.#disk = disk
    this.#age = disk.age
    this.#value = value
    this.#done = done
  }

  happen(): void {
    if (this.#disk.age === this.#age) this.#done(this.#value) // K3
  }
}

export class VirtualDisk {
  readonly #clock: VirtualClock
  readonly #random: SeededRandom
  readonly #name: string
  readonly #readMs: number
  readonly #writeMs: number
  readonly #observer: DiskObserver | undefined
  readonly #bytes = new SortedBytes()
  #underWay: Batch[] = []
  /** What a crash has left of the batches that were under way (K2). */
  #tail: Buffer = Buffer.alloc(0)
  /** What a disk that lies has not made durable yet, with what stood there before. */
  #promised: { readonly until: number; readonly before: readonly Change[] }[] = []
  /** Each crash begins another. */
  age = 0
  #open = false
  /** It has no room: writes are refused. */
  full = false
  /** By how much each write is slower than usual. */
  slowMs = 0
  /** It says that a write is durable, and makes it so only after so many milliseconds: what a drive without a battery does. */
  lie: { readonly syncAfterMs: number } | undefined = undefined

  constructor(clock: VirtualClock, random: SeededRandom, options: DiskOptions = {}) {
    this.#clock = clock
    this.#random = random
    this.#name = options.name ?? "virtual"
    this.#readMs = options.readMs ?? 0.02
    this.#writeMs = options.writeMs ?? 0.5
    this.#observer = options.observer
  }

  /** Something is on its way to the disk. */
  get writing(): boolean {
    return this.#underWay.length > 0
  }

  /** The database, as it is durable. @throws `LEVEL_LOCKED` while it is open */
  async open(): Promise<Database> {
    if (this.#open)
      throw new AgentOSError("LEVEL_LOCKED", `the disk ${this.#name} is open already: close it, or let its node crash`)
    this.#open = true
    const age = this.age
    await this.#after(this.#readMs, age, undefined)
    for (const change of readBatches(this.#tail)) this.#apply(change) // K2
    this.#tail = Buffer.alloc(0)
    return this.#database(age)
  }

  /**
   * The node has crashed (K1 to K3).
   * @param keep how many of the bytes under way reach the disk; default: as chance has it
   */
  crash(keep: (bytes: number) => number = (bytes) => this.#random.int(bytes + 1)): void {
    this.age += 1
    this.#open = false
    for (const { until, before } of this.#promised.reverse())
      if (until > this.#clock.now) for (const change of before) this.#apply(change)
    this.#promised = []
    if (this.#underWay.length > 0) {
      const bytes = Buffer.concat(this.#underWay.map(({ changes }) => writeBatch(changes)))
      this.#tail = Buffer.concat([this.#tail, bytes.subarray(0, keep(bytes.length))])
    }
    this.#underWay = []
  }

  /** A batch has reached the disk. @returns whether anybody is there to hear of it */
  finish(batch: Batch): boolean {
    const place = this.#underWay.indexOf(batch)
    if (place < 0) return false // K3
    this.#underWay.splice(place, 1)
    const { changes } = batch
    if (this.lie !== undefined) this.#promise(this.lie.syncAfterMs, changes)
    for (const change of changes) this.#apply(change)
    this.#observer?.written(changes.length)
    return true
  }

  #promise(milliseconds: number, changes: readonly Change[]): void {
    const { now } = this.#clock
    const before = changes.map(([key]): Change => [key, this.#bytes.get(key.toString("latin1"))])
    this.#promised = this.#promised.filter(({ until }) => until > now)
    this.#promised.push({ until: now + milliseconds, before: before.reverse() })
  }

  #apply([key, value]: Change): void {
    this.#bytes.set(key.toString("latin1"), value)
  }

  /** Resolves when so much time has passed and the node has not crashed meanwhile (K3). */
  #after<T>(milliseconds: number, age: number, value: T): Promise<T> {
    return new Promise((done) => {
      if (this.age !== age) return
      this.#clock.schedule(milliseconds * (1 + this.#random.float()), new Answer(this, value, done))
    })
  }

  #database(age: number): Database {
    let closed = false
    const isClosed = (): Promise<never> => Promise.reject(new Error(`the database on ${this.#name} is not open`))
    const bytes = this.#bytes
    const read = <T>(value: T): Promise<T> => {
      if (closed) return isClosed()
      this.#observer?.read()
      return this.#after(this.#readMs, age, value)
    }
    return {
      location: this.#name,
      get: (key) => read(bytes.get(key.toString("latin1"))),
      async *range(from, to, { reverse = false, limit = -1 }: RangeOptions = {}) {
        let [low, high] = [from.toString("latin1"), to.toString("latin1")]
        let left = limit < 0 ? Infinity : limit
        let found = bytes.slice(low, high, Math.min(left, entriesInPage), reverse)
        // A range that fits a page need not be kept as it was (B2).
        const rest = found.length === entriesInPage && left > entriesInPage ? bytes.look() : undefined
        while (found.length > 0) {
          const page = await read(found.map(entryOf))
          left -= page.length
          yield page
          if (rest === undefined || left === 0) return
          const last = (found.at(-1) as Pair)[0]
          if (reverse) high = last
          else low = `${last}\u0000`
          found = rest.slice(low, high, Math.min(left, entriesInPage), reverse)
        }
        await read(undefined)
      },
      write: (changes) => {
        if (closed) return isClosed()
        if (this.full) return this.#refuse(age)
        return new Promise((done) => {
          if (this.age !== age) return // K3
          const batch = new Batch(this, changes, done)
          const milliseconds = this.slowMs + this.#writeMs * (1 + this.#random.float())
          this.#underWay.push(batch)
          this.#clock.schedule(milliseconds, batch)
          this.#observer?.writing(changes.length, milliseconds)
        })
      },
      close: async () => {
        closed = true
        if (this.age === age) this.#open = false
      },
    }
  }

  async #refuse(age: number): Promise<never> {
    await this.#after(this.#writeMs, age, undefined)
    this.#observer?.refused()
    throw Object.assign(new Error(`ENOSPC: No space left on device, write '${this.#name}'`), { code: "ENOSPC" })
  }
}

const entryOf = ([key, value]: Pair): Entry => [Buffer.from(key, "latin1"), value]

const batchHeader = 8
const deleted = 0xffffffff

/** A batch as it stands in the log: length and crc32c of what follows, then for each change the length of key and value, and both. */
function writeBatch(changes: readonly Change[]): Buffer {
  const parts: Uint8Array[] = [Buffer.alloc(batchHeader)]
  for (const [key, value] of changes) {
    const lengths = Buffer.alloc(8)
    lengths.writeUInt32LE(key.length, 0)
    lengths.writeUInt32LE(value?.length ?? deleted, 4)
    parts.push(lengths, key)
    if (value !== undefined) parts.push(value)
  }
  const bytes = Buffer.concat(parts)
  bytes.writeUInt32LE(bytes.length - batchHeader, 0)
  bytes.writeUInt32LE(crc32c(bytes, batchHeader), 4)
  return bytes
}

/** The changes of the batches that are whole; the first that is not ends them. */
function readBatches(log: Buffer): Change[] {
  const found: Change[] = []
  let at = 0
  while (at + batchHeader <= log.length) {
    const end = at + batchHeader + log.readUInt32LE(at)
    if (end > log.length || crc32c(log, at + batchHeader, end) !== log.readUInt32LE(at + 4)) break
    for (at += batchHeader; at < end;) {
      const keyLength = log.readUInt32LE(at)
      const valueLength = log.readUInt32LE(at + 4)
      const valueAt = at + 8 + keyLength
      const key = Buffer.from(log.subarray(at + 8, valueAt))
      at = valueLength === deleted ? valueAt : valueAt + valueLength
      found.push([key, valueLength === deleted ? undefined : Buffer.from(log.subarray(valueAt, at))])
    }
  }
  return found
}
