import { readFile } from "node:fs/promises"
import { join } from "node:path"
import { AgentOSError } from "#actors/errors.js"
import { llamaWeights, parseLlamaConfig, type LlamaConfig } from "../architectures/llama.js"
import { Tokenizer } from "../tokenizer/tokenizer.js"
import { readSafetensors, type WeightTensor } from "./safetensors.js"

/** A checkpoint without its weights: enough to make prompts. */
export interface CheckpointHead {
  readonly folder: string
  readonly config: LlamaConfig
  readonly tokenizer: Tokenizer
}

/** Reads `config.json` and `tokenizer.json`. @throws `INVALID_CHECKPOINT`, `INVALID_TOKENIZER` */
export async function readCheckpointHead(folder: string): Promise<CheckpointHead> {
  const [config, tokenizer] = await Promise.all([json(folder, "config.json"), json(folder, "tokenizer.json")])
  return { folder, config: parseLlamaConfig(config), tokenizer: Tokenizer.fromJSON(tokenizer) }
}

/** Reads the weights and checks that every one the architecture needs is there in its shape, linear maps as (out, in). @throws `INVALID_CHECKPOINT` */
export async function readCheckpointWeights(
  folder: string,
  config: LlamaConfig,
): Promise<ReadonlyMap<string, WeightTensor>> {
  const source = join(folder, "model.safetensors")
  const tensors = readSafetensors(await bytes(source), source)
  for (const { name, shape, kind } of llamaWeights(config)) {
    const wanted = kind === "linear" ? shape.toReversed() : shape
    const found = tensors.get(name)?.shape
    if (found === undefined || found.join() !== wanted.join()) {
      throw new AgentOSError(
        "INVALID_CHECKPOINT",
        `${source}: ${name} should have shape (${wanted.join(", ")}) but ${found === undefined ? "is missing" : `has (${found.join(", ")})`}`,
      )
    }
  }
  return tensors
}

async function json(folder: string, name: string): Promise<unknown> {
  const path = join(folder, name)
  const text = new TextDecoder().decode(await bytes(path))
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new AgentOSError("INVALID_CHECKPOINT", `${path} is not JSON`, { cause })
  }
}

async function bytes(path: string): Promise<Uint8Array> {
  try {
    return await readFile(path)
  } catch (cause) {
    throw new AgentOSError(
      "INVALID_CHECKPOINT",
      `cannot read ${path}: a checkpoint is a folder with config.json, tokenizer.json and model.safetensors`,
      { cause },
    )
  }
}
