import type { Executed } from "#actors/errors.js"
import type { ToolOutcome } from "../tools/tool.js"
import { newRunState, type PlannedCall, type RunLog } from "./run-log.js"

/** Nothing is known of it but that it was begun; all of them share it. */
const unknown = newRunState()

/**
 * The log of a run that is not recorded: it knows what was done, as long as the run goes on. Costs next to nothing.
 */
export class Unrecorded implements RunLog {
  #claimed = false
  #effects = false
  /** Calls under way that may not be repeated. */
  #calls: Set<string> | undefined

  get state() {
    return unknown
  }

  executed(): Executed {
    if (this.#effects) return "yes"
    return this.#claimed ? "maybe" : "no"
  }

  claimStep(): undefined {
    this.#claimed = true
  }

  /** It has one step. */
  refused(): void {
    this.#claimed = false
  }

  async claimCall({ callId, idempotent }: PlannedCall): Promise<void> {
    if (idempotent !== true) (this.#calls ??= new Set()).add(callId)
  }

  async finishCall(callId: string, { kind }: ToolOutcome): Promise<void> {
    this.#effects ||= kind === "ok" && this.#calls?.has(callId) === true
  }

  finished(): undefined {}
  finishStep(): undefined {}
  spent(): undefined {}
  async spend(): Promise<void> {}
  decided(): undefined {}
  async decide(): Promise<void> {}
  call(): undefined {}
  async claimTurn(): Promise<void> {}
}
