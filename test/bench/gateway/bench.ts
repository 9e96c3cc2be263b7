/**
 * What the gateway costs: an agent that answers at once, asked through key, rate, policy, the agent's actor and metrics, beside bare
 * Fastify and bare grpc-js that answer the same JSON and the same message with nothing behind them.
 *
 * Every server runs alone in a process of its own, the load in another; rounds alternate, so that a slow minute of the machine
 * falls on all of them.
 */
import { fork, type ChildProcess } from "node:child_process"
import type { BenchRow } from "#test/bench/report.js"

const rounds = 5
const seconds = 3

/** A server under test and how it is asked. */
interface Subject {
  readonly name: "node" | "node with memory" | "bare Fastify" | "bare grpc-js"
  readonly door: "rest" | "grpc"
}

const subjects: readonly Subject[] = [
  { name: "bare Fastify", door: "rest" },
  { name: "node", door: "rest" },
  { name: "node with memory", door: "rest" },
  { name: "bare grpc-js", door: "grpc" },
  { name: "node", door: "grpc" },
  { name: "node with memory", door: "grpc" },
]

export interface Doors {
  readonly rest: string
  readonly grpc: string
  readonly key: string
}

function child(file: string): Promise<{ process: ChildProcess; ask(message: object): Promise<unknown> }> {
  const process = fork(new URL(file, import.meta.url), { stdio: ["ignore", "inherit", "inherit", "ipc"] })
  const ended = new Promise<never>((_resolve, reject) =>
    process.once("exit", () => reject(new Error(`${file} ended early`))),
  )
  ended.catch(() => {})
  const answer = (): Promise<unknown> =>
    Promise.race([new Promise((resolve) => process.once("message", resolve)), ended])
  return answer().then(() => ({
    process,
    ask(message) {
      const reply = answer()
      process.send(message)
      return reply
    },
  }))
}

export async function rows(progress: (text: string) => void): Promise<readonly BenchRow[]> {
  const [servers, load] = await Promise.all([child("./servers.js"), child("./load.js")])
  const doors = (await servers.ask({ start: true })) as Readonly<Record<Subject["name"], Doors>>
  const found = subjects.map(() => [] as number[])
  // The first round warms up and is not counted.
  for (let round = 0; round <= rounds; round++) {
    for (const [i, { name, door }] of subjects.entries()) {
      progress(`round ${round} of ${rounds}: ${name}, ${door}`)
      const conversation = name === "node with memory"
      const rate = Number(await load.ask({ door, ...doors[name], conversation, seconds: round === 0 ? 2 : seconds }))
      if (round > 0) found[i]?.push(rate)
    }
  }
  for (const { process } of [servers, load]) process.kill()

  const rate = (name: Subject["name"], door: Subject["door"]): number =>
    median(found[subjects.findIndex((subject) => subject.name === name && subject.door === door)] ?? [])
  const row = (door: Subject["door"], name: Subject["name"], metric: string, goal: boolean): BenchRow => {
    const peer = door === "rest" ? "bare Fastify" : "bare grpc-js"
    const [value, peerValue] = [rate(name, door), rate(peer, door)]
    const ratio = value / peerValue
    return { bench: "gateway", metric, unit: "requests/s", value, peer, peerValue, ratio, ...(goal ? { goal: "at least 0.70x", met: ratio >= 0.7 } : {}) } // prettier-ignore
  }
  return [
    row("rest", "node", "REST, an agent that answers at once", true),
    row("grpc", "node", "gRPC, an agent that answers at once", true),
    row("rest", "node with memory", "REST, with memory (durable turns)", false),
    row("grpc", "node with memory", "gRPC, with memory (durable turns)", false),
  ]
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)] ?? 0
}
