import type { Executed } from "#actors/errors.js"
import type { ToolOutcome } from "../tools/tool.js"
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

/** A run's log as this process knows it: of a run that is not recorded, it ends with the run. */
export class MemoryLog implements RunLog {
  readonly state = newRunState()

  async append(...events: readonly RunLogEvent[]): Promise<void> {
    for (const event of events) foldRun(this.state, event)
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
