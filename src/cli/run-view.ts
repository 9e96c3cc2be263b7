/**
 * What a person sees of a run while it goes: one line a step with its agent, tools, tokens as they stream and time. A pure fold over run
 * events; the terminal is somebody else's business.
 */
import pc from "picocolors"
import type { Finish, RunEvent, RunResult } from "../run.js"
import { printable } from "./printable.js"

interface StepView {
  readonly step: string
  readonly agent: string
  readonly tools: readonly string[]
  readonly text: string
  readonly status: "working" | "done" | "failed"
  readonly elapsedMs?: number
}

export interface RunView {
  readonly steps: readonly StepView[]
}

export const emptyView: RunView = { steps: [] }

/** The view after one more event. */
export function follow(view: RunView, event: RunEvent): RunView {
  switch (event.type) {
    case "step":
      if (event.status === "started") {
        return {
          steps: [...view.steps, { step: event.step, agent: event.agent, tools: [], text: "", status: "working" }],
        }
      }
      return change(view, event.step, (step) =>
        event.status === "finished"
          ? { ...step, text: event.output, status: "done", elapsedMs: event.elapsedMs }
          : { ...step, text: `${event.code}: ${event.message}`, status: "failed", elapsedMs: event.elapsedMs },
      )
    case "token":
      return change(view, event.step, (step) => ({ ...step, text: step.text + event.text }))
    case "tool":
      return change(view, event.step, (step) => {
        if (event.status === "called") {
          const shown = Object.values(event.arguments).map(String).join(", ")
          return { ...step, text: "", tools: [...step.tools, `${event.tool}(${shown})`] }
        }
        return { ...step, tools: [...step.tools.slice(0, -1), `${step.tools.at(-1) ?? event.tool} = ${event.text}`] }
      })
    default:
      return view
  }
}

function change(view: RunView, name: string, edit: (step: StepView) => StepView): RunView {
  return { steps: view.steps.map((step) => (step.step === name ? edit(step) : step)) }
}

/** The view as lines of at most `width` columns. */
export function renderView(view: RunView, width: number): string {
  return view.steps.map((step) => renderStep(step, width)).join("\n")
}

/** One finished step, for an output that cannot be rewritten. */
export function renderStep(step: StepView, width: number): string {
  const mark = step.status === "working" ? pc.cyan("●") : step.status === "done" ? pc.green("✓") : pc.red("✗")
  const name = step.agent.padEnd(14)
  const time = step.elapsedMs === undefined ? "" : `${Math.round(step.elapsedMs)} ms`
  const tools = step.tools.map((tool) => `${tool}  `).join("")
  const room = Math.max(20, width - 4 - 14 - 10)
  const toolText = clip(tools, Math.floor(room * 0.6))
  const text = clip(step.text.replace(/\s+/g, " ").trim(), room - toolText.length)
  const gap = " ".repeat(Math.max(1, room - toolText.length - text.length))
  return `${mark} ${pc.bold(name)} ${pc.dim(toolText)}${step.status === "failed" ? pc.red(text) : text}${gap}${pc.dim(time.padStart(8))}`
}

/** Why an answer is not whole; undefined: it is. */
export function cutOff(finish: Finish): string | undefined {
  if (finish === "stop") return undefined
  return finish === "length" ? "cut off: its model may write no more" : "cut off by a filter of its model's server"
}

/** The line under an answer: whether it is whole, where its passages stand, what it cost. */
export function renderEnd({ finish, context, usage, elapsedMs }: RunResult): string {
  const sources = [...new Set(context.provenance.flatMap((by) => by.sources ?? []))]
  const cut = cutOff(finish)
  const from = sources.length === 0 ? "" : `from ${printable(sources.join(", "))}; `
  return `${cut === undefined ? "" : `${cut}; `}${from}${usage.promptTokens} + ${usage.completionTokens} tokens, ${Math.round(elapsedMs)} ms`
}

function clip(raw: string, room: number): string {
  const text = printable(raw)
  return text.length <= room ? text : `${text.slice(0, Math.max(0, room - 1))}…`
}
