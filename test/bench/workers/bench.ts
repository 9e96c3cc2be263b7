/**
 * Actors on worker threads: what two threads gain over one where actors compute, and what a message across threads costs. Rates are the best of some rounds,
 * which take turns.
 */
import { createActorSystem, type ActorSystem, type RefOf } from "#actors/index.js"
import type { BenchRow } from "../report.js"
import { Counting } from "./workloads.js"

type CountingRef = RefOf<typeof Counting>

const rounds = 5
const jobs = 8
const primesBelow = 400_000
const tells = 1_000_000
/** Tells in a row before the event loop has its turn. */
const inARow = 512
const asks = 10_000
const timeoutMs = 60_000

const gainGoal = 1.6
const tellGoal = 1_000_000
const askGoal = 200

const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] as number

/** Jobs per second of these actors together. */
async function jobsPerSecond(actors: readonly CountingRef[]): Promise<number> {
  const began = performance.now()
  const one = (n: number): Promise<number> =>
    (actors[n % actors.length] as CountingRef).with({ timeoutMs }).ask("primes", primesBelow)
  await Promise.all(Array.from({ length: jobs }, (_, n) => one(n)))
  return (jobs / (performance.now() - began)) * 1000
}

/** Messages per second that were sent to an actor and handled by it. */
async function tellsPerSecond(to: CountingRef, send: (to: CountingRef) => boolean): Promise<number> {
  const before = await to.ask("total")
  const began = performance.now()
  for (let sent = 0; sent < tells;) {
    for (let n = 0; n < inARow && sent < tells && send(to); n++) sent += 1
    await new Promise((turn) => setImmediate(turn))
  }
  const handled = (await to.with({ timeoutMs, whenFull: "wait" }).ask("total")) - before
  if (handled !== tells) throw new Error(`${tells} messages were taken, ${handled} handled`)
  return (tells / (performance.now() - began)) * 1000
}

/** Microseconds of each of many asks, one after the other. */
async function askTimes(of: CountingRef): Promise<readonly number[]> {
  const times: number[] = []
  for (let n = 0; n < asks; n++) {
    const began = performance.now()
    await of.ask("total")
    times.push((performance.now() - began) * 1000)
  }
  return times
}

async function started(system: ActorSystem): Promise<CountingRef> {
  const actor = system.spawn(Counting)
  await actor.ask("primes", primesBelow)
  return actor
}

export async function rows(progress: (text: string) => void): Promise<readonly BenchRow[]> {
  const system = await createActorSystem({ name: "bench", workers: { threads: 2 } })
  try {
    const [one, two] = [await started(system), await started(system)]
    progress("counting primes on one thread and on two, by turns")
    const alone: number[] = []
    const both: number[] = []
    for (let round = 0; round < rounds; round++) {
      alone.push(await jobsPerSecond([one]))
      both.push(await jobsPerSecond([one, two]))
    }
    progress("messages across threads")
    const numbers: number[] = []
    const objects: number[] = []
    for (let round = 0; round < rounds; round++) {
      numbers.push(await tellsPerSecond(one, (to) => to.tell("add", 1)))
      objects.push(await tellsPerSecond(one, (to) => to.tell("put", { by: 1, text: "a few words" })))
    }
    const times = await askTimes(one)
    const [gained, single] = [Math.max(...both), Math.max(...alone)]
    return [
      {
        bench: "workers",
        metric: "counting primes, 2 threads",
        unit: "jobs/s",
        value: gained,
        peer: "1 thread",
        peerValue: single,
        ratio: gained / single,
        goal: `at least ${gainGoal}x`,
        met: gained / single >= gainGoal,
      },
      atLeast("tell across threads, a number", Math.max(...numbers)),
      atLeast("tell across threads, an object", Math.max(...objects)),
      {
        bench: "workers",
        metric: "ask across threads, p50",
        unit: "µs",
        value: median(times),
        goal: `at most ${askGoal}`,
        met: median(times) <= askGoal,
      },
    ]
  } finally {
    await system.stop()
  }
}

const atLeast = (metric: string, value: number): BenchRow => ({
  bench: "workers",
  metric,
  unit: "messages/s",
  value,
  goal: `at least ${tellGoal.toLocaleString("en-US")}`,
  met: value >= tellGoal,
})
