/**
 * A journal whose appends, or looks for a command, a test holds and lets go, so that it chooses what comes between.
 * `close` leaves the inner one open.
 */
import type { Journal } from "#actors/persistence/journal.js"

export interface HeldJournal extends Journal {
  /** From now on appends, or looks for a command, wait until they are let go. */
  hold(what?: "append" | "reply"): void
  /** Lets go what waits, and what comes later. @param error what waits fails with it, unstored */
  letGo(error?: Error): void
  /** Resolves when so many of them wait. */
  waiting(count: number): Promise<void>
  /** Appends that were asked for. */
  readonly appends: number
  /** How often an actor's events were read. */
  readonly reads: number
}

export function heldJournal(inner: Journal): HeldJournal {
  let holding: "append" | "reply" | undefined
  let held: ((error: Error | undefined) => void)[] = []
  let watchers: { readonly count: number; readonly there: () => void }[] = []
  let appends = 0
  let reads = 0
  const look = (): void => {
    for (const { count, there } of watchers) if (held.length >= count) there()
    watchers = watchers.filter(({ count }) => held.length < count)
  }
  const pass = async (what: "append" | "reply"): Promise<void> => {
    if (holding !== what) return
    const error = await new Promise<Error | undefined>((go) => {
      held.push(go)
      look()
    })
    if (error !== undefined) throw error
  }
  return {
    ...bound(inner),
    async append(...args) {
      appends += 1
      await pass("append")
      return inner.append(...args)
    },
    async reply(...args) {
      await pass("reply")
      return inner.reply(...args)
    },
    read(...args) {
      reads += 1
      return inner.read(...args)
    },
    close: () => Promise.resolve(),
    hold(what = "append") {
      holding = what
    },
    letGo(error) {
      holding = undefined
      const all = held
      held = []
      for (const go of all) go(error)
    },
    waiting: (count) =>
      new Promise((there) => {
        watchers.push({ count, there })
        look()
      }),
    get appends() {
      return appends
    },
    get reads() {
      return reads
    },
  }
}

function bound(journal: Journal): Journal {
  return {
    append: (...args) => journal.append(...args),
    read: (...args) => journal.read(...args),
    reply: (...args) => journal.reply(...args),
    trim: (...args) => journal.trim(...args),
    trimCommands: (...args) => journal.trimCommands(...args),
    saveSnapshot: (...args) => journal.saveSnapshot(...args),
    snapshot: (...args) => journal.snapshot(...args),
    ordered: (...args) => journal.ordered(...args),
    follow: (...args) => journal.follow(...args),
    keys: (...args) => journal.keys(...args),
    remove: (...args) => journal.remove(...args),
    compact: () => journal.compact(),
    close: () => journal.close(),
  }
}
