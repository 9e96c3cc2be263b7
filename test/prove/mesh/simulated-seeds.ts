/** Many seeds of the simulated cluster, in several processes; and which of them finds a planted bug. */
import { fork } from "node:child_process"
import { availableParallelism } from "node:os"
import { fileURLToPath } from "node:url"
import { shrinkRun } from "#actors/simulation/shrink.js"
import type { ClusterFaultKind } from "#cluster/simulation/cluster-faults.js"
import { simulateCluster } from "#cluster/simulation/cluster-simulation.js"
import type { StateIs } from "#cluster/placement.js"
import type { Bug } from "./simulated-bugs.js"
import { clusterRun } from "./simulated-cluster.js"

/** Virtual time of each seed: as much as makes 200,000 events. */
export const durationMs = 150_000

/** Two of three with the store that all nodes share. */
export const stateOf = (seed: number): StateIs => (seed % 3 === 2 ? "on-the-node" : "shared")

/** What is told of one seed. */
export interface SeedReport {
  readonly seed: number
  readonly hash: string
  readonly events: number
  readonly faults: Readonly<Record<ClusterFaultKind, number>>
  readonly milliseconds: number
  readonly failure?: string
  /** Of a second run, for some. */
  readonly again?: string
}

export async function runSeed(seed: number, replay: boolean, milliseconds = durationMs): Promise<SeedReport> {
  const options = clusterRun({ seed, state: stateOf(seed), durationMs: milliseconds })
  const began = process.cpuUsage()
  const { hash, events, faults, failure } = await simulateCluster(options)
  const { user, system } = process.cpuUsage(began)
  const again = replay ? { again: (await simulateCluster(options)).hash } : {}
  const failed = failure === undefined ? {} : { failure: failure.message }
  return { seed, hash, events, faults, milliseconds: (user + system) / 1000, ...failed, ...again }
}

const program = fileURLToPath(new URL("simulated-process.js", import.meta.url))

/** What a process is asked for: one after the other. */
export type Order =
  | { readonly kind: "seed"; readonly seed: number; readonly replay: boolean }
  /** A planted bug by its name, to be found among so many seeds; and whether the run that finds it is to be made short. */
  | { readonly kind: "bug"; readonly name: string; readonly seeds: number; readonly shorten: boolean }

export interface BugReport {
  readonly bug: string
  /** How many seeds it took; undefined when none found it. */
  readonly seeds?: number
  readonly failure?: string
  readonly shrunk?: { readonly faults: number; readonly of: number; readonly durationMs: number }
}

export type Report = SeedReport | BugReport

/** Gives orders to as many processes as there are processors, and hears their reports. */
function carriedOut<R extends Report>(orders: readonly Order[], progress: (report: R) => void): Promise<readonly R[]> {
  const reports: R[] = []
  const waiting = [...orders]
  const process = (): Promise<void> =>
    new Promise((done, fail) => {
      const child = fork(program)
      const next = (): void => {
        const order = waiting.shift()
        if (order === undefined) child.disconnect()
        else child.send(order)
      }
      child.on("message", (report: R) => {
        reports.push(report)
        progress(report)
        next()
      })
      child.on("exit", (code) => (code === 0 ? done() : fail(new Error(`a process of the simulation ended with ${code}`)))) // prettier-ignore
      next()
    })
  const all = Array.from({ length: Math.min(orders.length, availableParallelism()) }, process)
  return Promise.all(all).then(() => reports)
}

/** Runs the seeds from 1. */
export async function runSeeds(
  count: number,
  replayEvery: number,
  progress: (report: SeedReport) => void,
): Promise<readonly SeedReport[]> {
  const orders = Array.from({ length: count }, (_, n): Order => ({ kind: "seed", seed: n + 1, replay: (n + 1) % replayEvery === 0 })) // prettier-ignore
  const reports = await carriedOut(orders, progress)
  return [...reports].sort((a, b) => a.seed - b.seed)
}

/** Plants bug after bug; the run that finds the first of them is made short. */
export async function findBugs(
  names: readonly string[],
  seeds: number,
  progress: (report: BugReport) => void,
): Promise<readonly BugReport[]> {
  const orders = names.map((name, n): Order => ({ kind: "bug", name, seeds, shorten: n === 0 }))
  const reports = await carriedOut(orders, progress)
  return [...reports].sort((a, b) => names.indexOf(a.bug) - names.indexOf(b.bug))
}

/** Plants a bug and takes seed after seed until one finds it. */
export async function findBug(
  { name, state, patch, around }: Bug,
  seeds: number,
  shorten: boolean,
  milliseconds = durationMs,
): Promise<BugReport> {
  const restore = patch?.()
  try {
    for (let seed = 1; seed <= seeds; seed++) {
      const options = clusterRun({ seed, state, durationMs: milliseconds, ...(around === undefined ? {} : { around }) })
      const outcome = await simulateCluster(options)
      if (outcome.failure === undefined) continue
      const found = { bug: name, seeds: seed, failure: outcome.failure.message }
      if (!shorten) return found
      const { faults, options: short } = await shrinkRun(simulateCluster, options, outcome, { maxRuns: 60 })
      return { ...found, shrunk: { faults: faults.length, of: outcome.injected.length, durationMs: short.durationMs } }
    }
  } finally {
    restore?.()
  }
  return { bug: name }
}
