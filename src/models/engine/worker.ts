/**
 * The inference thread: one Piscina worker, one model. A task is one batched step; weights and caches stay here, only ids travel.
 */
import { AgentOSError } from "#actors/errors.js"
import "../errors.js"
import { readCheckpointHead, readCheckpointWeights } from "../checkpoint/checkpoint.js"
import { chooseToken, logProbability, SeededChance, type Sampling } from "../decoding/sampler.js"
import type { LlamaConfig } from "../architectures/llama.js"
import { decodeStep, type DecoderOperations } from "./decoder.js"
import { useTensorflow } from "./tensorflow-backend.js"
import { plainOperations } from "./plain-operations.js"
import { wasmOperations } from "./wasm-operations.js"

export interface LoadTask {
  readonly do: "load"
  readonly folder: string
  readonly backend: "wasm" | "tensorflow"
  readonly slots: number
}

export interface StepTask {
  readonly do: "step"
  readonly feeds: readonly StepFeed[]
  /** Sequences that have ended since the last step. */
  readonly ended: readonly number[]
}

export interface StepFeed {
  readonly id: number
  readonly slot: number
  readonly position: number
  readonly tokens: readonly number[]
  readonly asks: boolean
  /** With the first feed of a sequence: how its tokens are chosen, and whether their probability is wanted. */
  readonly begin?: { readonly sampling: Sampling; readonly seed: number; readonly measured: boolean }
}

/** One chosen token for each feed that asks, in order; with the natural logarithm of its probability where that is wanted. */
export type StepResult = readonly { readonly id: number; readonly token: number; readonly logProbability?: number }[]

/** A refusal, as plain data: an error's class does not survive the way between threads. */
export interface Fault {
  readonly code: string
  readonly message: string
}

export interface Loaded {
  /** What computes. */
  readonly backend: string
}

interface Decoder {
  readonly config: LlamaConfig
  readonly operations: DecoderOperations
}

interface Choosing {
  readonly sampling: Sampling
  readonly measured: boolean
  readonly chance: SeededChance
  readonly seen: Set<number>
}

let decoder: Decoder | undefined
const choosing = new Map<number, Choosing>()

export default async function run(task: LoadTask | StepTask): Promise<Loaded | Fault | StepResult> {
  if (task.do === "step") return step(task)
  try {
    return await load(task)
  } catch (error) {
    if (error instanceof AgentOSError) return { code: error.code, message: error.message }
    throw error
  }
}

async function load({ folder, backend, slots }: LoadTask): Promise<Loaded> {
  const { config } = await readCheckpointHead(folder)
  const weights = await readCheckpointWeights(folder, config)
  const operations =
    backend === "wasm"
      ? await wasmOperations(config, weights, slots)
      : plainOperations(config, weights, await useTensorflow())
  decoder = { config, operations }
  return { backend: operations.backend }
}

function step({ feeds, ended }: StepTask): StepResult {
  if (decoder === undefined) throw new Error("a step before the model was loaded")
  for (const id of ended) choosing.delete(id)
  const ids: number[] = []
  const slots: number[] = []
  const positions: number[] = []
  const asked: number[] = []
  for (const { id, slot, position, tokens, asks, begin } of feeds) {
    if (begin !== undefined) choosing.set(id, { ...begin, chance: new SeededChance(begin.seed), seen: new Set() })
    tokens.forEach((token, i) => {
      ids.push(token)
      slots.push(slot)
      positions.push(position + i)
      choosing.get(id)?.seen.add(token)
    })
    if (asks) asked.push(ids.length - 1)
  }
  const { config, operations } = decoder
  // A step without a question still fills the caches; one row is asked for and dropped.
  const rows = {
    ids: Int32Array.from(ids),
    slots: Int32Array.from(slots),
    positions: Int32Array.from(positions),
    asked: Int32Array.from(asked.length === 0 ? [0] : asked),
  }
  const logits = decodeStep(config, operations, rows)
  return feeds
    .filter(({ asks }) => asks)
    .map(({ id }, i) => {
      const { sampling, measured, chance, seen } = choosing.get(id) as Choosing
      const own = logits.subarray(i * config.vocabulary, (i + 1) * config.vocabulary)
      const untouched = measured ? own.slice() : own
      const token = chooseToken(own, sampling, seen, () => chance.next())
      return { id, token, ...(measured ? { logProbability: logProbability(untouched, token) } : {}) }
    })
}
