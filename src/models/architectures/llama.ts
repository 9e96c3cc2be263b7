/**
 * A Llama-style decoder: RMSNorm, rotary positions, grouped-query attention, SwiGLU, optionally with token shift. Written once against a small set
 * of tensor operations; training and inference each implement the set.
 *
 * Shape letters: N tokens (of all sequences), C channels, H query heads, K key-value heads, D = C/H, F feed-forward width, V vocabulary.
 *
 * @see Touvron et al. 2023, https://arxiv.org/abs/2302.13971; token shift: Peng et al. 2023, https://arxiv.org/abs/2305.13048
 */
import { z } from "zod"
import { AgentOSError } from "#actors/errors.js"

const positive = z.int().positive()

/** `config.json` of a checkpoint, with Hugging Face's names; `token_shift` and `prompt_format` are ours. */
const configSchema = z.object({
  vocab_size: positive,
  hidden_size: positive,
  intermediate_size: positive,
  num_hidden_layers: positive,
  num_attention_heads: positive,
  num_key_value_heads: positive.optional(),
  max_position_embeddings: positive,
  rms_norm_eps: z.number().positive().default(1e-5),
  rope_theta: z.number().positive().default(10_000),
  tie_word_embeddings: z.boolean().default(false),
  bos_token_id: z.int().nullish(),
  eos_token_id: z.int(),
  // What other members of the family have and this decoder does not: to read past it would give wrong words.
  hidden_act: z.literal("silu").optional(),
  rope_scaling: z.null().optional(),
  rope_parameters: z.object({ rope_type: z.literal("default"), rope_theta: z.number().positive() }).optional(),
  head_dim: positive.optional(),
  attention_bias: z.literal(false).optional(),
  mlp_bias: z.literal(false).optional(),
  token_shift: z.boolean().default(false),
  prompt_format: z.enum(["scribe", "plain"]).default("plain"),
})

export interface LlamaConfig {
  readonly vocabulary: number
  readonly channels: number
  readonly feedForward: number
  readonly layers: number
  readonly heads: number
  readonly keyValueHeads: number
  /** Tokens of prompt and answer together. */
  readonly contextLength: number
  readonly epsilon: number
  readonly ropeTheta: number
  readonly tied: boolean
  readonly eos: number
  /** The attention input's first quarter of channels comes from one position earlier, the second quarter from two earlier. */
  readonly tokenShift: boolean
  readonly promptFormat: "scribe" | "plain"
}

/** @throws `INVALID_CHECKPOINT` naming every fault */
export function parseLlamaConfig(json: unknown): LlamaConfig {
  const parsed = configSchema.safeParse(json)
  if (!parsed.success) throw new AgentOSError("INVALID_CHECKPOINT", `config.json: ${z.prettifyError(parsed.error)}`)
  const { data } = parsed
  const keyValueHeads = data.num_key_value_heads ?? data.num_attention_heads
  if (data.hidden_size % data.num_attention_heads !== 0 || data.num_attention_heads % keyValueHeads !== 0) {
    throw new AgentOSError(
      "INVALID_CHECKPOINT",
      "config.json: num_attention_heads must divide hidden_size, and num_key_value_heads must divide num_attention_heads",
    )
  }
  if (data.head_dim !== undefined && data.head_dim * data.num_attention_heads !== data.hidden_size)
    throw new AgentOSError(
      "INVALID_CHECKPOINT",
      `config.json: head_dim is ${data.head_dim}; this decoder has hidden_size / num_attention_heads = ${data.hidden_size / data.num_attention_heads}`,
    )
  return {
    vocabulary: data.vocab_size,
    channels: data.hidden_size,
    feedForward: data.intermediate_size,
    layers: data.num_hidden_layers,
    heads: data.num_attention_heads,
    keyValueHeads,
    contextLength: data.max_position_embeddings,
    epsilon: data.rms_norm_eps,
    ropeTheta: data.rope_parameters?.rope_theta ?? data.rope_theta,
    tied: data.tie_word_embeddings,
    eos: data.eos_token_id,
    tokenShift: data.token_shift,
    promptFormat: data.prompt_format,
  }
}

/** The inverse of `parseLlamaConfig`. */
export function llamaConfigJson(config: LlamaConfig): Readonly<Record<string, unknown>> {
  return {
    architectures: ["LlamaForCausalLM"],
    model_type: "llama",
    vocab_size: config.vocabulary,
    hidden_size: config.channels,
    intermediate_size: config.feedForward,
    num_hidden_layers: config.layers,
    num_attention_heads: config.heads,
    num_key_value_heads: config.keyValueHeads,
    max_position_embeddings: config.contextLength,
    rms_norm_eps: config.epsilon,
    rope_theta: config.ropeTheta,
    tie_word_embeddings: config.tied,
    eos_token_id: config.eos,
    hidden_act: "silu",
    torch_dtype: "float32",
    token_shift: config.tokenShift,
    prompt_format: config.promptFormat,
  }
}

