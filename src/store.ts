/** Where a node keeps what is durable: in its memory, in a LevelDB of its own, or in a PostgreSQL that it shares with others. */
import { join } from "node:path"
import type { Clock, Random } from "#actors/clock.js"
import { AgentOSError } from "#actors/errors.js"
import type { Journal } from "#actors/persistence/journal.js"
import { levelJournal } from "#actors/persistence/level-journal.js"
import { LevelStore } from "#actors/persistence/level-store.js"
import { memoryJournal } from "#actors/persistence/memory-journal.js"
import type { PostgresSettings } from "#cluster/postgres-client.js"
import type { PostgresStore } from "#cluster/postgres-store.js"
import type { PostgresJournal } from "#cluster/postgres-journal.js"
import type { Config } from "./config.js"
import { levelRecords, memoryRecords, type RecordStore } from "./record-store.js"

/** An open store. Its journal closes it. */
export type Store = (
  | { readonly kind: "memory"; readonly journal: Journal }
  | { readonly kind: "leveldb"; readonly journal: Journal; readonly level: LevelStore }
  | { readonly kind: "postgres"; readonly journal: PostgresJournal; readonly store: PostgresStore }
) & {
  /** For people: "memory", a folder, or server and database. */
  readonly where: string
  /** The records of a room; they are told to other nodes where the store is shared and the room is one of `toldRooms`. */
  room(name: string): RecordStore
}

/** Rooms that nodes keep copies of in memory, which others' changes make stale. */
const toldRooms = new Set(["keys", "knowledge"])

export interface StoreSurroundings {
  readonly clock: Clock
  readonly random: Random
  readonly environment: Readonly<Record<string, string | undefined>>
}

/** Opens what the configuration names. @throws `INVALID_CONFIG`, `LEVEL_LOCKED`, `STORE_FAILED`, `STORE_REFUSED` */
export async function openStore(
  config: Pick<Config, "data" | "store" | "storeEnv">,
  { clock, random, environment }: StoreSurroundings,
): Promise<Store> {
  const url = storeUrl(config, environment)
  if (url !== undefined) {
    const [{ PostgresStore }, { postgresJournal }, { postgresRecords }] = await Promise.all([
      import("#cluster/postgres-store.js"),
      import("#cluster/postgres-journal.js"),
      import("./postgres-records.js"),
    ])
    const store = await PostgresStore.open(postgresSettings(url), { clock, random })
    return {
      kind: "postgres",
      where: `PostgreSQL (${store.where})`,
      journal: postgresJournal(store, clock),
      store,
      room: (name) => postgresRecords(store, name, { clock, told: toldRooms.has(name) }),
    }
  }
  if (config.data === "memory")
    return { kind: "memory", where: "memory", journal: memoryJournal(clock), room: () => memoryRecords() }
  const folder = join(config.data, "store")
  const level = await LevelStore.open(folder)
  return {
    kind: "leveldb",
    where: folder,
    journal: levelJournal(level, clock),
    level,
    room: (name) => levelRecords(level, name),
  }
}

/** The URL of the store, when it is not a folder. @throws `INVALID_CONFIG` when it is to come from a variable that is not set */
export function storeUrl(
  { store, storeEnv }: Pick<Config, "store" | "storeEnv">,
  environment: StoreSurroundings["environment"],
): string | undefined {
  if (storeEnv === undefined) return store
  const url = environment[storeEnv]
  if (url !== undefined && url !== "") return postgresSettings(url) && url
  throw new AgentOSError(
    "INVALID_CONFIG",
    `storeEnv: the environment variable ${storeEnv} is not set; it is to hold a URL like postgres://user:password@host:5432/database`,
  )
}

/** Reads `postgres://user:password@host:port/database?schema=NAME`. @throws `INVALID_CONFIG` */
export function postgresSettings(text: string): PostgresSettings {
  if (!/^postgres(ql)?:/.test(text) || !URL.canParse(text))
    throw new AgentOSError(
      "INVALID_CONFIG",
      "the URL of the store is none; it reads postgres://user:password@host:port/database?schema=NAME",
    )
  const url = new URL(text)
  const schema = url.searchParams.get("schema")
  url.searchParams.delete("schema")
  return { url: url.href, ...(schema === null ? {} : { schema }) }
}
