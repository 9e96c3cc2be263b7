/**
 * Chooses the next token from logits. Pure but for the generator it is given.
 *
 * Invariants
 *   N1. Temperature 0 takes the likeliest token whatever the seed; ties go to the lowest id.
 *   N2. A banned token is never chosen while another is left.
 */
import type { Decoding } from "../model.js"

/** Decoding options with every default filled in. */
export interface Sampling {
  readonly temperature: number
  readonly topK: number
  readonly topP: number
  readonly repetitionPenalty: number
  readonly banned: readonly number[]
}

export const greedy: Sampling = { temperature: 0, topK: 0, topP: 1, repetitionPenalty: 1, banned: [] }

/** @param banned ids of tokens never to choose */
export function samplingOf(decoding: Decoding, banned: readonly number[]): Sampling {
  return {
    temperature: decoding.temperature ?? 0,
    topK: decoding.topK ?? 0,
    topP: decoding.topP ?? 1,
    repetitionPenalty: decoding.repetitionPenalty ?? 1,
    banned,
  }
}

/** A generator of numbers in [0, 1) whose state is one number: xorshift with a multiply, enough for sampling. */
export class SeededChance {
  #state: number
  constructor(seed: number) {
    this.#state = (seed ^ 0x9e3779b9) >>> 0 || 1
  }
  next(): number {
    let x = this.#state
    x ^= x << 13
    x ^= x >>> 17
    x ^= x << 5
    this.#state = x >>> 0
    return (Math.imul(this.#state, 0x85ebca6b) >>> 0) / 4294967296
  }
}

/**
 * @param logits (V) changed in place
 * @param seen ids that the repetition penalty applies to
 * @returns the chosen id
 */
export function chooseToken(
  logits: Float32Array,
  sampling: Sampling,
  seen: ReadonlySet<number>,
  chance: () => number,
): number {
  if (sampling.repetitionPenalty !== 1) {
    for (const id of seen) {
      const value = logits[id]
      if (value !== undefined)
        logits[id] = value > 0 ? value / sampling.repetitionPenalty : value * sampling.repetitionPenalty
    }
  }
  for (const id of sampling.banned) if (id < logits.length) logits[id] = -Infinity // N2
  if (sampling.temperature === 0) return likeliest(logits) // N1
  const order = Array.from(logits.keys()).sort((a, b) => (logits[b] as number) - (logits[a] as number) || a - b)
  const top = logits[order[0] as number] as number
  const kept = sampling.topK > 0 ? order.slice(0, sampling.topK) : order
  const weights = kept.map((id) => Math.exp(((logits[id] as number) - top) / sampling.temperature))
  const total = weights.reduce((sum, weight) => sum + weight, 0)
  let mass = 0
  let size = 0
  while (size < kept.length && (size === 0 || mass < sampling.topP * total)) mass += weights[size++] as number
  let point = chance() * mass
  for (let i = 0; i < size; i++) {
    point -= weights[i] as number
    if (point < 0) return kept[i] as number
  }
  return kept[size - 1] as number
}

/** @returns the natural logarithm of a token's probability, the logits as they came from the model */
export function logProbability(logits: Float32Array, id: number): number {
  const top = logits[likeliest(logits)] as number
  let sum = 0
  for (const logit of logits) sum += Math.exp(logit - top)
  return (logits[id] as number) - top - Math.log(sum)
}

function likeliest(logits: Float32Array): number {
  let best = 0
  for (let id = 1; id < logits.length; id++) if ((logits[id] as number) > (logits[best] as number)) best = id
  return best
}
