/** One node, end to end: what it answers, what it survives, what it refuses. Each row is a line of the acceptance table. */
import { mkdtemp, mkdir, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { createClient } from "#src/client/index.js"
import { readTokenFile } from "#src/security/token-file.js"
import type { BenchRow } from "#test/bench/report.js"
import { fuzzGateway } from "#test/support/fuzz-gateway.js"
import { generalQuestions } from "#test/support/general-questions.js"
import { openNode } from "#test/support/open-node.js"
import { ownQuestions } from "#test/support/own-questions.js"
import { startNode } from "#test/support/node-process.js"
import { walkOpenApi } from "#test/support/walk-openapi.js"
import { lostOnTheWire } from "#test/support/wire-property.js"
import { runReadme } from "./clone.js"
import { fuzzRecords, fuzzTopologies } from "./fuzz.js"
import { grow } from "./growth.js"
import { bounds, sendHeavy } from "./heavy.js"
import { killConversations, killRuns, type Kills } from "./kills.js"
import { answerMainJob } from "./main-job.js"
import { tryProperties } from "./properties.js"
import { schemathesis } from "./schemathesis.js"
import { answerGeneral, answerOwn } from "./questions.js"

const row = (metric: string, unit: string, value: number, goal: string, met: boolean): BenchRow => ({ bench: "node", metric, unit, value, goal, met }) // prettier-ignore

type Progress = (text: string) => void

export async function rows(progress: Progress): Promise<readonly BenchRow[]> {
  const folder = await mkdtemp(join(tmpdir(), "llmagentos-prove-"))
  const room = async (name: string): Promise<string> => {
    await mkdir(join(folder, name))
    return join(folder, name)
  }
  try {
    return [
      ...(await ready(await room("ready"), progress)),
      ...(await mainJob(await room("intact"), await room("shuffled"), progress)),
      ...(await questions(await room("general"), await room("own"), progress)),
      ...survived("conversation", "turns", await killConversations(await room("conversations"), 20, 1, progress)),
      ...survived("topology run", "steps", await killRuns(await room("runs"), 20, 1, progress)),
      ...(await doors(progress)),
      ...(await documented(await room("documented"), progress)),
      ...(await heavy(await room("heavy"), progress)),
      ...(await growth(await room("growth"), progress)),
      ...parsers(progress),
      ...(await properties(progress)),
      ...(await readme(progress)),
    ]
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

async function ready(folder: string, progress: Progress): Promise<BenchRow[]> {
  const times: number[] = []
  for (let n = 0; n < 5; n++) {
    progress(`start ${n + 1} of 5`)
    const node = await startNode(join(folder, String(n)))
    times.push(node.readyMs)
    await node.stop()
  }
  const worst = Math.max(...times)
  return [row("ready to serve on an empty folder, slowest of 5 starts", "ms", worst, "under 1,500", worst < 1500)]
}

async function mainJob(intact: string, shuffled: string, progress: Progress): Promise<BenchRow[]> {
  const job = { items: 30, seed: 11 }
  const kept = await answerMainJob(intact, job, progress)
  const lost = await answerMainJob(shuffled, { ...job, shuffled: true }, progress)
  const percent = ({ right, items }: { right: number; items: number }): number => (100 * right) / items
  for (const line of kept.wrong) console.error(`not right: ${line}`)
  return [
    row("main job right, of 30 unseen questions", "%", percent(kept), "at least 90", percent(kept) >= 90),
    row("the same with the model's weights shuffled", "%", percent(lost), "under 5", percent(lost) < 5),
  ]
}

async function questions(general: string, own: string, progress: Progress): Promise<BenchRow[]> {
  const { falsely } = await answerGeneral(general, generalQuestions, progress)
  for (const line of falsely) console.error(`falsely answered: ${line}`)
  const wrong = (100 * falsely.length) / generalQuestions.length
  const count = 100
  const kinds = await answerOwn(own, ownQuestions(count, 21, "seen"), progress)
  return [
    row("general questions answered falsely, of 200", "%", wrong, "at most 5", wrong <= 5),
    ...Object.entries(kinds).flatMap(([kind, { right, refused }]): BenchRow[] => [
      { bench: "node", metric: `questions of the kind "${kind}", in unseen words, right`, unit: "%", value: (100 * right) / count }, // prettier-ignore
      { bench: "node", metric: "of these refused", unit: "%", value: (100 * refused) / count },
    ]),
  ]
}

function survived(what: string, unit: string, { kills, midway, acknowledged, wrong }: Kills): BenchRow[] {
  for (const line of wrong) console.error(`wrong after a kill: ${line}`)
  return [
    row(`kill -9 during a ${what}`, "kills", kills, "20, most of them midway", midway > kills / 2),
    row(`${unit} acknowledged before those kills`, unit, acknowledged, "more than none", acknowledged > 0),
    row("of those lost, changed or done again", unit, wrong.length, "0", wrong.length === 0),
  ]
}

async function properties(progress: Progress): Promise<BenchRow[]> {
  const cases = 1000
  return Object.entries(await tryProperties(cases, progress)).map(([name, fault]) => {
    if (fault !== undefined) console.error(`${name}: ${fault}`)
    return row(name, "cases", fault === undefined ? cases : 0, "1,000", fault === undefined)
  })
}

async function doors(progress: Progress): Promise<BenchRow[]> {
  const count = 50_000
  const node = await openNode({ security: { requestsPerMinute: 1_000_000_000 } })
  const { answered, closed, hung, internal, worstMs } = await fuzzGateway(node, {
    count,
    seed: 1,
    progress: (done) => progress(`${done} of ${count} malformed requests`),
  })
  const client = createClient({ url: node.rest })
  const alive = (await client.run("echo", "still here").catch(() => undefined))?.output === "still here"
  await node.stop()
  const ended = answered + closed
  return [
    row("malformed REST and gRPC requests, each answered or hung up on", "inputs", ended, "all 50,000, and serving on", ended === count && alive),
    row("of those unanswered within 15 s", "inputs", hung, "0", hung === 0),
    row("of those answered with an internal error", "inputs", internal, "0", internal === 0),
    row("slowest answer to one", "ms", worstMs, "under 2,000", worstMs < 2000),
  ] // prettier-ignore
}

async function heavy(folder: string, progress: Progress): Promise<BenchRow[]> {
  const { requests, faults, idleRssMb, worstHeldMs, worstRssMb, restRssMb } = await sendHeavy(folder, { progress })
  for (const { name, heldMs, worstRssMb, answer } of faults)
    console.error(`${name}: held ${heldMs.toFixed()} ms, ${worstRssMb.toFixed()} MB, ${answer ?? "no answer"}`)
  const { heldMs, growthMb } = bounds
  return [
    row("requests of at most 1 MB that cost as much as they can", "requests", requests, "none a fault", faults.length === 0),
    row("longest time that one of them held the event loop", "ms", worstHeldMs, `at most ${heldMs}`, worstHeldMs <= heldMs),
    row("most memory above idle", "MB", worstRssMb - idleRssMb, `at most ${growthMb}`, worstRssMb - idleRssMb <= growthMb),
    row("memory above idle ten seconds later", "MB", restRssMb - idleRssMb, `at most ${growthMb}`, restRssMb - idleRssMb <= growthMb),
  ] // prettier-ignore
}

/** A day in minutes. What strangers and refused runs leave is documented with `retention`; what was said may be kept. */
async function growth(folder: string, progress: Progress): Promise<BenchRow[]> {
  const day = { strangers: 100_000, refused: 50_000, turns: 3000, letters: 9000, conversations: 2000 }
  return (await grow(folder, day, progress)).flatMap(({ what, requests, sentMb, diskMb, memoryMb }) => {
    const mostMb = 2 + 3 * sentMb
    return [
      row(`${what}, ${requests} requests: kept on the disk`, "MB", diskMb, `at most ${mostMb}`, diskMb <= mostMb),
      row(`${what}: memory above what it was`, "MB", memoryMb, "at most 100", memoryMb <= 100),
    ]
  })
}

/** Whether the node answers as its OpenAPI document says, asked by us and by others. */
async function documented(folder: string, progress: Progress): Promise<BenchRow[]> {
  const limits = { security: { requestsPerMinute: 1_000_000_000 }, monitoring: { level: "silent" } } as const
  const node = await openNode({ data: folder, ...limits })
  const token = (await readTokenFile(join(folder, "token"))) ?? ""
  const headers = { authorization: `Bearer ${token}` }
  const lost = lostOnTheWire(1_000, 1)
  for (const line of lost.slice(0, 5)) console.error(`changed by its message: ${line}`)
  progress("every operation of the OpenAPI document")
  const { requests, faults } = await walkOpenApi(node.rest, { runs: 300, seed: 1, headers })
  for (const line of faults.slice(0, 5)) console.error(`not as described: ${line}`)
  progress("schemathesis")
  const others = await schemathesis(node.rest, folder, { examples: 20, token })
  await node.stop()
  if (others !== undefined && others.failures !== 0) console.error(others.text)
  const metric = "schemathesis over the OpenAPI document, all checks"
  return [
    row("values of all operations, 1,000 each way, changed by their messages", "values", lost.length, "0", lost.length === 0),
    row(`of ${requests} requests by the OpenAPI document, answered otherwise`, "requests", faults.length, "0", faults.length === 0),
    others === undefined
      ? { bench: "node", metric: `${metric}: not run, it is not on this machine`, unit: "failures", value: 0 }
      : row(`${metric}, ${others.cases} cases`, "failures", others.failures, "0", others.failures === 0),
  ] // prettier-ignore
}

function parsers(progress: Progress): BenchRow[] {
  return (
    [
      ["YAML topologies", fuzzTopologies],
      ["journal records", fuzzRecords],
    ] as const
  ).flatMap(([what, fuzz]) => {
    progress(`malformed ${what}`)
    const { refused, taken, unclear, worstMs } = fuzz(25_000, 1)
    for (const line of unclear.slice(0, 5)) console.error(`unclear: ${line}`)
    return [
      row(`malformed ${what}, refused by name or harmless`, "inputs", refused + taken, "all 25,000", unclear.length === 0 && refused > taken),
      row("slowest of them", "ms", worstMs, "under 2,000", worstMs < 2000),
    ] // prettier-ignore
  })
}

async function readme(progress: Progress): Promise<BenchRow[]> {
  const { readyMs, answered, stoppedInOrder, tests, testsPass } = await runReadme(progress)
  console.error(`npm test in the clone: ${tests}`)
  return [
    row("clean clone: npm ci && npm start -- QUESTION, ready after", "ms", readyMs, "under 1,500; answers; stops in order", readyMs < 1500 && answered && stoppedInOrder),
    row("clean clone: npm ci && npm test", "exit 0", testsPass ? 1 : 0, "1", testsPass),
  ] // prettier-ignore
}
