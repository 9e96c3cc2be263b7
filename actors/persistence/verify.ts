/**
 * Looks at every record of a store: that it can be read, and that it fits the others.
 *
 * Invariants
 *   V1. Verifying changes nothing, and sees the store as it was when it began.
 *   V2. Of a folder, the files are looked at first: what LevelDB would do with a damaged one is not known, so none of
 *       its records is read then.
 *   V3. Records that were written with a checksum (events, heads, snapshots, answers of commands, orders) are found
 *       damaged whichever of their bytes it is; of others it is known only that they can be read.
 *   V4. An actor whose records are on their way (a shard that moves between nodes, and was cut short) is not taken for
 *       damaged when some are missing: the node carries the move to its end when it is started.
 *   V5. A name that is no longer allowed is told once: of an actor, of one that a delivery leads to, of a command.
 */
import { copyFile, link, mkdir, readdir, rm } from "node:fs/promises"
import { join, resolve } from "node:path"
import { AgentOSError } from "../errors.js"
import { countRecords } from "./backup.js"
import { decodeAnswer } from "./timed-answer.js"
import { decodeValue } from "./checked-value.js"
import { lookAt, lostText, storeError, wholeRange, type Entry, type LostCommits } from "./database.js"
import { settleRenewed } from "./folders.js"
import { actorOf, decodeHead, eventTitle, filledKey, type HeadRecord } from "./heads.js"
import type { PersistenceId, Snapshot, StoredEvent } from "./journal.js"
import { titleOf } from "./journal-checks.js"
import { after, keyOf, numberOf } from "./keys.js"
import { fileTitle, type DamagedFile, type LevelFiles } from "./level-files.js"
import { LevelStore } from "./level-store.js"
import { decodeLosses, lackingText, lossesKey, lossOf, type Loss } from "./losses.js"
import { isBegun, isLog, isTable } from "./manifest-file.js"
import { isOfRuntime, OldNames, shown, whyOld, type OldName } from "./old-names.js"
import { actorNames, decodeEvent } from "./record.js"
import { keptKey, nameOf, roomOf } from "./record-name.js"
import { telling, type StoreProgress, progressOf, type ProgressOptions } from "./store-progress.js"
import { Watermark, watermarkFile } from "./watermark.js"

/** What is wrong with one record or one actor, and what to call it. */
export type Damage = { readonly name: string; readonly message: string } & (
  | /** It cannot be read, or contradicts those before it. */ { readonly kind: "record"; readonly key: Buffer }
  | { readonly kind: "missing-events"; readonly actor: PersistenceId; readonly from: number }
  | { readonly kind: "missing-head"; readonly actor: PersistenceId }
  | /** A snapshot is of a later state than the last event. */ {
      readonly kind: "missing-before-snapshot"
      readonly actor: PersistenceId
      readonly snapshot: number
    }
  | /** What was trimmed is in no snapshot: the state cannot be had again. */ {
      readonly kind: "missing-snapshot"
      readonly actor: PersistenceId
    }
  | /** It is whole, and its name is no longer allowed (V5). */ {
      readonly kind: "old-name"
      readonly actor: PersistenceId
      readonly command?: string
    }
  | /** A file of the database is damaged; nothing was read. */ {
      readonly kind: DamagedFile["kind"]
      readonly file: string
    }
  | /** Something was lost at a repair, and nobody has decided that the store goes on without (`cutTails`). */ {
      readonly kind: "lost-records"
    }
  | /** They were acknowledged; what they held is not known. */ ({ readonly kind: "missing-commits" } & LostCommits)
  | /** It is not known how far the store was acknowledged. */ { readonly kind: "watermark" }
  | /** The database could not be read to its end. */ { readonly kind: "unreadable" }
)

export interface VerifyReport {
  readonly records: number
  readonly damages: readonly Damage[]
}

/**
 * Verifies the store in a folder that nobody uses.
 *
 * @throws `LEVEL_LOCKED` when a process owns it, `STORE_REFUSED` when there is no store, `STORE_FAILED` when it does
 * not open; what `progress` throws
 */
export function verifyFolder(folder: string, options: ProgressOptions = {}): Promise<VerifyReport> {
  const progress = progressOf("verify", options)
  return telling(progress, (tell) => verifiedFolder(folder, tell))
}

async function verifiedFolder(folder: string, progress: StoreProgress | undefined): Promise<VerifyReport> {
  await settleRenewed(folder)
  await checkStore(folder)
  const files = await lookAt(folder, { blocks: true })
  if (files.damages.length > 0) return { records: 0, damages: files.damages.map(fileDamage) } // V2
  const copy = `${resolve(folder)}.verify`
  try {
    await linked(files, copy)
    const store = await LevelStore.open(copy, { lacking: true })
    try {
      const { records, damages } = await verified(store, progress)
      return { records, damages: [...missingIn(copy, store), ...damages] }
    } finally {
      await store.close()
    }
  } catch (error) {
    throw storeError(error, folder)
  } finally {
    await rm(copy, { recursive: true, force: true })
  }
}

