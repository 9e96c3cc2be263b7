/**
 * What a store has lost, and goes on without: kept in the store, until somebody decides that its actors go on with
 * what is left.
 *
 * Invariants
 *   T1. An actor of which something may be lost is not served: one whose events may have gone on in a range of keys
 *       that is lost, and one without a head record where that would stand.
 *   T2. Where it is not known whose the lost records were, no actor is refused for it; whoever verifies the store is
 *       told.
 */
import { AgentOSError } from "../errors.js"
import { decodeValue, encodeValue } from "./checked-value.js"
import type { Change } from "./database.js"
import { eventsOf, headKeyOf, type HeadRecord } from "./heads.js"
import { titleOf } from "./journal-checks.js"
import type { PersistenceId } from "./journal.js"
import { after, keyOf, numbered, numberOf } from "./keys.js"
import type { LevelStore } from "./level-store.js"

export interface Loss {
  readonly name: string
  readonly message: string
  /** Between which keys it lay, these two with it; absent where that is not known. */
  readonly range?: { readonly from: Uint8Array; readonly to: Uint8Array }
}

export const lossesKey = keyOf("store", "losses")

export const lossesRecord = (losses: readonly Loss[]): Change => [
  lossesKey,
  losses.length === 0 ? undefined : encodeValue(losses),
]

export const decodeLosses = (value: Uint8Array | undefined): readonly Loss[] =>
  value === undefined ? [] : (decodeValue(value, () => "the record of what the store has lost") as Loss[])

/** Asked before an actor is read. */
export class Losses {
  readonly #store: LevelStore
  #known: Promise<readonly Loss[]> | undefined

  constructor(store: LevelStore) {
    this.#store = store
  }

  /** @param head what the head record says @throws `RECORD_DAMAGED` when something of the actor may be lost (T1) */
  async check(actor: PersistenceId, head: HeadRecord | undefined): Promise<void> {
    const losses = await (this.#known ??= this.#store.get(lossesKey).then(decodeLosses))
    const lacking = losses.length === 0 ? undefined : await lossOf(this.#store, losses, actor, head)
    if (lacking !== undefined)
      throw new AgentOSError(
        "RECORD_DAMAGED",
        `${lackingText(actor, lacking)}; restore a backup, or let \`store repair --cut-tails\` go on with what is left`,
      )
  }
}

/** What an actor may lack: its events from a number on. */
export interface Lacking {
  readonly from: number
  readonly loss: Loss
}

export const lackingText = (actor: PersistenceId, { from, loss }: Lacking): string =>
  `${titleOf(actor)}: events from ${from} on may be missing: ${loss.message}`

/** The loss for which an actor is refused (T1). */
export async function lossOf(
  store: LevelStore,
  losses: readonly Loss[],
  actor: PersistenceId,
  head: HeadRecord | undefined,
): Promise<Lacking | undefined> {
  const events = eventsOf(actor)
  if (losses.every((loss) => !covers(loss, events, after(events)) && !covers(loss, headKeyOf(actor)))) return undefined
  let last = Math.max(head?.sequence ?? 0, head?.trimmed ?? 0)
  for await (const [key] of store.range(events, after(events), { reverse: true, limit: 1 }))
    last = Math.max(last, numberOf(key))
  const next = numbered(events, last + 1)
  const loss = losses.find(
    (one) => covers(one, next, after(events)) || (head === undefined && covers(one, headKeyOf(actor))),
  )
  return loss && { loss, from: last + 1 }
}

/** Whether a key between two may be lost, these two with them. */
function covers({ range }: Loss, from: Uint8Array, to = from): boolean {
  return range !== undefined && Buffer.compare(range.from, to) <= 0 && Buffer.compare(range.to, from) >= 0
}
