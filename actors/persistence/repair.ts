/**
 * Makes a damaged store usable again, and says what it lost.
 *
 * Invariants
 *   X1. What is set aside is in the quarantine file, on the disk, before it is deleted; so is a line for what was acknowledged and is gone, before the store goes on without it.
 *   X2. An actor that lost events stays refused until its tail is cut; nothing acknowledged is forgotten silently.
 *   X3. A tail is cut only when told to, and not where a snapshot covers what is lost: the actor recovers from the snapshot.
 *   X4. What bears a name that is no longer allowed is moved to one that is, and both are told (`old-names.ts`).
 */
import { copyFile, mkdir, open, rename } from "node:fs/promises"
import { join, resolve } from "node:path"
import { AgentOSError } from "../errors.js"
import { joined } from "../names.js"
import type { StoreProgress } from "./backup.js"
import { decodeValue, encodeValue } from "./checked-value.js"
import { repairLevelDatabase, type Change, type Entry } from "./database.js"
import { eventsOf, Heads, headKeyOf, shardsKey, snapshotKeyOf, commandKeyOf, type HeadRecord } from "./heads.js"
import type { PersistenceId, Snapshot, StoredEvent } from "./journal.js"
import { after, keyOf, numberOf, numbered } from "./keys.js"
import { LevelStore } from "./level-store.js"
import { damagedLogs } from "./log-file.js"
import { moveOldNames, type MovedActor, type ShardOf } from "./old-names.js"
import { Orders } from "./order.js"
import { actorNames, decodeEvent } from "./record.js"
import { damagedTables } from "./table-file.js"
import { actorOf, holdsStore, missingIn, nameOf, roomOf, verifyStore, type Damage } from "./verify.js"

export interface RepairOptions {
  /** Whether to set aside the events after a lost one, which cannot be folded, so that their actor works again with the state before it. */
  readonly cutTails?: boolean
  /** Where damaged records go, a JSON object a line; default: beside the folder, its name followed by `.quarantine.jsonl`. */
  readonly quarantine?: string
  readonly progress?: StoreProgress
  /** The shard of an entity, for the store of a node of a cluster (`shardOf` of `llmagentos/cluster`): names that are no longer allowed are moved within it. */
  readonly shardOf?: ShardOf
}

export interface RepairReport {
  /** The database did not open; LevelDB's own repair made it so. */
  readonly reopened: boolean
  /** What was acknowledged, and was not to be read any more: nobody knows whose it was. The store goes on without it. */
  readonly lost: readonly Damage[]
  /** Names of the records that are in the quarantine file now, and of damaged files, which are in a folder beside the store that ends in `.quarantine`. */
  readonly setAside: readonly string[]
  /** Actors whose names were no longer allowed, and what they are called now. */
  readonly moved: readonly MovedActor[]
  /** What is still wrong, and why it was left. */
  readonly left: readonly Damage[]
}

/** Repairs the store in a folder that nobody uses. @throws `LEVEL_LOCKED` when a process owns it, `STORE_REFUSED` when there is no store, `STORE_FAILED` when LevelDB cannot repair it */
export async function repairStore(folder: string, options: RepairOptions = {}): Promise<RepairReport> {
  const { cutTails = false, quarantine = `${resolve(folder)}.quarantine.jsonl`, progress } = options
  const { store, reopened, moved: files, logs } = await openDamaged(folder)
  try {
    const repair = new Repair(store, quarantine)
    const lost = [...logs, ...missingIn(folder, store)]
    if (lost.length > 0) {
      await repair.note(lost) // X1
      await store.write([]) // commits are counted on from here
    }
    const { damages } = await verifyStore(store, { ...(progress && { progress }) })
    for (const damage of damages) await repair.mend(damage)
    if (cutTails) for (const damage of damages) await repair.cut(damage)
    const olds = damages.filter((damage) => damage.kind === "old-name")
    const names = await moveOldNames(store, olds, options.shardOf)
    const { damages: left } = damages.length === 0 ? { damages } : await verifyStore(store)
    const told = left.map((damage) => ({ ...damage, message: damage.message + whyLeft(damage, names.refused) }))
    return { reopened, lost, setAside: [...files, ...repair.setAside], moved: names.moved, left: told }
  } finally {
    await store.close()
  }
}

function whyLeft(damage: Damage, refused: ReadonlyMap<string, string>): string {
  if (damage.kind !== "old-name") return ""
  const { tenant, type, key } = damage.actor
  const why = refused.get(joined(tenant, type, key))
  return why === undefined ? "" : `; it was not moved: ${why}`
}

