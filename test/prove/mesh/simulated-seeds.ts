/** Many seeds of the simulated cluster, in several processes; and which of them finds a planted bug. */
import { fork } from "node:child_process"
import { availableParallelism } from "node:os"
import { fileURLToPath } from "node:url"
import { shrinkRun, type ShrunkRun } from "#actors/simulation/shrink.js"
import type { ClusterFault, ClusterFaultKind } from "#cluster/simulation/cluster-faults.js"
import {
  simulateCluster,
  type ClusterOutcome,
  type ClusterSimulationOptions,
} from "#cluster/simulation/cluster-simulation.js"
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

export async function runSeed(seed: number, replay: boolean): Promise<SeedReport> {
  const options = clusterRun({ seed, state: stateOf(seed), durationMs })
  const began = process.cpuUsage()
  const { hash, events, faults, failure } = await simulateCluster(options)
  const { user, system } = process.cpuUsage(began)
  const again = replay ? { again: (await simulateCluster(options)).hash } : {}
  const failed = failure === undefined ? {} : { failure: failure.message }
  return { seed, hash, events, faults, milliseconds: (user + system) / 1000, ...failed, ...again }
}

const program = fileURLToPath(new URL("simulated-process.js", import.meta.url))

/** What a process is asked for: one seed after the other. */
export interface SeedOrder {
  readonly seed: number
  readonly replay: boolean
}

/** Runs the seeds from 1, as many at once as there are processors. */
export function runSeeds(
  count: number,
  replayEvery: number,
  progress: (report: SeedReport) => void,
): Promise<readonly SeedReport[]> {
  const reports: SeedReport[] = []
  let next = 1
  const process = (): Promise<void> =>
    new Promise((done, fail) => {
      const child = fork(program)
      const order = (): void => {
        if (next > count) return void child.disconnect()
        const seed = next++
        child.send({ seed, replay: seed % replayEvery === 0 } satisfies SeedOrder)
      }
      child.on("message", (report: SeedReport) => {
        reports.push(report)
        progress(report)
        order()
      })
      child.on("exit", (code) => (code === 0 ? done() : fail(new Error(`a process of the simulation ended with ${code}`)))) // prettier-ignore
      order()
    })
  const all = Array.from({ length: Math.min(count, availableParallelism()) }, process)
  return Promise.all(all).then(() => reports.sort((a, b) => a.seed - b.seed))
}

export interface Found {
  readonly bug: string
  /** How many seeds it took; undefined when none found it. */
  readonly seeds: number | undefined
  readonly options: ClusterSimulationOptions | undefined
  readonly outcome: ClusterOutcome | undefined
}

/** Plants a bug and takes seed after seed until one finds it. */
export async function find(bug: Bug, seeds: number, milliseconds = durationMs): Promise<Found> {
  const { name, state, patch, around } = bug
  const restore = patch?.()
  try {
    for (let seed = 1; seed <= seeds; seed++) {
      const options = clusterRun({ seed, state, durationMs: milliseconds, ...(around === undefined ? {} : { around }) })
      const outcome = await simulateCluster(options)
      if (outcome.failure !== undefined) return { bug: name, seeds: seed, options, outcome }
    }
  } finally {
    restore?.()
  }
  return { bug: name, seeds: undefined, options: undefined, outcome: undefined }
}

/** Makes the run that found a bug short. */
export async function shorten(
  bug: Bug,
  { options, outcome }: Found,
  maxRuns: number,
): Promise<ShrunkRun<ClusterSimulationOptions, ClusterOutcome, ClusterFault> | undefined> {
  if (options === undefined || outcome === undefined) return undefined
  const restore = bug.patch?.()
  try {
    return await shrinkRun(simulateCluster, options, outcome, { maxRuns })
  } finally {
    restore?.()
  }
}
