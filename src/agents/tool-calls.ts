/**
 * The tool calls of one answer: run one after the other, recorded, and told to the model.
 *
 * Invariants
 *   C1. A tool runs only if the agent names it and the policy allows it, with arguments that could be read, and
 *       within the number of calls that a turn and an answer may make. Whatever else is called is answered with why
 *       it did not run.
 *   C2. All calls of a turn are recorded before its first tool runs. One recorded as finished is not run again; one
 *       that had begun and is not idempotent is reported as unresolved, not run; one that was only planned is run.
 *   C3. A call that ends because the answer has no time left, or is called off, is not recorded as finished: nobody
 *       knows what it did.
 */
import type { Cancellation } from "../cancellation.js"
import type { Message, ToolCall, Usage } from "../models/model.js"
import type { PlannedCall, RecordedCall } from "../runs/run-log.js"
import type { ToolOutcome } from "../tools/tool.js"
import type { AgentDefinition } from "./agent.js"
import type { AgentRequest, RespondParts } from "./respond.js"

const defaults = { callsPerTurn: 16, calls: 64 }
/** A tool's time may be found up by so much before the answer's is, which is the same time. */
const coarseMs = 20

export class ToolCalls {
  /** Texts that tools gave, the calls that they answer, and where these come from. */
  readonly found: string[] = []
  readonly answered: ToolCall[] = []
  readonly sources: string[] = []
  readonly used: string[] = []
  /** Whether a tool has done what is not to be done twice. */
  effects = false
  readonly #agent: AgentDefinition
  readonly #request: AgentRequest
  readonly #parts: Omit<RespondParts, "model">
  readonly #work: Cancellation
  readonly #timeLeft: (least?: number) => number
  readonly #earlier: ReadonlyMap<string, RecordedCall> | undefined
  readonly #limits: typeof defaults
  /** Turns and calls so far; a call's number is part of its id. */
  #turns = 0
  #count = 0
  /** Calls that were run, as far as their number is bounded. */
  #ran = 0

  constructor(
    agent: AgentDefinition,
    request: AgentRequest,
    parts: Omit<RespondParts, "model">,
    work: Cancellation,
    timeLeft: (least?: number) => number,
  ) {
    this.#agent = agent
    this.#request = request
    this.#parts = parts
    this.#work = work
    this.#timeLeft = timeLeft
    this.#earlier = request.calls && new Map(request.calls)
    this.#limits = { ...defaults, ...agent.limits }
  }

  /**
   * Goes on with what an earlier try of the step has recorded.
   *
   * @param recall is told what had been spent with each turn
   * @returns what the model reads of it; undefined: there is nothing
   */
  resume(recall: (spent: Usage) => void): Promise<Message[]> | undefined {
    const first = this.#known(0)
    return first && this.#resume(first, recall)
  }