export const lostRecords = ({ name, message }: Loss): Damage => ({ kind: "lost-records", name, message })

const fileDamage = (damaged: DamagedFile): Damage => ({ ...damaged, name: fileTitle(damaged) })

/**
 * A folder that LevelDB can do with as it likes (V1): its tables are those of the store, for LevelDB never writes into
 * one.
 */
async function linked({ folder, names }: LevelFiles, copy: string): Promise<void> {
  await rm(copy, { recursive: true, force: true })
  await mkdir(copy)
  for (const name of names) {
    const [from, to] = [join(folder, name), join(copy, name)]
    if (isTable(name)) await link(from, to).catch(() => copyFile(from, to))
    else if (isLog(name) || /^(CURRENT|MANIFEST-\d+)$/.test(name) || name === watermarkFile) await copyFile(from, to)
  }
}

/** What the watermark tells of a store that is open although it may lack something. */
export function missingIn(folder: string, { lost }: LevelStore): Damage[] {
  if (lost !== undefined) {
    const name = lost.from === lost.to ? `commit ${lost.from}` : `commits ${lost.from} to ${lost.to}`
    return [{ kind: "missing-commits", ...lost, name, message: lostText(lost) }]
  }
  if (new Watermark(folder).read() !== undefined) return []
  return [{ kind: "watermark", name: "the watermark", message: "the file ACKNOWLEDGED is damaged: whether the end of LevelDB's log is whole is not known" }] // prettier-ignore
}

/**
 * @throws `STORE_REFUSED` for a folder in which no store is, nor anything of one but its diary and its lock;
 * `STORE_FAILED` when it cannot be read
 */
export async function checkStore(folder: string): Promise<void> {
  const names = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return []
    if (error.code === "ENOTDIR") return undefined
    throw storeError(error, folder)
  })
  if (names !== undefined && isBegun(names)) return
  const held =
    names === undefined
      ? "it is a file"
      : names.length === 0
        ? "it is empty, or not there"
        : `it holds ${names.slice(0, 5).join(", ")}${names.length > 5 ? ", …" : ""} alone, and no data`
  throw new AgentOSError("STORE_REFUSED", `there is no store in ${folder}: ${held}`)
}

/**
 * Verifies an open store.
 * @throws nothing that is wrong with the store: it stands in the report; what `progress` throws
 */
export function verifyStore(store: LevelStore, options: ProgressOptions = {}): Promise<VerifyReport> {
  const progress = progressOf("verify", options)
  return telling(progress, (tell) => verified(store, tell))
}

async function verified(store: LevelStore, progress: StoreProgress | undefined): Promise<VerifyReport> {
  const total = progress === undefined ? 0 : await countRecords(store)
  const damages: Damage[] = []
  let records = 0
  let last: Buffer | undefined
  try {
    const filled = (await store.get(filledKey)) !== undefined
    // Begun together, they see the same moment (V1).
    const all = store.pages(...wholeRange)[Symbol.asyncIterator]()
    const first = all.next()
    const [heads, snapshots] = [new Cursor(store, "head"), new Cursor(store, "snapshot")]
    const names = new OldNames()
    const losses = await store
      .get(lossesKey)
      .then(decodeLosses)
      .catch(() => []) // a damaged record of them is told where its room is looked at
    damages.push(...losses.map(lostRecords))
    const actors = new Actors(store, { heads, snapshots, filled, losses, onTheirWay: await onTheirWay(store) }, damages)
    for (let page = await first; page.done !== true; page = await all.next()) {
      for (const [key, value] of page.value) {
        last = key
        names.look(key, value)
        if (roomOf(key) !== "journal") {
          checkValue(key, value, damages)
          continue
        }
        if (!actors.isAt(key)) await actors.goTo(key)
        actors.event(key, value)
      }
      records += page.value.length
      progress?.(records, Math.max(records, total))
    }
    await actors.end()
    for (const old of names.found) damages.push({ kind: "old-name", ...old, ...oldNameTold(old) })
  } catch (error) {
    const { message } = AgentOSError.from(error)
    damages.push({ kind: "unreadable", name: `what follows ${last === undefined ? "the beginning" : nameOf(last)}`, message }) // prettier-ignore
  }
  return { records, damages }
}

function oldNameTold(old: OldName): Pick<Damage, "name" | "message"> {
  const name = old.command === undefined ? shown(old.actor) : `a command of ${shown(old.actor)}`
  return { name, message: `${name}: ${whyOld(old)}` }
}

