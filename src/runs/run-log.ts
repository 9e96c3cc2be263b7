/**
 * What a run has done, as it is known durably: folded from its events. A step or tool call that is recorded here is never done again.
 *
 * Invariants
 *   L1. A step is claimed before its agent is asked, and finished with its answer after.
 *   L2. A tool call is claimed before the tool runs, and finished with its outcome after. One claimed and not finished is unresolved.
 *   L3. Where several nodes share the journal, the last to have begun it or taken it over carries the run out.
 */
import type { ToolOutcome } from "../tools/tool.js"
import type { Provenance } from "../agents/context-vector.js"
import type { Usage } from "../models/model.js"
import type { RunResult } from "../run.js"

/** What a step gave. */
export interface StepResult {
  readonly agent: string
  readonly output: string
  readonly usage: Usage
  readonly provenance: Provenance
}

export type RunLogEvent =
  | { readonly name: "started"; readonly payload: StartedRun }
  | { readonly name: "taken-over"; readonly payload: { readonly node: string } }
  | { readonly name: "step-claimed"; readonly payload: { readonly step: string } }
  | { readonly name: "step-finished"; readonly payload: { readonly step: string; readonly result: StepResult } }
  | {
      readonly name: "tool-claimed"
      readonly payload: {
        readonly callId: string
        readonly tool: string
        readonly arguments: Readonly<Record<string, unknown>>
      }
    }
  | { readonly name: "tool-finished"; readonly payload: { readonly callId: string; readonly outcome: ToolOutcome } }
  | { readonly name: "ended"; readonly payload: RunResult }
  | { readonly name: "failed"; readonly payload: { readonly code: string; readonly message: string } }

/** What is needed to begin the run again. */
export interface StartedRun {
  readonly target: string
  readonly input: string
  readonly conversation?: string
  readonly caller?: string
  readonly traceId?: string
  readonly budgetTokens?: number
  readonly context?: unknown
  /** The node that began it, where several share the journal. */
  readonly node?: string
}

/** A tool call that was claimed; without an outcome it is unresolved. */
export interface RecordedCall {
  readonly tool: string
  readonly arguments: Readonly<Record<string, unknown>>
  readonly outcome?: ToolOutcome
}

export interface RunLog {
  /** The recorded answer of a step, if it was finished before. */
  finished(step: string): StepResult | undefined
  claimStep(step: string): Promise<void>
  finishStep(step: string, result: StepResult): Promise<void>
  /** What is known of a tool call: nothing, that it began, or its outcome. */
  call(callId: string): RecordedCall | undefined
  claimCall(callId: string, tool: string, args: Readonly<Record<string, unknown>>): Promise<void>
  finishCall(callId: string, outcome: ToolOutcome): Promise<void>
}

/** Of a run that is not recorded. */
export const noLog: RunLog = {
  finished: () => undefined,
  claimStep: async () => {},
  finishStep: async () => {},
  call: () => undefined,
  claimCall: async () => {},
  finishCall: async () => {},
}

/** What a run's events tell. */
export interface RunState {
  started: StartedRun | undefined
  /** The node that carries it out (L3). */
  owner: string | undefined
  readonly steps: Map<string, StepResult>
  readonly calls: Map<string, RecordedCall>
  ended: RunResult | undefined
  failed: { readonly code: string; readonly message: string } | undefined
}

export const newRunState = (): RunState => ({
  started: undefined,
  owner: undefined,
  steps: new Map(),
  calls: new Map(),
  ended: undefined,
  failed: undefined,
})

/** Takes in one event. */
export function foldRun(state: RunState, event: RunLogEvent): void {
  switch (event.name) {
    case "started":
      state.started = event.payload
      state.owner = event.payload.node
      break
    case "taken-over":
      state.owner = event.payload.node
      break
    case "step-claimed":
      break
    case "step-finished":
      state.steps.set(event.payload.step, event.payload.result)
      break
    case "tool-claimed":
      state.calls.set(event.payload.callId, { tool: event.payload.tool, arguments: event.payload.arguments })
      break
    case "tool-finished":
      state.calls.set(event.payload.callId, {
        tool: "",
        arguments: {},
        ...state.calls.get(event.payload.callId),
        outcome: event.payload.outcome,
      })
      break
    case "ended":
      state.ended = event.payload
      break
    case "failed":
      state.failed = event.payload
  }
}
