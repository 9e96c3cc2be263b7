/** What a process has used, as Linux counts it. */
import { readFile } from "node:fs/promises"

/** Of one tick in /proc/PID/stat; Linux has said 100 a second to programs for as long as there are such files. */
const tickMs = 10

/** Milliseconds of processor time that a process has used since its start. */
export async function cpuMs(pid: number): Promise<number> {
  const text = await readFile(`/proc/${pid}/stat`, "utf8")
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ") // a name may hold spaces
  return (Number(fields[11]) + Number(fields[12])) * tickMs
}

/** Bytes of memory that would be free without this process. */
export async function memory(pid: number): Promise<number> {
  const text = await readFile(`/proc/${pid}/smaps_rollup`, "utf8")
  const parts = [...text.matchAll(/^Private_(?:Clean|Dirty):\s+(\d+) kB/gm)]
  return parts.reduce((sum, [, kB]) => sum + Number(kB) * 1024, 0)
}

/** Milliseconds of processor time that some processes use while work is done, each and in this order. */
export async function used(pids: readonly number[], work: () => Promise<unknown>): Promise<readonly number[]> {
  const before = await Promise.all(pids.map(cpuMs))
  await work()
  const after = await Promise.all(pids.map(cpuMs))
  return after.map((value, i) => value - (before[i] as number))
}
