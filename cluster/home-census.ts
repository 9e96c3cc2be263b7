/**
 * Whether the home records in the registry are those of this cluster, and all of them. A registry can be wiped: then
 * nothing in it says that there ever was a state, and a node that believed it would start entities empty whose state
 * lies on another. So a cluster has a name for its life, which each node keeps in its store; the registry has it in
 * the record `homes`, which is written last: after every record that anybody knows of.
 *
 * Invariants
 *   C1. While the registry has no `homes` record, nothing is claimed and nothing is moved. Whoever knows the life of
 *       the cluster writes the records again that it knows, or that a peer knows, those of absent nodes too; then
 *       `homes`.
 *   C2. `homes` says that the records are whole only when each shard has a home, or every node was asked that may be
 *       one: it may own shards that nobody else has heard of. Until then a shard without a home is nobody's, and
 *       starts nowhere; it is asked again and again.
 *   C3. A new life begins only when no node that the registry lists as living has another, each of them has answered,
 *       and for a while no other has come; nodes with state from before the cluster claim their shards first.
 *   C4. A node of another life has no part: it serves nothing and touches nothing, its own copies neither.
 *   C5. Before its first claim a node has all nodes that live write down its name, so that whoever takes a census
 *       later knows whom to ask.
 *   C6. A node that ends in order and holds nothing of any shard has its name struck out again: nobody needs to ask
 *       it. Before its next claim it is written down anew (C5).
 */
import type { Clock, Random } from "#actors/clock.js"
import { thrownText } from "#actors/errors.js"
import { backoff } from "./consul-watch.js"
import type { HomeMarks } from "./home-marks.js"
import { ABSENT, parseRecord, recordText, type HomeRecord, type SeenRecord } from "./home-record.js"
import type { NodeId } from "./node.js"
import { incarnationOf } from "./node.js"
import { pause } from "./pause.js"
import type { Peers } from "./peers.js"
import type { RegisteredNode, Registry } from "./registry.js"

/** What a node tells of the homes that it knows. */
export interface HomeReport {
  readonly life: string | undefined
  /** Names of nodes that it knows to be possible homes. */
  readonly nodes: readonly string[]
  /** It has claimed the shards that it held from before the cluster. */
  readonly ready: boolean
  /** Of shards that it knows to have a record. */
  readonly homes: readonly (readonly [shard: number, home: string | null, epoch: number])[]
}

/** The key of the record that says which life the registry's records are of. */
export const LIFE = "homes"
export const homeKey = (shard: number): string => `home/${shard}`

interface LifeRecord {
  readonly life: string
  readonly whole: boolean
}

/** What is known of the registry's life. */
export type RegistryStanding =
  | { readonly is: "unknown" }
  | { readonly is: "absent" }
  | { readonly is: "ours"; readonly whole: boolean }
  | { readonly is: "foreign"; readonly life: string }

/** The newest of what several nodes know, and who may know more (C2). */
export function merged(
  shards: number,
  reports: ReadonlyMap<string, HomeReport>,
): { readonly records: readonly HomeRecord[]; readonly unasked: readonly string[] } {
  const records = new Array<HomeRecord>(shards).fill({ home: undefined, epoch: 0 })
  for (const { homes } of reports.values())
    for (const [shard, home, epoch] of homes)
      if (shard < shards && epoch > (records[shard] as HomeRecord).epoch)
        records[shard] = { home: home ?? undefined, epoch }
  if (records.every(({ home }) => home !== undefined)) return { records, unasked: [] }
  const nodes = new Set([...reports.values()].flatMap(({ nodes }) => nodes))
  for (const { home } of records) if (home !== undefined) nodes.add(home)
  return { records, unasked: [...nodes].filter((name) => !reports.has(name)).sort() }
}

export interface CensusPorts {
  readonly shards: number
  readonly name: string
  readonly registry: Registry
  readonly peers: Peers
  readonly clock: Clock
  readonly random: Random
  readonly marks: HomeMarks
  /** How long no other node must have come before a new life begins (C3). */
  readonly settleMs: number
  readonly report: () => HomeReport
  /** The standing is another. */
  readonly changed: () => void
  readonly signal: AbortSignal
}

