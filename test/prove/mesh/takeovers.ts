/** Owners that are lost and come back: cut off, paused, or killed, one after the other, while clients go on. */
import { setTimeout as sleep } from "node:timers/promises"
import type { BenchRow } from "#test/bench/report.js"
import { takeover, type Takeover } from "./clients.js"
import type { MeshNode } from "./mesh-node.js"
import { cycles, judgementRows, row, takeoverRows, type Progress } from "./rows.js"
import { Stage, until } from "./stage.js"

const patienceMs = 60_000
const stubbornMs = 100

/** What was asked of an owner that was lost, by whom it was answered. */
interface Late {
  asked: number
  /** By itself, and when. */
  answered: number
  /** By another owner, which it led to. */
  elsewhere: number
  refused: number
}

/** Three nodes in PostgreSQL, whose owners are lost in turn by `once`; clients and judge around it. */
async function loseInTurn(
  name: string,
  times: number,
  progress: Progress,
  once: (stage: Stage, node: MeshNode, late: Late) => Promise<Takeover>,
): Promise<{ readonly takeovers: readonly Takeover[]; readonly late: Late; readonly rows: readonly BenchRow[] }> {
  const stage = await Stage.open({ nodes: 3, state: "postgres" })
  try {
    const takeovers: Takeover[] = []
    const late: Late = { asked: 0, answered: 0, elsewhere: 0, refused: 0 }
    stage.clients.start()
    for (let i = 0; i < times; i++) {
      await stage.untilReady(stage.nodes)
      await stage.untilAllOwn(stage.nodes)
      await sleep(500 + 1500 * Math.random())
      const node = stage.nodes[i % stage.nodes.length] as MeshNode
      const found = await once(stage, node, late)
      takeovers.push(found)
      const { firstMs, allMs } = found
      progress(`${name} ${i + 1} of ${times}: ${node.name}, taken over after ${Math.round(firstMs)} to ${Math.round(allMs)} ms; ${stage.clients.operations.length} operations`) // prettier-ignore
    }
    const judgement = await stage.judge()
    return { takeovers, late, rows: [row(name, "cycles", times), ...judgementRows(name, judgement)] }
  } finally {
    await stage.close()
  }
}

/** Loses a node and waits until all accounts that it owned have another owner. */
async function lose(stage: Stage, node: MeshNode, how: () => unknown): Promise<Takeover> {
  const { clients } = stage
  const lost = node.id
  const keys = clients.ownedBy(lost)
  const from = clients.operations.length
  const at = performance.now()
  await how()
  stage.shunned.add(node)
  let found: Takeover | undefined
  await until(
    () => (found = takeover(clients.operations.slice(from), keys, lost, at)) !== undefined,
    patienceMs,
    () =>
      `the ${keys.length} accounts of ${lost} are not taken over; clients were told ${JSON.stringify([...clients.failures])}`,
  )
  return found as unknown as Takeover
}

/** Asks an owner that is or will be lost for its accounts, whatever it answers. */
function askStubbornly(
  stage: Stage,
  node: MeshNode,
  late: Late,
  patienceMs?: number,
): (stopAfterMs: number) => Promise<void> {
  const { id } = node
  const keys = stage.clients.ownedBy(id)
  let stopped = false
  const open: Promise<void>[] = []
  const ask = async (key: string, withDeposit: boolean): Promise<void> => {
    late.asked++
    const deposit = withDeposit ? stage.clients.newDeposit() : undefined
    const outcome = await stage.clients.attempt(node, key, deposit, patienceMs)
    if (outcome.kind === "failed") late.refused++
    else if (outcome.value.by === id) late.answered++
    else late.elsewhere++
  }
  const running = (async () => {
    for (let i = 0; !stopped; i++) {
      open.push(ask(keys[i % keys.length] as string, i % 2 === 0))
      await sleep(stubbornMs)
    }
  })()
  return async (stopAfterMs) => {
    await sleep(stopAfterMs)
    stopped = true
    await running
    await Promise.all(open)
  }
}

const lateRows = (title: string, { asked, answered, elsewhere, refused }: Late): BenchRow[] => [
  row(`${title}: asked of the lost owner all the while`, "asks", asked, "more than none", asked > 0),
  row(`${title}: of them refused, or not answered`, "asks", refused),
  row(`${title}: of them answered by their new owner`, "asks", elsewhere),
  row(`${title}: of them answered by the lost owner (judged below)`, "asks", answered),
]

/** The owner is cut off with its machine. */
export async function partitions(progress: Progress): Promise<readonly BenchRow[]> {
  const title = "owner cut off"
  const found = await loseInTurn(title, cycles("PARTITIONS", 50), progress, async (stage, node, late) => {
    const end = askStubbornly(stage, node, late)
    const taken = await lose(stage, node, () => stage.world.cut(node.machine))
    await sleep(1000)
    await stage.world.heal(node.machine)
    stage.shunned.delete(node)
    await end(500)
    return taken
  })
  return [...takeoverRows(title, found.takeovers, 12, 14), ...lateRows(title, found.late), ...found.rows]
}

/** The owner is stopped for half a minute, and goes on without knowing it. */
export async function pauses(progress: Progress): Promise<readonly BenchRow[]> {
  const title = "owner stopped for 30 s"
  const pauseMs = 30_000
  let soon = 0
  const found = await loseInTurn(title, cycles("PAUSES", 20), progress, async (stage, node, late) => {
    const end = askStubbornly(stage, node, late, pauseMs + 10_000)
    const at = performance.now()
    const taken = await lose(stage, node, () => node.pause())
    await sleep(at + pauseMs - performance.now())
    node.resume()
    stage.shunned.delete(node)
    const before = late.answered
    await sleep(200)
    soon += late.answered - before
    await end(300)
    return taken
  })
  return [
    ...takeoverRows(title, found.takeovers),
    ...lateRows(title, found.late),
    row(`${title}: answered by it in the first 200 ms after`, "asks", soon, "0", soon === 0),
    ...found.rows,
  ]
}

/** The owner is killed and started again. */
export async function kills(progress: Progress): Promise<readonly BenchRow[]> {
  const title = "kill -9 under load"
  const found = await loseInTurn(title, cycles("KILLS", 50), progress, async (stage, node) => {
    const taken = await lose(stage, node, () => node.kill())
    await node.start()
    stage.shunned.delete(node)
    return taken
  })
  return [...takeoverRows(title, found.takeovers, 8, 10), ...found.rows]
}
