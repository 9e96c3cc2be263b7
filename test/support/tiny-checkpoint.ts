import { mkdir, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { llamaConfigJson, llamaWeights, parseLlamaConfig, type LlamaConfig } from "#src/models/architectures/llama.js"
import { transposeWeight, writeSafetensors, type WeightTensor } from "#src/models/checkpoint/safetensors.js"
import { SeededChance } from "#src/models/decoding/sampler.js"
import { marks } from "#src/models/prompt/scribe.js"
import { trainTokenizer } from "#src/models/tokenizer/train-tokenizer.js"

/** A tiny decoder with random weights: it talks nonsense, and always the same. */
export const tinyConfig: LlamaConfig = parseLlamaConfig({
  vocab_size: 288,
  hidden_size: 32,
  intermediate_size: 48,
  num_hidden_layers: 2,
  num_attention_heads: 4,
  num_key_value_heads: 2,
  max_position_embeddings: 96,
  rope_theta: 100,
  tie_word_embeddings: true,
  eos_token_id: 0,
  token_shift: true,
  prompt_format: "plain",
})

/** Weights as a checkpoint stores them. */
export function randomWeights(config: LlamaConfig, seed = 1): Map<string, WeightTensor> {
  const chance = new SeededChance(seed)
  return new Map(
    llamaWeights(config).map(({ name, shape, kind, deviation }) => {
      const count = shape.reduce((product, size) => product * size, 1)
      const data = Float32Array.from({ length: count }, () =>
        kind === "norm" ? 0.5 + chance.next() : (chance.next() - 0.5) * 4 * deviation,
      )
      return [name, kind === "linear" ? transposeWeight({ shape, data }) : { shape, data }]
    }),
  )
}

/** Writes a whole checkpoint into a folder and returns it. */
export async function writeTinyCheckpoint(folder: string, config: LlamaConfig = tinyConfig): Promise<string> {
  await mkdir(folder, { recursive: true })
  const tokenizer = trainTokenizer(["the cat sat on the mat and the dog sat on the log"], {
    size: config.vocabulary,
    specials: marks,
  })
  await writeFile(join(folder, "config.json"), JSON.stringify(llamaConfigJson(config)))
  await writeFile(join(folder, "tokenizer.json"), JSON.stringify(tokenizer))
  await writeFile(join(folder, "model.safetensors"), writeSafetensors(randomWeights(config)))
  return folder
}
