/**
 * Names in a store from before that are no longer allowed (`names.ts`): which they are, and how what bears them is
 * moved to names that are.
 *
 * What is wrong with a name is made visible: a control character becomes % and its two digits, a percent sign beside
 * one %25, the empty name %empty, and what is too long then its hash. Nobody can ask for the old name any more; its
 * records can be read until they are moved, by the journal.
 *
 * Invariants
 *   O1. What a name becomes depends on nothing else, and no two become the same; of an entity of a cluster the count
 *       of shards counts too, for it stays in its shard.
 *   O2. All that is moved is moved in one write, with all that refers to it here: its place in the order of its type
 *       and in the index of shards, deliveries and reminders that lead to it, and the answers of commands that it was
 *       given or has sent.
 *   O3. Nothing is put over what is there: who would come to a name that is taken stays where it is.
 */
import { KEEPER } from "../groups.js"
import { asName, faultOf, isName, joined, numberedIn } from "../names.js"
import { decodeValue, encodeValue } from "./checked-value.js"
import { wholeRange, type Change } from "./database.js"
import { commandKeyOf, headKeyOf, shardsKey, snapshotKeyOf } from "./heads.js"
import type { PersistenceId, Snapshot, StoredEvent } from "./journal.js"
import { after, keyOf, numbered, numberOf, partsOf } from "./keys.js"
import type { LevelStore } from "./level-store.js"
import { receiversOfEvent, receiversOfSnapshot, redirectedEvent, redirectedState } from "./old-reminders.js"
import { DELIVER, type Delivery, type OutboxState } from "./outbox.js"
import { actorNames, decodeEvent, encodeRecord, renamed } from "./record.js"
import { roomOf } from "./record-name.js"

/** An actor, or a command that it was given, whose name is no longer allowed. */
export interface OldName {
  readonly actor: PersistenceId
  readonly command?: string
}

/** What was moved. */
export interface MovedActor {
  readonly from: PersistenceId
  readonly to: PersistenceId
}

/** The shard of an entity (`cluster/placement.ts`). */
export type ShardOf = (tenant: string, type: string, key: string, shards: number) => number

/** O1 */
export function allowedName(name: string): string {
  if (faultOf(name) === undefined) return name
  if (name === "") return "%empty"
  const visible = name
    .toWellFormed()
    .replace(/[%\p{Cc}]/gu, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase().padStart(2, "0")}`)
  return asName(visible)
}

/**
 * A command that an entity has sent has an id made of the entity's names.
 * @param allowed what an actor is called now
 */
function allowedCommand(id: string, allowed: (actor: PersistenceId) => PersistenceId): string {
  if (faultOf(id) === undefined) return id
  const [, tenant = "", type, key = "", n] = /^([^/]*)\/([A-Za-z][A-Za-z0-9._-]{0,99})\/(.*)#([0-9]+)$/s.exec(id) ?? []
  if (type === undefined) return allowedName(id)
  const sender = allowed({ tenant, type, key })
  return numberedIn(sender.tenant, type, sender.key, Number(n))
}

function allowedActor(
  { tenant, type, key }: PersistenceId,
  shards: number,
  shardOf: ShardOf | undefined,
): PersistenceId {
  const [inTenant, first] = [allowedName(tenant), allowedName(key)]
  if (shardOf === undefined || isOfRuntime(type)) return { tenant: inTenant, type, key: first }
  const shard = shardOf(tenant, type, key, shards)
  for (let n = 0; ; n++) {
    const made = n === 0 ? first : asName(`${first}%~${n}`)
    if (shardOf(inTenant, type, made, shards) === shard) return { tenant: inTenant, type, key: made }
  }
}

/** Types that no definition has: what is kept under them is no entity. */
export const isOfRuntime = (type: string): boolean => type.startsWith("~")

const nameOf = ({ tenant, type, key }: PersistenceId): string => joined(tenant, type, key)

/** For people: control characters are visible. */
export const shown = ({ tenant, type, key }: PersistenceId): string => JSON.stringify(`${tenant}/${type}/${key}`)

/** Why a name is no longer allowed. */
export function whyOld({ actor, command }: OldName): string {
  const [what, name] =
    command !== undefined ? ["the command id", command] : isName(actor.tenant) ? ["the key", actor.key] : ["the tenant", actor.tenant] // prettier-ignore
  return `${what} ${faultOf(name) ?? ""}, which is no longer allowed; \`store repair\` moves it`
}

