/**
 * Makes a damaged store usable again, and says what it lost.
 *
 * Invariants
 *   X1. What is set aside is in the quarantine file, on the disk, before it is deleted; so is a line for what was
 *       acknowledged and is gone, before the store goes on without it.
 *   X2. An actor that lost events stays refused until its tail is cut; nothing acknowledged is forgotten silently.
 *   X3. A tail is cut only when told to, and not where a snapshot covers what is lost: the actor recovers from the
 *       snapshot. Afterwards every actor goes on with what is left, be it nothing.
 *   X4. What bears a name that is no longer allowed is moved to one that is, and both are told (`old-names.ts`).
 *   X5. What was lost stays known to the store (`losses.ts`) until tails are cut: then everybody goes on with what is
 *       left.
 *   X6. A command whose answer was damaged stays known as carried out: it is not done twice.
 */
import { checkOptions } from "../words.js"
import { copyFile, mkdir, open } from "node:fs/promises"
import { join, resolve } from "node:path"
import { AgentOSError } from "../errors.js"
import { joined } from "../names.js"
import { decodeValue, encodeValue } from "./checked-value.js"
import { lookAt, storeError, type Change, type Entry } from "./database.js"
import { settleRenewed, syncFolder } from "./folders.js"
import {
  actorOf,
  eventsOf,
  Heads,
  headKeyOf,
  shardsKey,
  snapshotKeyOf,
  commandKeyOf,
  type HeadRecord,
} from "./heads.js"
import type { PersistenceId, Snapshot, StoredEvent } from "./journal.js"
import { after, keyOf, numberOf } from "./keys.js"
import { fileTitle, logsOf, type LevelFiles } from "./level-files.js"
import { LevelStore } from "./level-store.js"
import { decodeLosses, lossesKey, lossesRecord, type Loss } from "./losses.js"
import { moveOldNames, type MovedActor, type ShardOf } from "./old-names.js"
import { Orders } from "./order.js"
import { actorNames, decodeEvent } from "./record.js"
import { keptKey, nameOf, roomOf } from "./record-name.js"
import { lossesInLogs, quarantineOf, salvage } from "./salvage.js"
import { telling, type StoreProgress } from "./store-progress.js"
import { UNANSWERED } from "./unanswered.js"
import { checkStore, lostRecords, missingIn, verifyStore, type Damage } from "./verify.js"

export interface RepairOptions {
  /**
   * Whether to set aside the events after a lost one, which cannot be folded, so that their actor works again with the
   * state before it.
   */
  readonly cutTails?: boolean
  /**
   * Where damaged records go, a JSON object a line; default: beside the folder, its name followed by
   * `.quarantine.jsonl`.
   */
  readonly quarantine?: string
  readonly progress?: StoreProgress
  /**
   * The shard of an entity, for the store of a node of a cluster (`shardOf` of `llmagentos/cluster`): names that are
   * no longer allowed are moved within it.
   */
  readonly shardOf?: ShardOf
}

const repairOptions: Readonly<Record<keyof RepairOptions, true>> = {
  cutTails: true,
  quarantine: true,
  progress: true,
  shardOf: true,
}

export interface RepairReport {
  /** Files of the database were damaged: it was made anew from what can be read of them. */
  readonly reopened: boolean
  /**
   * What was acknowledged, and is not to be read any more. Actors that may have lost something are refused until tails
   * are cut; where nobody knows whose it was, the store goes on.
   */
  readonly lost: readonly Damage[]
  /**
   * Names of the records that are in the quarantine file now, and of damaged files; all files of such a store are in a
   * folder beside it whose name ends in `.quarantine`, or in a number after that.
   */
  readonly setAside: readonly string[]
  /** Actors whose names were no longer allowed, and what they are called now. */
  readonly moved: readonly MovedActor[]
  /** What is still wrong, and why it was left. */
  readonly left: readonly Damage[]
}

/**
 * Repairs the store in a folder that nobody uses.
 * @throws `LEVEL_LOCKED` when a process owns it, `STORE_REFUSED` when there is no store, `DISK_FULL`, `STORE_FAILED`;
 * what `progress` throws
 */
export function repairStore(folder: string, options: RepairOptions = {}): Promise<RepairReport> {
  checkOptions("INVALID_OPTION", "the options of a repair", options, repairOptions)
  return telling(options.progress, (tell) => repaired(folder, options, tell))
}