const againMs = 500

export class HomeCensus {
  readonly #ports: CensusPorts
  standing: RegistryStanding = { is: "unknown" }
  #trouble: string | undefined = "the registry has not told of the homes of shards so far"
  #taking: Promise<void> | undefined
  #begunAt: number | undefined

  constructor(ports: CensusPorts) {
    this.#ports = ports
  }

  /** Why the records are not whole, in words. */
  get trouble(): string | undefined {
    return this.standing.is !== "foreign" && this.#done ? undefined : this.#trouble
  }

  /** The watch has told of the record, or that there is none. */
  saw(value: string | undefined): void {
    const before = this.standing
    this.#judge(value)
    if (JSON.stringify(before) !== JSON.stringify(this.standing)) this.#ports.changed()
    if (!this.#done) this.take()
  }

  /** Takes the census until the records are whole. */
  take(): void {
    this.#taking ??= this.#take().finally(() => (this.#taking = undefined))
  }

  get #done(): boolean {
    const { standing } = this
    return (standing.is === "ours" && standing.whole && this.#ports.marks.met) || standing.is === "foreign"
  }

  #judge(value: string | undefined): void {
    const { marks } = this.#ports
    const record = value === undefined ? undefined : parseLife(value)
    if (record === undefined) this.standing = { is: "absent" }
    else if (record.life === marks.life) this.standing = { is: "ours", whole: record.whole }
    else if (marks.life !== undefined) {
      this.standing = { is: "foreign", life: record.life }
      this.#trouble = `the store of this node belongs to the cluster's life ${marks.life}, the registry's homes to ${record.life}: remove the records of the wrong one, or give this node an empty store` // prettier-ignore
    }
  }

