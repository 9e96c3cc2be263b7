/** Epochs in this process only, shared by the nodes of a test or a simulation: the shortest definition of the port. */
import { AgentOSError } from "#actors/errors.js"
import type { Journal } from "#actors/persistence/journal.js"
import { fenceOf, type Epochs, type Mint } from "./epochs.js"
import type { EpochRecord } from "./lease.js"

const never: EpochRecord = { epoch: 0, holder: "", released: false }

export class MemoryEpochs implements Epochs {
  readonly #records = new Map<string, EpochRecord>()

  async read(shard: number): Promise<EpochRecord> {
    return this.#record(shard)
  }

  async mint(shard: number, expected: number, holder: string): Promise<Mint> {
    const record = this.#record(shard)
    if (record.epoch !== expected) return { kind: "refused", record }
    this.#records.set(fenceOf(shard), { epoch: expected + 1, holder, released: false })
    return { kind: "minted", epoch: expected + 1 }
  }

  async release(shard: number, epoch: number): Promise<void> {
    const record = this.#record(shard)
    if (record.epoch === epoch) this.#records.set(fenceOf(shard), { ...record, released: true })
  }

  async confirm(shard: number, epoch: number): Promise<boolean> {
    return this.#record(shard).epoch === epoch
  }

  /** The journal of the same store: what is appended under a fence is held against the epoch of its shard (E1). */
  guard(journal: Journal): Journal {
    return {
      ...journal,
      append: async (actor, expected, epoch, events, options) => {
        const highest = options?.fence === undefined ? 0 : (this.#records.get(options.fence) ?? never).epoch
        if (epoch < highest)
          throw new AgentOSError(
            "STALE_EPOCH",
            `${actor.tenant}/${actor.type}/${actor.key}: epoch ${epoch} was overtaken by ${highest}; another owner writes now`,
          )
        return journal.append(actor, expected, epoch, events, options)
      },
    }
  }

  #record(shard: number): EpochRecord {
    return this.#records.get(fenceOf(shard)) ?? never
  }
}
