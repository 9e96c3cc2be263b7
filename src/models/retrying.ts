/**
 * A model that is asked again while its server is busy, and after that another one.
 *
 * Invariants
 *   Y1. Only before the first part: what was said is never said twice.
 *   Y2. Only what may go well another time is tried again: after a pause that doubles and is never the same, added to what
 *       the server itself said, and only if the pause ends within the time that the request has.
 *   Y3. What the first model does not answer, or not for longer than a moment, the other one is asked; `finish` says so.
 */
import type { Clock, Random } from "#actors/clock.js"
import { AgentOSError } from "#actors/errors.js"
import type { Model, ModelPart, ModelRequest } from "./model.js"
import { noUsage } from "./usage.js"

export interface RetryingParts {
  readonly clock: Clock
  readonly random: Random
  /** The model that answers when this one does not; opened when it is needed. */
  readonly fallback?: (() => Promise<Model>) | undefined
}

/** Requests that one model is sent at most. */
const tries = 4
/** Milliseconds before the second of them: half to the whole of it. */
const firstPauseMs = 500
/** Milliseconds that a server may ask for before another model is asked at once. */
const momentMs = 5_000
/** Time of a request that names none. */
const defaultTimeMs = 60_000

/** Codes that say nothing about the model: the request was called off, its time is over, the node stops. */
const final = new Set(["CANCELLED", "DEADLINE_EXCEEDED", "MODEL_STOPPED", "SYSTEM_STOPPED", "ACTOR_STOPPED"])

export function retrying(model: Model, parts: RetryingParts): Model {
  const { countTokens, embed } = model
  return {
    get info() {
      return model.info
    },
    generate: (request) => new Attempts(model, request, parts),
    ...(countTokens === undefined ? {} : { countTokens: countTokens.bind(model) }),
    ...(embed === undefined ? {} : { embed: embed.bind(model) }),
    stop: () => model.stop(),
  }
}

/** The first attempt as it is, which most often is the last: no generator stands between it and who reads. */
class Attempts implements AsyncIterableIterator<ModelPart> {
  readonly #further: (error: unknown) => AsyncIterator<ModelPart>
  #current: AsyncIterator<ModelPart>
  #begun = false

  constructor(model: Model, request: ModelRequest, parts: RetryingParts) {
    const until = parts.clock.monotonic() + (request.timeoutMs ?? defaultTimeMs)
    this.#further = (error) => furtherAttempts(model, request, until, parts, error)
    this.#current = model.generate(request)[Symbol.asyncIterator]()
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  next(): Promise<IteratorResult<ModelPart>> {
    if (this.#begun) return this.#current.next() // Y1
    this.#begun = true
    return this.#current.next().catch((error: unknown) => (this.#current = this.#further(error)).next())
  }

  async return(): Promise<IteratorResult<ModelPart>> {
    await this.#current.return?.()
    return { done: true, value: undefined }
  }
}

/** @param failure of the first attempt */
async function* furtherAttempts(
  model: Model,
  request: ModelRequest,
  until: number,
  parts: RetryingParts,
  failure: unknown,
): AsyncGenerator<ModelPart> {
  const { clock, random, fallback } = parts
  let error = failure
  for (let attempt = 1; attempt < tries && mayPass(error); attempt++) {
    const asked = retryAfterMs(error)
    const pause = asked + firstPauseMs * 2 ** (attempt - 1) * (0.5 + random.float() / 2)
    if (clock.monotonic() + pause >= until) break // Y2
    if (fallback !== undefined && asked > momentMs) break // Y3
    if (await calledOff(pause, request.signal, clock)) return yield cancelled
    let begun = false
    try {
      for await (const part of model.generate(rest(request, until, clock))) {
        begun = true
        yield part
      }
      return
    } catch (thrown) {
      if (begun) throw thrown // Y1
      error = thrown
    }
  }
  if (fallback === undefined || isFinal(error)) throw error
  try {
    const other = await fallback()
    for await (const part of retrying(other, { clock, random }).generate(rest(request, until, clock)))
      yield part.type === "finish" ? { ...part, model: other.info.id } : part // Y3
  } catch (second) {
    throw both(AgentOSError.from(error), AgentOSError.from(second))
  }
}

const cancelled: ModelPart = { type: "finish", reason: "cancelled", usage: noUsage }

const mayPass = (error: unknown): boolean => error instanceof AgentOSError && error.retryable && !isFinal(error)

/** The request with the time that is left of it. */
const rest = (request: ModelRequest, until: number, clock: Clock): ModelRequest =>
  request.timeoutMs === undefined ? request : { ...request, timeoutMs: Math.max(1, until - clock.monotonic()) }

const isFinal = (error: unknown): boolean => error instanceof AgentOSError && final.has(error.code)

function retryAfterMs(error: unknown): number {
  const said = error instanceof AgentOSError ? error.details?.["retryAfterMs"] : undefined
  return typeof said === "number" ? said : 0
}

/** @returns whether the request was called off before the pause was over */
function calledOff(pause: number, signal: AbortSignal | undefined, clock: Clock): Promise<boolean> {
  return new Promise((done) => {
    const end = (): void => {
      timer()
      signal?.removeEventListener("abort", end)
      done(signal?.aborted === true)
    }
    const timer = clock.timer(pause, end)
    signal?.addEventListener("abort", end)
    if (signal?.aborted === true) end()
  })
}

function both(first: AgentOSError, second: AgentOSError): AgentOSError {
  if (final.has(second.code)) return second
  const details = { ...first.details, ...second.details }
  return new AgentOSError(second.code, `${second.message}; before that, ${first.message}`, { cause: first, details })
}
