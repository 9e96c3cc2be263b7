/** Three nodes are restarted one after the other, in order and under load, and no client notices. */
import { setTimeout as sleep } from "node:timers/promises"
import type { BenchRow } from "#test/bench/report.js"
import { cycles, judgementRows, row, type Progress } from "./rows.js"
import { Stage } from "./stage.js"

/** How long a load balancer takes to see that a node is not ready. */
const noticeMs = 1000

export async function rolling(progress: Progress): Promise<readonly BenchRow[]> {
  const title = "rolling restart"
  const stage = await Stage.open({ nodes: 3, state: "postgres" })
  try {
    stage.clients.start()
    await stage.untilAllOwn(stage.nodes)
    const drains: number[] = []
    const leaves: number[] = []
    for (let round = 0; round < cycles("ROLLS", 3); round++)
      for (const node of stage.nodes) {
        progress(`${title}: ${node.name}`)
        const began = performance.now()
        await node.drain()
        drains.push((performance.now() - began) / 1000)
        stage.shunned.add(node)
        await sleep(noticeMs)
        const leaving = performance.now()
        await node.leave()
        leaves.push((performance.now() - leaving) / 1000)
        await node.ended()
        await node.start()
        await stage.untilReady(stage.nodes, 400_000)
        stage.shunned.delete(node)
        await stage.untilAllOwn(stage.nodes)
      }
    const judgement = await stage.judge()
    const { failures } = stage.clients
    const failed = [...failures.values()].reduce((sum, n) => sum + n, 0)
    if (failed > 0) console.error(`${title}: asks failed with ${JSON.stringify([...failures])}`)
    return [
      row(`${title}: nodes restarted`, "nodes", drains.length),
      row(`${title}: asks that failed`, "asks", failed, "0", failed === 0),
      row(`${title}: drain, worst`, "s", Math.max(...drains), "within 10", Math.max(...drains) <= 10),
      row(`${title}: leave after it, worst`, "s", Math.max(...leaves)),
      ...judgementRows(title, judgement),
    ]
  } finally {
    await stage.close()
  }
}