  async #resume(earliest: RecordedCall, recall: (spent: Usage) => void): Promise<Message[]> {
    const messages: Message[] = []
    for (let first: RecordedCall | undefined = earliest; first !== undefined; first = this.#known(this.#count)) {
      const planned: PlannedCall[] = []
      for (let at = this.#count; ; at++) {
        const known = this.#known(at)
        if (known === undefined || (at > this.#count && (known.turn === undefined || known.turn !== first.turn))) break
        const { turn: _turn, begun: _begun, outcome: _outcome, ...call } = known
        planned.push({ ...call, callId: this.#idOf(at) })
      }
      this.#turns = (first.turn ?? this.#turns) + 1
      if (first.spent !== undefined) recall(first.spent)
      messages.push(...(await this.#runAll(planned)))
    }
    return messages
  }

  /**
   * Runs the calls of a turn.
   *
   * @param spent by the answer so far
   * @returns what the model reads of it
   * @throws `FORBIDDEN`, and why the answer ends meanwhile
   */
  async run(
    { text, calls }: { readonly text: string; readonly calls: readonly ToolCall[] },
    spent: Usage,
  ): Promise<Message[]> {
    const planned = calls.map((call, i): PlannedCall => {
      const { tool, id } = call
      const { invalid = notJson(call.arguments) } = call
      return {
        callId: this.#idOf(this.#count + i),
        id,
        tool,
        arguments: invalid === undefined ? call.arguments : {},
        ...(invalid === undefined ? {} : { invalid }),
        ...(this.#parts.tools.get(tool)?.idempotent === true ? { idempotent: true } : {}),
        ...(i > 0 || text === "" ? {} : { said: text }),
        ...(i > 0 ? {} : { spent }),
      }
    })
    const [only] = planned
    // A claim of the one call says the same; a call that does not run is not claimed.
    if (planned.length > 1 || (only !== undefined && this.#refusal(only, 0) !== undefined))
      await this.#parts.log.claimTurn(this.#request.step, this.#turns, planned) // C2
    this.#turns += 1
    return this.#runAll(planned)
  }

  async #runAll(planned: readonly PlannedCall[]): Promise<Message[]> {
    const calls = planned.map(({ callId, id = callId, tool, arguments: args }) => ({ id, tool, arguments: args }))
    const messages: Message[] = [{ role: "assistant", content: planned[0]?.said ?? "", toolCalls: calls }]
    for (const [i, call] of planned.entries())
      messages.push({
        role: "tool",
        toolCallId: call.id ?? call.callId,
        tool: call.tool,
        content: await this.#run(call, i),
      })
    return messages
  }

  /** @param place in its turn @returns what the model reads of the call */
  async #run(call: PlannedCall, place: number): Promise<string> {
    const { callId, tool, arguments: args } = call
    const { log, clock, emit, permit, tools } = this.#parts
    const { step, tenant, traceId, input } = this.#request
    const about = { step, agent: this.#agent.name, tool, callId }
    const began = clock.monotonic()
    const known = this.#known(this.#count)
    const refusal = this.#refusal(call, place)
    this.#count += 1
    if (refusal === undefined) this.#ran += 1
    this.#work.throwIfCancelled()
    void emit({ type: "tool", ...about, status: "called", arguments: args })
    const told = (status: "ok" | "error" | "unresolved", text: string): string => {
      void emit({ type: "tool", ...about, status, text, elapsedMs: clock.monotonic() - began })
      return text
    }
    const heard = (outcome: ToolOutcome): string => {
      if (outcome.kind === "ok") {
        this.used.push(tool)
        this.found.push(outcome.text)
        this.answered.push({ id: callId, tool, arguments: args })
        this.sources.push(...(outcome.sources ?? []))
        this.effects ||= call.idempotent !== true
      }
      return told(outcome.kind, outcome.text)
    }
    if (known?.outcome !== undefined) return heard(known.outcome) // C2
    if (refusal !== undefined) return told("error", refusal) // C1
    permit(tool)
    if (known !== undefined && known.begun !== false && tools.get(tool)?.idempotent !== true)
      return told(
        "unresolved",
        `the call of ${tool} had begun and was broken off; whether it was carried out is unknown`,
      ) // C2
    await log.claimCall(call)
    this.#work.throwIfCancelled()
    const outcome = await tools.call(tool, args, {
      signal: this.#work.signal,
      agent: this.#agent.name,
      tenant,
      traceId,
      callId,
      question: input,
      timeoutMs: this.#timeLeft(),
    })
    if (outcome.kind === "error") {
      this.#timeLeft(outcome.code === "TOOL_TIMEOUT" ? coarseMs : 0)
      this.#work.throwIfCancelled() // C3
    } else this.effects ||= call.idempotent !== true
    await log.finishCall(callId, storable(outcome))
    return heard(outcome)
  }

  /** Why a call does not run (C1). */
  #refusal({ tool, invalid }: PlannedCall, place: number): string | undefined {
    const { name, tools = [] } = this.#agent
    const { callsPerTurn, calls } = this.#limits
    if (!tools.includes(tool)) return `agent ${name} has no tool ${tool}; it has ${tools.join(", ") || "none"}`
    if (invalid !== undefined) return `${tool} was not run: its arguments are no JSON object: ${invalid}`
    if (place >= callsPerTurn) return `${tool} was not run: a turn makes ${callsPerTurn} calls at most`
    if (this.#ran >= calls) return `${tool} was not run: an answer makes ${calls} calls at most`
    return undefined
  }

  #idOf(index: number): string {
    return `${this.#request.runId}/${this.#request.step}/${index}`
  }

  #known(index: number): RecordedCall | undefined {
    const id = this.#idOf(index)
    return this.#parts.log.call(id) ?? this.#earlier?.get(id)
  }
}

/** Arguments may be nested so deep: a log does not hold much deeper ones, and no tool means them. */
const deepest = 100

/** Why arguments are no JSON that a log and a server can hold. */
function notJson(value: unknown, depth = 0): string | undefined {
  if (depth > deepest) return `they are nested more than ${deepest} deep`
  if (value === null || ["string", "boolean", "undefined"].includes(typeof value) || Number.isFinite(value))
    return undefined
  if (typeof value !== "object") return `they hold a value of type ${typeof value}`
  for (const part of Object.values(value)) {
    const fault = notJson(part, depth + 1)
    if (fault !== undefined) return fault
  }
  return undefined
}

/** What the log keeps: a tool may give any value, but not every one can be stored. */
function storable(outcome: ToolOutcome): ToolOutcome {
  if (outcome.kind === "error") return outcome
  const { value: _, ...rest } = outcome
  return rest
}
