import { printable } from "./printable.js"
import { runningNode } from "./node.js"
import type { GlobalOptions } from "./settings.js"

/** Prints the runs of the tenant "default", one a line: those that go on, and those of late. */
export async function runsCommand(options: GlobalOptions & { readonly json?: boolean }): Promise<void> {
  const node = await runningNode(options, "what one left open goes on at its next start")
  const { runs } = await node.call("ListRuns", {})
  if (options.json === true) return console.log(JSON.stringify(runs, null, 2))
  if (runs.length === 0) console.error("no run goes on, and none has ended since the node started")
  for (const { runId, state, code, target, caller, startedAt, elapsedMs } of runs) {
    const lasted = elapsedMs === undefined ? "" : ` after ${Math.round(elapsedMs)} ms`
    const began = new Date(startedAt).toISOString()
    const ended = code === undefined ? state : `${state} (${code})`
    console.log(printable(`${runId} ${ended}${lasted} ${target}, asked by ${caller} at ${began}`))
  }
}
