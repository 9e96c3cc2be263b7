/**
 * The runs that go on and those of late, for people who watch: a list, and a stream of its changes.
 *
 * Invariants
 *   V1. The list holds every run that goes on and a fixed number of those that have ended; the one that ended first gives
 *       way.
 *   V2. A watcher that reads too slowly misses changes; it never makes the node wait or grow.
 *   V3. Watchers are told together, now and then, how the runs that changed stand now: the more there is to tell, the more
 *       seldom, so that a run costs about the same however many watch.
 *   V4. Whoever watches sees the runs of its tenant.
 */
import type { Clock } from "#actors/clock.js"
import { onCancel, type Cancellation } from "../cancellation.js"

export interface Activity {
  /** A number of its own, one higher for each run. */
  readonly id: number
  readonly runId: string
  readonly target: string
  readonly caller: string
  readonly state: "running" | "finished" | "failed"
  /** Wall time in milliseconds. */
  readonly startedAt: number
  readonly elapsedMs?: number
  readonly code?: string
}

interface Watcher {
  readonly tenant: string
  /** Changes that it has not read: those of a few tellings (V2). */
  news: (readonly Activity[])[]
  wake: () => void
}

/** Tellings that a watcher may have before it. */
const mostUnread = 10
/** Between two tellings: so long at least, and as long as what was told last may cost (V3). */
const between = { leastMs: 50, perChangeMs: 0.05 }

export class ActivityFeed {
  readonly #clock: Clock
  readonly #capacity: number
  /** By tenant, then by id. */
  readonly #running = new Map<string, Map<number, Activity>>()
  readonly #ended = new Map<string, Map<number, Activity>>()
  readonly #changed = new Map<string, Map<number, Activity>>()
  readonly #watchers = new Set<Watcher>()
  #telling = false
  /** Changes that were told last, to all together. */
  #told = 0

  constructor(clock: Clock, capacity = 100) {
    this.#clock = clock
    this.#capacity = capacity
  }

  /** Notes a run that began or ended. */
  note(tenant: string, activity: Activity): void {
    if (activity.state === "running") listOf(this.#running, tenant).set(activity.id, activity)
    else {
      listOf(this.#running, tenant).delete(activity.id)
      this.#put(this.#ended, tenant, activity)
    }
    if (this.#watchers.size === 0) return
    this.#put(this.#changed, tenant, activity)
    if (this.#telling) return
    this.#telling = true
    this.#clock.timer(Math.max(between.leastMs, this.#told * between.perChangeMs), () => this.#tell())
  }

  /** The runs that go on and those of late, in the order in which they began. */
  recent(tenant: string): readonly Activity[] {
    const both = [...listOf(this.#ended, tenant).values(), ...listOf(this.#running, tenant).values()]
    return both.sort((one, other) => one.id - other.id)
  }

  /** What `recent` tells and every change, until it is called off or left. */
  async *follow(tenant: string, signal: Cancellation | AbortSignal | undefined): AsyncGenerator<Activity> {
    const watcher: Watcher = { tenant, news: [this.recent(tenant)], wake: () => undefined }
    let over = false
    this.#watchers.add(watcher)
    const uncancel = onCancel(signal, () => {
      over = true
      watcher.wake()
    })
    try {
      while (!over) {
        const some = watcher.news
        watcher.news = []
        for (const activities of some) yield* activities
        if (watcher.news.length === 0 && !over) await new Promise<void>((resolve) => (watcher.wake = resolve))
      }
    } finally {
      this.#watchers.delete(watcher)
      uncancel()
    }
  }

  /** The first gives way (V1, V2). */
  #put(runs: Map<string, Map<number, Activity>>, tenant: string, activity: Activity): void {
    const list = listOf(runs, tenant)
    list.set(activity.id, activity)
    if (list.size > this.#capacity) list.delete(list.keys().next().value as number)
  }

  /** V3 */
  #tell(): void {
    this.#telling = false
    this.#told = 0
    for (const [tenant, changes] of this.#changed) {
      const news = [...changes.values()]
      for (const watcher of this.#watchers) {
        if (watcher.tenant !== tenant) continue // V4
        if (watcher.news.length < mostUnread) watcher.news.push(news) // V2
        watcher.wake()
        this.#told += news.length
      }
    }
    this.#changed.clear()
  }
}

function listOf(runs: Map<string, Map<number, Activity>>, tenant: string): Map<number, Activity> {
  let list = runs.get(tenant)
  if (list === undefined) runs.set(tenant, (list = new Map()))
  return list
}
