/** 50,000 malformed requests against the doors of a node: no crash, no hang, no internal error. */
import { createClient } from "#src/client/index.js"
import type { BenchRow } from "#test/bench/report.js"
import { fuzzGateway } from "#test/support/fuzz-gateway.js"
import { openNode } from "#test/support/open-node.js"

const count = 50_000

export async function rows(progress: (text: string) => void): Promise<readonly BenchRow[]> {
  const node = await openNode({ security: { requestsPerMinute: 1_000_000_000 } })
  const outcome = await fuzzGateway(node, {
    count,
    seed: 1,
    progress: (done) => progress(`${done} of ${count} malformed requests`),
  })
  const client = createClient({ url: node.rest })
  const alive = (await client.run("echo", "still here").catch(() => undefined))?.output === "still here"
  await node.stop()
  const row = (metric: string, unit: string, value: number, goal: string, met: boolean): BenchRow => ({
    bench: "gateway",
    metric,
    unit,
    value,
    goal,
    met,
  })
  return [
    row(
      "malformed REST and gRPC requests refused",
      "requests",
      outcome.answered + outcome.closed,
      `all ${count}`,
      outcome.answered + outcome.closed === count && alive,
    ),
    row("answered by nothing within 15 s", "requests", outcome.hung, "0", outcome.hung === 0),
    row("answered with an internal error", "requests", outcome.internal, "0", outcome.internal === 0),
    row("slowest refusal", "ms", outcome.worstMs, "under 2,000", outcome.worstMs < 2_000),
  ]
}