/** Places of the actors of shards whose move is under way (V4). */
async function onTheirWay(store: LevelStore): Promise<ReadonlySet<string>> {
  const found = new Set<string>()
  const marks = keyOf("moving")
  for await (const [mark] of store.range(marks, after(marks))) {
    const shard = Buffer.concat([keyOf("shard"), mark.subarray(marks.length)])
    for await (const [key] of store.range(shard, after(shard))) found.add(key.toString("latin1", shard.length))
  }
  return found
}

/** A record that is no event, by itself. */
function checkValue(key: Buffer, value: Uint8Array, damages: Damage[]): void {
  const own = keptKey(key) ?? key
  try {
    if (roomOf(own) === "journal") decodeEvent(value, actorNames(actorOf(own.subarray(0, -8))), () => nameOf(key))
    else if (roomOf(own) === "command") decodeAnswer(value, () => nameOf(key))
    else if (roomOf(own) !== "command-age") decodeValue(value, () => nameOf(key))
    else if (value.length > 0) throw new AgentOSError("RECORD_DAMAGED", `${nameOf(key)}: it has content`)
  } catch (error) {
    damages.push(damagedRecord(key, error))
  }
}

const damagedRecord = (key: Buffer, error: unknown): Damage => ({
  kind: "record",
  key,
  name: nameOf(key),
  message: AgentOSError.from(error).message,
})

const journalRoom = keyOf("journal").length

/** What is looked at beside the events. */
interface Beside {
  readonly heads: Cursor
  readonly snapshots: Cursor
  /** The store says that every actor has a head record. */
  readonly filled: boolean
  readonly onTheirWay: ReadonlySet<string>
  /** What an earlier repair could not bring back. */
  readonly losses: readonly Loss[]
}

/** The events of one actor after the other, beside its head record and its snapshot. */
class Actors {
  readonly #store: LevelStore
  readonly #beside: Beside
  readonly #damages: Damage[]
  #open: OneActor | undefined

  constructor(store: LevelStore, beside: Beside, damages: Damage[]) {
    this.#store = store
    this.#beside = beside
    this.#damages = damages
  }

  /** Whether an event is of the actor that is being looked at. */
  isAt(key: Buffer): boolean {
    const place = this.#open?.place
    return place !== undefined && key.compare(place, 0, place.length, journalRoom, key.length - 8) === 0
  }

  async goTo(key: Buffer): Promise<void> {
    this.#open?.end()
    const place = key.subarray(journalRoom, -8)
    await this.#before(place)
    this.#open = await this.#begin(place, true)
  }

  event(key: Buffer, value: Uint8Array): void {
    this.#open?.event(key, value)
  }

  async end(): Promise<void> {
    this.#open?.end()
    await this.#before(undefined)
  }

  /** Actors without events that have a head record, or a snapshot at least, up to a place. */
  async #before(place: Buffer | undefined): Promise<void> {
    for (;;) {
      const places = [await this.#beside.heads.place(), await this.#beside.snapshots.place()]
      const [next] = places.filter((one) => one !== undefined).sort((a, b) => Buffer.compare(a, b))
      if (next === undefined || (place !== undefined && Buffer.compare(next, place) >= 0)) return
      const one = await this.#begin(next, false)
      one.end()
    }
  }

  async #begin(place: Buffer, hasEvents: boolean): Promise<OneActor> {
    const actor = actorOf(Buffer.concat([keyOf("head"), place]))
    const { heads, snapshots, filled, losses, onTheirWay } = this.#beside
    const head = await this.#read(heads, place, (value) => decodeHead(value, actor))
    const snapshot = await this.#read(snapshots, place, (value) => decodeValue(value, () => "") as Snapshot)
    const whole = !onTheirWay.has(place.toString("latin1")) // V4
    if (head === undefined && filled && hasEvents && whole)
      this.#damages.push({ kind: "missing-head", actor, name: `the head of ${titleOf(actor)}`, message: `${titleOf(actor)}: it has events, but no head record` }) // prettier-ignore
    const lacking = await lossOf(this.#store, losses, actor, head ?? undefined)
    if (lacking !== undefined) {
      const name = `events from ${lacking.from} on of ${titleOf(actor)}`
      this.#damages.push({
        kind: "missing-events",
        actor,
        from: lacking.from,
        name,
        message: lackingText(actor, lacking),
      })
    }
    return new OneActor(place, actor, head, snapshot, whole, this.#damages)
  }

  /** @returns undefined when there is none, null when it is damaged (which is told where its room is looked at) */
  async #read<T>(cursor: Cursor, place: Buffer, decode: (value: Uint8Array) => T): Promise<T | undefined | null> {
    const value = await cursor.take(place)
    if (value === undefined) return undefined
    try {
      return decode(value)
    } catch {
      return null
    }
  }
}

