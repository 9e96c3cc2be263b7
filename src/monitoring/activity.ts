/**
 * The runs of late, for people who watch: a short list, and a stream of its changes.
 *
 * Invariants
 *   V1. The list holds a fixed number of runs; the oldest gives way.
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
  readonly runId?: string
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
  /** By tenant, then by id: oldest first. */
  readonly #recent = new Map<string, Map<number, Activity>>()
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
    this.#put(this.#recent, tenant, activity)
    if (this.#watchers.size === 0) return
    this.#put(this.#changed, tenant, activity)
    if (this.#telling) return
    this.#telling = true
    this.#clock.timer(Math.max(between.leastMs, this.#told * between.perChangeMs), () => this.#tell())
  }

  /** The runs of late, oldest first. */
  recent(tenant: string): readonly Activity[] {
    return [...(this.#recent.get(tenant)?.values() ?? [])]
  }

  /** The runs of late and every change, until it is called off or left. */
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

  /** V1 */
  #put(runs: Map<string, Map<number, Activity>>, tenant: string, activity: Activity): void {
    let list = runs.get(tenant)
    if (list === undefined) runs.set(tenant, (list = new Map()))
    if (list.size >= this.#capacity && !list.has(activity.id)) {
      const oldest = list.keys().next().value as number
      if (oldest > activity.id) return // it began before all that are told of
      list.delete(oldest)
    }
    list.set(activity.id, activity)
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
