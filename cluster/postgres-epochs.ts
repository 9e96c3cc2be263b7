/** Epochs in PostgreSQL: each shard has a fence, which the appends of its entities are held against (T3 of `postgres-schema.ts`). Questions go in groups. */
import { thrownText } from "#actors/errors.js"
import { escaped } from "#actors/persistence/keys.js"
import { fenceOf, type Epochs, type Mint } from "./epochs.js"
import { Gathered } from "./gathered.js"
import type { EpochRecord } from "./lease.js"
import { bigIntegers, texts } from "./postgres-arrays.js"
import type { PostgresStore } from "./postgres-store.js"

const mint = { name: "mint_fences", text: "SELECT name, minted, epoch, holder, released FROM mint_fences($1, $2, $3)" }
const look = { name: "fences", text: "SELECT name, epoch, holder, released FROM fence WHERE name = ANY ($1)" }
const release = {
  name: "release_fence",
  text: "UPDATE fence f SET released = true FROM unnest($1::text[], $2::bigint[]) AS n(name, epoch) WHERE f.name = n.name AND f.epoch = n.epoch",
}

interface Row {
  readonly [column: string]: unknown
  readonly name: string
  readonly epoch: string
  readonly holder: string
  readonly released: boolean
}

const never: EpochRecord = { epoch: 0, holder: "", released: false }
const recordOf = ({ epoch, holder, released }: Row): EpochRecord => ({ epoch: Number(epoch), holder, released })

export class PostgresEpochs implements Epochs {
  readonly #store: PostgresStore
  readonly #reads: Gathered<number, EpochRecord>
  readonly #releases: Gathered<{ readonly shard: number; readonly epoch: number }, undefined>
  /** By holder: a node mints for itself, but tests may not. */
  readonly #mints = new Map<string, Gathered<{ readonly shard: number; readonly expected: number }, Mint>>()

  constructor(store: PostgresStore) {
    this.#store = store
    this.#releases = new Gathered((released) => this.#releaseAll(released))
    this.#reads = new Gathered((shards) => this.#readAll(shards), { atOnce: 2, most: 1024 })
  }

  read(shard: number): Promise<EpochRecord> {
    return this.#reads.ask(shard)
  }

  mint(shard: number, expected: number, holder: string): Promise<Mint> {
    let mints = this.#mints.get(holder)
    if (mints === undefined)
      this.#mints.set(holder, (mints = new Gathered((wanted) => this.#mintAll(wanted, holder), { most: 128 })))
    return mints.ask({ shard, expected })
  }

  async release(shard: number, epoch: number): Promise<void> {
    await this.#releases.ask({ shard, epoch })
  }

  async confirm(shard: number, epoch: number): Promise<boolean> {
    return (await this.#reads.ask(shard)).epoch === epoch
  }

  async #readAll(shards: readonly number[]): Promise<readonly EpochRecord[]> {
    const names = shards.map((shard) => escaped(fenceOf(shard)))
    const rows = await this.#store.read<Row>(look, [texts([...new Set(names)])])
    const records = new Map(rows.map((row) => [row.name, recordOf(row)]))
    return names.map((name) => records.get(name) ?? never)
  }

  /** One commit for all. */
  async #releaseAll(
    released: readonly { readonly shard: number; readonly epoch: number }[],
  ): Promise<readonly undefined[]> {
    const names = released.map(({ shard }) => escaped(fenceOf(shard)))
    await this.#store.read(release, [texts(names), bigIntegers(released.map(({ epoch }) => epoch))])
    return released.map(() => undefined)
  }

  /** One commit for all. A shard that is asked for twice is minted once, by the first. */
  async #mintAll(
    wanted: readonly { readonly shard: number; readonly expected: number }[],
    holder: string,
  ): Promise<readonly Mint[]> {
    const firsts = new Map<string, number>()
    for (const [i, { shard }] of wanted.entries()) {
      const name = escaped(fenceOf(shard))
      if (!firsts.has(name)) firsts.set(name, i)
    }
    const seen = [...firsts.values()].map((i) => (wanted[i] as (typeof wanted)[number]).expected)
    try {
      const rows = await this.#store.once<Row & { readonly minted: boolean }>(mint, [texts([...firsts.keys()]), bigIntegers(seen), holder]) // prettier-ignore
      const found = new Map(rows.map((row) => [row.name, row]))
      return wanted.map(({ shard }, i): Mint => {
        const name = escaped(fenceOf(shard))
        const row = found.get(name)
        if (row === undefined) return { kind: "unknown", reason: `PostgreSQL did not say what became of ${name}` }
        const record = recordOf(row)
        return row.minted && firsts.get(name) === i
          ? { kind: "minted", epoch: record.epoch }
          : { kind: "refused", record }
      })
    } catch (error) {
      const reason = thrownText(error)
      return wanted.map(() => ({ kind: "unknown", reason }))
    }
  }
}