async function repaired(
  folder: string,
  { cutTails = false, quarantine = `${resolve(folder)}.quarantine.jsonl`, shardOf }: RepairOptions,
  progress: StoreProgress | undefined,
): Promise<RepairReport> {
  const { store, reopened, setAside, losses } = await openDamaged(folder)
  try {
    const repair = new Repair(store, quarantine)
    // The number of the last commit may itself be among what is lost.
    const missing = missingIn(folder, store).filter(({ kind }) => kind !== "missing-commits" || !losses.some(isOfEnd))
    const lost = [...losses.map(lostRecords), ...missing]
    if (lost.length > 0) {
      await repair.note(lost) // X1
      const kept = decodeLosses(await store.get(lossesKey))
      const gone = missing
        .filter(({ kind }) => kind === "missing-commits")
        .map(({ name, message }) => ({ name, message }))
      // X5; commits are counted on from here
      await store.write(gone.length === 0 ? [] : [lossesRecord([...kept, ...(reopened ? [] : losses), ...gone])])
    }
    const { damages } = await verifyStore(store, { ...(progress && { progress }) })
    for (const damage of damages) await repair.mend(damage)
    if (cutTails) {
      for (const { actor, why } of harmed(damages)) await repair.cut(actor, why)
      await store.write([lossesRecord([])]) // X5
    }
    const olds = damages.filter((damage) => damage.kind === "old-name")
    const names = await moveOldNames(store, olds, shardOf)
    const { damages: left } = damages.length === 0 ? { damages } : await verifyStore(store)
    const told = left.map((damage) => ({ ...damage, message: damage.message + whyLeft(damage, names.refused) }))
    return { reopened, lost, setAside: [...setAside, ...repair.setAside], moved: names.moved, left: told }
  } catch (error) {
    throw storeError(error, folder)
  } finally {
    await store.close()
  }
}

/** The actors of which something is damaged or missing, each once. */
function harmed(damages: readonly Damage[]): Iterable<{ readonly actor: PersistenceId; readonly why: string }> {
  const found = new Map<string, { readonly actor: PersistenceId; readonly why: string }>()
  for (const damage of damages) {
    const actor = harmedBy(damage)
    if (actor === undefined) continue
    const name = joined(actor.tenant, actor.type, actor.key)
    if (!found.has(name)) found.set(name, { actor, why: damage.message })
  }
  return found.values()
}

function harmedBy(damage: Damage): PersistenceId | undefined {
  if (damage.kind === "record") {
    if (roomOf(damage.key) === "head" || roomOf(damage.key) === "snapshot") return actorOf(damage.key)
    return eventOf(damage.key)
  }
  return "actor" in damage && damage.kind !== "old-name" ? damage.actor : undefined
}

const isOfEnd = ({ range }: Loss): boolean => range?.to[0] === 0xff

function whyLeft(damage: Damage, refused: ReadonlyMap<string, string>): string {
  if (damage.kind !== "old-name") return ""
  const { tenant, type, key } = damage.actor
  const why = refused.get(joined(tenant, type, key))
  return why === undefined ? "" : `; it was not moved: ${why}`
}

interface Opened {
  readonly store: LevelStore
  readonly reopened: boolean
  /** Names of damaged files that were moved away, with all others. */
  readonly setAside: readonly string[]
  readonly losses: readonly Loss[]
}

async function openDamaged(folder: string): Promise<Opened> {
  await settleRenewed(folder)
  await checkStore(folder)
  try {
    const files = await lookAt(folder, { blocks: true })
    const away = await quarantineOf(folder)
    if (files.damages.length === 0) {
      const losses = files.lost === undefined ? [] : await lossesInLogs(files)
      if (files.lost !== undefined) await copyLogs(files, away) // X1: LevelDB deletes them
      const store = await LevelStore.open(folder, { lacking: true }).catch((error: unknown) => {
        if (AgentOSError.from(error).code !== "STORE_FAILED") throw error
        return undefined
      })
      if (store !== undefined) return { store, reopened: false, setAside: [], losses }
    }
    const losses = await salvage(files, await quarantineOf(folder))
    const store = await LevelStore.open(folder, { lacking: true })
    return { store, reopened: true, setAside: files.damages.map(fileTitle), losses }
  } catch (error) {
    throw storeError(error, folder)
  }
}

