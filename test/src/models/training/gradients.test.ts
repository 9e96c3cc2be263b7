import t from "tap"
import { parseLlamaConfig } from "#src/models/architectures/llama.js"
import { tf, wasmBackend } from "#src/models/tensorflow.js"
import { Dice } from "#src/models/training/corpus/index.js"
import { loadKernels } from "#src/models/kernels.js"
import { Packer, type PackItem } from "#src/models/training/packing.js"
import { defaultSettings, Trainer } from "#src/models/training/trainer.js"

const backend = await wasmBackend()
const config = parseLlamaConfig({
  vocab_size: 32,
  hidden_size: 32,
  intermediate_size: 24,
  num_hidden_layers: 2,
  num_attention_heads: 4,
  num_key_value_heads: 2,
  max_position_embeddings: 16,
  rope_theta: 100,
  tie_word_embeddings: true,
  eos_token_id: 0,
  token_shift: true,
})
const settings = { ...defaultSettings, rows: 2, length: 16, tokens: 10_000, seed: 3 }
const item = (dice: Dice): PackItem => {
  const ids = (count: number): number[] => Array.from({ length: count }, () => dice.integer(1, 31))
  return { prompt: ids(dice.integer(2, 5)), answer: ids(dice.integer(1, 4)), firstWeight: 2 }
}

for (const relaxed of [true, false]) {
  const kernels = await loadKernels(backend, { relaxed })

  t.test(
    `gradients agree with central differences (${kernels.relaxed ? "fused multiply-add" : "plain SIMD"})`,
    async (t) => {
      const trainer = new Trainer(backend, kernels, config, settings, item)
      const dice = new Dice(11)
      const packed = new Packer(() => item(dice), 2, 16).pack()
      if (packed === undefined) throw new Error("nothing packed")
      const { gradients } = trainer.gradients(packed)
      const lossAt = (): number => {
        const { loss, gradients } = trainer.gradients(packed)
        for (const gradient of gradients.values()) gradient.dispose()
        return loss
      }
      for (const [name, gradient] of gradients) {
        const analytic = Float32Array.from(gradient.dataSync())
        gradient.dispose()
        const weight = trainer.weight(name)
        // Along the gradient itself and along a random direction: a wrong sign, scale or transposition shows in one of them.
        const norm = Math.hypot(...analytic)
        const chance = Float32Array.from(weight, () => dice.next() - 0.5)
        const length = Math.hypot(...chance)
        for (const direction of [
          analytic.map((x) => x / norm),
          chance.map((x, i) => 0.7 * (x / length) + 0.7 * ((analytic[i] as number) / norm)),
        ]) {
          const epsilon = 4e-3
          const slope = direction.reduce((sum, x, i) => sum + x * (analytic[i] as number), 0)
          trainer.setWeight(
            name,
            weight.map((x, i) => x + epsilon * (direction[i] as number)),
          )
          const above = lossAt()
          trainer.setWeight(
            name,
            weight.map((x, i) => x - epsilon * (direction[i] as number)),
          )
          const below = lossAt()
          trainer.setWeight(name, weight)
          const measured = (above - below) / (2 * epsilon)
          t.ok(
            Math.abs(measured - slope) <= 0.01 * Math.abs(slope) + 5e-4,
            `${name}: ${measured.toFixed(5)} measured, ${slope.toFixed(5)} computed`,
          )
        }
      }
      trainer.dispose()
    },
  )
}

t.test("no position sees a later one, another item, or itself shifted from before its item", async (t) => {
  const trainer = new Trainer(backend, await loadKernels(backend), config, settings, item)
  const first: PackItem = { prompt: [1, 2, 3], answer: [4, 5], firstWeight: 1 }
  const second: PackItem = { prompt: [6, 7], answer: [8, 9], firstWeight: 1 }
  const alone = trainer.evaluate([second])
  const lossOf = (items: PackItem[]): number => trainer.evaluate(items).loss
  const pair = (lossOf([first]) * 2 + lossOf([second]) * 2) / 4
  t.ok(Math.abs(lossOf([first, second]) - pair) < 1e-4, "two items in one row have the mean of their losses alone")
  const later = trainer.evaluate([{ ...second, answer: [8, 10] }])
  t.equal(alone.exact.length, later.exact.length)
  trainer.dispose()
})

t.test("a trainer restored from its state goes on exactly as the one that made it", async (t) => {
  const kernels = await loadKernels(backend)
  const unbroken = new Trainer(backend, kernels, config, settings, item)
  for (let i = 0; i < 5; i++) unbroken.step()
  const state = structuredClone(unbroken.state())
  for (let i = 0; i < 5; i++) unbroken.step()
  const resumed = new Trainer(backend, kernels, config, { ...settings }, item)
  resumed.restore(state)
  for (let i = 0; i < 5; i++) resumed.step()
  t.same([...resumed.weights()], [...unbroken.weights()])
  unbroken.dispose()
  resumed.dispose()
})

t.test("training steps leak no tensors", async (t) => {
  const trainer = new Trainer(backend, await loadKernels(backend), config, settings, item)
  trainer.step()
  const before = tf.memory().numTensors
  for (let i = 0; i < 10; i++) trainer.step()
  t.equal(tf.memory().numTensors, before)
  trainer.dispose()
})
