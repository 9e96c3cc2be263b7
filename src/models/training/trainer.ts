/**
 * Trains a decoder from scratch: packed rows, AdamW, clipped gradients, warm-up then cosine. One step is one call; what surrounds it (files,
 * progress, time) is the caller's.
 *
 * Invariants
 *   T1. The same seed, settings and build of the kernels give the same weights.
 *   T2. A trainer restored from `state()` goes on exactly as the one that made it.
 */
import { llamaForward, llamaWeights, type LlamaConfig, type WeightSpec } from "../architectures/llama.js"
import { transposeWeight, type WeightTensor } from "../checkpoint/safetensors.js"
import { tf, type WasmBackend } from "../tensorflow.js"
import { Dice } from "./corpus/lexicon.js"
import type { Kernels } from "../kernels.js"
import { disposeBatch, Packer, toTensors, type PackedRows, type PackItem } from "./packing.js"
import { trainingOperations } from "./training-operations.js"

export interface TrainerSettings {
  readonly rows: number
  readonly length: number
  readonly rate: number
  readonly warmUpSteps: number
  /** Tokens after which the learning rate has fallen to 5%. */
  readonly tokens: number
  readonly beta1: number
  readonly beta2: number
  readonly decay: number
  readonly clip: number
  readonly seed: number
}

export const defaultSettings: TrainerSettings = {
  rows: 8,
  length: 128,
  rate: 2e-3,
  warmUpSteps: 150,
  tokens: 32_000_000,
  beta1: 0.9,
  beta2: 0.98,
  decay: 0.01,
  clip: 1,
  seed: 7,
}

export interface StepReport {
  readonly step: number
  readonly tokens: number
  readonly loss: number
  readonly rate: number
  readonly gradientNorm: number
}

/** Everything a trainer needs to go on, as plain data. */
export interface TrainerState {
  readonly step: number
  readonly tokens: number
  readonly dice: number
  readonly pool: readonly PackItem[]
  /** Weights, first and second moments, by name. */
  readonly tensors: ReadonlyMap<string, WeightTensor>
}

interface Parameter {
  readonly spec: WeightSpec
  readonly value: tf.Variable
  readonly first: tf.Tensor
  readonly second: tf.Tensor
}

export class Trainer {
  readonly config: LlamaConfig
  readonly settings: TrainerSettings
  readonly dice: Dice
  readonly #backend: WasmBackend
  readonly #kernels: Kernels
  readonly #parameters: ReadonlyMap<string, Parameter>
  readonly #packer: Packer
  #step = 0
  #tokens = 0