async function copyLogs({ folder, names, manifest }: LevelFiles, away: string): Promise<void> {
  await mkdir(away)
  for (const name of logsOf(names, manifest)) await copyFile(join(folder, name), join(away, name))
  await syncFolder(away)
}

class Repair {
  readonly setAside: string[] = []
  readonly #store: LevelStore
  readonly #heads: Heads
  readonly #quarantine: string

  constructor(store: LevelStore, quarantine: string) {
    this.#store = store
    this.#heads = new Heads(store, new Orders(store))
    this.#quarantine = quarantine
  }

  /** Puts into the quarantine file what is gone without a trace. */
  async note(lost: readonly Damage[]): Promise<void> {
    await this.#add(lost.map(({ name, message }) => ({ name, reason: message })))
  }

  /** What can be done without losing anything that is whole. */
  async mend(damage: Damage): Promise<void> {
    switch (damage.kind) {
      case "record":
        return this.#mendRecord(damage.key, damage.message)
      case "missing-head":
        return this.#writeHead(damage.actor)
      case "missing-before-snapshot": {
        // The snapshot holds what the lost events did: the actor goes on after it.
        const { actor, snapshot } = damage
        const { epoch } = await this.#knownHead(actor)
        return this.#store.write([this.#heads.recordOf(actor, { sequence: snapshot, epoch, trimmed: snapshot })])
      }
    }
  }

  /**
   * An actor goes on with what can be recovered of it (X3): its snapshot, and the events after that up to the first
   * that is lost.
   */
  async cut(actor: PersistenceId, why: string): Promise<void> {
    const key = snapshotKeyOf(actor)
    const snapshot = await this.#snapshot(actor)
    if (snapshot === undefined) await this.#store.write([[key, undefined]]) // a damaged one has been set aside
    const covered = snapshot?.sequence ?? 0
    let [last, trimmed, before] = [covered, 0, 0]
    const tail: Entry[] = []
    const prefix = eventsOf(actor)
    for await (const entry of this.#store.range(prefix, after(prefix))) {
      const sequence = numberOf(entry[0])
      if (sequence > covered && sequence !== last + 1) tail.push(entry)
      else if (sequence > covered) last = sequence
      else {
        if (sequence !== before + 1) trimmed = sequence - 1
        before = sequence
      }
    }
    if (before < covered) trimmed = covered // of what a snapshot covers nothing is missed
    const head = await this.#knownHead(actor)
    if (Math.max(head.sequence, before) === 0) return // it has no events, and never had any
    const aside: Entry[] = [...tail]
    for (const [key, value] of tail) {
      const { commandId } = readable(actor, key, value) ?? {}
      const answer = commandId === undefined ? undefined : commandKeyOf(actor, commandId)
      const kept = answer && (await this.#store.get(answer))
      if (answer !== undefined && kept !== undefined) aside.push([answer, kept])
    }
    if (last < head.sequence) for await (const entry of this.#places(actor, last + 1)) aside.push(entry)
    await this.#keep(aside, `it follows a lost event: ${why}`)
    await this.#store.write([
      ...aside.map(([key]): Change => [key, undefined]),
      this.#heads.recordOf(actor, { ...head, sequence: last, trimmed }),
    ])
  }