/** One weight: its name in a checkpoint, its shape as used here ((in, out) for a linear map), and how it is initialised. */
export interface WeightSpec {
  readonly name: string
  readonly shape: readonly number[]
  /** A linear map is stored transposed, (out, in), as Hugging Face does. */
  readonly kind: "embedding" | "linear" | "norm"
  /** Standard deviation at initialisation; norms begin at 1. */
  readonly deviation: number
}

const layer = (index: number, part: string): string => `model.layers.${index}.${part}.weight`

/** Every weight of a model, in a fixed order. */
export function llamaWeights(config: LlamaConfig): WeightSpec[] {
  const { channels: C, feedForward: F, layers: L, vocabulary: V } = config
  const kv = (C / config.heads) * config.keyValueHeads
  const linear = (name: string, from: number, to: number, scale = 1): WeightSpec => ({
    name,
    shape: [from, to],
    kind: "linear",
    deviation: scale / Math.sqrt(from),
  })
  const norm = (name: string): WeightSpec => ({ name, shape: [C], kind: "norm", deviation: 0 })
  const residual = 1 / Math.sqrt(2 * L)
  return [
    { name: "model.embed_tokens.weight", shape: [V, C], kind: "embedding", deviation: 0.05 },
    ...Array.from({ length: L }, (_, i) => [
      norm(layer(i, "input_layernorm")),
      linear(layer(i, "self_attn.q_proj"), C, C),
      linear(layer(i, "self_attn.k_proj"), C, kv),
      linear(layer(i, "self_attn.v_proj"), C, kv),
      linear(layer(i, "self_attn.o_proj"), C, C, residual),
      norm(layer(i, "post_attention_layernorm")),
      linear(layer(i, "mlp.gate_proj"), C, F),
      linear(layer(i, "mlp.up_proj"), C, F),
      linear(layer(i, "mlp.down_proj"), F, C, residual),
    ]).flat(),
    norm("model.norm.weight"),
    ...(config.tied ? [] : [{ name: "lm_head.weight", shape: [V, C], kind: "embedding" as const, deviation: 0.05 }]),
  ]
}

/** What the decoder needs of tensors. Which tokens belong to which sequence, and caches, are the implementation's business. */
export interface Operations<Tensor> {
  /** Rows of the table for the tokens of this step. @returns (N, C) */
  embed(table: Tensor): Tensor
  /** x / rms(x) · weight. @returns (N, C) */
  norm(x: Tensor, weight: Tensor): Tensor
  /** Token shift of layer `index`. @returns (N, C) */
  shift(x: Tensor, index: number): Tensor
  /** x (N, I) · weight (I, O). @returns (N, O) */
  linear(x: Tensor, weight: Tensor): Tensor
  /** Rotary causal attention of layer `index`: q (N, C), k and v (N, K·D). @returns (N, C) */
  attend(q: Tensor, k: Tensor, v: Tensor, index: number): Tensor
  /** silu(gate) · up. @returns (N, F) */
  swiglu(gate: Tensor, up: Tensor): Tensor
  /** @returns (N, C) */
  add(a: Tensor, b: Tensor): Tensor
  /** The rows whose next token is asked for. @returns (S, C) */
  pick(x: Tensor): Tensor
  /** x (S, C) · tableᵀ (C, V). @returns (S, V) */
  logits(x: Tensor, table: Tensor): Tensor
}

/**
 * Next-token logits of the tokens that `ops` was made for.
 *
 * Cost: about 2·P multiplications a token for P parameters, and 2·L·T·C for attention over T positions.
 *
 * @returns (S, V)
 */
export function llamaForward<Tensor>(
  config: LlamaConfig,
  weight: (name: string) => Tensor,
  ops: Operations<Tensor>,
): Tensor {
  const table = weight("model.embed_tokens.weight")
  let x = ops.embed(table) // (N, C)
  for (let i = 0; i < config.layers; i++) {
    let h = ops.norm(x, weight(layer(i, "input_layernorm"))) // (N, C)
    if (config.tokenShift) h = ops.shift(h, i) // (N, C)
    const q = ops.linear(h, weight(layer(i, "self_attn.q_proj"))) // (N, C)
    const k = ops.linear(h, weight(layer(i, "self_attn.k_proj"))) // (N, K·D)
    const v = ops.linear(h, weight(layer(i, "self_attn.v_proj"))) // (N, K·D)
    x = ops.add(x, ops.linear(ops.attend(q, k, v, i), weight(layer(i, "self_attn.o_proj")))) // (N, C)
    const m = ops.norm(x, weight(layer(i, "post_attention_layernorm"))) // (N, C)
    const f = ops.swiglu(
      ops.linear(m, weight(layer(i, "mlp.gate_proj"))),
      ops.linear(m, weight(layer(i, "mlp.up_proj"))),
    ) // (N, F)
    x = ops.add(x, ops.linear(f, weight(layer(i, "mlp.down_proj")))) // (N, C)
  }
  const last = ops.norm(ops.pick(x), weight("model.norm.weight")) // (S, C)
  return ops.logits(last, config.tied ? table : weight("lm_head.weight")) // (S, V)
}
