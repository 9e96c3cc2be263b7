/**
 * The store that all simulated nodes share, as PostgreSQL would be: a journal and the epochs of shards at the other
 * end of a network.
 *
 * Invariants
 *   B1. An append is held against the epoch of its shard and carried out in one step.
 *   B2. What was sent is carried out once or not at all; whoever does not hear of it knows neither (`STORE_FAILED`,
 *       `unknown`).
 *   B3. What is under way when a node is cut off may arrive when it is not any more, long after the node has given it
 *       up, or has ended.
 */
import { AgentOSError, thrownText } from "#actors/errors.js"
import { fnv1a } from "#actors/hash.js"
import type { Journal, PersistenceId } from "#actors/persistence/journal.js"
import { heldAppend } from "#actors/persistence/journal-checks.js"
import { memoryJournal } from "#actors/persistence/memory-journal.js"
import type { EventLog } from "#actors/simulation/event-log.js"
import type { SeededRandom } from "#actors/simulation/seeded-random.js"
import { Task, type ClockView, type VirtualClock } from "#actors/simulation/virtual-clock.js"
import { fenceOf, type Epochs, type Mint } from "../epochs.js"
import { MemoryEpochs } from "../memory-epochs.js"

export interface VirtualStoreOptions {
  /**
   * How long the way to the store and back takes at least; each takes up to twice as long, as chance has it. Default
   * 1.
   */
  readonly latencyMs?: number
  /** How long a node waits for an answer; default 3,000. */
  readonly limitMs?: number
  /** The part of the answers that are lost, from 0 to 1; default 0. */
  readonly lostAnswers?: number
}

/** Of those requests that a cut held up, this part arrives in the end (B3). */
const lateArrivals = 0.5

/** An append that the store has taken. */
export interface Appended {
  readonly node: string
  readonly actor: PersistenceId
  readonly epoch: number
  readonly fence: string | undefined
  /** Sequence of its last event. */
  readonly sequence: number
  /** A higher epoch of its shard had been minted: it should have been refused. */
  readonly stale: boolean
}

/** A node on its way to the store. */
interface Client {
  readonly name: string
  readonly number: number
  cuts: number
  /** Requests that could not get through. */
  held: (() => void)[]
}

export class VirtualStore {
  readonly #clock: VirtualClock
  readonly #random: SeededRandom
  readonly #log: EventLog
  readonly #latencyMs: number
  readonly #limitMs: number
  readonly #lostAnswers: number
  readonly #clients = new Map<string, Client>()
  /** The servers' own: what is stored, without a way in between. */
  readonly epochs = new MemoryEpochs()
  readonly journal: Journal
  /** By fence, the highest epoch that was minted, counted beside what the store itself knows. */
  readonly #highest = new Map<string, number>()
  #outages = 0
  /** Whether answers may be lost. */
  faulty = true
  /** Is told of each append that was taken, of each mint, and of each answer that was lost. */
  appended: (append: Appended) => void = () => undefined
  minted: (node: string, shard: number, epoch: number) => void = () => undefined
  lost: () => void = () => undefined

  constructor(clock: VirtualClock, random: SeededRandom, log: EventLog, options: VirtualStoreOptions = {}) {
    const { latencyMs = 1, limitMs = 3000, lostAnswers = 0 } = options
    this.#clock = clock
    this.#random = random
    this.#log = log
    this.#latencyMs = latencyMs
    this.#limitMs = limitMs
    this.#lostAnswers = lostAnswers
    this.journal = this.epochs.guard(memoryJournal(clock)) // B1
  }

  // --- as a process reaches it ------------------------------------------------------------------------------------------------------------------

