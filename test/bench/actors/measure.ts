/** How a workload is measured: processor time of the process, the median of some repeats, after the garbage of the one before is gone. */
export const inFlight = 512

const repeats = 5

/** What a workload sends, hops, asks or spawns; multiples of what it sends in one slice. */
export const counts = {
  tell: inFlight * 10_000,
  "tell with a cause": inFlight * 10_000,
  "tell, mailbox grows": 5_000_000,
  "ping-pong": 5_000_000,
  ask: 1_000_000,
  "fan-in": 5_000_000,
  ring: 5_000_000,
  skynet: 1_111_111,
  spawn: 300_000,
} as const

/** Carries one workload out. */
export type Work = (count: number) => Promise<void>

export const until = (start: (done: () => void) => void): Promise<void> => new Promise(start)

export const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[values.length >> 1] as number

export function collect(): void {
  globalThis.gc?.()
  globalThis.gc?.()
}

const milliseconds = ({ user, system }: NodeJS.CpuUsage): number => (user + system) / 1000

/** @returns how many a second of processor time */
export async function rate(work: Work, count: number): Promise<number> {
  const times: number[] = []
  for (let i = 0; i < repeats; i++) {
    collect()
    const before = process.cpuUsage()
    await work(count)
    times.push(milliseconds(process.cpuUsage(before)))
  }
  return (count * 1000) / median(times)
}

/** Spawns idle actors. @returns how many a second of processor time, and bytes of each */
export async function spawnRate(
  spawn: (count: number) => { readonly actors: readonly unknown[]; end(): Promise<void> },
): Promise<{ readonly spawn: number; readonly memory: number }> {
  const times: number[] = []
  const bytes: number[] = []
  for (let i = 0; i < repeats; i++) {
    await until(setImmediate)
    const { time, heap } = await spawnOnce(spawn)
    times.push(time)
    bytes.push(heap)
  }
  return { spawn: (counts.spawn * 1000) / median(times), memory: median(bytes) }
}

/** A call of its own, so that nothing of one repeat is held while the next is measured. */
async function spawnOnce(
  spawn: (count: number) => { readonly actors: readonly unknown[]; end(): Promise<void> },
): Promise<{ readonly time: number; readonly heap: number }> {
  const count = counts.spawn
  collect()
  const before = process.memoryUsage()
  const began = process.cpuUsage()
  const { actors, end } = spawn(count)
  const time = milliseconds(process.cpuUsage(began))
  await until(setImmediate)
  collect()
  const after = process.memoryUsage()
  if (actors.length !== count) throw new Error(`${actors.length} of ${count} were spawned`)
  await end()
  return { time, heap: (after.heapUsed + after.external - before.heapUsed - before.external) / count }
}

/** The workloads that the command line names, separated by `;`, or all of them. */
export function wanted(names: readonly string[]): readonly string[] {
  const only = process.argv[2]?.split(";").filter((name) => name !== "" && !name.startsWith("--"))
  return only === undefined || only.length === 0 ? names : names.filter((name) => only.includes(name))
}
