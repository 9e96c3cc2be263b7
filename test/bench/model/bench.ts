/**
 * The local engine on the embedded model: agents that decode together against one after the other, the time to a first token, the time to load.
 */
import { fileURLToPath } from "node:url"
import { openLocalModel, type LocalModel } from "#src/models/local-model.js"
import type { BenchRow } from "../report.js"

const agents = 8
const tokens = 96
const rounds = 5
const folder = fileURLToPath(new URL("../../../src/models/embedded/scribe/", import.meta.url))

/** What an agent says to a chat; never allowed to end early, so that every answer has the same number of tokens. */
async function answer(model: LocalModel, seed: number): Promise<{ readonly tokens: number; readonly firstMs: number }> {
  const began = performance.now()
  let firstMs = 0
  for await (const part of model.generate({
    messages: [
      { role: "system", content: "chat" },
      { role: "user", content: `Hello, my name is agent number ${seed}. How are you today?` },
    ],
    decoding: { maxTokens: tokens, seed, banned: ["<eos>"] },
  })) {
    if (firstMs === 0) firstMs = performance.now() - began
    if (part.type === "finish") return { tokens: part.usage.completionTokens, firstMs }
  }
  throw new Error("the stream ended without a finish")
}

const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1] as number

export async function rows(progress: (text: string) => void): Promise<BenchRow[]> {
  const opened = performance.now()
  const model = await openLocalModel({ id: "scribe", folder })
  await model.load()
  const loadMs = performance.now() - opened
  const seeds = Array.from({ length: agents }, (_, i) => i + 1)
  for (const seed of seeds) await answer(model, seed) // the code warms up
  const alone: number[] = []
  const together: number[] = []
  const first: number[] = []
  // Turn by turn, so that a slow moment of the machine meets both.
  for (let round = 1; round <= rounds; round++) {
    progress(`round ${round} of ${rounds}`)
    let began = performance.now()
    let made = 0
    for (const seed of seeds) {
      const { tokens, firstMs } = await answer(model, seed)
      made += tokens
      first.push(firstMs)
    }
    alone.push((made / (performance.now() - began)) * 1000)
    began = performance.now()
    made = (await Promise.all(seeds.map((seed) => answer(model, seed)))).reduce((sum, { tokens }) => sum + tokens, 0)
    together.push((made / (performance.now() - began)) * 1000)
  }
  await model.stop()
  const [one, many] = [median(alone), median(together)]
  const row = (metric: string, unit: string, value: number, more: Partial<BenchRow> = {}): BenchRow => ({
    bench: "model",
    metric,
    unit,
    value,
    ...more,
  })
  return [
    row("one agent after the other", "tokens/s", one),
    row(`${agents} agents together`, "tokens/s", many, {
      peer: "one after the other",
      peerValue: one,
      ratio: many / one,
      goal: "ratio at least 1.5",
      met: many / one >= 1.5,
    }),
    row("first token, one agent, p50", "ms", median(first)),
    row("open and load", "ms", loadMs, { goal: "at most 600", met: loadMs <= 600 }),
  ]
}
