/**
 * One answer of one agent: model, tools, model again, until there is text. The loop itself; the actor around it is `llm-agent.ts`.
 *
 * Invariants
 *   A1. A tool runs only if the agent names it and the policy allows it.
 *   A2. A tool call recorded as finished is not run again; one that had begun and is not idempotent is reported as unresolved, not run. The model is not
 *       asked again what to call: it might call something else.
 *   A3. Limits are checked before each turn; a turn is never begun without tokens and time left.
 */
import type { Clock } from "#actors/clock.js"
import { AgentOSError } from "#actors/errors.js"
import type { Cancellation } from "../cancellation.js"
import type { Decoding, Message, Model, ToolCall, Usage } from "../models/model.js"
import type { RunEvent } from "../run.js"
import type { RecordedCall, RunLog } from "../runs/run-log.js"
import type { ToolOutcome } from "../tools/tool.js"
import type { ToolKit } from "../tools/toolkit.js"
import type { AgentDefinition } from "./agent.js"
import type { Provenance } from "./context-vector.js"
import { callStandsIn, isExtract, isFaithful } from "./verify.js"

export interface AgentRequest {
  readonly runId: string
  readonly step: string
  readonly input: string
  /** Earlier turns, oldest first. */
  readonly history: readonly Message[]
  readonly tenant: string
  readonly traceId: string
  /** Tokens that may be spent; absent: the agent's own limit only. */
  readonly budgetTokens?: number
  /** Tool calls that an earlier try of this step has made, on a node that was lost. */
  readonly calls?: readonly (readonly [callId: string, call: RecordedCall])[]
  /** Where another node asks: what the request is called among those of other nodes. */
  readonly guest?: string
}

export interface AgentAnswer {
  readonly output: string
  readonly usage: Usage
  readonly provenance: Provenance
}

/** What an answer is made with. */
export interface RespondParts {
  readonly model: Model
  readonly tools: Pick<ToolKit, "specs" | "get" | "call">
  readonly log: RunLog
  readonly clock: Clock
  readonly emit: (event: RunEvent) => void
  /** @throws when the agent may not use the tool */
  readonly permit: (tool: string) => void
}

const defaults = { steps: 6, tokens: 8192, timeMs: 60_000 }
/** Turns that a failed check is tried again, with sampling. */
const retries = 3