class OneActor {
  readonly place: Buffer
  readonly #actor: PersistenceId
  /** null when it is damaged, here and below. */
  readonly #head: HeadRecord | null
  readonly #snapshot: Snapshot | null | undefined
  readonly #names: Buffer
  readonly #whole: boolean
  readonly #damages: Damage[]
  #last: number | undefined
  #epoch = 0

  constructor(
    place: Buffer,
    actor: PersistenceId,
    head: HeadRecord | null | undefined,
    snapshot: Snapshot | null | undefined,
    whole: boolean,
    damages: Damage[],
  ) {
    this.place = place
    this.#actor = actor
    this.#head = head === undefined ? { sequence: 0, epoch: 0, trimmed: 0 } : head
    this.#snapshot = snapshot
    this.#names = actorNames(actor)
    this.#whole = whole
    this.#damages = damages
  }

  event(key: Buffer, value: Uint8Array): void {
    const sequence = numberOf(key)
    // Of a trim that was cut short, some events may be left.
    const trimmed = this.#head?.trimmed ?? (this.#last === undefined ? sequence - 1 : 0)
    const expected = Math.max(this.#last ?? 0, trimmed) + 1
    if (sequence > expected) this.#missing(expected, sequence - 1)
    this.#last = sequence
    try {
      const where = (): string => eventTitle(this.#actor, key)
      this.#checkPlace(decodeEvent(value, this.#names, where), sequence, where)
    } catch (error) {
      this.#damages.push(damagedRecord(key, error))
    }
  }

  #checkPlace(event: StoredEvent, sequence: number, where: () => string): void {
    const wrong = (what: string) => new AgentOSError("RECORD_DAMAGED", `${where()}: ${what}`)
    if (event.sequence !== sequence) throw wrong(`it stands in the place of event ${event.sequence}`)
    const head = this.#head
    const least = head !== null && sequence > head.sequence ? Math.max(this.#epoch, head.epoch) : this.#epoch
    if (event.epoch < least) throw wrong(`its epoch is ${event.epoch}, after ${least} was used`)
    this.#epoch = event.epoch
  }

  end(): void {
    const [actor, head, snapshot] = [this.#actor, this.#head, this.#snapshot]
    if (head === null || !this.#whole) return
    const title = titleOf(actor)
    const last = Math.max(this.#last ?? 0, head.trimmed)
    const covered = snapshot?.sequence ?? 0
    if (last < head.sequence) this.#missing(last + 1, head.sequence)
    const hasEvents = Math.max(last, head.sequence) > 0
    if (covered > Math.max(last, head.sequence) && (hasEvents || !isOfRuntime(actor.type))) {
      const message = `${title}: the snapshot is of event ${covered}, the last event is ${last}`
      this.#damages.push({ kind: "missing-before-snapshot", actor, snapshot: covered, name: title, message })
    }
    if (snapshot !== null && covered < head.trimmed) {
      const message = `${title}: events up to ${head.trimmed} are trimmed, and no snapshot covers them`
      this.#damages.push({ kind: "missing-snapshot", actor, name: `the snapshot of ${title}`, message })
    }
  }

  #missing(from: number, to: number): void {
    if (!this.#whole) return
    const what = from === to ? `event ${from}` : `events ${from} to ${to}`
    const name = `${what} of ${titleOf(this.#actor)}`
    this.#damages.push({ kind: "missing-events", actor: this.#actor, from, name, message: `${name}: missing` })
  }
}

/** The records of a room, to be walked along beside those of another. */
class Cursor {
  readonly #room: Buffer
  readonly #pages: AsyncIterator<readonly Entry[]>
  #page: Promise<IteratorResult<readonly Entry[]>>
  #at = 0

  constructor(store: LevelStore, room: string) {
    this.#room = keyOf(room)
    this.#pages = store.pages(this.#room, after(this.#room))[Symbol.asyncIterator]()
    this.#page = this.#pages.next()
    this.#page.catch(() => undefined) // whoever comes for it hears of it
  }

  /** The key of the next record without its room; undefined at the end. */
  async place(): Promise<Buffer | undefined> {
    return (await this.#next())?.[0].subarray(this.#room.length)
  }

  /** Goes on past a place. @returns the value that stands there */
  async take(place: Buffer): Promise<Uint8Array | undefined> {
    for (;;) {
      const next = await this.#next()
      const order = next === undefined ? 1 : Buffer.compare(next[0].subarray(this.#room.length), place)
      if (order > 0) return undefined
      this.#at += 1
      if (order === 0) return next?.[1]
    }
  }

  async #next(): Promise<Entry | undefined> {
    const page = await this.#page
    if (page.done === true) return undefined
    if (this.#at < page.value.length) return page.value[this.#at]
    this.#at = 0
    this.#page = this.#pages.next()
    return this.#next()
  }
}
