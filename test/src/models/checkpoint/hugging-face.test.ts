import { readFile } from "node:fs/promises"
import { fileURLToPath } from "node:url"
import t from "tap"
import { parseLlamaConfig } from "#src/models/architectures/llama.js"
import { readCheckpointWeights } from "#src/models/checkpoint/checkpoint.js"
import { decodeStep } from "#src/models/engine/decoder.js"
import { plainOperations } from "#src/models/engine/plain-operations.js"
import { wasmOperations } from "#src/models/engine/wasm-operations.js"
import { wasmBackend } from "#src/models/tensorflow.js"

await wasmBackend()
const folder = fileURLToPath(new URL("./hugging-face/", import.meta.url))
const json = async (name: string): Promise<unknown> => JSON.parse(await readFile(folder + name, "utf8"))
const golden = (await json("logits.json")) as { readonly ids: readonly number[]; readonly logits: readonly number[][] }
const config = parseLlamaConfig(await json("config.json"))
const weights = await readCheckpointWeights(folder, config)

for (const [name, operations] of [
  ["our kernels", await wasmOperations(config, weights, 1)],
  ["plain TensorFlow.js", plainOperations(config, weights, "wasm")],
] as const) {
  t.test(`${name} gives the logits of Hugging Face Transformers, token by token`, async (t) => {
    for (const [position, id] of golden.ids.entries()) {
      const logits = decodeStep(config, operations, {
        ids: Int32Array.of(id),
        slots: Int32Array.of(0),
        positions: Int32Array.of(position),
        asked: Int32Array.of(0),
      })
      const expected = golden.logits[position] as readonly number[]
      const worst = Math.max(...expected.map((value, i) => Math.abs(value - (logits[i] as number))))
      t.ok(worst < 1e-4, `position ${position}: ${worst}`)
    }
  })
}