  journalOf(node: string, view: ClockView): Journal {
    const { journal } = this
    const client = this.#client(node)
    const call = <T>(work: () => Promise<T>): Promise<T> => this.#call(client, view, work)
    return {
      append: async (actor, expected, epoch, given, around) => {
        const { events, options } = heldAppend(actor, given, around)
        return call(async () => {
          const sequence = await journal.append(actor, expected, epoch, events, options)
          this.#log.event(7, client.number, sequence ^ fnv1a(actor.key), this.#clock.now)
          const { fence } = options
          const stale = fence !== undefined && epoch < (this.#highest.get(fence) ?? 0)
          this.appended({ node, actor, epoch, fence, sequence, stale })
          return sequence
        })
      },
      read: (actor, after) => pages(() => call(() => all(journal.read(actor, after)))),
      reply: (actor, commandId) => call(() => journal.reply(actor, commandId)),
      trim: (...args) => call(() => journal.trim(...args)),
      trimCommands: (actor, before) => call(() => journal.trimCommands(actor, before)),
      remove: (actor) => call(() => journal.remove(actor)),
      saveSnapshot: (actor, snapshot) =>
        call(async () => {
          // Snapshots only go forward (Q2 of `postgres-journal.ts`).
          const stored = await journal.snapshot(actor)
          if ((stored?.sequence ?? 0) <= snapshot.sequence) await journal.saveSnapshot(actor, snapshot)
        }),
      snapshot: (actor) => call(() => journal.snapshot(actor)),
      ordered: (tenant, type, after) => pages(() => call(() => all(journal.ordered(tenant, type, after)))),
      follow: (tenant, type, listener) => journal.follow(tenant, type, () => this.#later(() => view.arrive(listener))),
      keys: (tenant, type) => pages(() => call(() => all(journal.keys(tenant, type)))),
      compact: () => call(() => journal.compact()),
      close: async () => undefined,
    }
  }

  epochsOf(node: string, view: ClockView): Epochs {
    const { epochs } = this
    const client = this.#client(node)
    const call = <T>(work: () => Promise<T>): Promise<T> => this.#call(client, view, work)
    const unknown = (error: unknown): Mint => ({ kind: "unknown", reason: thrownText(error) })
    return {
      read: (shard) => call(() => epochs.read(shard)),
      mint: (shard, expected, holder) =>
        call(async () => {
          const mint = await epochs.mint(shard, expected, holder)
          if (mint.kind === "minted") {
            this.#highest.set(fenceOf(shard), Math.max(mint.epoch, this.#highest.get(fenceOf(shard)) ?? 0))
            this.minted(node, shard, mint.epoch)
          }
          return mint
        }).catch(unknown),
      release: (shard, epoch) => call(() => epochs.release(shard, epoch)),
      confirm: (shard, epoch) => call(() => epochs.confirm(shard, epoch)),
    }
  }

  // --- faults: each is ended by what it gives back ------------------------------------------------------------------------------------------------

  /** The store is away for all: whoever asks is refused. */
  outage(): () => void {
    this.#outages += 1
    return () => void (this.#outages -= 1)
  }

  /** Nothing passes between a node and the store. */
  cutOff(node: string): () => void {
    const client = this.#client(node)
    client.cuts += 1
    return () => {
      if (--client.cuts > 0) return
      for (const request of client.held.splice(0)) if (this.#random.chance(lateArrivals)) this.#later(request) // B3
    }
  }

  // ------------------------------------------------------------------------------------------------------------------------------------------------

  #call<T>(client: Client, view: ClockView, work: () => Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      if (!view.alive) return
      const fail = (reason: string): void => {
        cancel()
        reject(new AgentOSError("STORE_FAILED", `the store: ${reason}`))
      }
      const cancel = view.timer(this.#limitMs, () => fail(`no answer within ${this.#limitMs} ms`))
      const answer = (settle: () => void): void => {
        if (this.faulty && this.#lostAnswers > 0 && this.#random.chance(this.#lostAnswers)) return this.lost()
        this.#later(() => {
          this.#log.event(6, client.number, 0, this.#clock.now)
          if (client.cuts > 0) return
          view.arrive(() => {
            cancel()
            settle()
          })
        })
      }
      const request = (): void => {
        if (client.cuts > 0) return void client.held.push(request)
        if (this.#outages > 0) return answer(() => fail("it takes no connections"))
        work().then(
          (value) => answer(() => resolve(value)),
          (error: unknown) => answer(() => reject(error as Error)),
        )
      }
      this.#later(request)
    })
  }

  #later(task: () => void): void {
    this.#clock.schedule((this.#latencyMs / 2) * (1 + this.#random.float()), new Task(task))
  }

  #client(name: string): Client {
    let client = this.#clients.get(name)
    if (client === undefined)
      this.#clients.set(name, (client = { name, number: this.#clients.size, cuts: 0, held: [] }))
    return client
  }
}

async function all<T>(pages: AsyncIterable<T>): Promise<readonly T[]> {
  const found: T[] = []
  for await (const page of pages) found.push(page)
  return found
}

async function* pages<T>(get: () => Promise<readonly T[]>): AsyncIterable<T> {
  yield* await get()
}
