/**
 * A checkpoint on this machine as a `Model`: prompts to ids, ids to text parts and tool calls.
 */
import { AgentOSError } from "#actors/errors.js"
import { createActorSystem, type ActorSystem } from "#actors/system.js"
import "./errors.js"
import { readCheckpointHead, type CheckpointHead } from "./checkpoint/checkpoint.js"
import { samplingOf } from "./decoding/sampler.js"
import { StopStrings } from "./decoding/stop-strings.js"
import { Inference } from "./engine/inference-actor.js"
import type { Confidence, FinishReason, Message, Model, ModelInfo, ModelPart, ModelRequest } from "./model.js"
import { PartQueue } from "./part-queue.js"
import { encodeSegments, marks, parseScribeOutput, type Segment } from "./prompt/scribe.js"
import { scribeSegments } from "./prompt/scribe-messages.js"

export interface LocalModelOptions {
  readonly id: string
  readonly folder: string
  readonly backend?: "wasm" | "tensorflow"
  /** Sequences decoded together; default 16. */
  readonly maxBatch?: number
  /** Where its actors live; default: a system of its own, stopped with the model. */
  readonly system?: ActorSystem
}

/** Characters that are tokenised for each token of the context; a text of more is taken for too long unread. */
const charactersPerToken = 8

/** Tokens of an answer unless the request says otherwise. */
const defaultMaxTokens = 96

/** Opens a checkpoint; the weights are read by the inference thread, on `load()` or the first request. @throws `INVALID_CHECKPOINT` */
export async function openLocalModel(options: LocalModelOptions): Promise<LocalModel> {
  const head = await readCheckpointHead(options.folder)
  if (options.system !== undefined) return new LocalModel(options, head, options.system)
  const own = await createActorSystem({ name: options.id })
  return new LocalModel(options, head, own, () => own.stop())
}

export class LocalModel implements Model {
  readonly #id: string
  readonly #head: CheckpointHead
  readonly #inference: Inference
  readonly #system: ActorSystem
  readonly #afterStop: () => Promise<void>
  #backend: string
  #nextCall = 1