export async function respond(
  agent: AgentDefinition,
  request: AgentRequest,
  parts: RespondParts,
  work: Cancellation,
): Promise<AgentAnswer> {
  const { model, tools, clock } = parts
  const limits = { ...defaults, ...agent.limits }
  const tokens = Math.min(limits.tokens, request.budgetTokens ?? Infinity)
  const deadline = clock.monotonic() + limits.timeMs
  const allowed = agent.tools ?? []
  const earlier = new Map(request.calls)
  const recorded = (id: string): RecordedCall | undefined => parts.log.call(id) ?? earlier.get(id)
  const messages: Message[] = [
    { role: "system", content: agent.instructions },
    ...(agent.memory === false ? [] : request.history),
    { role: "user", content: request.input },
  ]
  const used: string[] = []
  const sources: string[] = []
  const found: string[] = []
  let usage: Usage = { promptTokens: 0, completionTokens: 0, cachedTokens: 0 }
  let calls = 0
  let failures = 0

  for (let known = recorded(callId(0)); known !== undefined; known = recorded(callId(calls))) {
    const call: ToolCall = { id: callId(calls), tool: known.tool, arguments: known.arguments }
    messages.push(
      { role: "assistant", content: "", toolCalls: [call] },
      { role: "tool", toolCallId: call.id, tool: call.tool, content: await runTool(call) },
    ) // A2
  }
  for (let turn = 0; turn < limits.steps + failures; turn++) {
    const left = tokens - usage.promptTokens - usage.completionTokens
    const timeMs = deadline - clock.monotonic()
    if (left <= 0)
      throw new AgentOSError("BUDGET_EXCEEDED", `agent ${agent.name} has used its ${tokens} tokens without an answer`) // A3
    if (timeMs <= 0)
      throw new AgentOSError(
        "DEADLINE_EXCEEDED",
        `agent ${agent.name} has used its ${limits.timeMs} ms without an answer`,
      )
    const turnResult = await oneTurn(turn, left, timeMs)
    if (turnResult.calls.length > 0) {
      if (
        (agent.verify === "request" || agent.verify === "extract") &&
        !turnResult.calls.every((call) => callStandsIn(request.input, call))
      ) {
        reject(
          `it called ${turnResult.calls.map((call) => `${call.tool}(${clip(Object.values(call.arguments).join(", "))})`).join(", ")}, which is not in the request`,
        )
        continue
      }
      messages.push({ role: "assistant", content: turnResult.text, toolCalls: turnResult.calls })
      for (const call of turnResult.calls)
        messages.push({ role: "tool", toolCallId: call.id, tool: call.tool, content: await runTool(call) })
      continue
    }
    if (agent.verify === "faithful" && !isFaithful(request.input, turnResult.text)) {
      if (failures >= retries && agent.fallback === "input") return done(request.input.split("\n").join("; "))
      reject("it left out or changed something of its input")
      continue
    }
    if (agent.verify === "extract" && !found.some((text) => isExtract(text, turnResult.text))) {
      reject(`it answered ${JSON.stringify(clip(turnResult.text))}, which is not in what it found`)
      continue
    }
    return done(turnResult.text)
  }
  throw new AgentOSError("BUDGET_EXCEEDED", `agent ${agent.name} took ${limits.steps} turns without an answer`)

  function callId(index: number): string {
    return `${request.runId}/${request.step}/${index}`
  }

  function done(output: string): AgentAnswer {
    return {
      output,
      usage,
      provenance: {
        agent: agent.name,
        model: model.info.id,
        trusted: sources.length === 0,
        ...(used.length === 0 ? {} : { tools: [...new Set(used)] }),
        ...(sources.length === 0 ? {} : { sources: [...new Set(sources)] }),
      },
    }
  }

  function reject(why: string): void {
    failures += 1
    if (failures > retries) throw new AgentOSError("OUTPUT_REJECTED", `agent ${agent.name}: ${why}, ${failures} times`)
  }

  async function oneTurn(turn: number, left: number, timeMs: number): Promise<{ text: string; calls: ToolCall[] }> {
    let text = ""
    const calls: ToolCall[] = []
    const sampling: Decoding = failures === 0 ? {} : { temperature: 0.7, topP: 0.9, seed: failures * 1000 + turn }
    const decoding: Decoding = {
      ...agent.decoding,
      ...sampling,
      maxTokens: Math.min(left, agent.decoding?.maxTokens ?? 256),
    }
    const withTools = allowed.length > 0 ? { tools: tools.specs(allowed) } : {}
    for await (const part of model.generate({
      messages: [...messages],
      ...withTools,
      decoding,
      get signal() {
        return work.signal
      },
      timeoutMs: timeMs,
      traceId: request.traceId,
    })) {
      if (part.type === "text") {
        text += part.text
        parts.emit({ type: "token", step: request.step, agent: agent.name, text: part.text })
      } else if (part.type === "tool-call") calls.push(part.call)
      else {
        usage = {
          promptTokens: usage.promptTokens + part.usage.promptTokens,
          completionTokens: usage.completionTokens + part.usage.completionTokens,
          cachedTokens: usage.cachedTokens + part.usage.cachedTokens,
        }
        if (part.reason === "cancelled") throw new AgentOSError("CANCELLED", `agent ${agent.name} was cancelled`)
      }
    }
    return { text: text.trim(), calls }
  }

  /** What the model reads of the call. */
  async function runTool(call: ToolCall): Promise<string> {
    const id = callId(calls++)
    const about = { step: request.step, agent: agent.name, tool: call.tool, callId: id }
    const began = clock.monotonic()
    const known = recorded(id)
    parts.emit({ type: "tool", ...about, status: "called", arguments: call.arguments })
    const told = (status: "ok" | "error" | "unresolved", text: string): string => {
      parts.emit({ type: "tool", ...about, status, text, elapsedMs: clock.monotonic() - began })
      return text
    }
    const heard = (outcome: ToolOutcome): string => {
      if (outcome.kind === "ok") {
        used.push(call.tool)
        found.push(outcome.text)
        for (const source of outcome.sources ?? []) sources.push(source)
      }
      return told(outcome.kind, outcome.text)
    }
    if (known?.outcome !== undefined) return heard(known.outcome) // A2
    if (!allowed.includes(call.tool))
      return told("error", `agent ${agent.name} has no tool ${call.tool}; it has ${allowed.join(", ") || "none"}`) // A1
    parts.permit(call.tool)
    const tool = tools.get(call.tool)
    if (known !== undefined && known.begun !== false && tool?.idempotent !== true)
      return told(
        "unresolved",
        `the call of ${call.tool} had begun before a restart; whether it was carried out is unknown`,
      ) // A2
    const idempotent = tool?.idempotent === true
    await parts.log.claimCall({
      callId: id,
      tool: call.tool,
      arguments: call.arguments,
      ...(idempotent && { idempotent }),
    })
    const outcome = await tools.call(call.tool, call.arguments, {
      signal: work.signal,
      agent: agent.name,
      tenant: request.tenant,
      traceId: request.traceId,
      callId: id,
      question: request.input,
    })
    await parts.log.finishCall(id, storable(outcome))
    return heard(outcome)
  }
}

const clip = (text: string): string => (text.length <= 80 ? text : `${text.slice(0, 79)}…`)

/** What the log keeps: a tool may give any value, but not every one can be stored. */
function storable(outcome: ToolOutcome): ToolOutcome {
  if (outcome.kind === "error") return outcome
  const { value: _, ...rest } = outcome
  return rest
}