  async #mendRecord(key: Buffer, reason: string): Promise<void> {
    const value = await this.#store.get(key)
    if (value === undefined) return
    const event = eventOf(key)
    const room = roomOf(key)
    if (marks.has(room)) return // it alone says whose state this is
    await this.#keep([[key, value]], reason)
    if (event !== undefined) {
      // The head keeps the place of an event that was the last (X2).
      const head = await this.#knownHead(event)
      return this.#store.write([this.#heads.recordOf(event, head), [key, undefined]])
    }
    if (room === "head") {
      await this.#store.write([[key, undefined]])
      return this.#writeHead(actorOf(key))
    }
    if (room === "snapshot" && (await this.#knownHead(actorOf(key))).trimmed > 0) return // X2: its events are gone, it alone says so
    if (roomOf(keptKey(key) ?? key) === "command") return this.#store.write([[key, encodeValue(UNANSWERED)]]) // X6
    // Without its mark the order would be counted anew, and whoever has come to an ordinal of it would be led astray; without its record in the index an actor would not move.
    await this.#store.write([[key, room === "ordered" || room === "shard" ? encodeValue(1) : undefined]])
  }

  /** The head record anew, from what else there is. */
  async #writeHead(actor: PersistenceId): Promise<void> {
    await this.#renewIndex()
    const head = await this.#knownHead(actor)
    const snapshot = (await this.#snapshot(actor))?.sequence ?? 0
    let first: number | undefined
    for await (const [key] of this.#store.range(eventsOf(actor), after(eventsOf(actor)), { limit: 1 }))
      first = numberOf(key)
    const missing = (first ?? snapshot + 1) - 1
    const trimmed = missing <= snapshot ? missing : 0 // what no snapshot covers was not trimmed
    await this.#store.write([
      this.#heads.recordOf(actor, { ...head, sequence: Math.max(head.sequence, trimmed), trimmed }),
    ])
  }

  /**
   * The index of shards may lack an actor: it is made anew, for as many shards, when the store is next opened in a
   * cluster.
   */
  async #renewIndex(): Promise<void> {
    const count = await this.#store.get(shardsKey)
    if (count === undefined) return
    const shards = decodeValue(count, () => "the count of shards") as number
    await this.#store.write([[shardsKey, encodeValue(-Math.abs(shards))]])
  }

  /** Of the head record, as far as it can be read, and the last event. */
  async #knownHead(actor: PersistenceId): Promise<{ -readonly [Key in keyof HeadRecord]: number }> {
    const bytes = await this.#store.get(headKeyOf(actor))
    const record = bytes && (await this.#heads.record(actor).catch(() => undefined))
    const head = { ...(record ?? { sequence: 0, epoch: 0, trimmed: 0 }) }
    const prefix = eventsOf(actor)
    for await (const [key, value] of this.#store.range(prefix, after(prefix), { reverse: true, limit: 1 })) {
      head.sequence = Math.max(head.sequence, numberOf(key))
      head.epoch = Math.max(head.epoch, readable(actor, key, value)?.epoch ?? 0)
    }
    return head
  }

  async #snapshot(actor: PersistenceId): Promise<Snapshot | undefined> {
    const bytes = await this.#store.get(snapshotKeyOf(actor))
    try {
      return bytes && (decodeValue(bytes, () => "") as Snapshot)
    } catch {
      return undefined
    }
  }

  /** Where the order of the type leads to events that are cut: their sequences will be given again. */
  async *#places(actor: PersistenceId, from: number): AsyncGenerator<Entry> {
    const order = keyOf("order", actor.tenant, actor.type)
    for await (const [key, value] of this.#store.range(order, after(order))) {
      try {
        const [of, sequence] = decodeValue(value, () => "") as [string, number]
        if (of === actor.key && sequence >= from) yield [key, value]
      } catch {
        continue // a damaged one has been set aside
      }
    }
  }

  /** Puts records into the quarantine file (X1). */
  async #keep(entries: readonly Entry[], reason: string): Promise<void> {
    const lines = entries.map(([key, value]) => {
      return { name: nameOf(key), reason, key: key.toString("hex"), value: Buffer.from(value).toString("hex") }
    })
    await this.#add(lines)
    this.setAside.push(...lines.map(({ name }) => name))
  }

  async #add(lines: readonly object[]): Promise<void> {
    const handle = await open(this.#quarantine, "a")
    try {
      for (const line of lines) await handle.write(`${JSON.stringify(line)}\n`)
      await handle.sync()
    } finally {
      await handle.close()
    }
  }
}

/** Rooms that say whose state the store holds (`cluster/homes.ts`, `cluster/shard-state.ts`). */
const marks = new Set(["home", "moving", "staging"])

/** Whose event a key is of. */
const eventOf = (key: Buffer): PersistenceId | undefined =>
  roomOf(key) === "journal" ? actorOf(key.subarray(0, -8)) : undefined

function readable(actor: PersistenceId, key: Buffer, value: Uint8Array): StoredEvent | undefined {
  try {
    return decodeEvent(value, actorNames(actor), () => nameOf(key))
  } catch {
    return undefined
  }
}