/** Rooms whose keys begin with the names of an actor. */
const actorRooms = new Set(["journal", "head", "epoch", "snapshot", "command", "command-age"])

/** Where the fourth part of a key ends. */
function namesEnd(key: Buffer): number {
  let at = 0
  for (let part = 0; part < 4; part++) at = key.indexOf(0, at) + 1
  return at
}

function actorAt(key: Buffer): PersistenceId {
  const [, tenant = "", type = "", of = ""] = partsOf(key.subarray(0, namesEnd(key)))
  return { tenant, type, key: of }
}

/** Looks at records one by one, in the order of the store. */
export class OldNames {
  readonly #found = new Map<string, OldName>()
  /** The names in the key that was looked at last, and whose they are. */
  #last: Buffer | undefined
  #actor: PersistenceId = { tenant: "", type: "", key: "" }

  get found(): Iterable<OldName> {
    return this.#found.values()
  }

  look(key: Buffer, value: Uint8Array): void {
    const room = roomOf(key)
    if (!actorRooms.has(room)) return
    const names = key.subarray(room.length, namesEnd(key))
    if (this.#last?.equals(names) !== true) {
      this.#last = names
      this.#actor = actorAt(key)
      this.#lookAt(this.#actor)
    }
    if (room === "command") {
      const command = partsOf(key)[4] ?? ""
      if (!isName(command)) this.#add({ actor: this.#actor, command })
    } else if (room === "journal") for (const to of receiversInEvent(this.#actor, value)) this.#lookAt(to)
    else if (room === "snapshot") for (const to of receiversInSnapshot(this.#actor, value)) this.#lookAt(to)
  }

  #lookAt(actor: PersistenceId): void {
    if (!isName(actor.tenant) || !isName(actor.key)) this.#add({ actor })
  }

  #add(old: OldName): void {
    this.#found.set(joined(nameOf(old.actor), ...(old.command === undefined ? [] : [old.command])), old)
  }
}

/** To whom a record leads by a delivery or a reminder; to nobody when it is damaged, of which others tell. */
function receiversInEvent(actor: PersistenceId, value: Uint8Array): readonly PersistenceId[] {
  if (actor.type !== KEEPER && !bufferOf(value).includes(DELIVER)) return []
  try {
    const event = decodeEvent(value, actorNames(actor), () => "")
    if (event.name === DELIVER) return [(event.payload as Delivery).to]
    return actor.type === KEEPER ? receiversOfEvent(event) : []
  } catch {
    return []
  }
}

function receiversInSnapshot({ type }: PersistenceId, value: Uint8Array): readonly PersistenceId[] {
  if (!bufferOf(value).includes("tenant")) return []
  try {
    const snapshot = decodeValue(value, () => "") as Snapshot
    const deliveries = openIn(snapshot).map(([, { to }]) => to)
    return type === KEEPER ? [...deliveries, ...receiversOfSnapshot(snapshot)] : deliveries
  } catch {
    return []
  }
}

const openIn = ({ outbox }: Snapshot): OutboxState["open"] => (outbox as OutboxState | undefined)?.open ?? []

const bufferOf = (value: Uint8Array): Buffer => Buffer.from(value.buffer, value.byteOffset, value.byteLength)

/**
 * Moves what bears names that are no longer allowed. Nobody else uses the store.
 * @param shardOf of a store of a cluster's node; without it such a store is left as it is
 * @returns what was moved, and why others were not, by their names joined
 */
export async function moveOldNames(
  store: LevelStore,
  olds: readonly OldName[],
  shardOf: ShardOf | undefined,
): Promise<{ readonly moved: readonly MovedActor[]; readonly refused: ReadonlyMap<string, string> }> {
  const count = await store.get(shardsKey)
  const shards = count === undefined ? undefined : Math.abs(decodeValue(count, () => "the count of shards") as number)
  const allowed = (actor: PersistenceId): PersistenceId =>
    allowedActor(actor, shards ?? 0, shards === undefined ? undefined : shardOf)
  const moves = new Map<string, MovedActor>()
  const refused = new Map<string, string>()
  if (shards !== undefined && shardOf === undefined) {
    for (const { actor } of olds) refused.set(nameOf(actor), "the store belongs to a node of a cluster")
    return { moved: [], refused }
  }
  /** Types of tenants whose order cannot be moved, so that none of their actors is. */
  const stuck = new Map<string, string>()
  for (const { actor, command } of olds) {
    if (command !== undefined) continue
    const to = allowed(actor)
    const taken = await whyTaken(store, to, to.tenant !== actor.tenant)
    if (taken === undefined) moves.set(nameOf(actor), { from: actor, to })
    else {
      refused.set(nameOf(actor), taken)
      if (to.tenant !== actor.tenant) stuck.set(joined(actor.tenant, actor.type), taken)
    }
  }
  for (const [name, { from }] of moves) {
    const why = stuck.get(joined(from.tenant, from.type))
    if (why === undefined) continue
    moves.delete(name)
    refused.set(name, why)
  }
  const changes = await changesOf(store, moves, allowed, shards, shardOf)
  if (changes.length > 0) await store.write(changes) // O2
  return { moved: [...moves.values()], refused }
}

/** O3 */
async function whyTaken(store: LevelStore, to: PersistenceId, ofTenant: boolean): Promise<string | undefined> {
  const { tenant, type, key } = to
  const records = [headKeyOf(to), snapshotKeyOf(to)]
  for (const record of records) if ((await store.get(record)) !== undefined) return `there is ${shown(to)} already`
  for (const room of ["journal", "command"])
    if (await isAny(store, keyOf(room, tenant, type, key))) return `there is ${shown(to)} already`
  if (ofTenant && (await isAny(store, keyOf("order", tenant, type))))
    return `the events of ${JSON.stringify(`${tenant}/${type}`)} have an order of their own already`
  return undefined
}

async function isAny(store: LevelStore, prefix: Buffer): Promise<boolean> {
  for await (const _entry of store.range(prefix, after(prefix), { limit: 1 })) return true
  return false
}

/** All that changes, in memory: there are few old names, or a few actors that bear them. */
async function changesOf(
  store: LevelStore,
  moves: ReadonlyMap<string, MovedActor>,
  allowed: (actor: PersistenceId) => PersistenceId,
  shards: number | undefined,
  shardOf: ShardOf | undefined,
): Promise<readonly Change[]> {
  const changes: Change[] = []
  const toOf = (id: PersistenceId): PersistenceId => moves.get(nameOf(id))?.to ?? id
  const tenants = new Map<string, string>()
  for (const { from, to } of moves.values()) tenants.set(joined(from.tenant, from.type), to.tenant)
  const put = (key: Buffer, made: Buffer, value: Uint8Array): void => {
    if (!made.equals(key)) changes.push([key, undefined])
    changes.push([made, value])
  }
  for await (const [key, value] of store.range(...wholeRange)) {
    const room = roomOf(key)
    if (room === "order" || room === "ordered") {
      const [, tenant = "", type = ""] = partsOf(room === "order" ? key.subarray(0, -8) : key)
      const to = tenants.get(joined(tenant, type)) ?? tenant
      if (room === "ordered") {
        if (to !== tenant) put(key, keyOf("ordered", to, type), value)
        continue
      }
      const [of, sequence] = decodeValue(value, () => `ordinal ${numberOf(key)}`) as [string, number]
      const { key: made } = toOf({ tenant, type, key: of })
      if (to !== tenant || made !== of)
        put(key, numbered(keyOf("order", to, type), numberOf(key)), encodeValue([made, sequence]))
      continue
    }
    if (!actorRooms.has(room)) continue
    const from = actorAt(key)
    const to = toOf(from)
    const tail = key.subarray(namesEnd(key))
    const place = Buffer.concat([keyOf(room, to.tenant, to.type, to.key), tail])
    if (room === "journal") {
      const made = movedEvent(value, from, to, toOf, allowed)
      if (made !== undefined) put(key, place, made)
    } else if (room === "snapshot") {
      const made = movedSnapshot(from, value, toOf)
      if (made !== undefined || to !== from) put(key, place, made ?? value)
    } else if (room === "command") {
      const id = partsOf(key)[4] ?? ""
      if (to !== from || !isName(id)) put(key, commandKeyOf(to, allowedCommand(id, allowed)), value)
    } else if (room === "command-age") {
      const id = tail.toString("utf8", 8)
      if (to !== from || !isName(id))
        put(key, Buffer.concat([place.subarray(0, place.length - tail.length + 8), Buffer.from(allowedCommand(id, allowed))]), value) // prettier-ignore
    } else if (to !== from) put(key, place, value)
  }
  if (shards !== undefined && shardOf !== undefined)
    for (const { from, to } of moves.values()) {
      const shard = String(shardOf(from.tenant, from.type, from.key, shards))
      const key = keyOf("shard", shard, from.tenant, from.type, from.key)
      const value = await store.get(key)
      if (value !== undefined) put(key, keyOf("shard", shard, to.tenant, to.type, to.key), value)
    }
  return changes
}

/** @returns undefined for one that stays as it is */
function movedEvent(
  value: Uint8Array,
  from: PersistenceId,
  to: PersistenceId,
  toOf: (id: PersistenceId) => PersistenceId,
  allowed: (actor: PersistenceId) => PersistenceId,
): Uint8Array | undefined {
  const names = actorNames(from)
  const event = decodeEvent(value, names, () => `an event of ${shown(from)}`)
  const { name, commandId } = event
  let { payload } = event
  if (name === DELIVER) payload = redirected(payload as Delivery, toOf)
  else if (from.type === KEEPER) payload = redirectedEvent(event, toOf)
  if (payload === event.payload && (commandId === undefined || isName(commandId)))
    return to === from ? undefined : renamed(value, names, actorNames(to))
  const made: StoredEvent = {
    ...event,
    payload,
    ...(commandId === undefined ? {} : { commandId: allowedCommand(commandId, allowed) }),
  }
  return encodeRecord(actorNames(to), made)
}

function movedSnapshot(
  from: PersistenceId,
  value: Uint8Array,
  toOf: (id: PersistenceId) => PersistenceId,
): Uint8Array | undefined {
  if (receiversInSnapshot(from, value).every((to) => toOf(to) === to)) return undefined
  const snapshot = decodeValue(value, () => `the snapshot of ${shown(from)}`) as Snapshot
  const state = from.type === KEEPER ? redirectedState(snapshot, toOf) : snapshot.state
  const open = openIn(snapshot).map(([number, delivery, at]) => [number, redirected(delivery, toOf), at])
  const outbox = open.length === 0 ? snapshot.outbox : { ...(snapshot.outbox as OutboxState), open }
  return encodeValue({ ...snapshot, state, outbox })
}

function redirected<D extends Delivery>(delivery: D, toOf: (id: PersistenceId) => PersistenceId): D {
  const to = toOf(delivery.to)
  return to === delivery.to ? delivery : { ...delivery, to }
}
