/**
 * One answer of one agent: model, tools, model again, until there is text. The loop itself; the actor around it is
 * `llm-agent.ts`, a turn of the model `turn.ts`, the calls of tools `tool-calls.ts`.
 *
 * Invariants
 *   A1. A model is given one system message, and no turn of its own that says nothing: many servers refuse more.
 *   A2. What an earlier try of the step has recorded is not asked of the model again: it might call something else.
 *   A3. A turn is never begun without tokens and time left. The time bounds the whole answer, also while a model or a
 *       tool hangs.
 *   A4. Calls of a turn that was cut off are not run.
 *   A5. An error says what was spent (`details.usage`), and that effects were done once a tool has done what is not
 *       to be done twice.
 *   A6. Of an agent that may refuse, nothing is shown before it is judged, and it reads no refusal that it gave
 *       before.
 */
import type { Clock } from "#actors/clock.js"
import { AgentOSError } from "#actors/errors.js"
import type { Cancellation } from "../cancellation.js"
import type { Decoding, Message, Model, Usage } from "../models/model.js"
import { noUsage, tokensOf } from "../models/usage.js"
import type { Finish, RunListener } from "../run.js"
import type { RecordedCall, RunLog } from "../runs/run-log.js"
import { clipped } from "../tools/readable.js"
import type { ToolKit } from "../tools/toolkit.js"
import type { AgentDefinition } from "./agent.js"
import type { Provenance } from "./context-vector.js"
import { tellingsIn } from "./small-talk.js"
import { isRefused, type Refusal } from "./refusal.js"
import { ToolCalls } from "./tool-calls.js"
import { Meter, takeTurn, type Turn } from "./turn.js"
import { expressionIn, routeOf } from "./sums.js"
import { callStandsIn, endedWhole, isExtract, isFaithful, states, sumOf } from "./verify.js"

export interface AgentRequest {
  readonly runId: string
  readonly step: string
  readonly input: string
  /** Earlier turns, oldest first. */
  readonly history: readonly Message[]
  readonly tenant: string
  readonly traceId: string
  /** The agent as its run began with it; absent: as it is. */
  readonly definition?: AgentDefinition
  /** How its model chooses its words, over the agent's own. */
  readonly decoding?: Decoding
  /** What earlier tries of this step have spent; the usage of the answer holds it. */
  readonly spent?: Usage
  /** Tokens that may be spent beside those; absent: the agent's own limit only. */
  readonly budgetTokens?: number
  /** Milliseconds that are left; absent: the agent's own limit only. */
  readonly timeoutMs?: number
  /** Tool calls that an earlier try of this step has made, on a node that was lost. */
  readonly calls?: readonly (readonly [callId: string, call: RecordedCall])[]
  /** Where another node asks: what the request is called among those of other nodes. */
  readonly guest?: string
}

export interface AgentAnswer {
  readonly output: string
  /** Whether it is whole, or was cut by the model's limit or by its server's filter. */
  readonly finish: Finish
  readonly usage: Usage
  readonly provenance: Provenance
}

/** What an answer is made with. */
export interface RespondParts {
  readonly model: Model
  readonly tools: Pick<ToolKit, "specs" | "get" | "call">
  readonly log: RunLog
  readonly clock: Clock
  readonly emit: RunListener
  /** @throws when the agent may not use the tool */
  readonly permit: (tool: string) => void
}

const defaults = { steps: 6, timeMs: 60_000 }
/** Turns that a failed check is tried again, with sampling. */
const retries = 3

/**
 * @param work calls it off; it is cancelled when the time is up
 * @throws `BUDGET_EXCEEDED`, `DEADLINE_EXCEEDED`, `OUTPUT_REJECTED`, and what the model throws (A5)
 */
export async function respond(
  agent: AgentDefinition,
  request: AgentRequest,
  parts: RespondParts,
  work: Cancellation,
): Promise<AgentAnswer> {
  const { clock } = parts
  const timeMs = Math.min(agent.limits?.timeMs ?? defaults.timeMs, request.timeoutMs ?? Infinity)
  const deadline = clock.monotonic() + timeMs
  const timeUp = (): void =>
    work.cancel(
      new AgentOSError("DEADLINE_EXCEEDED", `agent ${agent.name} has used its ${timeMs} ms without an answer`),
    )
  const timeLeft = (least = 0): number => {
    const left = deadline - clock.monotonic()
    if (left <= least) timeUp()
    return left
  }
  const answering = new Answering(agent, request, parts, work, timeLeft)
  const cancelTimer = clock.timer(timeMs, timeUp)
  let stay = (): void => undefined
  try {
    // A3; the first counts, and this costs a fraction of Promise.race.
    return await new Promise((resolve, reject) => {
      stay = work.onCancel(() => reject(work.reason as AgentOSError))
      answering.answer().then(resolve, reject)
    })
  } catch (thrown) {
    throw answering.failure(AgentOSError.from(thrown, "RUN_FAILED"))
  } finally {
    stay()
    cancelTimer()
  }
}

