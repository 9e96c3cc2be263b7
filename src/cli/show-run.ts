import { createLogUpdate } from "log-update"
import pc from "picocolors"
import type { RunEvent, RunResult } from "../run.js"
import { printable } from "./printable.js"
import { emptyView, follow, renderEnd, renderStep, renderView } from "./run-view.js"

/** Most columns that a step takes, however wide the terminal is. */
const widest = 140

/**
 * Shows a run while it goes: in a terminal the lines of its steps are rewritten, elsewhere each finished step is one line. Prints the
 * answer, or what went wrong.
 *
 * @returns the result, or undefined when the run failed
 */
export async function showRun(events: AsyncIterable<RunEvent>): Promise<RunResult | undefined> {
  const live = process.stdout.isTTY === true && process.stdout.columns > 0
  const width = () => Math.min(process.stdout.columns || 100, widest)
  const update = createLogUpdate(process.stdout)
  let view = emptyView
  let result: RunResult | undefined
  for await (const event of events) {
    view = follow(view, event)
    if (live) update(renderView(view, width()))
    else if (event.type === "step" && event.status !== "started") {
      const step = view.steps.find(({ step }) => step === event.step)
      if (step !== undefined) console.log(renderStep(step, width()))
    }
    if (event.type === "end") result = event.run
    if (event.type === "error") {
      update.done()
      console.log(`${pc.red(event.error.code)} ${printable(event.error.message)}`)
      return undefined
    }
  }
  update.done()
  if (result === undefined) return undefined
  console.log(`\n${pc.bold(printable(result.output))}`)
  console.log(pc.dim(renderEnd(result)))
  return result
}
