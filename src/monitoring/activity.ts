/**
 * The runs of late, for people who watch: a short list, and a stream of its changes.
 *
 * Invariants
 *   V1. The list holds a fixed number of runs; the oldest gives way.
 *   V2. A watcher that reads too slowly misses changes; it never makes the node wait or grow.
 */
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

type Watcher = (activity: Activity) => void

/** Changes that a watcher may have before it. */
const mostUnread = 1_000

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

  /** The runs of late and every change, until it is called off or left. */
  async *follow(signal: Cancellation | AbortSignal | undefined): AsyncGenerator<Activity> {
    let news: Activity[] = [...this.recent()]
    let wake = (): void => undefined
    let over = false
    const watcher: Watcher = (activity) => {
      if (news.length < mostUnread) news.push(activity) // V2
      wake()
    }
    this.#watchers.add(watcher)
    const uncancel = onCancel(signal, () => {
      over = true
      wake()
    })
    try {
      while (!over) {
        const some = news
        news = []
        yield* some
        if (news.length === 0 && !over) await new Promise<void>((resolve) => (wake = resolve))
      }
    } finally {
      this.#watchers.delete(watcher)
      uncancel()
    }
  }
}
