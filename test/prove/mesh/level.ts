/**
 * State that lies on the nodes: it moves when a node joins, drains and leaves under load, with every event, and when a node crashes its accounts answer that they are away, until it
 * is back with all of them.
 */
import { setTimeout as sleep } from "node:timers/promises"
import type { BenchRow } from "#test/bench/report.js"
import type { Kept } from "./history.js"
import type { MeshNode } from "./mesh-node.js"
import { cycles, judgementRows, row, type Progress } from "./rows.js"
import { Stage } from "./stage.js"

const movePatienceMs = 400_000
const awayMs = 15_000

export async function level(progress: Progress): Promise<readonly BenchRow[]> {
  const title = "LevelDB"
  const stage = await Stage.open({ nodes: 2, state: "level", spare: 1 })
  try {
    const { clients, nodes } = stage
    const [first, second, third] = nodes as readonly [MeshNode, MeshNode, MeshNode]
    clients.start()
    await stage.untilAllOwn([first, second])
    const seconds: Record<string, number> = {}
    const timed = async (what: string, action: () => Promise<unknown>): Promise<void> => {
      progress(`${title}: ${what}`)
      const began = performance.now()
      await action()
      seconds[what] = (performance.now() - began) / 1000
    }
    const failuresBefore = count(clients.failures)
    await timed("a third node joins", async () => {
      await third.start()
      await stage.untilReady(nodes, movePatienceMs)
    })
    await stage.untilAllOwn(nodes)
    await timed("the first drains", () => first.drain())
    stage.shunned.add(first)
    await sleep(1000)
    await timed("the first leaves", async () => {
      await first.leave()
      await first.ended()
    })
    await timed("the first joins anew", async () => {
      await first.start()
      await stage.untilReady(nodes, movePatienceMs)
    })
    stage.shunned.delete(first)
    await stage.untilAllOwn(nodes)
    const failedInMoves = count(clients.failures) - failuresBefore
    if (failedInMoves > 0)
      console.error(`while shards moved, asks failed with ${JSON.stringify([...clients.failures])}`)
    const crashes = cycles("LEVEL_CRASHES", 3)
    const away = { asked: 0, unavailable: 0, others: new Map<string, number>(), returned: 0, accounts: 0, slowestMs: 0 }
    for (let i = 0; i < crashes; i++) {
      progress(`${title}: crash ${i + 1} of ${crashes}`)
      await crash(stage, nodes[i % nodes.length] as MeshNode, away)
    }
    const judgement = await stage.judge(() => eventsAtOwners(stage))
    const odd = [...away.others].map(([what, times]) => `${times} x ${what}`)
    if (odd.length > 0) console.error(`accounts of a crashed node answered: ${odd.join("; ")}`)
    return [
      ...Object.entries(seconds).map(([what, took]) => row(`${title}: ${what}, under load`, "s", took)),
      row(`${title}: asks that failed meanwhile, and were sent again`, "asks", failedInMoves),
      row(`${title}: crashes`, "crashes", crashes),
      row(`${title}: asked for accounts of the crashed node`, "asks", away.asked, "more than none", away.asked > 0),
      row(`${title}: of them answered UNAVAILABLE`, "asks", away.unavailable, "all", odd.length === 0),
      row(`${title}: accounts that returned with it`, "accounts", away.returned, `all ${away.accounts}`, away.returned === away.accounts),
      row(`${title}: until the last of them answered, from the start of the process`, "s", away.slowestMs / 1000),
      ...judgementRows(title, judgement),
    ] // prettier-ignore
  } finally {
    await stage.close()
  }
}

const count = (failures: ReadonlyMap<string, number>): number => [...failures.values()].reduce((sum, n) => sum + n, 0)

interface Away {
  asked: number
  unavailable: number
  /** What else was answered. */
  readonly others: Map<string, number>
  returned: number
  accounts: number
  slowestMs: number
}

/** Kills a node, asks others for its accounts, and starts it again. */
async function crash(stage: Stage, node: MeshNode, away: Away): Promise<void> {
  const { clients, nodes } = stage
  await sleep(1000)
  const keys = clients.ownedBy(node.id)
  const others = nodes.filter((other) => other !== node)
  await node.kill()
  const at = performance.now()
  // Until the others have noticed, an ask may find nobody to talk to, or end unanswered.
  await sleep(6000)
  while (performance.now() < at + awayMs) {
    for (const [i, key] of keys.entries()) {
      const outcome = await clients.attempt(others[i % others.length] as MeshNode, key)
      away.asked++
      const said =
        outcome.kind === "failed"
          ? outcome.failure.code
          : `an answer of ${outcome.value.count} deposits by ${outcome.value.by}`
      if (said === "UNAVAILABLE") away.unavailable++
      else away.others.set(said, (away.others.get(said) ?? 0) + 1)
    }
    await sleep(100)
  }
  const began = performance.now()
  await node.start()
  await stage.untilReady(nodes, movePatienceMs)
  away.accounts += keys.length
  for (const key of keys) {
    const end = performance.now() + 20_000
    for (;;) {
      const outcome = await clients.attempt(others[0] as MeshNode, key)
      if (outcome.kind === "answered" && outcome.value.by === node.id) {
        away.returned++
        away.slowestMs = Math.max(away.slowestMs, performance.now() - began)
        break
      }
      if (performance.now() > end) break
      await sleep(50)
    }
  }
}

/** The events of each account in the store of the node that answers for it. */
async function eventsAtOwners(stage: Stage): Promise<readonly Kept[]> {
  const found: Kept[] = []
  for (const node of stage.nodes) {
    const own = new Set(stage.clients.ownedBy(node.id))
    for (const event of await node.history()) if (own.has(event.key)) found.push(event)
  }
  return found
}
