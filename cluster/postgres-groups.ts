/**
 * Group commit: the appends of a node go to the server together, one transaction at a time, and those that come
 * meanwhile gather for the next.
 *
 * Invariants
 *   G1. An append resolves when the transaction that holds it is committed; its events and its answer are in it
 *       together or not at all.
 *   G2. Appends of one actor are judged in the order they came. Those that follow each other go as one; when the first
 *       is refused, the next is judged by itself.
 *   G3. Each append fails alone: the server tells of each whether it was taken, and a group that it refuses for what
 *       one of them holds is sent again append by append. What hinders all (a full disk, a lock that nobody gives)
 *       fails all.
 *   G4. When the connection is lost, every append of the group that was under way fails, and whether it was done is
 *       not known. It is never sent again.
 */
import type { Clock } from "#actors/clock.js"
import { AgentOSError } from "#actors/errors.js"
import { joined } from "#actors/names.js"
import type { PersistenceId } from "#actors/persistence/journal.js"
import { escaped } from "#actors/persistence/keys.js"
import { checkAppend } from "#actors/persistence/journal-checks.js"
import { bigIntegers, byteStrings, integers, texts } from "./postgres-arrays.js"
import type { PostgresConnection } from "./postgres-connection.js"
import { isContended, isOfContent, postgresError } from "./postgres-errors.js"
import { appendEvents, type AppendVerdict } from "./postgres-schema.js"

/** What is to be written, as bytes. */
export interface PreparedAppend {
  readonly actor: PersistenceId
  readonly expected: number
  readonly epoch: number
  /** Name of the fence that its epoch is of; empty: none. */
  readonly fence: string
  /** The first has the sequence after the expected one, and so on. */
  readonly records: readonly Uint8Array[]
  readonly command?: { readonly id: string; readonly wallTime: number; readonly reply: Uint8Array } | undefined
}

interface Waiting extends PreparedAppend {
  readonly done: () => void
  readonly fail: (error: unknown) => void
}

/** Appends of one actor that follow each other (G2), the first first. */
interface Chain {
  readonly names: readonly [tenant: string, type: string, key: string]
  readonly appends: Waiting[]
  events: number
}

const retryMs = 10
/** Most of what is sent together; more would make everybody wait for the slowest. */
const most = { appends: 4096, bytes: 8 * 1024 * 1024 }

const statement = { name: "append_events", text: appendEvents }

export class PostgresGroups {
  readonly #connection: PostgresConnection
  readonly #clock: Clock
  readonly #appended: (tenant: string, type: string, last: number) => void
  #waiting: Waiting[] = []
  #committing: Promise<void> | undefined
  #underWay: Promise<unknown> | undefined

  /** @param appended is told of each ordered type that has new events, before their appends resolve */
  constructor(
    connection: PostgresConnection,
    clock: Clock,
    appended: (tenant: string, type: string, last: number) => void,
  ) {
    this.#connection = connection
    this.#clock = clock
    this.#appended = appended
  }

  /** @throws `SEQUENCE_CONFLICT`, `STALE_EPOCH`, `DISK_FULL`, `STORE_FAILED` */
  append(append: PreparedAppend): Promise<void> {
    return new Promise((done, fail) => {
      this.#waiting.push({ ...append, done, fail })
      this.#committing ??= this.#commit()
    })
  }

