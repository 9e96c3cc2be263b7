/** The journals of a node in a cluster: what each does beside what is behind it. */
import { join } from "node:path"
import t from "tap"
import type { AppendOptions, Journal, NewEvent, PersistenceId } from "#actors/persistence/journal.js"
import { openLevelDatabase } from "#actors/persistence/database.js"
import { memoryJournal } from "#actors/persistence/memory-journal.js"
import { fencedJournal } from "#cluster/fenced-journal.js"
import { MemoryEpochs } from "#cluster/memory-epochs.js"
import { HandClock } from "#test/support/hand-clock.js"
import { journalContract } from "#test/support/journal-contract.js"
import { openNode } from "./support/one-node.js"

const ownerOf = (epoch: number) => ({ write: <T>(_: number, work: (epoch: number) => Promise<T>) => work(epoch) })

/** A journal all of whose appends go under a fence, as those of entities do. */
const underFence = (journal: Journal): Journal => ({
  ...journal,
  append: (actor, expected, epoch, events, options?: AppendOptions) =>
    journal.append(actor, expected, epoch, events, { ...options, fence: "shard/1" }),
})

journalContract(
  "of a home",
  async (folder, clock) => underFence((await openNode(await openLevelDatabase(join(folder, "store")), clock)).journal),
  true,
)
journalContract("under fences", async (_, clock) => underFence(new MemoryEpochs().guard(memoryJournal(clock))), false)
journalContract("of actors without shards", async (_, clock) => fencedJournal(memoryJournal(clock), ownerOf(0), () => undefined), false) // prettier-ignore

const alice: PersistenceId = { tenant: "default", type: "account", key: "alice" }
const event = (payload: unknown): NewEvent => ({ name: "deposited", payload, version: 1 })

t.test("an append that waits for its epoch is as it was at the call", async (t) => {
  const stored = memoryJournal(new HandClock())
  let minted: () => void = () => undefined
  const minting = new Promise<void>((done) => (minted = done))
  const write = async <T>(_: number, work: (epoch: number) => Promise<T>): Promise<T> => {
    await minting
    return work(7)
  }
  const journal = fencedJournal(stored, { write }, () => 1)
  const payload = { pieces: [1] }
  const events = [event(payload)]
  const broken: { readonly [name: string]: unknown } = {
    get never() {
      throw new TypeError("it cannot be read")
    },
  }
  const appends = [
    journal.append(alice, 0, 0, events, { command: { id: "c", reply: payload } }),
    journal.append(alice, 1, 0, [event(1), event(broken)]),
    journal.append(alice, 1, 0, [event(2)]),
  ]
  payload.pieces.push(2)
  events.push(event("other"))
  Object.defineProperty(broken, "never", { value: 1 })
  minted()
  t.same((await Promise.allSettled(appends)).map(({ status }) => status), ["fulfilled", "rejected", "fulfilled"]) // prettier-ignore
  const found: unknown[] = []
  for await (const page of stored.read(alice)) found.push(...page.map(({ payload, epoch }) => [payload, epoch]))
  t.same(found, [[{ pieces: [1] }, 7], [2, 7]]) // prettier-ignore
  t.match(await stored.reply(alice, "c"), { reply: { pieces: [1] } })
})
