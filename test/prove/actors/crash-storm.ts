/** Children that crash once a second each, under one supervisor that never gives up, beside siblings that have work to do. */
import { setTimeout as sleep } from "node:timers/promises"
import { createActorSystem, defineActor, type ActorRef } from "#actors/index.js"
import { heapInUse } from "./alone.js"

const well = 50
const warmUpMs = 5000

export interface StormOptions {
  readonly children: number
  readonly seconds: number
}

export interface StormOutcome {
  readonly crashes: number
  readonly restarts: number
  /** Part of one core, from 0 to 1. */
  readonly processor: number
  /** What the heap and the process grew by after the first seconds. */
  readonly heapMB: number
  readonly residentMB: number
  readonly asks: number
  readonly p99Ms: number
  /** Children at the end that neither run nor wait for their restart. */
  readonly gone: number
}

/** Lives for 0.9 seconds and a little; with the wait before its restart, that makes a crash each second. */
const Fragile = defineActor({
  name: "fragile",
  state: () => undefined,
  started: (ctx) => void ctx.after(850 + 100 * ctx.system.random.float(), "crash"),
  receive: {
    crash() {
      throw new Error("as planned")
    },
  },
})

const Sound = defineActor({
  name: "sound",
  state: () => ({ asked: 0 }),
  receive: { ask: (ctx) => ++ctx.state.asked },
})

type SoundRef = ActorRef<{ readonly ask: () => number }>

const Supervisor = defineActor({
  name: "supervisor",
  state: (children: number) => ({ children }),
  supervision: { intensity: { max: Infinity, withinMs: 1000 }, backoff: { minMs: 100, maxMs: 800 } },
  receive: {
    begin(ctx) {
      const siblings = Array.from({ length: well }, () => ctx.spawn(Sound))
      for (let n = 0; n < ctx.state.children; n++) ctx.spawn(Fragile)
      return siblings as readonly SoundRef[]
    },
  },
})

export async function measure(
  { children, seconds }: StormOptions,
  progress: (text: string) => void,
): Promise<StormOutcome> {
  const system = await createActorSystem({ name: "storm" })
  const supervisor = system.spawn(Supervisor, { init: children })
  const siblings = await supervisor.ask("begin")
  const times: number[] = []
  const end = performance.now() + seconds * 1000
  const asking = siblings.map(async (sibling, n) => {
    await sleep(2 * n)
    while (performance.now() < end) {
      const began = performance.now()
      await sibling.ask("ask")
      times.push(performance.now() - began)
      await sleep(20)
    }
  })
  const warm = Math.min(warmUpMs, (seconds * 1000) / 4)
  await sleep(warm)
  const heap = heapInUse()
  const resident = process.memoryUsage().rss
  const usage = process.cpuUsage()
  const before = { ...system.statistics }
  const began = performance.now()
  times.length = 0
  while (performance.now() < end) {
    progress(`${system.statistics.crashes} crashes`)
    await sleep(Math.min(1000, Math.max(0, end - performance.now())))
  }
  const { user, system: kernel } = process.cpuUsage(usage)
  const elapsed = performance.now() - began
  await Promise.all(asking)
  const { crashes, restarts, actors } = system.statistics
  const outcome = {
    crashes: crashes - before.crashes,
    restarts: restarts - before.restarts,
    processor: (user + kernel) / 1000 / elapsed,
    residentMB: (process.memoryUsage().rss - resident) / 1e6,
    heapMB: (heapInUse() - heap) / 1e6,
    asks: times.length,
    p99Ms: times.sort((a, b) => a - b)[Math.floor(times.length * 0.99)] as number,
    gone: children + well + 1 - actors,
  }
  await system.stop()
  return outcome
}
