import { printable } from "./printable.js"
import { withNode } from "./node.js"
import type { GlobalOptions } from "./settings.js"

/** Prints the runs of the tenant "default", one a line: those that go on, and those of late. */
export async function runsCommand(options: GlobalOptions & { readonly json?: boolean }): Promise<void> {
  const runs = await withNode(options, async (node) =>
    node.kind === "local" ? node.os.runs() : (await node.call("ListRuns", {})).runs,
  )
  if (options.json === true) return console.log(JSON.stringify(runs, null, 2))
  if (runs.length === 0) console.error("no run goes on, and none has ended since the node started")
  for (const { runId, state, code, target, caller, startedAt, elapsedMs } of runs) {
    const lasted = elapsedMs === undefined ? "" : ` after ${Math.round(elapsedMs)} ms`
    const began = new Date(startedAt).toISOString()
    console.log(printable(`${runId} ${state}${code === undefined ? "" : ` (${code})`}${lasted} ${target}, asked by ${caller} at ${began}`)) // prettier-ignore
  }
}
