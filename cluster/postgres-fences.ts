/** Epochs, minted by the store: whoever takes over a shard claims its fence, and from then on the appends of owners from before are refused. */
import { AgentOSError } from "#actors/errors.js"
import { escaped } from "#actors/persistence/keys.js"
import type { PostgresStore } from "./postgres-store.js"

const claim = { name: "claim_fence", text: "SELECT epoch, stands FROM claim_fence($1, $2)" }
const look = { name: "fence", text: "SELECT epoch FROM fence WHERE name = $1" }

export class Fences {
  readonly #store: PostgresStore

  constructor(store: PostgresStore) {
    this.#store = store
  }

  /**
   * Takes over: the epoch grows by one, and is durable. Appends with a lower one that are under way are waited for, later ones are refused.
   *
   * @param seen take over only from this epoch, 0 when nobody ever had it: of two who saw the same one, one succeeds
   * @returns the new epoch
   * @throws `STALE_EPOCH` when another claim came between, `STORE_FAILED`: the epoch may have grown, which harms nobody but the owner before
   */
  async claim(name: string, seen?: number): Promise<number> {
    const [row] = await this.#store.once<{ readonly epoch: string | null; readonly stands: string }>(claim, [escaped(name), seen ?? null]) // prettier-ignore
    const { epoch = null, stands } = row ?? {}
    if (epoch === null)
      throw new AgentOSError("STALE_EPOCH", `${name}: it was to be taken over from epoch ${seen}, but has epoch ${stands} by now`) // prettier-ignore
    return Number(epoch)
  }

  /** The highest epoch that was claimed, 0 when there is none. */
  async epoch(name: string): Promise<number> {
    const [row] = await this.#store.read<{ readonly epoch: string }>(look, [escaped(name)])
    return Number(row?.epoch ?? 0)
  }

  /** For an owner without a fresh lease, before it answers from memory. @throws `STALE_EPOCH` when the fence was claimed by another since */
  async confirm(name: string, epoch: number): Promise<void> {
    const highest = await this.epoch(name)
    if (highest > epoch)
      throw new AgentOSError("STALE_EPOCH", `${name}: epoch ${epoch} was overtaken by ${highest}; another owner answers now`) // prettier-ignore
  }
}
