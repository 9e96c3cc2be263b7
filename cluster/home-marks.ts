/**
 * What a node's store says of homes, beside the state itself: the marks of its shards (`home-record.ts`), the newest
 * that it knows of all the others', and which life of the cluster it belongs to. All of it is in memory, too.
 *
 *   home/mark/N   the mark of shard N
 *   home/map      of each shard the record with the highest epoch that was ever seen
 *   home/nodes    names of the nodes that may own shards
 *   home/met      that all nodes that lived have written this node's name down, before its first claim
 *   home/life     a name that a cluster gets when its first node starts, and keeps whatever becomes of the registry
 */
import { decodeValue, encodeValue } from "#actors/persistence/checked-value.js"
import type { Change } from "#actors/persistence/database.js"
import { after, keyOf } from "#actors/persistence/keys.js"
import type { LevelStore } from "#actors/persistence/level-store.js"
import type { HomeRecord, Mark } from "./home-record.js"

const markRoom = keyOf("home", "mark")
const mapKey = keyOf("home", "map")
const lifeKey = keyOf("home", "life")
const nodesKey = keyOf("home", "nodes")
const metKey = keyOf("home", "met")

export class HomeMarks {
  readonly #store: LevelStore
  readonly #marks = new Map<number, Mark>()
  readonly #map: HomeRecord[]
  readonly #nodes = new Set<string>()
  #life: string | undefined
  #met = false
  #saving: Promise<void> | undefined
  #changed = false

  private constructor(store: LevelStore, shards: number) {
    this.#store = store
    this.#map = new Array<HomeRecord>(shards).fill({ home: undefined, epoch: 0 })
  }

  static async open(store: LevelStore, shards: number): Promise<HomeMarks> {
    const opened = new HomeMarks(store, shards)
    for await (const [key, value] of store.range(markRoom, after(markRoom))) {
      const shard = Number(key.toString("latin1", markRoom.length, key.length - 1))
      opened.#marks.set(shard, decodeValue(value, () => `the mark of shard ${shard}`) as Mark)
    }
    const [map, life, nodes, met] = await Promise.all([mapKey, lifeKey, nodesKey, metKey].map((key) => store.get(key)))
    if (nodes !== undefined) for (const name of decodeValue(nodes, () => "the names of nodes") as string[]) opened.#nodes.add(name) // prettier-ignore
    opened.#met = met !== undefined
    if (life !== undefined) opened.#life = decodeValue(life, () => "the cluster's life") as string
    if (map !== undefined)
      for (const [shard, [home, epoch]] of (decodeValue(map, () => "the map of homes") as [string | null, number][]).entries()) opened.#map[shard] = { home: home ?? undefined, epoch } // prettier-ignore
    return opened
  }

  get life(): string | undefined {
    return this.#life
  }

  async setLife(life: string): Promise<void> {
    await this.#store.write([[lifeKey, encodeValue(life)]])
    this.#life = life
  }

  get nodes(): ReadonlySet<string> {
    return this.#nodes
  }

  /** Writes names of nodes down. */
  async meet(names: Iterable<string>): Promise<void> {
    const before = this.#nodes.size
    for (const name of names) this.#nodes.add(name)
    if (this.#nodes.size > before) await this.#store.write([[nodesKey, encodeValue([...this.#nodes])]])
  }

  /** A node was declared lost. */
  async strike(name: string): Promise<void> {
    if (this.#nodes.delete(name)) await this.#store.write([[nodesKey, encodeValue([...this.#nodes])]])
  }

  get met(): boolean {
    return this.#met
  }

  async setMet(met: boolean): Promise<void> {
    await this.#store.write([[metKey, met ? encodeValue(1) : undefined]])
    this.#met = met
  }

  /** In no order. */
  all(): ReadonlyMap<number, Mark> {
    return this.#marks
  }

  of(shard: number): Mark | undefined {
    return this.#marks.get(shard)
  }

  /** What writes a mark, to go with other changes; `set` is to be called once it is written. */
  change(shard: number, mark: Mark | undefined): Change {
    return [keyOf("home", "mark", String(shard)), mark === undefined ? undefined : encodeValue(mark)]
  }

  set(shard: number, mark: Mark | undefined): void {
    if (mark === undefined) this.#marks.delete(shard)
    else this.#marks.set(shard, mark)
  }

  async write(shard: number, mark: Mark | undefined): Promise<void> {
    await this.#store.write([this.change(shard, mark)])
    this.set(shard, mark)
  }

  /** The record of a shard with the highest epoch that was seen; epoch 0 when there was none. */
  known(shard: number): HomeRecord {
    return this.#map[shard] as HomeRecord
  }

  /** A record was seen; it is stored soon. @returns whether it is news */
  learn(shard: number, { home, epoch }: HomeRecord): boolean {
    if (epoch <= this.known(shard).epoch) return false
    this.#map[shard] = { home, epoch }
    this.#changed = true
    this.#saving ??= this.#save()
    return true
  }

  /** All that was learned is stored, or the store has failed. */
  async saved(): Promise<void> {
    await this.#saving
  }

  async #save(): Promise<void> {
    await Promise.resolve() // what is learned in this turn goes along
    while (this.#changed) {
      this.#changed = false
      const map = this.#map.map(({ home, epoch }) => [home ?? null, epoch])
      await this.#store.write([[mapKey, encodeValue(map)]]).catch(() => undefined) // whoever writes state hears of it
    }
    this.#saving = undefined
  }
}
