import fc from "fast-check"
import t from "tap"
import { AgentOSError } from "#actors/errors.js"
import { parseLlamaConfig } from "#src/models/architectures/llama.js"
import { readSafetensors, writeSafetensors, type WeightTensor } from "#src/models/checkpoint/safetensors.js"

/** A file from a header and the bytes after it. */
function file(header: unknown, data = new Uint8Array(0)): Uint8Array {
  const head = new TextEncoder().encode(typeof header === "string" ? header : JSON.stringify(header))
  const bytes = new Uint8Array(8 + head.length + data.length)
  new DataView(bytes.buffer).setBigUint64(0, BigInt(head.length), true)
  bytes.set(head, 8)
  bytes.set(data, 8 + head.length)
  return bytes
}

t.test("what is written is read back", async () => {
  const tensor = fc
    .array(fc.nat(4), { maxLength: 3 })
    .chain((shape) =>
      fc
        .float32Array({ minLength: shape.reduce((a, b) => a * b, 1), maxLength: shape.reduce((a, b) => a * b, 1) })
        .map((data): WeightTensor => ({ shape, data })),
    )
  fc.assert(
    fc.property(fc.uniqueArray(fc.tuple(fc.stringMatching(/^[a-z.]{1,9}$/), tensor), { selector: ([name]) => name }), (tensors) => {
      const read = readSafetensors(writeSafetensors(tensors))
      return (
        read.size === tensors.length &&
        tensors.every(([name, { shape, data }]) => {
          const found = read.get(name)
          return found?.shape.join() === shape.join() && found.data.every((x, i) => Object.is(x, data[i]))
        })
      )
    }),
  ) // prettier-ignore
})

t.test("half precision becomes float32", async (t) => {
  const halves = Uint16Array.of(0x3c00, 0xc000, 0x0001, 0x7c00, 0x3555)
  const read = readSafetensors(
    file({ h: { dtype: "F16", shape: [5], data_offsets: [0, 10] } }, new Uint8Array(halves.buffer)),
  )
  t.same([...(read.get("h")?.data ?? [])], [1, -2, 2 ** -24, Infinity, Math.fround(0.333251953125)])
  const brain = Uint16Array.of(0x3f80, 0xc040)
  const other = readSafetensors(
    file({ b: { dtype: "BF16", shape: [2], data_offsets: [0, 4] } }, new Uint8Array(brain.buffer)),
  )
  t.same([...(other.get("b")?.data ?? [])], [1, -3])
})

t.test("every malformation is refused with the file, the tensor and what is wrong", async (t) => {
  const entry = { dtype: "F32", shape: [2], data_offsets: [0, 8] }
  const cases: Readonly<Record<string, readonly [Uint8Array, RegExp]>> = {
    "no header length": [new Uint8Array(3), /shorter than its header length/],
    "a header longer than the file": [
      Uint8Array.of(255, 255, 0, 0, 0, 0, 0, 0, 1),
      /header of 65535 bytes does not fit a file of 9/,
    ],
    "a header that is not JSON": [file("{oops"), /header is not JSON/],
    "a header that is a list": [file("[]"), /header is not an object/],
    "an unknown type": [file({ w: { ...entry, dtype: "I8" } }, new Uint8Array(8)), /tensor w:.*dtype/s],
    "a negative size": [file({ w: { ...entry, shape: [-2] } }, new Uint8Array(8)), /tensor w:.*shape/s],
    "data cut short": [file({ w: entry }, new Uint8Array(7)), /tensor w of shape \(2\) in F32 takes 8 bytes/],
    "offsets that do not fit the shape": [file({ w: { ...entry, data_offsets: [0, 4] } }, new Uint8Array(8)), /tensor w of shape/], // prettier-ignore
    "offsets that run backwards": [file({ w: { ...entry, data_offsets: [8, 0] } }, new Uint8Array(8)), /tensor w/],
  }
  for (const [what, [bytes, message]] of Object.entries(cases))
    t.throws(() => readSafetensors(bytes, "some.safetensors"), { code: "INVALID_CHECKPOINT", message }, what)
})

t.test("bytes of any kind are read or refused, never anything else", async () => {
  const valid = writeSafetensors([["w", { shape: [2, 2], data: Float32Array.of(1, 2, 3, 4) }]])
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(valid.length - 1), fc.nat(255)), { minLength: 1, maxLength: 4 }), (changes) => {
      const bytes = valid.slice()
      for (const [at, value] of changes) bytes[at] = value
      try {
        readSafetensors(bytes)
        return true
      } catch (error) {
        return error instanceof AgentOSError && error.code === "INVALID_CHECKPOINT"
      }
    }),
    { numRuns: 500 },
  ) // prettier-ignore
})

t.test("a config of a member of the family that this decoder cannot compute is refused", async (t) => {
  const config = {
    vocab_size: 8,
    hidden_size: 8,
    intermediate_size: 8,
    num_hidden_layers: 1,
    num_attention_heads: 2,
    max_position_embeddings: 8,
    eos_token_id: 0,
  }
  t.equal(parseLlamaConfig(config).keyValueHeads, 2)
  for (const wrong of [
    { hidden_act: "gelu" },
    { attention_bias: true },
    { rope_scaling: { rope_type: "llama3", factor: 8 } },
    { rope_parameters: { rope_type: "yarn", rope_theta: 100 } },
    { head_dim: 16 },
    { num_attention_heads: 3 },
    { num_key_value_heads: 4 },
    { hidden_size: 0 },
  ])
    t.throws(() => parseLlamaConfig({ ...config, ...wrong }), { code: "INVALID_CHECKPOINT" }, JSON.stringify(wrong))
})
