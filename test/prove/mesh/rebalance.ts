/** A third node joins two under load: how many shards move, and what those notice that do not. */
import { setTimeout as sleep } from "node:timers/promises"
import type { BenchRow } from "#test/bench/report.js"
import type { Operation } from "./history.js"
import type { MeshNode } from "./mesh-node.js"
import { judgementRows, percentile, row, type Progress } from "./rows.js"
import { shards, Stage } from "./stage.js"

const beforeMs = 30_000

export async function rebalance(progress: Progress): Promise<readonly BenchRow[]> {
  const title = "a third node joins"
  const stage = await Stage.open({ nodes: 2, state: "postgres", spare: 1, slowly: true })
  try {
    const { clients, nodes } = stage
    const third = nodes[2] as MeshNode
    clients.start()
    stage.shunned.add(third)
    await sleep(5000)
    progress(`${title}: before`)
    const from = clients.operations.length
    await sleep(beforeMs)
    const before = clients.operations.slice(from)
    const epochs = await stage.epochs()
    progress(`${title}: moving`)
    await third.start()
    const at = performance.now()
    const joined = clients.operations.length
    await stage.untilReady(nodes, 400_000)
    const seconds = (performance.now() - at) / 1000
    const during = clients.operations.slice(joined)
    await stage.untilAllOwn(nodes)
    let moves = 0
    for (const [shard, epoch] of await stage.epochs()) moves += epoch - (epochs.get(shard) ?? 0)
    const moved = new Set(clients.ownedBy(third.id))
    const judgement = await stage.judge()
    const ideal = shards / 3
    const [p99, p99During] = [p99Of(before), p99Of(during.filter(({ key }) => !moved.has(key)))]
    const failed = [...clients.failures.values()].reduce((sum, n) => sum + n, 0)
    return [
      row(`${title}: shards that moved`, "moves", moves, `at most 1.2 x ${Math.round(ideal)}`, moves <= 1.2 * ideal && moves > 0),
      row(`${title}: until all have`, "s", seconds),
      row(`${title}: p99 of accounts before`, "ms", p99),
      row(`${title}: p99 of accounts that stay, meanwhile`, "ms", p99During, "at most 2x", p99During <= 2 * p99),
      row(`${title}: p99 of accounts that move, meanwhile`, "ms", p99Of(during.filter(({ key }) => moved.has(key)))),
      row(`${title}: asks that failed`, "asks", failed),
      ...judgementRows(title, judgement),
    ] // prettier-ignore
  } finally {
    await stage.close()
  }
}

const p99Of = (operations: readonly Operation[]): number =>
  percentile(operations.flatMap(({ begun, ended }) => (ended === undefined ? [] : [ended - begun])), 0.99) // prettier-ignore
