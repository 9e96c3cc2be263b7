/** What a run looks like from outside: the same value at every door. Pure. */
import type { ContextVector } from "../agents/context-vector.js"
import type { RunEvent, RunResult } from "../run.js"

export interface RunView {
  readonly runId: string
  readonly target: string
  readonly output: string
  readonly finish: RunResult["finish"]
  readonly usage: RunResult["usage"]
  readonly elapsedMs: number
  /** Where the answer's passages stand. */
  readonly sources: readonly string[]
  readonly context?: unknown
}

export function runView(run: RunResult, includeContext = false): RunView {
  const view = {
    runId: run.runId,
    target: run.target,
    output: run.output,
    finish: run.finish,
    usage: run.usage,
    elapsedMs: run.elapsedMs,
    sources: sourcesOf(run.context),
  }
  return includeContext ? { ...view, context: contextView(run.context) } : view
}

/** Every source of a context, once, in the order of the work. */
export function sourcesOf(context: ContextVector): readonly string[] {
  const sources: string[] = []
  for (const { sources: some } of context.provenance) {
    for (const source of some ?? []) if (!sources.includes(source)) sources.push(source)
  }
  return sources
}

/** A context as JSON: the embedding becomes an array of numbers. */
export function contextView(context: ContextVector): unknown {
  if (context.embedding === undefined) return context
  return { ...context, embedding: { model: context.embedding.model, vector: [...context.embedding.vector] } }
}

/** An event from outside. */
export type EventView = Exclude<RunEvent, { type: "end" } | { type: "error" }> | ({ readonly type: "end" } & RunView)

/** An error is thrown. */
export function eventView(event: RunEvent, includeContext: boolean): EventView {
  if (event.type === "end") return { type: "end", ...runView(event.run, includeContext) }
  if (event.type === "error") throw event.error
  return event
}
