/**
 * The journal of one system, used by the actors of another: one end is a ref that stands for the journal, the other a
 * journal that asks it. So there is one writer, and one group commit.
 *
 * Invariants
 *   G1. Events, answers and snapshots cross as they are stored: as bytes, with addresses in place of refs.
 *   G2. Pages are asked for one by one, each after the last record of the one before; nothing is held open meanwhile.
 */
import { AgentOSError } from "../errors.js"
import { byName } from "../names.js"
import type {
  AppendOptions,
  Journal,
  NewEvent,
  OrderedEvent,
  PersistenceId,
  Snapshot,
  StoredEvent,
} from "../persistence/journal.js"
import { decodePayload, encodePayload } from "../persistence/stored-codec.js"
import { Ref } from "../ref.js"

/** What it is known by on the other side. */
export const JOURNAL = "journal:"

/** The journal does not answer for so long: the append may have happened. */
const patienceMs = 60_000

/** What crosses: the method, and its arguments as bytes. */
type Answers = { readonly [method: string]: (...args: never[]) => unknown }

/** This system's journal as a ref, for another system. */
export class JournalRef extends Ref {
  readonly address = JOURNAL
  readonly #answers: Answers

  constructor(journal: Journal) {
    super()
    this.#answers = byName<Answers[string]>({
      append: (actor: PersistenceId, expected: number, epoch: number, events: NewEvent[], options?: AppendOptions) =>
        journal.append(actor, expected, epoch, events, options),
      read: (actor: PersistenceId, after: number) => firstPage(journal.read(actor, after)),
      reply: (actor: PersistenceId, commandId: string) => journal.reply(actor, commandId),
      trim: (actor: PersistenceId, upTo: number, read?: number) => journal.trim(actor, upTo, read),
      trimCommands: (actor: PersistenceId, before: number) => journal.trimCommands(actor, before),
      saveSnapshot: (actor: PersistenceId, snapshot: Snapshot) => journal.saveSnapshot(actor, snapshot),
      snapshot: (actor: PersistenceId) => journal.snapshot(actor),
      ordered: (tenant: string, type: string, after: number) => firstPage(journal.ordered(tenant, type, after)),
      keys: async (tenant: string, type: string) => {
        const keys: string[] = []
        for await (const key of journal.keys(tenant, type)) keys.push(key)
        return keys
      },
      remove: (actor: PersistenceId) => journal.remove(actor),
      compact: () => journal.compact(),
    })
  }

  send(): boolean {
    return false
  }

  request(type: string, payload: unknown): Promise<never> {
    const answer = this.#answers[type]
    if (answer === undefined)
      return Promise.reject(new AgentOSError("UNKNOWN_MESSAGE", `a journal does not know ${JSON.stringify(type)}`))
    return (async () => encodePayload(await answer(...(decodePayload(payload as Uint8Array) as never[]))) as never)() // G1
  }
}

/** G2 */
async function firstPage<T>(pages: AsyncIterable<T>): Promise<T | undefined> {
  for await (const page of pages) return page
  return undefined
}

/** Another system's journal, for the actors of this one. @param ref gives the ref to it */
export function remoteJournal(ref: () => Ref): Journal {
  const call = async (method: string, ...args: readonly unknown[]): Promise<unknown> =>
    decodePayload(await ref().with({ timeoutMs: patienceMs, whenFull: "wait" }).ask(method, encodePayload(args)))
  async function* pages<T>(method: string, of: readonly unknown[], from: number, last: (record: T) => number) {
    for (let after = from; ;) {
      const page = (await call(method, ...of, after)) as readonly T[] | undefined
      if (page === undefined) return
      yield page
      after = last(page[page.length - 1] as T)
    }
  }
  return {
    append: (...args) => call("append", ...args) as Promise<number>,
    read: (actor, after = 0) => pages<StoredEvent>("read", [actor], after, ({ sequence }) => sequence),
    reply: (...args) => call("reply", ...args) as ReturnType<Journal["reply"]>,
    trim: (...args) => call("trim", ...args) as Promise<void>,
    trimCommands: (...args) => call("trimCommands", ...args) as Promise<void>,
    saveSnapshot: (...args) => call("saveSnapshot", ...args) as Promise<void>,
    snapshot: (...args) => call("snapshot", ...args) as ReturnType<Journal["snapshot"]>,
    ordered: (tenant, type, after = 0) =>
      pages<OrderedEvent>("ordered", [tenant, type], after, ({ ordinal }) => ordinal),
    async *keys(tenant, type) {
      yield* (await call("keys", tenant, type)) as readonly string[]
    },
    remove: (actor) => call("remove", actor) as Promise<void>,
    compact: () => call("compact") as Promise<void>,
    follow() {
      throw new AgentOSError("STORE_REFUSED", "read models are kept where the journal is, not on a worker thread")
    },
    async close() {
      // It belongs to the other side.
    },
  }
}