  constructor(
    { id, folder, backend = "wasm", maxBatch = 16 }: LocalModelOptions,
    head: CheckpointHead,
    system: ActorSystem,
    afterStop: () => Promise<void> = async () => {},
  ) {
    this.#id = id
    this.#head = head
    this.#system = system
    this.#afterStop = afterStop
    this.#backend = `tensorflow.js/${backend}`
    this.#inference = new Inference(system, {
      folder,
      backend,
      slots: maxBatch,
      contextLength: head.config.contextLength,
    })
  }

  get info(): ModelInfo {
    const { config } = this.#head
    return { id: this.#id, provider: "local", contextLength: config.contextLength, backend: this.#backend }
  }

  /** Sequences waiting or running. */
  get open(): number {
    return this.#inference.open
  }

  /** Starts the inference thread before the first request needs it. */
  async load(): Promise<void> {
    this.#backend = await this.#inference.load()
  }

  /** Tokens of a text; of one too long for the context, a figure above the context's length. */
  countTokens(text: string): number {
    if (text.length > this.#mostCharacters) return Math.ceil(text.length / charactersPerToken)
    return this.#head.tokenizer.encode(text).length
  }

  async *generate(request: ModelRequest): AsyncGenerator<ModelPart> {
    const { tokenizer, config } = this.#head
    const prompt = this.#prompt(request)
    const decoding = request.decoding ?? {}
    const scribe = config.promptFormat === "scribe"
    const decoder = tokenizer.decoder()
    const stops = new StopStrings([...(decoding.stop ?? []), ...(scribe ? [] : [`\nuser:`])])
    const answer: number[] = []
    const queue = new PartQueue<ModelPart>()
    let calling = false
    let sequence: number | undefined
    let timedOut = false

    const finish = (reason: FinishReason, confidence?: Confidence): void => {
      queue.push({
        type: "finish",
        reason,
        usage: { promptTokens: prompt.length, completionTokens: answer.length, cachedTokens: 0 },
        ...(confidence === undefined ? {} : { confidence }),
      })
      queue.close()
    }
    const say = (text: string): void => {
      // The model writes a space before its first word; the text begins with the word.
      const shown = stops.push(answer.length <= 1 ? text.replace(/^ /, "") : text)
      if (shown !== "") queue.push({ type: "text", text: shown })
    }
    const cancel = (): void => {
      if (sequence !== undefined) this.#inference.cancel(sequence)
    }
    const timer =
      request.timeoutMs === undefined
        ? undefined
        : this.#system.clock.timer(request.timeoutMs, () => ((timedOut = true), cancel()))
    request.signal?.addEventListener("abort", cancel, { once: true })
    try {
      if (request.signal?.aborted === true) {
        finish("cancelled")
      } else {
        sequence = this.#inference.start(
          {
            prompt,
            stops: [config.eos],
            maxTokens: decoding.maxTokens ?? defaultMaxTokens,
            sampling: samplingOf(
              decoding,
              (decoding.banned ?? []).flatMap((text) => tokenizer.encode(text, { specials: true })),
            ),
            ...(decoding.seed === undefined ? {} : { seed: decoding.seed }),
            measured: request.confidence === true,
          },
          {
            token: (id) => {
              if (stops.stopped) return // a step was in flight
              answer.push(id)
              if (scribe && answer.length === 1 && id < marks.length) calling = true
              if (!calling) say(decoder.push(id))
              if (stops.stopped && sequence !== undefined) this.#inference.cancel(sequence)
            },
            end: (reason, confidence) => {
              if (timedOut)
                return queue.fail(
                  new AgentOSError("DEADLINE_EXCEEDED", `the model did not finish within ${request.timeoutMs} ms`),
                )
              if (calling) {
                const output = parseScribeOutput(tokenizer, answer)
                if (output.kind === "call")
                  queue.push({
                    type: "tool-call",
                    call: { id: `${this.#id}-${this.#nextCall++}`, tool: output.tool, arguments: output.arguments },
                  })
                return finish(output.kind === "call" && reason === "stop" ? "tool-calls" : reason, confidence)
              }
              say(decoder.flush())
              const rest = stops.flush()
              if (rest !== "") queue.push({ type: "text", text: rest })
              finish(stops.stopped ? "stop" : reason, confidence)
            },
            fail: (error) => queue.fail(error),
          },
        )
      }
      yield* queue
    } finally {
      timer?.()
      request.signal?.removeEventListener("abort", cancel)
      cancel()
    }
  }

  async stop(): Promise<void> {
    await this.#inference.stop()
    await this.#afterStop()
  }

  get #mostCharacters(): number {
    return this.#head.config.contextLength * charactersPerToken
  }

  /** @throws `CONTEXT_TOO_LONG`, before anything is tokenised, where the newest turn cannot fit */
  #prompt({ messages }: ModelRequest): number[] {
    const { tokenizer, config } = this.#head
    // Half of the context is kept for the answer and for what the conversation still needs.
    const half = config.contextLength / 2
    if (config.promptFormat === "scribe") {
      const segments = scribeSegments(
        messages,
        (longer) => charactersOf(longer) <= this.#mostCharacters && encodeSegments(tokenizer, longer).length <= half,
      )
      this.#checkLength(charactersOf(segments))
      return encodeSegments(tokenizer, segments)
    }
    const instructions = messages.filter(({ role }) => role === "system")
    const said = messages.filter(({ role }) => role !== "system")
    let from = Math.max(0, said.length - 1)
    let left = half - this.countTokens(plainPrompt([...instructions, ...said.slice(from)]))
    for (; from > 0; from--) {
      left -= this.countTokens(lineOf(said[from - 1] as Message))
      if (left < 0) break
    }
    const prompt = plainPrompt([...instructions, ...said.slice(from)])
    this.#checkLength(prompt.length)
    return tokenizer.encode(prompt)
  }

  #checkLength(characters: number): void {
    if (characters > this.#mostCharacters)
      throw new AgentOSError(
        "CONTEXT_TOO_LONG",
        `the prompt has ${characters} characters; ${this.#mostCharacters} are read for a context of ${this.#head.config.contextLength} tokens`,
      )
  }
}

const charactersOf = (segments: readonly Segment[]): number =>
  segments.reduce((sum, segment) => sum + ("text" in segment ? segment.text.length : 0), 0)

/** For checkpoints without a format of their own: one line a message. */
function plainPrompt(messages: readonly Message[]): string {
  return `${messages.map(lineOf).join("")}assistant:`
}

const lineOf = ({ role, content }: Message): string => `${role}: ${content}\n`
