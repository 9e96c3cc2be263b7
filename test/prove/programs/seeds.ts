/**
 * Many programs, in several processes; which of them breaks a promise, and in which of them a planted fault is found.
 */
import { fork } from "node:child_process"
import { availableParallelism } from "node:os"
import { fileURLToPath } from "node:url"
import type { Bug } from "./bugs.js"
import { clusterProgramOf, programOf } from "./generator.js"
import { runInCluster } from "./cluster-nodes.js"
import { judge, type Violation } from "./model.js"
import { runOnOneNode } from "./one-node.js"
import { printed } from "./print.js"
import type { Program } from "./program.js"
import { shorten } from "./shorter.js"

/** Seeds to run, from the first to the last. */
export interface Order {
  readonly from: number
  readonly to: number
  /** In clusters; otherwise on one node. */
  readonly cluster?: boolean
  /** Each so many-th is run twice. */
  readonly replayEvery: number
  /** At the first that fails it ends, and the program is made short in so many runs. */
  readonly shortenIn?: number
}

export interface Found {
  readonly seed: number
  readonly violations: readonly Violation[]
}

export interface Report {
  readonly programs: number
  /** Messages handled, and happenings of network and disk. */
  readonly events: number
  readonly milliseconds: number
  readonly replayed: number
  readonly unequal: readonly number[]
  readonly found: readonly Found[]
  /** The first of them, as a test. */
  readonly test?: readonly string[]
}

export interface OneRun {
  readonly hash: string
  readonly events: number
  readonly violations: readonly Violation[]
}

export async function runProgram(program: Program, seed: number): Promise<OneRun> {
  const { cluster } = program
  const ran = cluster === undefined ? runOnOneNode(program, seed) : runInCluster({ ...program, cluster }, seed)
  const { history, outcome } = await ran
  return { hash: outcome.hash, events: outcome.events, violations: judge(program, history, outcome.failure) }
}

export async function carryOut({ from, to, cluster = false, replayEvery, shortenIn }: Order): Promise<Report> {
  const make = cluster ? clusterProgramOf : programOf
  const found: Found[] = []
  const unequal: number[] = []
  const began = process.cpuUsage()
  let [events, replayed, programs] = [0, 0, 0]
  let test: readonly string[] | undefined
  for (let seed = from; seed <= to && test === undefined; seed++) {
    const program = make(seed)
    const { hash, violations, events: happened } = await runProgram(program, seed)
    programs += 1
    events += happened
    if (seed % replayEvery === 0) {
      replayed += 1
      if ((await runProgram(make(seed), seed)).hash !== hash) unequal.push(seed)
    }
    const [violation] = violations
    if (violation === undefined) continue
    found.push({ seed, violations })
    if (shortenIn === undefined) continue
    const fails = async (smaller: Program): Promise<readonly Violation[]> =>
      (await runProgram(smaller, seed)).violations
    const short = await shorten(program, violation, fails, shortenIn)
    test = printed(short.program, seed, short.violation)
  }
  const { user, system } = process.cpuUsage(began)
  const milliseconds = (user + system) / 1000
  return { programs, events, milliseconds, replayed, unequal, found, ...(test === undefined ? {} : { test }) }
}

const program = fileURLToPath(new URL("process.js", import.meta.url))
const plant = new URL("plant.js", import.meta.url).href

/** In a process of its own, with a fault planted if one is given. */
function inProcess(order: Order, bug?: Bug): Promise<Report> {
  return new Promise((done, fail) => {
    const child = fork(
      program,
      bug === undefined ? {} : { execArgv: ["--import", plant], env: { ...process.env, PLANTED: bug.name } },
    )
    let report: Report | undefined
    child.on("message", (told: Report) => {
      report = told
      child.disconnect()
    })
    child.on("exit", (code) => {
      if (report === undefined) fail(new Error(`a process that runs programs ended with ${code}`))
      else done(report)
    })
    child.send(order)
  })
}

const seedsAtOnce = 50

/** Runs the seeds from 1, in as many processes as there are processors. */
export async function runSeeds(
  count: number,
  cluster: boolean,
  replayEvery: number,
  progress: (done: number, report: Report) => void,
): Promise<readonly Report[]> {
  const orders: Order[] = []
  for (let from = 1; from <= count; from += seedsAtOnce)
    orders.push({ from, to: Math.min(count, from + seedsAtOnce - 1), cluster, replayEvery })
  return shared(orders, (order) => inProcess(order), progress)
}

/** Plants one fault after the other, and takes seed after seed until one finds it. */
export function findBugs(
  bugs: readonly Bug[],
  cluster: boolean,
  seeds: number,
  shortenIn: number,
  progress: (done: number, report: Report) => void,
): Promise<readonly Report[]> {
  return shared(
    bugs,
    (bug) => inProcess({ from: 1, to: seeds, cluster, replayEvery: Infinity, shortenIn }, bug),
    progress,
  )
}

/** One after the other, some at once; the results in the order of what was given. */
async function shared<T>(
  items: readonly T[],
  work: (item: T) => Promise<Report>,
  progress: (done: number, report: Report) => void,
): Promise<readonly Report[]> {
  const results: Report[] = []
  let [next, done] = [0, 0]
  const worker = async (): Promise<void> => {
    for (let n = next++; n < items.length; n = next++) {
      const report = (results[n] = await work(items[n] as T))
      progress(++done, report)
    }
  }
  await Promise.all(Array.from({ length: Math.min(items.length, availableParallelism()) }, worker))
  return results
}
