/** How proofs of the mesh tell what they found. */
import type { BenchRow } from "#test/bench/report.js"
import type { Takeover } from "./clients.js"
import type { Judgement } from "./history.js"

export type Progress = (text: string) => void

export const row = (metric: string, unit: string, value: number, goal?: string, met?: boolean): BenchRow => ({ bench: "mesh", metric, unit, value, ...(goal === undefined ? {} : { goal }), ...(met === undefined ? {} : { met }) }) // prettier-ignore

/** How often something is done: by the environment variable of this name, or 3 times where QUICK is set, or as the acceptance table says. */
export function cycles(name: string, otherwise: number): number {
  const given = process.env[name]
  if (given !== undefined) return Number(given)
  return process.env["QUICK"] === undefined ? otherwise : Math.min(3, otherwise)
}

/** The value that a part of all is not above, NaN of none. */
export function percentile(values: readonly number[], part: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))] ?? NaN
}

/** What the judge found in the history of a proof. */
export function judgementRows(title: string, { lost, stale, wrong, acknowledged, reads }: Judgement): BenchRow[] {
  return [
    row(`${title}: deposits acknowledged, and reads`, "operations", acknowledged + reads),
    row(`${title}: acknowledged and lost`, "deposits", lost.length, "0", lost.length === 0),
    row(`${title}: written under a stale epoch`, "events", stale.length, "0", stale.length === 0),
    row(`${title}: twice, out of order, or reads that contradict`, "faults", wrong.length, "0", wrong.length === 0),
  ]
}

const within = (metric: string, seconds: number, goal: number | undefined): BenchRow =>
  goal === undefined ? row(metric, "s", seconds) : row(metric, "s", seconds, `within ${goal}`, seconds <= goal)

/** Takeovers beside what was promised of their middle and their worst, in seconds. */
export function takeoverRows(title: string, found: readonly Takeover[], middle?: number, worst?: number): BenchRow[] {
  return (["firstMs", "allMs"] as const).flatMap((which) => {
    const seconds = found.map((takeover) => takeover[which] / 1000)
    const what = which === "firstMs" ? "first account with another owner" : "all accounts with another owner"
    return [
      within(`${title}: ${what}, p50`, percentile(seconds, 0.5), middle),
      within(`${title}: ${what}, worst`, Math.max(...seconds), worst),
    ]
  })
}
