/**
 * A run that goes on here: who waits for it, who hears of it, what calls it off.
 *
 * Invariants are those of `runs.ts`.
 */
import type { Clock } from "#actors/clock.js"
import { AgentOSError } from "#actors/errors.js"
import { Cancellation, onCancel } from "../cancellation.js"
import type { Usage } from "../models/model.js"
import type { Activity, ActivityFeed } from "../monitoring/activity.js"
import type { Metrics } from "../monitoring/metrics.js"
import type { RunEvent, RunListener, RunResult, Scope } from "../run.js"
import type { AskedRun, Course } from "./carry-out.js"
import type { RunLog } from "./run-log.js"

export interface ActiveRunParts {
  readonly clock: Clock
  /** Are told of every run that goes on here (U11). */
  readonly activity: Pick<ActivityFeed, "note">
  readonly metrics: Pick<Metrics, "runStarted" | "runEnded">
}

interface Begin {
  /** Its number in the list of runs. */
  readonly id: number
  readonly timeoutMs: number
  readonly carryOut: (course: Course) => Promise<RunResult>
  /** Is told of its end before anybody who waits for it. */
  readonly over: () => void
}

export class ActiveRun {
  readonly runId: string
  readonly target: string
  readonly scope: Scope
  /** What it was asked, as a hash, where somebody may ask for it again. */
  readonly request: string | undefined
  readonly log: RunLog
  readonly ended: Promise<RunResult>
  readonly #work = new Cancellation()
  readonly #clock: Clock
  #listeners: readonly RunListener[]
  /** Callers that wait for it; when the last one gives up, it is cancelled. */
  #followers = 0
  /** Everybody who waited for it has left, and so it was called off (U7). */
  #left = false

  constructor(
    { runId, target, options, request, log }: AskedRun,
    { id, timeoutMs, carryOut, over }: Begin,
    { clock, activity, metrics }: ActiveRunParts,
    listener: RunListener | undefined,
  ) {
    this.runId = runId
    this.target = target
    this.scope = options
    this.request = request
    this.log = log
    this.#clock = clock
    this.#listeners = listener === undefined ? [] : [listener]
    const cancelTimer = clock.timer(timeoutMs, () =>
      this.cancel(new AgentOSError("DEADLINE_EXCEEDED", `run ${runId} did not end within ${timeoutMs} ms`)),
    )
    const { tenant, caller } = options
    const startedAt = clock.wallTime()
    const about = { id, runId, target, caller, startedAt }
    const close = (usage: Usage | undefined, end: Pick<Activity, "state" | "code">): void => {
      cancelTimer()
      over()
      metrics.runEnded(target, usage)
      activity.note(tenant, { ...about, ...end, elapsedMs: clock.wallTime() - startedAt })
    }
    metrics.runStarted() // U11
    activity.note(tenant, { ...about, state: "running" })
    const resumed = log.state.started !== undefined
    const course: Course = { work: this.#work, emit: (event) => this.emit(event), resumed, isLeft: () => this.#left }
    this.ended = carryOut(course).then(
      (run) => {
        close(run.usage, { state: "finished" })
        return run
      },
      (thrown: unknown) => {
        close(undefined, { state: "failed", code: AgentOSError.from(thrown, "RUN_FAILED").code })
        throw thrown
      },
    )
  }

  cancel(reason: AgentOSError): void {
    this.#work.cancel(reason)
  }

  /** Tells those that follow it. What it returns says when to go on (U10). */
  emit(event: RunEvent): Promise<void> | undefined {
    let all: Promise<unknown> | undefined
    for (const listener of this.#listeners) {
      const wait = listener(event)
      if (wait !== undefined) all = all === undefined ? wait : Promise.all([all, wait])
    }
    return all?.then(() => undefined)
  }

  /**
   * Waits for its end. Who gives up is not held by a run that goes on for others.
   *
   * @param timeoutMs of somebody who joins it: its own time is that of whoever began it
   * @throws what ended it; `DEADLINE_EXCEEDED`
   */
  async follow(
    signal: AbortSignal | Cancellation | undefined,
    listener: RunListener | undefined,
    timeoutMs = Infinity,
  ): Promise<RunResult> {
    const { runId, target } = this
    if (listener !== undefined && !this.#listeners.includes(listener)) {
      void listener({ type: "start", runId, target, resumed: true }) // it goes on from where it is
      this.#listeners = [...this.#listeners, listener]
    }
    this.#followers += 1
    let stay = (): void => undefined
    let cancelTimer = stay
    try {
      return await new Promise<RunResult>((resolve, reject) => {
        stay = onCancel(signal, () => {
          const reason = AgentOSError.from(signal?.reason, "CANCELLED")
          if (--this.#followers > 0) return reject(reason)
          this.#left ||= !this.#work.cancelled
          this.cancel(reason)
        })
        if (timeoutMs !== Infinity)
          cancelTimer = this.#clock.timer(timeoutMs, () => {
            this.#followers -= 1
            reject(goesOn(runId, timeoutMs))
          })
        this.ended.then(resolve, reject)
      })
    } finally {
      stay()
      cancelTimer()
      if (listener !== undefined) this.#listeners = this.#listeners.filter((other) => other !== listener)
    }
  }
}

const goesOn = (runId: string, timeoutMs: number): AgentOSError =>
  new AgentOSError("DEADLINE_EXCEEDED", `run ${runId} did not end within ${Math.round(timeoutMs)} ms; it goes on`, {
    executed: "maybe",
  })