class Answering {
  readonly #agent: AgentDefinition
  readonly #request: AgentRequest
  readonly #parts: RespondParts
  readonly #work: Cancellation
  readonly #timeLeft: () => number
  readonly #calls: ToolCalls
  readonly #meter: Meter
  #failures = 0
  /** The model that had the last word. */
  #model: string

  constructor(
    agent: AgentDefinition,
    request: AgentRequest,
    parts: RespondParts,
    work: Cancellation,
    timeLeft: (least?: number) => number,
  ) {
    this.#agent = agent
    this.#request = request
    this.#parts = parts
    this.#work = work
    this.#timeLeft = timeLeft
    this.#calls = new ToolCalls(agent, request, parts, work, timeLeft)
    this.#model = parts.model.info.id
    this.#meter = new Meter(request.spent)
  }

  async answer(): Promise<AgentAnswer> {
    const { name, fallback, refusal, sums, limits: { steps = defaults.steps } = {} } = this.#agent // prettier-ignore
    const { input, history } = this.#request
    const { answered, found } = this.#calls
    const messages = messagesOf(this.#agent, this.#request)
    const resumed = this.#calls.resume((spent) => this.#meter.recall(spent)) // A2
    if (resumed !== undefined) messages.push(...(await resumed))
    for (let turn = 0; turn < steps + this.#failures; turn++) {
      let said: Turn
      try {
        said = this.#whole(await this.#turn(messages, turn))
      } catch (error) {
        // What it found is too long for it, not what it was asked.
        const tooLong = found.length > 0 && AgentOSError.from(error).code === "CONTEXT_TOO_LONG"
        if (refusal === undefined || !tooLong) throw error
        return this.#refused(refusal)
      }
      this.#model = said.model
      const route = sums === undefined ? undefined : routeOf(input, sums)
      if (route !== undefined) return this.#done(route, "stop")
      if (refusal !== undefined && isRefused(refusal, { question: input, found, history, ...said }))
        return this.#refused(refusal)
      const fault = this.#faultOf(said)
      if (fault !== undefined) {
        if (++this.#failures <= retries) continue
        if (fallback === "input") return this.#done(input.split("\n").join("; "), "stop")
        if (fallback === "result" && answered.length > 0) return this.#done(sumOf(answered, found), "stop")
        if (refusal !== undefined) return this.#refused(refusal)
        throw new AgentOSError("OUTPUT_REJECTED", `agent ${name}: ${fault}, ${this.#failures} times`)
      }
      if (said.calls.length === 0 || said.finish !== "stop") return this.#done(said.text, said.finish) // A4
      messages.push(...(await this.#calls.run(said, this.#meter.spent)))
    }
    if (refusal !== undefined) return this.#refused(refusal)
    throw new AgentOSError("BUDGET_EXCEEDED", `agent ${name} took ${steps} turns without an answer`)
  }

  /** @throws when there are no tokens or no time left (A3) */
  #turn(messages: readonly Message[], turn: number): Promise<Turn> {
    const { name, limits, refusal, tools = [] } = this.#agent
    const own = { ...this.#agent.decoding, ...this.#request.decoding }
    const { budgetTokens = Infinity, spent = noUsage, step, traceId } = this.#request
    const { model, tools: kit, emit } = this.#parts
    const tokens = Math.min(limits?.tokens ?? Infinity, budgetTokens)
    const most = tokens + tokensOf(spent)
    if (this.#meter.tokens >= most)
      throw new AgentOSError("BUDGET_EXCEEDED", `agent ${name} has used its ${tokens} tokens without an answer`)
    const timeoutMs = this.#timeLeft()
    this.#work.throwIfCancelled()
    const seed = this.#failures * 1000 + turn
    const decoding: Decoding = this.#failures === 0 ? own : { ...own, temperature: 0.7, topP: 0.9, seed }
    const judged = refusal !== undefined
    const asked = { messages, decoding, timeoutMs, traceId, confidence: judged }
    return takeTurn(
      model,
      tools.length > 0 ? { ...asked, tools: kit.specs(tools) } : asked,
      this.#work,
      this.#meter,
      most,
      (text) => (judged ? undefined : emit({ type: "token", step, agent: name, text })), // A6
    )
  }

  /** An answer that is to be a stretch of what was found, with the name or number whole that ends it. */
  #whole(said: Turn): Turn {
    const { found } = this.#calls
    if (this.#agent.verify !== "extract" || said.calls.length > 0) return said
    return { ...said, text: found.reduce((text, sentence) => endedWhole(sentence, text), said.text) }
  }

  /** What is wrong with a turn, by the agent's own check. */
  #faultOf({ text, calls, finish }: Turn): string | undefined {
    const { verify } = this.#agent
    const { input } = this.#request
    if (verify === undefined) return undefined
    if (calls.length > 0) {
      if (finish !== "stop") return "its turn was cut off while it called a tool"
      if (verify === "faithful" || calls.every((call) => callStandsIn(input, call))) return undefined
      const called = calls.map(({ tool, arguments: args }) => `${tool}(${clip(Object.values(args).join(", "))})`)
      return `it called ${called.join(", ")}, which is not in the request`
    }
    if (verify === "faithful" && !isFaithful(input, text)) return "it left out or changed something of its input"
    if (verify === "sum" && !states(text, sumOf(this.#calls.answered, this.#calls.found)))
      return `it answered ${JSON.stringify(clip(text))}, which is not what it calculated`
    if (verify === "extract" && !this.#calls.found.some((found) => isExtract(found, text)))
      return `it answered ${JSON.stringify(clip(text))}, which is not in what it found`
    return undefined
  }

  /** Nothing that was found is said, so it names no source. */
  async #refused({ text }: Refusal): Promise<AgentAnswer> {
    const { verify } = this.#agent
    const expression = verify === "sum" ? expressionIn(this.#request.input) : undefined
    if (expression !== undefined) return this.#calculated(expression)
    const answer = this.#done(text, "stop")
    const { sources: _, ...provenance } = answer.provenance
    return { ...answer, provenance: { ...provenance, trusted: true, refused: true } }
  }

  /** The expression with its result, or why it has none. */
  async #calculated(expression: string): Promise<AgentAnswer> {
    const { answered, found } = this.#calls
    const before = answered.length
    const calls = [{ id: "expression", tool: "calculator", arguments: { expression } }]
    const [, told] = await this.#calls.run({ text: "", calls }, this.#meter.spent)
    return this.#done(answered.length > before ? sumOf(answered, found) : String(told?.content), "stop")
  }

  #done(output: string, finish: Finish): AgentAnswer {
    const { used, sources } = this.#calls
    const { name, refusal } = this.#agent
    if (refusal !== undefined)
      void this.#parts.emit({ type: "token", step: this.#request.step, agent: name, text: output }) // A6
    return {
      output,
      finish,
      usage: this.#meter.spent,
      provenance: {
        agent: name,
        model: this.#model,
        trusted: sources.length === 0,
        ...(used.length === 0 ? {} : { tools: [...new Set(used)] }),
        ...(sources.length === 0 ? {} : { sources: [...new Set(sources)] }),
      },
    }
  }

  /** A5 */
  failure(cause: AgentOSError): AgentOSError {
    const { code, message, node, says, retryable } = cause
    const executed = this.#calls.effects ? "yes" : says
    return new AgentOSError(code, message, {
      cause,
      details: { ...cause.details, usage: this.#meter.spent },
      retryable,
      ...(executed === undefined ? {} : { executed }),
      ...(node === undefined ? {} : { node }),
    })
  }
}

/** What a model is asked (A1). */
function messagesOf({ instructions, memory, refusal }: AgentDefinition, { history, input }: AgentRequest): Message[] {
  const refused = (message: Message | undefined): boolean => refusal !== undefined && message?.content === refusal.text
  // A refusal goes with what was asked (A6).
  const turns = memory === false ? [] : history.filter((message, i) => !refused(message) && !refused(history[i + 1]))
  const earlier = refusal?.talk === undefined ? turns : tellingsIn(refusal.talk, turns)
  const system = earlier.flatMap((message) => (message.role === "system" ? [message.content] : []))
  return [
    { role: "system", content: [instructions, ...system].join("\n\n") },
    ...earlier.filter((message) => message.role !== "system" && !isEmpty(message)),
    { role: "user", content: input },
  ]
}

const isEmpty = (message: Message): boolean =>
  message.role === "assistant" && message.content.trim() === "" && (message.toolCalls ?? []).length === 0

const clip = (text: string): string => (text.length <= 80 ? text : `${clipped(text, 79)}…`)
