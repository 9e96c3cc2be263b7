import type { Executed } from "#actors/errors.js"
import { executedOf, foldRun, newRunState, type RunLog, type RunLogEvent } from "./run-log.js"

/** A run's log as this process knows it: of a run that is not recorded, it ends with the run. */
export class MemoryLog implements RunLog {
  readonly state = newRunState()

  async append(...events: readonly RunLogEvent[]): Promise<void> {
    for (const event of events) foldRun(this.state, event)
  }

  executed(): Executed {
    return executedOf(this.state)
  }

  finished: RunLog["finished"] = (step) => this.state.steps.get(step)
  claimStep: RunLog["claimStep"] = (step) => this.append({ name: "step-claimed", payload: { step } })
  refused: RunLog["refused"] = (step) => void this.state.claimed.delete(step)
  finishStep: RunLog["finishStep"] = (step, result) => this.append({ name: "step-finished", payload: { step, result } })
  decided: RunLog["decided"] = (step) => this.state.decisions.get(step)
  decide: RunLog["decide"] = (step, said) => this.append({ name: "decided", payload: { step, said } })
  call: RunLog["call"] = (callId) => this.state.calls.get(callId)
  claimTurn: RunLog["claimTurn"] = (_step, turn, calls) =>
    this.append({ name: "turn-claimed", payload: { turn, calls } })
  claimCall: RunLog["claimCall"] = (call) => this.append({ name: "tool-claimed", payload: call })
  finishCall: RunLog["finishCall"] = (callId, outcome) =>
    this.append({ name: "tool-finished", payload: { callId, outcome } })
}
