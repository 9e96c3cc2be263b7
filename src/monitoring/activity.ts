/**
 * The runs of late, for people who watch: a short list, and a stream of its changes.
 *
 * Invariants
 *   V1. The list holds a fixed number of runs; the oldest gives way.
 *   V2. A watcher that reads too slowly misses changes; it never makes the node wait or grow.
 */

export interface Activity {
  /** Tells runs apart before they have a run id. */
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

type Watcher = (activity: Activity) => void

export class ActivityFeed {
  readonly #capacity: number
  readonly #recent = new Map<number, Activity>()
  readonly #watchers = new Set<Watcher>()

  constructor(capacity = 100) {
    this.#capacity = capacity
  }

  /** Notes a run that began or ended. */
  note(activity: Activity): void {
    this.#recent.set(activity.id, activity)
    if (this.#recent.size > this.#capacity) {
      const oldest = this.#recent.keys().next()
      if (oldest.done !== true) this.#recent.delete(oldest.value) // V1
    }
    for (const watcher of this.#watchers) watcher(activity)
  }

  /** The runs of late, oldest first. */
  recent(): readonly Activity[] {
    return [...this.#recent.values()]
  }

  /** Calls back at every change until the returned function is called. */
  watch(watcher: Watcher): () => void {
    this.#watchers.add(watcher)
    return () => void this.#watchers.delete(watcher)
  }
}
