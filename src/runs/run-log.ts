/**
 * What a run has done, as it is known durably: folded from its events. A step or tool call that is recorded here is
 * never done again.
 *
 * Invariants
 *   L1. A step is claimed before its agent is asked, and finished with its answer after.
 *   L2. A tool call is claimed before the tool runs, and finished with its outcome after. One claimed and not
 *       finished is unresolved. All calls of a turn are recorded before the first of them is claimed: one that is
 *       only planned has not begun.
 *   L3. Where several nodes share the journal, the last to have begun it or taken it over carries the run out.
 *   L4. What a function or a likeness decides is recorded, so that it is decided once. A function may have effects:
 *       its step is claimed before.
 *   L5. A run that failed for now (its error may pass) is interrupted: whoever asks for it again, under its command
 *       id, goes on with it. What failed for good stays so.
 *   L6. What a step or function gave is text once it is read, whatever was stored: no log stops a start.
 *   L7. What a step had spent when a try of it failed is recorded; whoever tries it again counts from there.
 */
import { thrownText, type Executed } from "#actors/errors.js"
import type { ToolOutcome } from "../tools/tool.js"
import type { Provenance } from "../agents/context-vector.js"
import type { Decoding, Usage } from "../models/model.js"
import type { Finish, RunResult } from "../run.js"

/** What a step gave. */
export interface StepResult {
  readonly agent: string
  readonly output: string
  readonly usage: Usage
  readonly provenance: Provenance
  /** Absent in logs from before: "stop". */
  readonly finish?: Finish
}

export type RunLogEvent =
  | { readonly name: "started"; readonly payload: StartedRun }
  | { readonly name: "taken-over"; readonly payload: { readonly node: string } }
  | { readonly name: "step-claimed"; readonly payload: { readonly step: string } }
  | { readonly name: "step-finished"; readonly payload: { readonly step: string; readonly result: StepResult } }
  | { readonly name: "step-spent"; readonly payload: { readonly step: string; readonly usage: Usage } }
  | {
      readonly name: "turn-claimed"
      readonly payload: { readonly turn: number; readonly calls: readonly PlannedCall[] }
    }
  | { readonly name: "tool-claimed"; readonly payload: PlannedCall }
  | { readonly name: "tool-finished"; readonly payload: { readonly callId: string; readonly outcome: ToolOutcome } }
  | { readonly name: "decided"; readonly payload: { readonly step: string; readonly said: string } }
  | { readonly name: "ended"; readonly payload: EndedRun | RunResult }
  | { readonly name: "failed" | "interrupted"; readonly payload: RunFailure }

/** What is needed to begin the run again. */
export interface StartedRun {
  readonly target: string
  readonly input: string
  readonly conversation?: string
  /** The last event of the conversation that the run has read. */
  readonly said?: number
  readonly caller?: string
  readonly traceId?: string
  readonly budgetTokens?: number
  readonly decoding?: Decoding
  readonly context?: unknown
  /** Wall time at which it is to have ended, where its caller said so. */
  readonly until?: number
  /** What it was asked, as a hash: the same idempotency key with anything else is refused. Absent in logs from before. */
  readonly request?: string
  /** Of a topology: the hash under which its definition is kept (`definitions.ts`). */
  readonly definition?: string
  /** The node that began it, where several share the journal. */
  readonly node?: string
}

/**
 * What a run gave. Its context is made of it and of the conversation when somebody asks; logs from before hold it
 * whole.
 */
export interface EndedRun extends Pick<RunResult, "output" | "usage" | "elapsedMs" | "finish"> {
  readonly values: Readonly<Record<string, unknown>>
  readonly provenance: readonly Provenance[]
}

/** Why a run did not end well. */
export interface RunFailure {
  readonly code: string
  readonly message: string
  /** Absent in logs from before: what the log shows. */
  readonly executed?: Executed
  readonly details?: Readonly<Record<string, unknown>>
}

/** A tool call that a model wants. */
export interface PlannedCall {
  /** RUN/STEP/NUMBER, counted over the turns of a step. */
  readonly callId: string
  readonly tool: string
  readonly arguments: Readonly<Record<string, unknown>>
  /** Its tool says that it may be repeated; absent: it may not. */
  readonly idempotent?: boolean
  /** What the model calls it. */
  readonly id?: string
  /** Why its arguments could not be read; it is not run. */
  readonly invalid?: string
  /** What the model wrote beside the calls of the turn; with the first of them. */
  readonly said?: string
  /** What the step had spent when the turn had ended; with the first of its calls. */
  readonly spent?: Usage
}

/**
 * A tool call that is known of: only planned, begun, or with an outcome. One begun and without an outcome is
 * unresolved (L2).
 */
export interface RecordedCall extends Omit<PlannedCall, "callId"> {
  /** The turn of the step's model that it belongs to, where it was recorded with others of its turn. */
  readonly turn?: number
  /** False: it was recorded with its turn and has not begun. */
  readonly begun?: false
  readonly outcome?: ToolOutcome
}

