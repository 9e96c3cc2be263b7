/**
 * API keys. A key is `lao_ID_SECRET`: the id finds the record, the secret proves it.
 *
 * Invariants
 *   K1. The secret has 256 random bits and is shown once; only its SHA-256 is kept. (A hash without salt or stretching is enough for a
 *       secret that nobody can guess.)
 *   K2. Hashes are compared in constant time, and an unknown id costs the same comparison as a wrong secret.
 *   K3. A revoked key stays on record, so that audit lines keep their meaning; it never authenticates again.
 *   K4. What is acknowledged is durable: `create` and `revoke` resolve after the store has confirmed.
 *   K5. A key that another node made or revoked is known here soon after, where the store is shared; nothing makes a
 *       revoked key valid again.
 *   K6. Whoever listens hears of a revocation once, wherever it was made.
 *   K7. A key that was proven is known by its text until any key changes, so that not every request costs a hash. Such
 *       texts are few, and in memory only.
 */
import { hash as digest, timingSafeEqual } from "node:crypto"
import type { Clock, Random } from "#actors/clock.js"
import { DEFAULT_TENANT } from "#actors/cause.js"
import { AgentOSError } from "#actors/errors.js"
import { checkNumbers, count } from "#actors/numbers.js"
import type { Caller, Role } from "./roles.js"

/** A key as it is kept: everything but the secret. */
export interface KeyRecord {
  readonly id: string
  /** What the key is for, in its owner's words. */
  readonly name: string
  readonly role: Role
  /** Whose runs, conversations and knowledge its holder works with. */
  readonly tenant: string
  /** SHA-256 of the secret, hexadecimal. */
  readonly hash: string
  /** Wall time in milliseconds. */
  readonly createdAt: number
  readonly revokedAt?: number
  readonly requestsPerMinute?: number
}

/** A record as a store may hold it: those from before keys had tenants belong to the default one. */
export type StoredKey = Omit<KeyRecord, "tenant"> & Partial<Pick<KeyRecord, "tenant">>

/** Where keys are kept. */
export interface KeyStore {
  all(): Promise<readonly StoredKey[]>
  /** Resolves when the record is durable. */
  put(record: KeyRecord): Promise<void>
  /** Calls back when keys may have changed elsewhere. @returns ends it */
  follow?(heard: () => void): Promise<() => void>
}

/** Keeps keys as long as the process lives. */
export function memoryKeyStore(): KeyStore {
  const records = new Map<string, KeyRecord>()
  return {
    all: async () => [...records.values()],
    put: async (record) => void records.set(record.id, record),
  }
}

export interface NewKey {
  /** The whole key; it cannot be had again. */
  readonly key: string
  readonly record: KeyRecord
}

const keyForm = /^lao_([0-9a-f]{16})_([A-Za-z0-9_-]{43})$/
const readAgainMs = 1000
/** Keys that are known by their text at a time (K7). */
const mostProven = 1000
const noHash = Buffer.alloc(32)

export class ApiKeys {
  readonly #store: KeyStore
  readonly #clock: Clock
  readonly #random: Random
  readonly #known = new Map<string, { readonly record: KeyRecord; readonly hash: Buffer; readonly caller: Caller }>()
  /** Callers by the whole text of their keys (K7). */
  readonly #proven = new Map<string, Caller>()
  readonly #listeners: ((id: string) => void)[] = []
  #unfollow = (): void => undefined
  #closed = false

  private constructor(store: KeyStore, clock: Clock, random: Random) {
    this.#store = store
    this.#clock = clock
    this.#random = random
  }

  /** Reads every key of a store. */
  static async open(store: KeyStore, clock: Clock, random: Random): Promise<ApiKeys> {
    const keys = new ApiKeys(store, clock, random)
    keys.#unfollow = (await store.follow?.(() => void keys.#readAgain())) ?? keys.#unfollow // K5
    await keys.#read()
    return keys
  }

  /** Hears of no more changes. */
  close(): void {
    this.#closed = true
    this.#unfollow()
  }

  async #read(): Promise<void> {
    for (const record of await this.#store.all()) this.#remember(record)
  }

  /** Until it succeeds: what is missed may be a revocation. */
  async #readAgain(): Promise<void> {
    await this.#read().catch(() => {
      if (!this.#closed) this.#clock.timer(readAgainMs, () => void this.#readAgain())
    })
  }

  /** Calls a listener at each revocation, with the key's id (K6). */
  onRevoked(listener: (id: string) => void): void {
    this.#listeners.push(listener)
  }

  isRevoked(id: string): boolean {
    return this.#known.get(id)?.record.revokedAt !== undefined
  }

  /** Makes a key and keeps its record (K1, K4). @throws `INVALID_REQUEST` */
  async create(
    name: string,
    options: { role?: Role; tenant?: string; requestsPerMinute?: number } = {},
  ): Promise<NewKey> {
    checkNumbers("INVALID_REQUEST", "", options, { requestsPerMinute: count })
    const id = Buffer.from(this.#random.bytes(8)).toString("hex")
    const secret = Buffer.from(this.#random.bytes(32)).toString("base64url")
    const record: KeyRecord = {
      id,
      name,
      role: options.role ?? "user",
      tenant: options.tenant ?? DEFAULT_TENANT,
      hash: sha256(secret).toString("hex"),
      createdAt: this.#clock.wallTime(),
      ...(options.requestsPerMinute === undefined ? {} : { requestsPerMinute: options.requestsPerMinute }),
    }
    await this.#store.put(record)
    this.#remember(record)
    return { key: `lao_${id}_${secret}`, record }
  }

  /** Refuses a key from now on (K3). @throws `UNKNOWN_KEY` */
  async revoke(id: string): Promise<KeyRecord> {
    const known = this.#known.get(id)
    if (known === undefined) throw new AgentOSError("UNKNOWN_KEY", `no API key has the id ${id}`)
    if (this.isRevoked(id)) return known.record
    const record: KeyRecord = { ...known.record, revokedAt: this.#clock.wallTime() }
    await this.#store.put(record)
    this.#remember(record)
    return record
  }

  /** Every key, oldest first, without its secret. */
  list(): readonly KeyRecord[] {
    return [...this.#known.values()].map(({ record }) => record).sort((a, b) => a.createdAt - b.createdAt)
  }

  /** Whose key this is, or undefined when it is nobody's (K2). */
  authenticate(key: string): Caller | undefined {
    const proven = this.#proven.get(key)
    if (proven !== undefined) return proven // K7
    const [, id = "", secret = ""] = keyForm.exec(key) ?? []
    const known = this.#known.get(id)
    const same = timingSafeEqual(sha256(secret), known?.hash ?? noHash)
    if (!same || known === undefined || known.record.revokedAt !== undefined) return undefined
    if (this.#proven.size >= mostProven) this.#proven.clear()
    this.#proven.set(key, known.caller)
    return known.caller
  }

  #remember(stored: StoredKey): void {
    if (this.isRevoked(stored.id)) return // K3, K5
    this.#proven.clear()
    const record: KeyRecord = { tenant: DEFAULT_TENANT, ...stored }
    this.#known.set(record.id, {
      record,
      hash: Buffer.from(record.hash, "hex"),
      caller: {
        id: record.id,
        role: record.role,
        tenant: record.tenant,
        ...(record.requestsPerMinute === undefined ? {} : { requestsPerMinute: record.requestsPerMinute }),
      },
    })
    if (record.revokedAt !== undefined) for (const listener of this.#listeners) listener(record.id) // K6
  }
}

function sha256(text: string): Buffer {
  return digest("sha256", text, "buffer")
}