interface Opened {
  readonly store: LevelStore
  readonly reopened: boolean
  /** Names of files that were moved away. */
  readonly moved: readonly string[]
  /** In whose midst something is gone; copies of them are with the files that were moved away. */
  readonly logs: readonly Damage[]
}

async function openDamaged(folder: string): Promise<Opened> {
  if (!(await holdsStore(folder))) throw new AgentOSError("STORE_REFUSED", `there is no store in ${folder}`)
  const [tables, gaps] = await Promise.all([damagedTables(folder), damagedLogs(folder)])
  const logs = gaps.map((log): Damage => ({ kind: "log", name: `log ${log.file}`, ...log }))
  const away = `${resolve(folder)}.quarantine`
  if (tables.length + gaps.length > 0) await mkdir(away, { recursive: true })
  for (const { file } of gaps) await copyFile(join(folder, file), join(away, file))
  try {
    const store = await LevelStore.open(folder, { lacking: true })
    if (tables.length === 0) return { store, reopened: false, moved: [], logs }
    await store.close() // it is not locked: the tables are not just being written
  } catch (error) {
    if (AgentOSError.from(error).code !== "STORE_FAILED") throw error
  }
  for (const { file } of tables) await rename(join(folder, file), join(away, file))
  await repairLevelDatabase(folder)
  const store = await LevelStore.open(folder, { lacking: true })
  return { store, reopened: true, moved: tables.map(({ file }) => `table ${file}`), logs }
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

  /** Cuts the tail of an actor after an event that is lost (X3). */
  async cut(damage: Damage): Promise<void> {
    const at = damage.kind === "missing-events" ? damage : damage.kind === "record" && eventOf(damage.key)
    if (at === false) return
    const { actor, from } = at
    if (((await this.#snapshot(actor))?.sequence ?? 0) >= from) return
    const head = await this.#knownHead(actor)
    if (head.sequence < from) return // it was cut at an earlier event
    const tail = await this.#events(actor, from)
    const commands: Buffer[] = []
    for (const [key, value] of tail) {
      const event = readable(actor, key, value)
      head.epoch = Math.max(head.epoch, event?.epoch ?? 0)
      if (event?.commandId !== undefined) commands.push(commandKeyOf(actor, event.commandId))
    }
    const aside: Entry[] = [...tail]
    for (const key of commands) {
      const value = await this.#store.get(key)
      if (value !== undefined) aside.push([key, value])
    }
    for await (const entry of this.#places(actor, from)) aside.push(entry)
    await this.#keep(aside, `it follows a lost event: ${damage.message}`)
    await this.#store.write([
      ...aside.map(([key]): Change => [key, undefined]),
      this.#heads.recordOf(actor, { ...head, sequence: from - 1 }),
    ])
  }

  async #mendRecord(key: Buffer, reason: string): Promise<void> {
    const value = await this.#store.get(key)
    if (value === undefined) return
    const event = eventOf(key)
    const room = roomOf(key)
    if (marks.has(room)) return // it alone says whose state this is
    await this.#keep([[key, value]], reason)
    if (event !== false) {
      // The head keeps the place of an event that was the last (X2).
      const head = await this.#knownHead(event.actor)
      return this.#store.write([this.#heads.recordOf(event.actor, head), [key, undefined]])
    }
    if (room === "head") {
      await this.#store.write([[key, undefined]])
      return this.#writeHead(actorOf(key))
    }
    if (room === "snapshot" && (await this.#knownHead(actorOf(key))).trimmed > 0) return // X2: its events are gone, it alone says so
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

  /** The index of shards may lack an actor: it is made anew, for as many shards, when the store is next opened in a cluster. */
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

  async #events(actor: PersistenceId, from: number): Promise<Entry[]> {
    const found: Entry[] = []
    const prefix = eventsOf(actor)
    for await (const entry of this.#store.range(numbered(prefix, from), after(prefix))) found.push(entry)
    return found
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

/** Which event a key is of. */
function eventOf(key: Buffer): false | { readonly actor: PersistenceId; readonly from: number } {
  if (key.indexOf("journal\u0000") !== 0) return false
  return { actor: actorOf(key.subarray(0, -8)), from: numberOf(key) }
}

function readable(actor: PersistenceId, key: Buffer, value: Uint8Array): StoredEvent | undefined {
  try {
    return decodeEvent(value, actorNames(actor), () => nameOf(key))
  } catch {
    return undefined
  }
}
