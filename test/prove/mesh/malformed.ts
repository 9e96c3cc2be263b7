/** A million damaged frames: each is refused, or is a frame after all. */
import type { BenchRow } from "#test/bench/report.js"
import { fuzzFrames } from "./frames.js"
import { cycles, row, type Progress } from "./rows.js"

export async function malformed(progress: Progress): Promise<readonly BenchRow[]> {
  const wanted = process.env["QUICK"] === undefined ? cycles("FRAMES", 1_000_000) : 20_000
  progress(`${wanted} malformed frames`)
  const { frames, refused, worstMs, faults } = await fuzzFrames({ frames: wanted, seed: 1 })
  for (const fault of faults.slice(0, 10)) console.error(fault)
  return [
    row("malformed frames", "frames", frames, "1,000,000", frames >= wanted),
    row("of them refused", "frames", refused, "more than half", refused > frames / 2),
    row("of them not refused as they should be, or harmful", "frames", faults.length, "0", faults.length === 0),
    row("the longest time that one took", "ms", worstMs, "under 100", worstMs < 100),
  ]
}