/** What is known of a call once it has begun. */
export function begunCall({ callId: _, ...call }: PlannedCall, known?: RecordedCall): RecordedCall {
  const { begun: _begun, ...planned } = known ?? {}
  return { ...planned, ...call }
}

export interface RunLog {
  /** The recorded answer of a step, if it was finished before. */
  finished(step: string): StepResult | undefined
  /** @returns undefined: there is nothing to wait for */
  claimStep(step: string): Promise<void> | undefined
  /** The agent of a claimed step did not begin. */
  refused(step: string): void
  finishStep(step: string, result: StepResult): Promise<void> | undefined
  /** What the tries of a step have spent that failed, all together (L7). */
  spent(step: string): Usage | undefined
  spend(step: string, usage: Usage): Promise<void>
  /** What was decided at a step, if it was before (L4). */
  decided(step: string): string | undefined
  decide(step: string, said: string): Promise<void>
  /** What is known of a tool call: nothing, that it began, or its outcome. */
  call(callId: string): RecordedCall | undefined
  /** Records all calls of one turn before the first is claimed; for a turn of one call, `claimCall` says the same. */
  claimTurn(step: string, turn: number, calls: readonly PlannedCall[]): Promise<void>
  claimCall(call: PlannedCall): Promise<void>
  finishCall(callId: string, outcome: ToolOutcome): Promise<void>
}

/** Of a run that is not recorded. */
export const noLog: RunLog = {
  finished: () => undefined,
  claimStep: () => undefined,
  refused: () => undefined,
  finishStep: () => undefined,
  spent: () => undefined,
  spend: async () => {},
  decided: () => undefined,
  decide: async () => {},
  call: () => undefined,
  claimTurn: async () => {},
  claimCall: async () => {},
  finishCall: async () => {},
}

/** What a run's events tell. */
export interface RunState {
  started: StartedRun | undefined
  /** The node that carries it out (L3). */
  owner: string | undefined
  /** Steps that have begun, ended or not. */
  readonly claimed: Set<string>
  readonly steps: Map<string, StepResult>
  /** By steps of which a try has failed (L7). */
  readonly spent: Map<string, Usage>
  readonly decisions: Map<string, string>
  readonly calls: Map<string, RecordedCall>
  ended: EndedRun | RunResult | undefined
  failed: RunFailure | undefined
  interrupted: RunFailure | undefined
}

export const newRunState = (): RunState => ({
  started: undefined,
  owner: undefined,
  claimed: new Set(),
  steps: new Map(),
  spent: new Map(),
  decisions: new Map(),
  calls: new Map(),
  ended: undefined,
  failed: undefined,
  interrupted: undefined,
})

/**
 * What a run has done so far: "yes" once a call has ended that may not be repeated, "maybe" once anything has
 * begun.
 */
export function executedOf({ claimed, calls }: RunState): Executed {
  for (const { outcome, idempotent } of calls.values()) if (outcome?.kind === "ok" && idempotent !== true) return "yes"
  return claimed.size > 0 ? "maybe" : "no"
}

/** How many letters its log takes, about. */
export function sizeOf({ started, steps, calls, ended }: RunState): number {
  let size = 1000 + 2 * (started?.input.length ?? 0) + (ended?.output.length ?? 0)
  for (const { output } of steps.values()) size += 300 + output.length
  for (const { outcome } of calls.values()) size += 300 + 2 * (outcome?.text.length ?? 0)
  return size
}

/** Logs from before may hold whatever a function of the program gave, as text (L6). */
const textOf = (value: unknown): string =>
  typeof value === "string" ? value : value === undefined || value === null ? "" : thrownText(value)
const withText = <Result extends { readonly output: string }>(result: Result): Result =>
  typeof result.output === "string" ? result : { ...result, output: textOf(result.output) }

/** Takes in one event. */
export function foldRun(state: RunState, event: RunLogEvent): void {
  switch (event.name) {
    case "started":
      state.started = event.payload
      state.owner = event.payload.node
      break
    case "taken-over":
      state.owner = event.payload.node
      state.interrupted = undefined
      break
    case "step-claimed":
      state.claimed.add(event.payload.step)
      break
    case "decided":
      state.decisions.set(event.payload.step, textOf(event.payload.said))
      break
    case "step-finished":
      state.steps.set(event.payload.step, withText(event.payload.result))
      break
    case "step-spent":
      state.spent.set(event.payload.step, event.payload.usage)
      break
    case "turn-claimed":
      for (const { callId, ...call } of event.payload.calls)
        if (!state.calls.has(callId)) state.calls.set(callId, { ...call, turn: event.payload.turn, begun: false })
      break
    case "tool-claimed":
      state.calls.set(event.payload.callId, begunCall(event.payload, state.calls.get(event.payload.callId)))
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
      state.ended = withText(event.payload)
      break
    case "interrupted":
      state.interrupted = event.payload
      break
    case "failed":
      state.failed = event.payload
  }
}
