import { AgentOSError, type Executed } from "#actors/errors.js"
import type { Usage } from "../models/model.js"
import type { ToolOutcome } from "../tools/tool.js"
import type { Journal, PersistenceId } from "#actors/persistence/journal.js"
import {
  executedOf,
  foldRun,
  newRunState,
  type PlannedCall,
  type RecordedCall,
  type RunLog,
  type RunLogEvent,
  type StepResult,
} from "./run-log.js"

/**
 * A run's log in the journal. Appends are made one after the other, whoever asks for them. When another node has
 * written to it, it is that node's: every append from then on throws `RUN_MOVED`.
 */
export class JournalLog implements RunLog {
  readonly state = newRunState()
  readonly #journal: Journal
  readonly #id: PersistenceId
  readonly #isNew: boolean
  #sequence: number
  #last: Promise<unknown> = Promise.resolve()

  private constructor(journal: Journal, id: PersistenceId, isNew: boolean) {
    this.#journal = journal
    this.#id = id
    this.#sequence = 0
    this.#isNew = isNew
  }

  /** The log of a run whose id was made up just now. */
  static begin(journal: Journal, tenant: string, runId: string): JournalLog {
    return new JournalLog(journal, { tenant, type: "run", key: runId }, true)
  }

  /** Reads what is known of a run; nothing, for a new one. @param after only what was written after this event */
  static async open(journal: Journal, tenant: string, runId: string, after = 0): Promise<JournalLog> {
    const id = { tenant, type: "run", key: runId }
    const log = new JournalLog(journal, id, false)
    for await (const events of journal.read(id, after)) {
      for (const { name, payload, sequence } of events) {
        foldRun(log.state, { name, payload } as RunLogEvent)
        log.#sequence = sequence
      }
    }
    return log
  }

  /** Of its last event. */
  get sequence(): number {
    return this.#sequence
  }

  append(...events: readonly RunLogEvent[]): Promise<void> {
    const next = this.#last.then(async () => {
      this.#sequence = await this.#journal
        .append(
          this.#id,
          this.#sequence,
          0,
          events.map((event) => ({ ...event, version: 1 })),
          { isNew: this.#isNew && this.#sequence === 0 },
        )
        .catch((error: unknown) => {
          if (AgentOSError.from(error).code !== "SEQUENCE_CONFLICT") throw error
          throw new AgentOSError("RUN_MOVED", `another node goes on with run ${this.#id.key}`, { cause: error })
        })
      for (const event of events) foldRun(this.state, event)
    })
    this.#last = next.catch(() => undefined)
    return next
  }

  /** Makes the run one of this node, if nobody has written since it was read. @throws `RUN_MOVED` */
  takeOver(node: string): Promise<void> {
    return this.append({ name: "taken-over", payload: { node } })
  }

  executed(): Executed {
    return executedOf(this.state)
  }

  finished(step: string): StepResult | undefined {
    return this.state.steps.get(step)
  }

  claimStep(step: string): Promise<void> {
    return this.append({ name: "step-claimed", payload: { step } })
  }

  refused(step: string): void {
    this.state.claimed.delete(step)
  }

  finishStep(step: string, result: StepResult): Promise<void> {
    return this.append({ name: "step-finished", payload: { step, result } })
  }

  spent(step: string): Usage | undefined {
    return this.state.spent.get(step)
  }

  spend(step: string, usage: Usage): Promise<void> {
    return this.append({ name: "step-spent", payload: { step, usage } })
  }

  decided(step: string): string | undefined {
    return this.state.decisions.get(step)
  }

  decide(step: string, said: string): Promise<void> {
    return this.append({ name: "decided", payload: { step, said } })
  }

  call(callId: string): RecordedCall | undefined {
    return this.state.calls.get(callId)
  }

  claimTurn(_step: string, turn: number, calls: readonly PlannedCall[]): Promise<void> {
    return this.append({ name: "turn-claimed", payload: { turn, calls } })
  }

  claimCall(call: PlannedCall): Promise<void> {
    return this.append({ name: "tool-claimed", payload: call })
  }

  finishCall(callId: string, outcome: ToolOutcome): Promise<void> {
    return this.append({ name: "tool-finished", payload: { callId, outcome } })
  }
}
