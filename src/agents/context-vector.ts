import type { Message } from "../models/model.js"

/** Who added something to a context, and whether its content may be trusted as instructions. */
export interface Provenance {
  readonly agent: string
  readonly model?: string
  readonly tools?: readonly string[]
  readonly sources?: readonly string[]
  readonly trusted: boolean
  /** It answered that it cannot answer. */
  readonly refused?: boolean
}

/**
 * What one agent hands the next: the conversation so far, values by name, an embedding of the whole with the id of
 * the model that made it, provenance, and what is left of budget and deadline. Plain data; version 1.
 */
export interface ContextVector {
  readonly version: 1
  readonly messages: readonly Message[]
  readonly values: Readonly<Record<string, unknown>>
  readonly embedding?: { readonly model: string; readonly vector: Float32Array }
  readonly provenance: readonly Provenance[]
  /** Tokens left to spend, all agents together; absent: unlimited. */
  readonly budgetTokens?: number
  /** Milliseconds left; absent: unlimited. */
  readonly deadlineMs?: number
}