  /** Waits until nothing waits. */
  async settled(): Promise<void> {
    while (this.#committing !== undefined) await this.#committing
  }

  /** Waits for the group that is under way now. */
  async underWay(): Promise<void> {
    await this.#underWay
  }

  async #commit(): Promise<void> {
    // What arrives in this turn of the event loop goes along.
    await Promise.resolve()
    let acknowledged = 0
    while (this.#waiting.length > 0) {
      // At most half of those that wait and were just acknowledged, so that one half works while the other is on its way (L1 of LevelStore).
      const { chains, left, taken } = chained(
        this.#waiting,
        Math.min(most.appends, Math.ceil((this.#waiting.length + acknowledged) / 2)),
      )
      this.#waiting = left
      acknowledged = taken
      const again = await (this.#underWay = this.#send(chains))
      if (again.length === 0) continue
      this.#waiting = [...again, ...this.#waiting]
      // Nothing was taken: their types are being given an order. What came meanwhile goes along with the next try.
      if (again.length === taken) await new Promise<void>((done) => this.#clock.timer(retryMs, done))
    }
    this.#committing = undefined
  }

  /** @returns appends that are to be judged by themselves */
  async #send(chains: readonly Chain[]): Promise<readonly Waiting[]> {
    try {
      const { refused, ordered } = await this.#transaction(chains)
      for (const [tenant, type, last] of ordered ?? []) this.#appended(tenant, type, last)
      const against = new Map((refused ?? []).map(([number, ...stored]) => [number, stored]))
      const again: Waiting[] = []
      for (const [i, { appends }] of chains.entries()) {
        const stored = against.get(i + 1)
        if (stored === undefined) {
          for (const { done } of appends) done() // G1
          continue
        }
        const [sequence, epoch, fence, waits] = stored
        if (waits) {
          again.push(...appends)
          continue
        }
        const [first, ...rest] = appends as [Waiting, ...Waiting[]]
        first.fail(refusal(first, sequence, epoch, fence))
        again.push(...rest)
      }
      return again
    } catch (error) {
      const appends = chains.flatMap(({ appends }) => appends)
      if (appends.length === 1 || !isOfContent(error)) {
        for (const { fail } of appends) fail(postgresError(error, this.#connection.where)) // G4
        return []
      }
      const again: Waiting[] = []
      for (const append of appends) again.push(...(await this.#send(chained([append], 1).chains))) // G3
      return again
    }
  }

  async #transaction(chains: readonly Chain[]): Promise<AppendVerdict> {
    const values = parameters(chains)
    for (;;) {
      try {
        const [verdict] = await this.#connection.query<AppendVerdict & { readonly [column: string]: unknown }>(statement, values) // prettier-ignore
        return verdict as AppendVerdict
      } catch (error) {
        if (!isContended(error)) throw error // another node's group stood in the way; the transaction was rolled back
      }
    }
  }
}

/**
 * Takes a group from those that wait: for each actor the appends that follow each other. The rest stays in its order.
 */
function chained(
  waiting: readonly Waiting[],
  limit: number,
): { readonly chains: readonly Chain[]; readonly left: Waiting[]; readonly taken: number } {
  const chains = new Map<string, Chain>()
  const held = new Set<string>()
  const left: Waiting[] = []
  let taken = 0
  let bytes = 0
  for (const append of waiting) {
    const { tenant, type, key } = append.actor
    const name = joined(tenant, type, key)
    const chain = chains.get(name)
    const fits = taken < limit && bytes < most.bytes && !held.has(name)
    if (!fits || (chain !== undefined && !follows(chain, append))) {
      held.add(name)
      left.push(append)
      continue
    }
    if (chain === undefined) {
      const names = [escaped(tenant), escaped(type), escaped(key)] as const
      chains.set(name, { names, appends: [append], events: append.records.length })
    } else {
      chain.appends.push(append)
      chain.events += append.records.length
    }
    taken += 1
    for (const record of append.records) bytes += record.length
    bytes += append.command?.reply.length ?? 0
  }
  // In one order, so that the groups of two nodes do not wait for each other in a circle.
  return { chains: [...chains.values()].sort((a, b) => compare(a.names, b.names)), left, taken }
}

function follows({ appends, events }: Chain, append: Waiting): boolean {
  const [first] = appends as [Waiting]
  if (append.expected !== first.expected + events || append.epoch !== first.epoch || append.fence !== first.fence)
    return false
  const id = append.command?.id
  return id === undefined || appends.every(({ command }) => command?.id !== id)
}

function compare(a: readonly string[], b: readonly string[]): number {
  const i = a.findIndex((name, i) => name !== b[i])
  return i === -1 ? 0 : (a[i] as string) < (b[i] as string) ? -1 : 1
}

/** What `append_events` takes: arrays with an element for each append, each event, each answer. */
function parameters(chains: readonly Chain[]): Buffer[] {
  type Names = readonly [tenant: string, type: string, key: string]
  const events = { number: [] as number[], names: [] as Names[], sequence: [] as number[], record: [] as Uint8Array[] }
  const commands = { number: [] as number[], names: [] as Names[], id: [] as string[], wallTime: [] as number[], reply: [] as Uint8Array[] } // prettier-ignore
  for (const [i, { names, appends }] of chains.entries()) {
    for (const { expected, records, command } of appends) {
      for (const [j, record] of records.entries()) {
        events.number.push(i + 1)
        events.names.push(names)
        events.sequence.push(expected + 1 + j)
        events.record.push(record)
      }
      if (command === undefined) continue
      commands.number.push(i + 1)
      commands.names.push(names)
      commands.id.push(escaped(command.id))
      commands.wallTime.push(command.wallTime)
      commands.reply.push(command.reply)
    }
  }
  const columns = (names: readonly Names[]): Buffer[] => [0, 1, 2].map((i) => texts(names.map((name) => name[i] as string))) // prettier-ignore
  const firsts = chains.map(({ appends }) => appends[0] as Waiting)
  return [
    ...columns(chains.map(({ names }) => names)),
    bigIntegers(firsts.map(({ expected }) => expected)),
    bigIntegers(chains.map(({ events }) => events)),
    bigIntegers(firsts.map(({ epoch }) => epoch)),
    texts(firsts.map(({ fence }) => escaped(fence))),
    integers(events.number),
    ...columns(events.names),
    bigIntegers(events.sequence),
    byteStrings(events.record),
    integers(commands.number),
    ...columns(commands.names),
    texts(commands.id),
    bigIntegers(commands.wallTime),
    byteStrings(commands.reply),
  ]
}

/** Why the server did not take an append. */
function refusal(append: PreparedAppend, sequence: number, epoch: number, fence: number): AgentOSError {
  try {
    checkAppend(append.actor, { sequence, epoch: Math.max(epoch, fence) }, append.expected, append.epoch)
  } catch (error) {
    return error as AgentOSError
  }
  // What stood against it is gone: it changed between the two looks of the server.
  const { tenant, type, key } = append.actor
  return new AgentOSError("SEQUENCE_CONFLICT", `${tenant}/${type}/${key}: another writer was at work`)
}
