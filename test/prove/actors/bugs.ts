/**
 * Bugs as people make them, to be planted into the simulated bank: a proof that finds none of these proves nothing. Each sits in a port, in a definition or in a method of
 * the runtime that is replaced while the simulation runs; the runtime itself has no switch for any of them.
 */
import type { Journal } from "#actors/index.js"
import { Ask } from "#actors/ask.js"
import { Mailbox } from "#actors/mailbox.js"
import type { Change, Database } from "#actors/persistence/database.js"
import { Outbox, type OutboxState } from "#actors/persistence/outbox.js"
import type { SimulatedNode } from "#actors/simulation/index.js"
import type { Seams } from "./simulated-bank.js"

export interface Bug extends Seams {
  readonly name: string
}

/** Replaces a method. @returns puts it back */
function replace<T extends object, K extends keyof T>(object: T, name: K, by: (before: T[K]) => T[K]): () => void {
  const before = object[name]
  object[name] = by(before)
  return () => void (object[name] = before)
}

/** Undoes at each restart what the life before wrote last. */
async function withoutLastWrite(database: Database, { disk }: SimulatedNode): Promise<Database> {
  const undo = lastWrites.get(disk)
  lastWrites.delete(disk)
  if (undo !== undefined) await database.write(undo)
  return {
    ...database,
    async write(changes) {
      const before = await Promise.all(changes.map(async ([key]): Promise<Change> => [key, await database.get(key)]))
      await database.write(changes)
      lastWrites.set(disk, before)
    },
  }
}
const lastWrites = new WeakMap<object, readonly Change[]>()

/** A batch becomes two. */
const torn = (database: Database): Database => ({
  ...database,
  async write(changes) {
    const half = changes.length >> 1
    if (half > 0) await database.write(changes.slice(0, half))
    await database.write(changes.slice(half))
  },
})

/** Says that an append is done when it has begun. */
const hasty = (journal: Journal): Journal => ({
  ...journal,
  append(actor, expectedSequence, epoch, events, options) {
    journal.append(actor, expectedSequence, epoch, events, options).catch(() => undefined)
    return Promise.resolve(expectedSequence + events.length)
  },
})

export const bugs: readonly Bug[] = [
  {
    name: "the disk says that a write is durable before it is",
    disk: ({ disk }) => void (disk.lie = { syncAfterMs: 30 }),
  },
  { name: "the last write is lost on restart", database: withoutLastWrite },
  {
    name: "the id of a command is not looked for, so that what is sent again is done again",
    journal: (journal) => ({ ...journal, reply: () => Promise.resolve(undefined) }),
  },
  { name: "a supervisor allows one restart more", supervision: { intensity: { max: 4, withinMs: 5000 } } },
  { name: "a reply leaves before its events are durable", journal: hasty },
  { name: "half of a batch is on the disk after a crash", database: torn },
  {
    name: "a snapshot claims an event that it does not hold",
    journal: (journal) => ({
      ...journal,
      saveSnapshot: (actor, snapshot) => journal.saveSnapshot(actor, { ...snapshot, sequence: snapshot.sequence + 1 }),
    }),
  },
  {
    name: "a snapshot forgets an open delivery",
    journal: (journal) => ({
      ...journal,
      saveSnapshot(actor, snapshot) {
        const outbox = snapshot.outbox as OutboxState | undefined
        if (outbox === undefined) return journal.saveSnapshot(actor, snapshot)
        return journal.saveSnapshot(actor, { ...snapshot, outbox: { ...outbox, open: outbox.open.slice(1) } })
      },
    }),
  },
  {
    name: "of the messages that wait the last comes first",
    patch: () => replace(Mailbox.prototype, "put", () => Mailbox.prototype.putFirst),
  },
  {
    name: "an ask that has expired is handled all the same",
    patch: () =>
      replace(
        Ask.prototype,
        "expired",
        (expired) =>
          function (this: Ask) {
            expired.call(this)
            this.ended = false
          },
      ),
  },
  { name: "the result of a life that crashed comes to the next", behindItsBack: true },
  {
    name: "a delivery is sent before the one to the same receiver is answered",
    patch: () =>
      replace(
        Outbox.prototype,
        "due",
        () =>
          function* (this: Outbox) {
            const sent = (sentTwice.get(this) ?? sentTwice.set(this, new Set()).get(this)) as Set<number>
            for (const [number, delivery] of this.state?.open ?? []) {
              if (sent.has(number)) continue
              sent.add(number)
              yield { number, delivery }
            }
          },
      ),
  },
]
const sentTwice = new WeakMap<Outbox, Set<number>>()
