/**
 * Weights in the safetensors format: eight bytes of header length, a JSON header, then the tensors' bytes.
 *
 * @see https://github.com/huggingface/safetensors#format
 */
import { z } from "zod"
import { AgentOSError } from "#actors/errors.js"

export interface WeightTensor {
  readonly shape: readonly number[]
  readonly data: Float32Array
}

const entrySchema = z.object({
  dtype: z.enum(["F32", "F16", "BF16"]),
  shape: z.array(z.int().nonnegative()),
  data_offsets: z.tuple([z.int().nonnegative(), z.int().nonnegative()]),
})
const headerLimit = 100_000_000
const bytesOf = { F32: 4, F16: 2, BF16: 2 } as const

/** Reads every tensor; half-precision ones become float32. @throws `INVALID_CHECKPOINT` for anything malformed */
export function readSafetensors(bytes: Uint8Array, source = "model.safetensors"): Map<string, WeightTensor> {
  const invalid = (what: string): AgentOSError => new AgentOSError("INVALID_CHECKPOINT", `${source}: ${what}`)
  if (bytes.byteLength < 8) throw invalid("shorter than its header length")
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const length = Number(view.getBigUint64(0, true))
  if (length > headerLimit || 8 + length > bytes.byteLength)
    throw invalid(`a header of ${length} bytes does not fit a file of ${bytes.byteLength}`)
  let header: unknown
  try {
    header = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes.subarray(8, 8 + length)))
  } catch (cause) {
    throw new AgentOSError("INVALID_CHECKPOINT", `${source}: the header is not JSON`, { cause })
  }
  if (typeof header !== "object" || header === null || Array.isArray(header))
    throw invalid("the header is not an object")
  const tensors = new Map<string, WeightTensor>()
  for (const [name, value] of Object.entries(header)) {
    if (name === "__metadata__") continue
    const entry = entrySchema.safeParse(value)
    if (!entry.success) throw invalid(`tensor ${name}: ${z.prettifyError(entry.error)}`)
    const { dtype, shape, data_offsets: [begin, end] } = entry.data // prettier-ignore
    const count = shape.reduce((product, size) => product * size, 1)
    if (end < begin || end - begin !== count * bytesOf[dtype] || 8 + length + end > bytes.byteLength) {
      throw invalid(
        `tensor ${name} of shape (${shape.join(", ")}) in ${dtype} takes ${count * bytesOf[dtype]} bytes; its offsets ${begin} to ${end} do not hold them`,
      )
    }
    const raw = bytes.slice(8 + length + begin, 8 + length + end)
    tensors.set(name, {
      shape,
      data:
        dtype === "F32"
          ? new Float32Array(raw.buffer, raw.byteOffset, count)
          : widen(new Uint16Array(raw.buffer, raw.byteOffset, count), dtype),
    })
  }
  return tensors
}

function widen(half: Uint16Array, dtype: "F16" | "BF16"): Float32Array {
  const out = new Float32Array(half.length)
  if (dtype === "BF16") {
    const bits = new Uint32Array(out.buffer)
    for (let i = 0; i < half.length; i++) bits[i] = (half[i] as number) << 16
    return out
  }
  for (let i = 0; i < half.length; i++) {
    const h = half[i] as number
    const exponent = (h >> 10) & 31
    const fraction = h & 1023
    const sign = h & 0x8000 ? -1 : 1
    out[i] =
      exponent === 0
        ? sign * fraction * 2 ** -24
        : exponent === 31
          ? fraction === 0
            ? sign * Infinity
            : NaN
          : sign * (1 + fraction / 1024) * 2 ** (exponent - 15)
  }
  return out
}

/** Writes tensors as float32, in the order given. */
export function writeSafetensors(tensors: Iterable<readonly [string, WeightTensor]>): Uint8Array {
  const header: Record<string, unknown> = { __metadata__: { format: "pt" } }
  const parts: Float32Array[] = []
  let offset = 0
  for (const [name, { shape, data }] of tensors) {
    header[name] = { dtype: "F32", shape, data_offsets: [offset, offset + data.byteLength] }
    offset += data.byteLength
    parts.push(data)
  }
  let text = JSON.stringify(header)
  text += " ".repeat((8 - (text.length % 8)) % 8)
  const head = new TextEncoder().encode(text)
  const out = new Uint8Array(8 + head.length + offset)
  new DataView(out.buffer).setBigUint64(0, BigInt(head.length), true)
  out.set(head, 8)
  let at = 8 + head.length
  for (const part of parts) {
    out.set(new Uint8Array(part.buffer, part.byteOffset, part.byteLength), at)
    at += part.byteLength
  }
  return out
}

/** (R, C) to (C, R). */
export function transposeWeight({ shape, data }: WeightTensor): WeightTensor {
  const [R, C] = shape as [number, number]
  const out = new Float32Array(data.length)
  for (let r = 0; r < R; r++) for (let c = 0; c < C; c++) out[c * R + r] = data[r * C + c] as number
  return { shape: [C, R], data: out }
}
