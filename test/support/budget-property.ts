import fc from "fast-check"
import { systemClock } from "#actors/clock.js"
import { memoryJournal } from "#actors/persistence/memory-journal.js"
import { AgentOSError } from "#actors/errors.js"
import { Cancellation } from "#src/cancellation.js"
import { hashedNgrams } from "#src/knowledge/hashed-ngrams.js"
import { execute } from "#src/runs/execute.js"
import { JournalLog } from "#src/runs/journal-log.js"
import { chain, parallel, type Topology } from "#src/topologies/topology.js"

/** Topologies of chains and parallels, of all error policies. */
const { topology } = fc.letrec<{ topology: Topology }>((tie) => ({
  topology: fc.oneof(
    { depthSize: "small", maxDepth: 3 },
    fc.constantFrom("a", "b", "c").map((agent): Topology => ({ kind: "agent", agent })),
    fc.array(tie("topology"), { minLength: 1, maxLength: 3 }).map(chain),
    fc
      .tuple(
        fc.array(tie("topology"), { minLength: 1, maxLength: 4 }),
        fc.constantFrom("fail" as const, "ignore" as const, { retry: 1 }),
      )
      .map(([branches, onError]) => parallel(branches, { onError })),
  ),
}))

/** Whatever branches do, in whatever order: what is spent, and what may be spent by who is at it, is within the budget. */
export async function budgetHolds(numRuns: number): Promise<void> {
  const property = fc.asyncProperty(
    topology,
    fc.integer({ min: 0, max: 200 }),
    fc.array(fc.tuple(fc.double({ min: 0, max: 1, noNaN: true }), fc.constantFrom("ok", "ok", "fails", "lost", "refused")), { minLength: 1, maxLength: 30 }), // prettier-ignore
    fc.scheduler(),
    async (topology, budgetTokens, steps, scheduler) => {
      let [spent, open, asks, most] = [0, 0, 0, 0]
      const log = JournalLog.begin(memoryJournal(systemClock), "default", "r")
      const ended = execute(
        topology,
        "go",
        {
          runId: "r",
          tenant: "default",
          traceId: "",
          history: [],
          log,
          clock: systemClock,
          emit: () => undefined,
          permit: () => undefined,
          embedder: hashedNgrams(),
          budgetTokens,
          topology: () => undefined,
          fn: () => () => "",
          async ask(agent, request) {
            const [part, how] = steps[asks++ % steps.length] as (typeof steps)[number]
            const given = request.budgetTokens as number
            open += given
            most = Math.max(most, spent + open)
            await scheduler.schedule(Promise.resolve(), agent)
            open -= given
            const before = request.spent?.completionTokens ?? 0
            const usage = (tokens: number) => ({ promptTokens: 0, completionTokens: before + tokens, cachedTokens: 0 })
            const used = how === "refused" ? 0 : Math.floor(part * given)
            spent += used
            if (how === "refused") throw new AgentOSError("MAILBOX_FULL", "full")
            if (how === "lost") throw new AgentOSError("NODE_LOST", "gone", { executed: "maybe" })
            if (how === "fails") throw new AgentOSError("MODEL_UNAVAILABLE", "away", { details: { usage: usage(used) }, executed: "maybe" }) // prettier-ignore
            return { output: "x", usage: usage(used), provenance: { agent, trusted: true }, finish: "stop" }
          },
        },
        new Cancellation(),
      ).catch(() => undefined)
      await scheduler.waitFor(ended)
      if (most > budgetTokens) throw new Error(`${most} of ${budgetTokens} tokens were spent and given away`)
      if (spent > budgetTokens) throw new Error(`${spent} of ${budgetTokens} tokens were spent`)
    },
  )
  await fc.assert(property, { numRuns })
}