  async #take(): Promise<void> {
    const { clock, random, signal } = this.#ports
    for (let failures = 0; !signal.aborted && !this.#done;) {
      const answered = await this.#attempt().catch((error: unknown) => {
        this.#trouble = `the homes of shards cannot be found out: ${thrownText(error)}`
        return false
      })
      failures = answered ? 0 : failures + 1
      if (this.#done) break
      await pause(clock, answered ? againMs : backoff(failures, random.float()), signal)
    }
    this.#begunAt = undefined
  }

  /** @returns whether the registry answers */
  async #attempt(): Promise<boolean> {
    const { registry, marks, clock } = this.#ports
    const seen = await registry.read(LIFE)
    if (seen.kind === "unavailable") {
      this.#begunAt = undefined
      return false
    }
    this.#begunAt ??= clock.monotonic()
    const record = seen.kind === "found" ? parseLife(seen.record.value) : undefined
    if (record !== undefined && marks.life === undefined) await marks.setLife(record.life)
    if (record !== undefined) this.saw(JSON.stringify(record))
    if (this.#done) return true
    if (this.standing.is === "ours" && this.standing.whole) return this.#introduce()
    const reports = await this.#ask()
    const lives = new Set([...reports.values()].flatMap(({ life }) => life ?? []))
    const version = seen.kind === "found" ? seen.record.version : 0
    if (lives.size > 1) {
      this.#trouble = `stores of nodes belong to several clusters: ${[...lives].join(", ")}`
      return true
    }
    const [life] = lives
    if (life === undefined) return this.#begin(reports, version)
    if (marks.life === undefined) await marks.setLife(life)
    return this.#restore(life, reports, version)
  }

  /** Of this node, and of each peer that answers. */
  async #ask(): Promise<ReadonlyMap<string, HomeReport>> {
    const { peers, name, report } = this.#ports
    const asked = [...peers.open()].map(async (peer) => {
      const answer = await peers.call(peer, "homes", "report", null).catch(() => undefined)
      return [nameOf(peer), answer as HomeReport | undefined] as const
    })
    const reports = new Map<string, HomeReport>([[name, report()]])
    for (const [peer, answer] of await Promise.all(asked)) if (answer !== undefined) reports.set(peer, answer)
    await this.#ports.marks.meet(reports.keys())
    return reports
  }

  /** C5 */
  async #introduce(): Promise<boolean> {
    const { registry, peers, name, marks, signal, changed } = this.#ports
    const nodes = await nodesNow(registry, signal)
    const living = new Set(nodes.flatMap(({ node, health }) => (health === "passing" ? node.name : [])))
    living.delete(name)
    const met = [...peers.open()].map(async (peer) => {
      const answer = await peers.call(peer, "homes", "meet", name).catch(() => undefined)
      return answer === true ? nameOf(peer) : undefined
    })
    for (const other of await Promise.all(met)) if (other !== undefined) living.delete(other)
    this.#trouble = `waiting until these nodes know of this one: ${[...living].join(", ")}`
    if (living.size > 0) return true
    await marks.setMet(true)
    changed()
    return true
  }

  /** C1 */
  async #restore(life: string, reports: ReadonlyMap<string, HomeReport>, version: number): Promise<boolean> {
    const { registry, shards } = this.#ports
    const listed = await registry.list("home/")
    if (listed.kind === "unavailable") return false
    const there = new Map(
      listed.records.map(({ key, value, version }) => [key, { ...ABSENT, ...parseRecord(value), version }]),
    )
    const { records, unasked } = merged(shards, reports)
    const whole = unasked.length === 0
    for (const [shard, record] of records.entries()) {
      const known: SeenRecord = there.get(homeKey(shard)) ?? ABSENT
      if (record.epoch <= known.epoch) continue
      const written = await registry.write(homeKey(shard), recordText(record), known.version)
      if (written.kind !== "written") return written.kind === "conflict" // somebody else is at it, or knows better: look again
    }
    this.#trouble = whole ? undefined : `not all homes of shards are known while these nodes are away: ${unasked.join(", ")}` // prettier-ignore
    const now = this.standing
    if (now.is === "ours" && now.whole === whole) return true
    const record: LifeRecord = { life, whole }
    const written = await registry.write(LIFE, JSON.stringify(record), version)
    if (written.kind === "written") this.saw(JSON.stringify(record))
    return written.kind !== "unavailable"
  }

  /** C3 */
  async #begin(reports: ReadonlyMap<string, HomeReport>, version: number): Promise<boolean> {
    const { registry, clock, random, settleMs, signal } = this.#ports
    const nodes = await nodesNow(registry, signal)
    const silent = nodes.filter(({ node, health }) => health === "passing" && !reports.has(node.name))
    const unready = [...reports].filter(([, { ready }]) => !ready)
    const names = [...silent.map(({ node }) => node.name), ...unready.map(([name]) => name)]
    if (names.length > 0) {
      this.#trouble = `the cluster is new, or its registry was wiped; waiting for what these nodes know: ${names.join(", ")}` // prettier-ignore
      return true
    }
    if (clock.monotonic() - (this.#begunAt ?? Infinity) < settleMs) return true
    const life = random.uuid()
    const written = await registry.write(LIFE, JSON.stringify({ life, whole: true } satisfies LifeRecord), version)
    return written.kind !== "unavailable" // it is read in the next attempt, whoever wrote it
  }
}

const nameOf = (id: NodeId): string => incarnationOf(id)?.name ?? id

function parseLife(text: string): LifeRecord | undefined {
  try {
    const { life, whole } = JSON.parse(text) as Partial<LifeRecord>
    return typeof life === "string" && typeof whole === "boolean" ? { life, whole } : undefined
  } catch {
    return undefined
  }
}

/** The nodes that the registry lists, as it tells them first. */
export function nodesNow(registry: Registry, signal: AbortSignal): Promise<readonly RegisteredNode[]> {
  return new Promise((resolve, reject) => {
    let unwatch: (() => void) | undefined = undefined
    const end = (): void => {
      signal.removeEventListener("abort", stop)
      unwatch?.()
    }
    const stop = (): void => {
      end()
      reject(new Error("it was called off"))
    }
    signal.addEventListener("abort", stop, { once: true })
    unwatch = registry.watchNodes((sight) => {
      end()
      if (sight.kind === "current") resolve(sight.entries)
      else reject(new Error(sight.reason))
    })
  })
}
