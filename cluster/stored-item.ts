/**
 * What a store holds, one thing at a time, in a form that all kinds of stores share: to move everything from one into another.
 *
 * Bytes of events, snapshots and answers are as they were written, so that a checksum made then is still the one. A store gives its items kind by kind, in
 * the order below, and within a kind by the bytes of their names, so that two stores with the same content give the same row of items.
 */
import { decodeValue } from "#actors/persistence/checked-value.js"
import { crc32c } from "#actors/persistence/crc32c.js"
import type { PersistenceId } from "#actors/persistence/journal.js"
import { actorNames, decodeEvent } from "#actors/persistence/record.js"

export type StoredItem =
  | /** Where an actor stands. */ {
      readonly kind: "head"
      readonly actor: PersistenceId
      readonly sequence: number
      readonly epoch: number
      readonly trimmed: number
    }
  | { readonly kind: "event"; readonly actor: PersistenceId; readonly sequence: number; readonly record: Buffer }
  | /** A type whose events have one order, and how many ordinals were given. */ {
      readonly kind: "order"
      readonly tenant: string
      readonly type: string
      readonly last: number
    }
  | /** Place of an event in the order of its type. */ {
      readonly kind: "ordinal"
      readonly actor: PersistenceId
      readonly sequence: number
      readonly ordinal: number
    }
  | { readonly kind: "snapshot"; readonly actor: PersistenceId; readonly sequence: number; readonly value: Buffer }
  | /** The answer of a command. */ {
      readonly kind: "command"
      readonly actor: PersistenceId
      readonly id: string
      readonly wallTime: number
      readonly reply: Buffer
    }
  | { readonly kind: "fence"; readonly name: string; readonly epoch: number }
  | /** A record of another room of the node: knowledge, audit, keys, ... */ {
      readonly kind: "record"
      readonly key: Buffer
      readonly value: Buffer
    }

/** Where it is not known when a command was carried out, its answer is kept. */
export const unknownTime = Number.MAX_SAFE_INTEGER

export interface ItemSource {
  /** For progress. */
  count(): Promise<number>
  /** All items, in pages. */
  items(): AsyncIterable<readonly StoredItem[]>
}

export interface ItemTarget extends ItemSource {
  write(items: readonly StoredItem[]): Promise<void>
}

/** A store that can be moved. Nobody else uses it meanwhile. */
export interface MovableStore {
  /** For messages. */
  readonly location: string
  /** @throws `STORE_REFUSED` when there is nothing, or somebody uses it, `LEVEL_LOCKED`, `STORE_FAILED` */
  read<T>(work: (source: ItemSource) => Promise<T>): Promise<T>
  /** All that is written is kept when the work succeeds, and nothing when it does not. @throws `STORE_REFUSED` when it is not empty, or somebody uses it */
  fill<T>(work: (target: ItemTarget) => Promise<T>): Promise<T>
}

/** What an item is, for messages. */
export function titleOf(item: StoredItem): string {
  if (item.kind === "record") return `record ${item.key.toString("latin1").replaceAll("\u0000", "/")}`
  if (item.kind === "fence") return `fence ${item.name}`
  if (item.kind === "order") return `the order of ${item.tenant}/${item.type}`
  const { tenant, type, key } = item.actor
  return `${item.kind}${"sequence" in item ? ` ${item.sequence}` : ""} of ${tenant}/${type}/${key}`
}

/** That an item can be read. @throws `RECORD_DAMAGED`, `RECORD_UNKNOWN` */
export function checkItem(item: StoredItem): void {
  const where = (): string => titleOf(item)
  if (item.kind === "event") decodeEvent(item.record, actorNames(item.actor), where)
  else if (item.kind === "snapshot") decodeValue(item.value, where)
  else if (item.kind === "command") decodeValue(item.reply, where)
}

/** A checksum of items, in their order: of this one and those before it. */
export function digest(item: StoredItem, before: number): number {
  const { kind } = item
  const names: (string | number)[] = [kind]
  if ("actor" in item) names.push(item.actor.tenant, item.actor.type, item.actor.key)
  if ("sequence" in item) names.push(item.sequence)
  if (kind === "head") names.push(item.epoch, item.trimmed)
  else if (kind === "command") names.push(item.id, item.wallTime)
  else if (kind === "order") names.push(item.tenant, item.type, item.last)
  else if (kind === "ordinal") names.push(item.ordinal)
  else if (kind === "fence") names.push(item.name, item.epoch)
  const text = Buffer.from(JSON.stringify(names))
  const sum = crc32c(text, 0, text.length, before)
  return contentOf(item).reduce((of, bytes) => crc32c(bytes, 0, bytes.length, of), sum)
}

/** The bytes that an item carries beside its names. */
export function contentOf(item: StoredItem): readonly Uint8Array[] {
  if (item.kind === "event") return [item.record]
  if (item.kind === "snapshot") return [item.value]
  if (item.kind === "command") return [item.reply]
  return item.kind === "record" ? [item.key, item.value] : []
}
