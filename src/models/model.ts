/**
 * The port that everything that can complete text implements: the local engine, an OpenAI-compatible server, a provider of the
 * Vercel AI SDK. A request becomes a stream of typed parts that ends in exactly one `finish` part.
 *
 * Invariants
 *   P1. The stream yields any number of `text` and `tool-call` parts, then one `finish`, then ends; or it throws an AgentOSError.
 *   P2. When `signal` aborts, the stream ends soon with `finish` and reason "cancelled"; tokens already made are kept and counted.
 *   P3. A request that was refused before any work throws a code whose `executed` is "no".
 */

export type Message =
  | { readonly role: "system"; readonly content: string }
  | { readonly role: "user"; readonly content: string }
  | { readonly role: "assistant"; readonly content: string; readonly toolCalls?: readonly ToolCall[] }
  | { readonly role: "tool"; readonly toolCallId: string; readonly tool: string; readonly content: string }

/** A tool the model asks for. `arguments` is the parsed JSON object; it is validated by the ToolKit, not here. */
export interface ToolCall {
  readonly id: string
  readonly tool: string
  readonly arguments: Readonly<Record<string, unknown>>
  /** What the model wrote as arguments, clipped, where it is no JSON object: `arguments` is empty then, and the call is not to be run. */
  readonly invalid?: string
}

/** What a model is told about a tool. `parameters` is a JSON Schema object. */
export interface ToolSpec {
  readonly name: string
  readonly description: string
  readonly parameters: Readonly<Record<string, unknown>>
}

/** How the next token is chosen. Everything is optional: a model has its own defaults (greedy for the embedded one). */
export interface Decoding {
  /** Most tokens to make. */
  readonly maxTokens?: number
  /** 0 is greedy. */
  readonly temperature?: number
  readonly topK?: number
  readonly topP?: number
  /** 1 is none; above 1 makes tokens already seen less likely. */
  readonly repetitionPenalty?: number
  /** Generation ends before the first of these; they are not part of the text. */
  readonly stop?: readonly string[]
  /** Texts whose tokens are never chosen. */
  readonly banned?: readonly string[]
  /** Same seed, same request, same tokens. */
  readonly seed?: number
}

export interface ModelRequest {
  readonly messages: readonly Message[]
  readonly tools?: readonly ToolSpec[]
  readonly decoding?: Decoding
  /** Whether `finish` is to tell how sure the model was; default false. */
  readonly confidence?: boolean
  /** Aborting cancels this request only (P2). */
  readonly signal?: AbortSignal
  /** Milliseconds this request may take, waiting included; past it the stream throws `DEADLINE_EXCEEDED`. */
  readonly timeoutMs?: number
  /** Travels into logs. */
  readonly traceId?: string
}

export interface Usage {
  readonly promptTokens: number
  readonly completionTokens: number
  /** Prompt tokens whose state was reused instead of computed. */
  readonly cachedTokens: number
  /** The server sent no counts: they are estimated by the characters (`estimate.ts`). */
  readonly estimated?: boolean
}

/** Why a model stopped writing. After "length" and "content-filter" the answer is not whole. */
export type FinishReason = "stop" | "length" | "content-filter" | "tool-calls" | "cancelled"

export type ModelPart =
  | { readonly type: "text"; readonly text: string }
  | { readonly type: "tool-call"; readonly call: ToolCall }
  | {
      readonly type: "finish"
      readonly reason: FinishReason
      readonly usage: Usage
      /** The model that answered, where it is not the one that was asked (`retrying.ts`). */
      readonly model?: string
      /** Where the request asked for it and the model can tell. */
      readonly confidence?: Confidence
    }

/** How sure a model was of an answer: probabilities of its tokens as the model gave them, the end of the answer included, whatever the decoding. */
export interface Confidence {
  /** The least of them. */
  readonly least: number
  /** Their geometric mean. */
  readonly mean: number
}

export interface ModelInfo {
  /** As agents name it: "scribe", "openai/gpt-x". */
  readonly id: string
  readonly provider: string
  /** Tokens of prompt and answer together, if known. */
  readonly contextLength?: number
  readonly parameters?: number
  /** What computes it: "tensorflow/wasm", "remote", ... */
  readonly backend: string
}

export interface Model {
  readonly info: ModelInfo
  generate(request: ModelRequest): AsyncIterable<ModelPart>
  /** Tokens of a text by this model's tokenizer, if it can tell. */
  countTokens?(text: string): number
  /** One vector a text, all of the same length. */
  embed?(texts: readonly string[]): Promise<readonly Float32Array[]>
  /** Frees everything; requests in flight end with `MODEL_STOPPED`. */
  stop(): Promise<void>
}
