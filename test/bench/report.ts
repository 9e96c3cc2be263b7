/** What a benchmark or a proof finds, row by row: a table for people, JSON for programs. */
import { writeFile } from "node:fs/promises"
import pc from "picocolors"

/** One figure. `peer` is what it is compared with in the same run; `goal` is what was promised, `met` whether it was kept. */
export interface BenchRow {
  readonly bench: string
  readonly metric: string
  readonly unit: string
  readonly value: number
  readonly peer?: string
  readonly peerValue?: number
  /** This system's value to the peer's. */
  readonly ratio?: number
  readonly goal?: string
  readonly met?: boolean
}

/** What `NAME/bench.ts` and `NAME/prove.ts` export as `rows`. */
export type Rows = (progress: (text: string) => void) => Promise<readonly BenchRow[]>

/** Four digits that matter, thousands apart. */
export function figure(value: number): string {
  const rounded = Number(value.toPrecision(4))
  return Math.abs(rounded) >= 1000 ? Math.round(rounded).toLocaleString("en-US") : String(rounded)
}

/** A table, aligned by column: figures to the right. */
export function table(rows: readonly BenchRow[]): string {
  const head = ["what", "value", "unit", "peer", "", "ratio", "goal", ""]
  const right = new Set([1, 4, 5])
  const lines = rows.map(({ metric, value, unit, peer, peerValue, ratio, goal, met }) => [
    metric,
    figure(value),
    unit,
    peer ?? "",
    peerValue === undefined ? "" : figure(peerValue),
    ratio === undefined ? "" : `${ratio.toFixed(2)}x`,
    goal ?? "",
    met === undefined ? "" : met ? "met" : "MISSED",
  ])
  const widths = head.map((name, i) => Math.max(name.length, ...lines.map((line) => (line[i] as string).length)))
  const aligned = (line: readonly string[]): string =>
    line.map((cell, i) => (right.has(i) ? cell.padStart(widths[i] as number) : cell.padEnd(widths[i] as number))).join("  ").trimEnd() // prettier-ignore
  const colour = (text: string, met: boolean | undefined): string =>
    met === undefined ? text : met ? pc.green(text) : pc.red(text)
  return [pc.bold(aligned(head)), ...lines.map((line, i) => colour(aligned(line), rows[i]?.met))].join("\n")
}

/**
 * `NAME... [--json FILE]`: runs each and prints its table. Progress goes to the terminal only.
 * @param load the rows of a name
 */
export async function report(
  args: readonly string[],
  names: readonly string[],
  load: (name: string) => Promise<Rows>,
): Promise<void> {
  const at = args.indexOf("--json")
  const file = at < 0 ? undefined : args[at + 1]
  const wanted = at < 0 ? args : args.filter((_, i) => i !== at && i !== at + 1)
  const unknown = wanted.filter((name) => !names.includes(name))
  if (wanted.length === 0 || unknown.length > 0 || (at >= 0 && file === undefined)) {
    console.error(
      `${unknown.length > 0 ? `there is no ${unknown.join(", ")}; ` : ""}say one or more of ${names.join(", ")}, and --json FILE for the rows as JSON`,
    )
    process.exitCode = 2
    return
  }
  const found: BenchRow[] = []
  for (const name of wanted) {
    const rows = await load(name)
    const progress = (text: string): void => {
      if (process.stderr.isTTY) process.stderr.write(`\r\u001b[K${pc.dim(`${name}: ${text}`)}`)
    }
    const results = await rows(progress)
    if (process.stderr.isTTY) process.stderr.write("\r\u001b[K")
    console.log(`\n${pc.bold(name)}\n${table(results)}`)
    found.push(...results)
  }
  if (file !== undefined) await writeFile(file, `${JSON.stringify(found, null, 2)}\n`)
  if (found.some(({ met }) => met === false)) process.exitCode = 1
}
