/**
 * The actor runtime where it hurts: killed, crashing, crowded, for a long time, and simulated under all faults. Each row is a line of the acceptance table.
 *
 * The soak takes SOAK_MINUTES (default 15).
 */
import { mkdir, mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import type { BenchRow } from "#test/bench/report.js"
import { alone } from "./alone.js"
import { bugs } from "./bugs.js"
import type { StormOptions, StormOutcome } from "./crash-storm.js"
import { crashUntilGivenUp } from "./intensity.js"
import { killBank } from "./kills.js"
import type { MillionOptions, MillionOutcome } from "./million.js"
import { find, runSeeds, shorten, type Found } from "./seeds.js"
import type { SoakOptions, SoakOutcome } from "./soak.js"

const row = (metric: string, unit: string, value: number, goal?: string, met?: boolean): BenchRow => ({ bench: "actors", metric, unit, value, ...(goal === undefined ? {} : { goal }), ...(met === undefined ? {} : { met }) }) // prettier-ignore

type Progress = (text: string) => void

const simulated = { seeds: 200, durationMs: 20_000, replayEvery: 5 }

export async function rows(progress: Progress): Promise<readonly BenchRow[]> {
  const folder = await mkdtemp(join(tmpdir(), "llmagentos-prove-"))
  const room = async (name: string): Promise<string> => {
    await mkdir(join(folder, name))
    return join(folder, name)
  }
  try {
    return [
      ...(await intensity(progress)),
      ...(await kills(await room("kills"), progress)),
      ...(await storm(progress)),
      ...(await simulation(progress)),
      ...(await planted(progress)),
      ...(await million(await room("million"), progress)),
      ...(await soak(await room("soak"), progress)),
    ]
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

async function intensity(progress: Progress): Promise<BenchRow[]> {
  progress("intensity")
  const [atOnce, spread] = [await crashUntilGivenUp(10), await crashUntilGivenUp(4, 5100)]
  return [
    row("intensity 3 in 5 s: escalates on crash number", "", atOnce, "4", atOnce === 4),
    row("the same, the fourth crash 5 s after the first three", "", spread, "0: on none", spread === 0),
  ]
}

async function kills(folder: string, progress: Progress): Promise<BenchRow[]> {
  const { kills, commands, transfers, retried, resumed, lost, wrong } = await killBank(folder, 100, 1, progress)
  for (const line of [...lost, ...wrong].slice(0, 10)) console.error(`after a kill: ${line}`)
  return [
    row("kill -9 of a process under load", "kills", kills, "100", kills === 100),
    row("commands of its clients", "commands", commands),
    row("of them transfers, by reliable delivery", "commands", transfers),
    row("sent again under their id after a kill", "commands", retried, "more than none", retried > 0),
    row("accounts woken for their open deliveries", "accounts", resumed, "more than none", resumed > 0),
    row("acknowledged and lost", "commands", lost.length, "0", lost.length === 0),
    row("done twice, out of order, or money made or lost", "faults", wrong.length, "0", wrong.length === 0),
  ]
}

async function storm(progress: Progress): Promise<BenchRow[]> {
  const options: StormOptions = { children: 1000, seconds: 60 }
  const found = await alone<StormOptions, StormOutcome>("crash-storm", options, progress)
  const { crashes, restarts, processor, heapMB, residentMB, p99Ms, gone } = found
  return [
    row("1,000 children crash every second, 60 s", "crashes", crashes, "over 40,000, and all there", crashes > 40_000 && restarts > 40_000 && gone === 0),
    row("processor meanwhile", "% of a core", 100 * processor, "under 50", processor < 0.5),
    row("growth of the heap after the first 5 s", "MB", heapMB, "under 20", heapMB < 20),
    row("growth of the process", "MB", residentMB, "under 100", residentMB < 100),
    row("siblings' ask, p99", "ms", p99Ms, "under 20", p99Ms < 20),
  ] // prettier-ignore
}

async function simulation(progress: Progress): Promise<BenchRow[]> {
  const { seeds, events, seconds, faults, replayed, unequal, failed } = await runSeeds(simulated, progress)
  for (const line of failed.slice(0, 10)) console.error(line)
  for (const seed of unequal) console.error(`seed ${seed} does not replay`)
  return [
    row("simulation of 5 groups under all faults", "seeds", seeds, "200, none of which fails", failed.length === 0),
    row("events", "events", events, "at least 20,000,000", events >= 20_000_000),
    row("events a second", "events/s", events / seconds),
    ...Object.entries(faults).map(([kind, count]) => row(`faults: ${kind}`, "faults", count, "at least 10,000", count >= 10_000)),
    row("seeds run again, and of another hash then", "seeds", unequal.length, `0 of ${replayed}`, unequal.length === 0),
  ] // prettier-ignore
}

async function planted(progress: Progress): Promise<BenchRow[]> {
  const found: Found[] = []
  for (const bug of bugs) {
    progress(`planted: ${bug.name}`)
    found.push(await find(bug, simulated))
  }
  progress("the shortest way to a lost write")
  const first = found.find(({ bug }) => bug.includes("last write")) as Found
  const short = await shorten(first, simulated.durationMs, 60)
  return [
    ...found.map(({ bug, seed = 0 }) => row(`planted: ${bug}; found by seed`, "", seed, "1 to 200", seed > 0)),
    row("the lost write, shrunk", "faults", short?.faults.length ?? NaN, `at most 5, of ${first.outcome?.injected.length}`, (short?.faults.length ?? 9) <= 5),
    row("its trace", "lines", short?.outcome.trace.length ?? NaN, `at most 50, of ${first.outcome?.trace.length}`, (short?.outcome.trace.length ?? 99) <= 50),
  ] // prettier-ignore
}

async function million(folder: string, progress: Progress): Promise<BenchRow[]> {
  const heapMB = 400
  const options: MillionOptions = { folder, entities: 1_000_000, resident: 10_000, woken: 20_000 }
  const found = await alone<MillionOptions, MillionOutcome>("million", options, progress, heapMB)
  const { peakMB, residentMB, heapMB: live, mostResident, wokenPerSecond, wrong } = found
  return [
    row("a million known entities, at most in memory", "entities", mostResident, "10,000 and those at work", mostResident <= 11_000),
    row(`the process, its heap bounded to ${heapMB} MB, at its largest`, "MB", peakMB, "under 1,000", peakMB < 1000),
    row("the process at the end", "MB", residentMB),
    row("its heap without garbage", "MB", live),
    row("entities that are woken by chance", "entities/s", wokenPerSecond, "each in its state", wrong === 0),
  ] // prettier-ignore
}

async function soak(folder: string, progress: Progress): Promise<BenchRow[]> {
  const minutes = Number(process.env["SOAK_MINUTES"] ?? 15)
  const { top, paced, failed, failures, heapMBPerMinute, heapMB, handlesBefore, handlesAfter } = await alone<
    SoakOptions,
    SoakOutcome
  >("soak", { folder, minutes }, progress)
  for (const line of failures) console.error(`in the soak: ${line}`)
  return [
    row(`soak, ${minutes} minutes: half of the top rate`, "operations/s", paced, `half of ${Math.round(top)}`, paced > 0.45 * top),
    row("operations that failed", "operations", failed, "0", failed === 0),
    row("slope of the heap", "MB/minute", heapMBPerMinute, "under 1", heapMBPerMinute < 1),
    row("the heap at the end", "MB", heapMB),
    row("handles at the end", "handles", handlesAfter, `not over ${handlesBefore}`, handlesAfter <= handlesBefore),
  ] // prettier-ignore
}
