/**
 * Epochs in the registry, one record `epoch/N` for each shard, written by compare-and-set: for entities without durable state. There is no store that could refuse an append, so
 * an epoch only says who is right about the owner; what is lost with a registry that was wiped is lost with it, save that an owner mints on from what it had.
 */
import { AgentOSError, thrownText } from "#actors/errors.js"
import type { Epochs, Mint } from "./epochs.js"
import { Gathered } from "./gathered.js"
import type { EpochRecord } from "./lease.js"
import type { Registry, RegistryRecord } from "./registry.js"

/** Above so many, all records are listed at once. */
const few = 4

interface Versioned extends EpochRecord {
  readonly version: number
}

const never: Versioned = { epoch: 0, holder: "", released: false, version: 0 }
const keyOf = (shard: number): string => `epoch/${shard}`

function parsed({ value, version }: RegistryRecord): Versioned {
  const [epoch = "", state = "", holder = ""] = value.split(" ")
  return { epoch: Number(epoch), released: state === "released", holder, version }
}

const written = ({ epoch, holder, released }: EpochRecord): string =>
  `${epoch} ${released ? "released" : "held"} ${holder}`

export class RegistryEpochs implements Epochs {
  readonly #registry: Registry
  readonly #reads: Gathered<number, Versioned>

  constructor(registry: Registry) {
    this.#registry = registry
    this.#reads = new Gathered((shards) => this.#readAll(shards), { most: 1024 })
  }

  async read(shard: number): Promise<EpochRecord> {
    const { epoch, holder, released } = await this.#reads.ask(shard)
    return { epoch, holder, released }
  }

  async mint(shard: number, expected: number, holder: string): Promise<Mint> {
    let found: Versioned
    try {
      found = await this.#reads.ask(shard)
    } catch (error) {
      return { kind: "unknown", reason: thrownText(error) }
    }
    const wiped = found.version === 0
    const { version, ...record } = found
    if (record.epoch !== expected && !wiped) return { kind: "refused", record }
    const next: EpochRecord = { epoch: expected + 1, holder, released: false }
    const answer = await this.#registry.write(keyOf(shard), written(next), version)
    if (answer.kind === "written") return { kind: "minted", epoch: next.epoch }
    if (answer.kind === "unavailable") return { kind: "unknown", reason: answer.reason }
    try {
      return { kind: "refused", record: await this.read(shard) }
    } catch (error) {
      return { kind: "unknown", reason: thrownText(error) }
    }
  }

  async release(shard: number, epoch: number): Promise<void> {
    for (;;) {
      const found = await this.#reads.ask(shard)
      if (found.epoch !== epoch || found.released) return
      const answer = await this.#registry.write(keyOf(shard), written({ ...found, released: true }), found.version)
      if (answer.kind === "unavailable") throw failed(answer.reason)
      if (answer.kind === "written") return
    }
  }

  async confirm(shard: number, epoch: number): Promise<boolean> {
    return (await this.#reads.ask(shard)).epoch === epoch
  }

  async #readAll(shards: readonly number[]): Promise<readonly Versioned[]> {
    if (shards.length > few) {
      const answer = await this.#registry.list("epoch/")
      if (answer.kind === "unavailable") throw failed(answer.reason)
      const records = new Map(answer.records.map((record) => [record.key, parsed(record)]))
      return shards.map((shard) => records.get(keyOf(shard)) ?? never)
    }
    return Promise.all(
      shards.map(async (shard) => {
        const answer = await this.#registry.read(keyOf(shard))
        if (answer.kind === "unavailable") throw failed(answer.reason)
        return answer.kind === "absent" ? never : parsed(answer.record)
      }),
    )
  }
}

const failed = (reason: string): AgentOSError =>
  new AgentOSError("STORE_FAILED", `the registry keeps the epochs of shards, and does not answer: ${reason}`)
