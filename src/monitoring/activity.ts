/**
 * The runs of late, for people who watch: a short list, and a stream of its changes.
 *
 * Invariants
 *   V1. The list holds a fixed number of runs; the oldest gives way.
 *   V2. A watcher that reads too slowly misses changes; it never makes the node wait or grow.
 */

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

type Watcher = (activity: Activity) => void

export class ActivityFeed {
  readonly #recent: (Activity | undefined)[]
  readonly #watchers = new Set<Watcher>()

  constructor(capacity = 100) {
    this.#recent = new Array<Activity | undefined>(capacity).fill(undefined)
  }

  /** Notes a run that began or ended. */
  note(activity: Activity): void {
    const slot = activity.id % this.#recent.length
    if ((this.#recent[slot]?.id ?? 0) <= activity.id) this.#recent[slot] = activity // V1
    for (const watcher of this.#watchers) watcher(activity)
  }

  /** The runs of late, oldest first. */
  recent(): readonly Activity[] {
    return this.#recent.filter((activity) => activity !== undefined).sort((a, b) => a.id - b.id)
  }

  /** Calls back at every change until the returned function is called. */
  watch(watcher: Watcher): () => void {
    this.#watchers.add(watcher)
    return () => void this.#watchers.delete(watcher)
  }
}
