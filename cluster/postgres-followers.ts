/**
 * Who follows the events of ordered types, on this node and through the server on all others.
 *
 * Invariants
 *   F1. This node's listeners are called for each group of this node's appends, before these resolve.
 *   F2. Of other nodes' events they hear by NOTIFY. It is a hint, sent after the commit and not with it, since notifying commits wait for each other on
 *       the whole server; whether it comes is not promised. What is promised is a look at the store each second.
 *   F3. Nobody follows, nothing is asked.
 */
import { joined } from "#actors/names.js"
import { escaped } from "#actors/persistence/keys.js"
import { defaultSchema, quoted, type PostgresSettings } from "./postgres-client.js"
import { PostgresConnection, type Surroundings } from "./postgres-connection.js"
import type { SqlClient, SqlNotification } from "./sql-client.js"

interface Followed {
  readonly tenant: string
  readonly type: string
  readonly listeners: Set<() => void>
}

const lookEveryMs = 1000
/** Hints of this node are gathered so long. */
const hintEveryMs = 5
/** A longer payload is refused by the server; it is replaced by one that means all types. */
const longestPayload = 7000

const lookAt = {
  name: "look_at_types",
  text: "SELECT tenant, type, last FROM ordered_type WHERE (tenant, type) IN (SELECT * FROM unnest($1::text[], $2::text[]))",
}
const notify = {
  name: "notify",
  text: "SELECT pg_notify($1, payload) FROM unnest($2::text[]) AS payload",
}

export class PostgresFollowers {
  readonly #around: Surroundings
  readonly #channel: string
  readonly #connection: PostgresConnection
  readonly #followed = new Map<string, Followed>()
  /** Resolves when the appends that are under way have ended. */
  readonly #underWay: () => Promise<void>
  /** The last ordinal of each type up to which listeners were called, or somebody has read. */
  readonly #seen = new Map<string, number>()
  readonly #hints = new Set<string>()
  #hinting = false
  #stop: (() => void) | undefined
  #closed = false

  /** @param underWay resolves when the appends that are under way have ended */
  constructor(settings: PostgresSettings, around: Surroundings, underWay: () => Promise<void>) {
    this.#around = around
    this.#underWay = underWay
    this.#channel = `llmagentos/${settings.schema ?? defaultSchema}`.slice(0, 63)
    this.#connection = new PostgresConnection(settings, around, async (client) => {
      client.on("notification", (hint) => this.#hinted(client, hint))
      await client.query(`LISTEN ${quoted(this.#channel)}`)
    })
  }

  follow(tenant: string, type: string, listener: () => void): () => void {
    const name = nameOf(escaped(tenant), escaped(type))
    let followed = this.#followed.get(name)
    if (followed === undefined) this.#followed.set(name, (followed = { tenant, type, listeners: new Set() }))
    const own = (): void => listener()
    followed.listeners.add(own)
    if (this.#stop === undefined) this.#look()
    return () => {
      followed.listeners.delete(own)
      if (followed.listeners.size === 0 && this.#followed.get(name) === followed) this.#followed.delete(name)
    }
  }

  /** Whoever reads the order of a type now finds it up to an ordinal. */
  seen(tenant: string, type: string, last: number): void {
    this.#see(nameOf(escaped(tenant), escaped(type)), last)
  }

  /** This node has appended to an ordered type; names as they stand in the tables. */
  appended(tenant: string, type: string, last: number): void {
    const name = nameOf(tenant, type)
    this.#see(name, last)
    for (const listener of this.#followed.get(name)?.listeners ?? []) listener() // F1
    this.#hints.add(name)
    if (this.#hinting || this.#closed) return
    this.#hinting = true
    this.#around.clock.timer(hintEveryMs, () => void this.#hint())
  }

  async close(): Promise<void> {
    this.#closed = true
    this.#stop?.()
    await this.#connection.close()
  }

  async #hint(): Promise<void> {
    this.#hinting = false
    const names = [...this.#hints].map((name) => (Buffer.byteLength(name) > longestPayload ? "" : name))
    this.#hints.clear()
    if (this.#closed) return
    await this.#connection.query(notify, [this.#channel, names]).catch(() => undefined) // F2: the look makes up for it
  }

  #hinted(client: SqlClient, { payload = "", processId }: SqlNotification): void {
    if (processId === (client as unknown as { readonly processID: number }).processID) return // this node's own
    for (const [name, { listeners }] of this.#followed)
      if (payload === "" || payload === name) for (const listener of listeners) listener()
  }

  /** Looks now, which also begins to listen, and each second while somebody follows. */
  #look(): void {
    this.#stop = this.#around.clock.timer(lookEveryMs, () => {
      this.#stop = undefined
      if (this.#followed.size > 0 && !this.#closed) this.#look() // F3
    })
    void this.#lookNow().catch(() => undefined) // the next look may succeed
  }

  async #lookNow(): Promise<void> {
    const all = [...this.#followed.values()]
    const rows = await this.#connection.query<{ readonly tenant: string; readonly type: string; readonly last: string }>(
      lookAt,
      [all.map(({ tenant }) => escaped(tenant)), all.map(({ type }) => escaped(type))],
      { again: true },
    ) // prettier-ignore
    await this.#underWay() // what this node appended itself is told of when it is acknowledged
    for (const row of rows) {
      const name = nameOf(row.tenant, row.type)
      if (this.#see(name, Number(row.last)))
        for (const listener of this.#followed.get(name)?.listeners ?? []) listener()
    }
  }

  /** @returns whether it is further than before */
  #see(name: string, last: number): boolean {
    if (last <= (this.#seen.get(name) ?? 0)) return false
    this.#seen.set(name, last)
    return true
  }
}

/** Of a type, from names as they stand in the tables; a payload of NOTIFY, which takes no zero byte. */
const nameOf = (tenant: string, type: string): string => joined(tenant, type)