  /** @param next makes the next training item; `progress` runs from 0 to 1 */
  constructor(
    backend: WasmBackend,
    kernels: Kernels,
    config: LlamaConfig,
    settings: TrainerSettings,
    next: (dice: Dice, progress: number) => PackItem,
  ) {
    this.config = config
    this.settings = settings
    this.#backend = backend
    this.#kernels = kernels
    this.dice = new Dice(settings.seed + 1)
    this.#packer = new Packer(() => next(this.dice, this.progress), settings.rows, settings.length)
    const chance = new Dice(settings.seed)
    const gauss = (): number => Math.sqrt(-2 * Math.log(chance.next() + 1e-12)) * Math.cos(2 * Math.PI * chance.next())
    this.#parameters = new Map(
      llamaWeights(config).map((spec) => {
        const data = new Float32Array(spec.shape.reduce((product, size) => product * size, 1))
        for (let i = 0; i < data.length; i++) data[i] = spec.kind === "norm" ? 1 : gauss() * spec.deviation
        const shape = [...spec.shape]
        return [
          spec.name,
          {
            spec,
            value: tf.variable(tf.tensor(data, shape)),
            first: tf.keep(tf.zeros(shape)),
            second: tf.keep(tf.zeros(shape)),
          },
        ]
      }),
    )
  }

  get parameterCount(): number {
    return [...this.#parameters.values()].reduce((sum, { value }) => sum + value.size, 0)
  }

  /** 0 at the beginning, 1 when the tokens are used up. */
  get progress(): number {
    return Math.min(1, this.#tokens / this.settings.tokens)
  }

  get finished(): boolean {
    return this.#tokens >= this.settings.tokens
  }

  step(): StepReport {
    const packed = this.#packer.pack()
    if (packed === undefined) throw new RangeError("the source of training items ended")
    const { settings } = this
    const rate =
      settings.rate *
      Math.min(1, (this.#step + 1) / settings.warmUpSteps) *
      (0.02 + 0.98 * 0.5 * (1 + Math.cos(Math.PI * this.progress)))
    const { loss, gradients } = this.gradients(packed)
    let squares = 0
    for (const [name, gradient] of gradients)
      squares += this.#kernels.sumOfSquares(this.#at(gradient), this.#parameter(name).value.size)
    const gradientNorm = Math.sqrt(squares)
    const clip = Math.min(1, settings.clip / (gradientNorm + 1e-6))
    this.#step += 1
    this.#tokens += packed.tokens
    const corrected = (rate * Math.sqrt(1 - settings.beta2 ** this.#step)) / (1 - settings.beta1 ** this.#step)
    for (const [name, gradient] of gradients) {
      const { value, first, second, spec } = this.#parameter(name)
      // Decoupled decay: by the plain rate, not by the bias-corrected one.
      const decay = spec.kind === "norm" ? 0 : (settings.decay * rate) / corrected
      this.#kernels.adam(
        this.#at(value),
        this.#at(first),
        this.#at(second),
        this.#at(gradient),
        value.size,
        corrected,
        settings.beta1,
        settings.beta2,
        1e-8,
        decay,
        clip,
      )
      gradient.dispose()
    }
    return { step: this.#step, tokens: this.#tokens, loss, rate, gradientNorm }
  }

  /** Loss and gradients of some rows; the caller disposes the gradients. */
  gradients(packed: PackedRows): { readonly loss: number; readonly gradients: ReadonlyMap<string, tf.Tensor> } {
    const batch = toTensors(packed, this.config)
    const operations = trainingOperations(this.#backend, this.#kernels, this.config, batch)
    const byId = new Map([...this.#parameters].map(([name, { value }]) => [value.name, name]))
    const { value, grads } = tf.variableGrads(() =>
      operations.loss(llamaForward(this.config, (name) => this.#parameter(name).value, operations)),
    )
    const loss = value.dataSync()[0] as number
    value.dispose()
    operations.dispose()
    disposeBatch(batch)
    return {
      loss,
      gradients: new Map(Object.entries(grads).map(([id, gradient]) => [byId.get(id) as string, gradient])),
    }
  }

  /** Mean loss of some rows, and for each item whether every token of its answer is the likeliest one, so that greedy decoding writes it exactly. */
  evaluate(items: readonly PackItem[]): { readonly exact: readonly boolean[]; readonly loss: number } {
    const exact = new Map<PackItem, boolean>()
    let total = 0
    let count = 0
    let at = 0
    const packer = new Packer(() => items[at++], this.settings.rows, this.settings.length)
    for (let packed = packer.pack(); packed !== undefined; packed = packer.pack()) {
      const batch = toTensors(packed, this.config)
      const operations = trainingOperations(this.#backend, this.#kernels, this.config, batch)
      total += tf.tidy(
        () =>
          operations
            .loss(llamaForward(this.config, (name) => this.#parameter(name).value as tf.Tensor, operations))
            .dataSync()[0] as number,
      )
      count += 1
      const best = operations.best.dataSync()
      for (const { item, first } of packed.items)
        exact.set(
          item,
          item.answer.every((id, i) => best[first + i] === id),
        )
      operations.dispose()
      disposeBatch(batch)
    }
    return { exact: items.map((item) => exact.get(item) ?? false), loss: total / Math.max(1, count) }
  }

  /** A copy of a weight's numbers, shaped as used here. */
  weight(name: string): Float32Array {
    return Float32Array.from(this.#parameter(name).value.dataSync())
  }

  setWeight(name: string, data: Float32Array): void {
    const heap = this.#backend.typedArrayFromHeap(this.#parameter(name).value)
    heap.set(data)
  }

  /** The checkpoint's tensors: linear maps transposed to (out, in), as Hugging Face stores them. */
  weights(): Map<string, WeightTensor> {
    return new Map(
      [...this.#parameters].map(([name, { spec, value }]) => {
        const data = Float32Array.from(value.dataSync() as Float32Array)
        return [
          name,
          spec.kind === "linear" ? transposeWeight({ shape: spec.shape, data }) : { shape: spec.shape, data },
        ]
      }),
    )
  }

  /** Takes over a checkpoint's tensors. */
  load(tensors: ReadonlyMap<string, WeightTensor>): void {
    for (const [name, { spec }] of this.#parameters) {
      const stored = tensors.get(name)
      if (stored === undefined) throw new RangeError(`the checkpoint has no ${name}`)
      this.setWeight(name, spec.kind === "linear" ? transposeWeight(stored).data : stored.data)
    }
  }

  state(): TrainerState {
    const tensors = new Map<string, WeightTensor>()
    for (const [name, { spec, value, first, second }] of this.#parameters) {
      for (const [part, tensor] of [["value", value], ["first", first], ["second", second]] as const) {
        tensors.set(`${part} ${name}`, { shape: spec.shape, data: Float32Array.from(tensor.dataSync() as Float32Array) })
      } // prettier-ignore
    }
    return { step: this.#step, tokens: this.#tokens, dice: this.dice.state, pool: [...this.#packer.pool], tensors }
  }

  restore(state: TrainerState): void {
    this.#step = state.step
    this.#tokens = state.tokens
    this.dice.state = state.dice
    this.#packer.pool.splice(0, Infinity, ...state.pool)
    for (const [name, { value, first, second }] of this.#parameters) {
      for (const [part, tensor] of [["value", value], ["first", first], ["second", second]] as const) {
        const stored = state.tensors.get(`${part} ${name}`)
        if (stored === undefined) throw new RangeError(`the saved state has no ${part} ${name}`)
        this.#backend.typedArrayFromHeap(tensor).set(stored.data)
      } // prettier-ignore
    }
  }

  dispose(): void {
    for (const { value, first, second } of this.#parameters.values())
      for (const tensor of [value, first, second]) tensor.dispose()
  }

  #parameter(name: string): Parameter {
    const parameter = this.#parameters.get(name)
    if (parameter === undefined) throw new RangeError(`the architecture has no weight ${name}`)
    return parameter
  }

  #at(tensor: tf.Tensor): number {
    return this.#backend.dataIdMap.get(tensor.dataId).memoryOffset
  }
}
