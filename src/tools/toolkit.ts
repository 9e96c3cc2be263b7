/**
 * The tools of a node: registered by name, called with checked arguments, in bounded time. What goes wrong is text
 * that a model can read.
 *
 * Invariants
 *   K1. `call` never throws for anything that a tool or its arguments do; the outcome says it.
 *   K2. A tool sees its signal abort when its time is up or the caller cancels, and its result is dropped from then
 *       on. Its time is its own limit, or what the caller has left where that is less.
 *   K3. What a model is given of a result or an error is bounded, whatever a tool gives or throws.
 */
import { z } from "zod"
import type { Clock } from "#actors/clock.js"
import { AgentOSError, thrownText } from "#actors/errors.js"
import { checkNumbers, periodOrNever } from "#actors/numbers.js"
import type { ToolSpec } from "../models/model.js"
import { cut, readable } from "./readable.js"
import type { Tool, ToolContext, ToolOutcome } from "./tool.js"

const defaultTimeoutMs = 10_000
/** Characters of a result that a model is given. */
const resultLimit = 16_000
/** Sources of a result that are told. */
const mostSources = 1000

export class ToolKit {
  readonly #tools = new Map<string, Tool>()
  readonly #clock: Clock

  constructor(clock: Clock, tools: readonly Tool[] = []) {
    this.#clock = clock
    for (const tool of tools) this.register(tool)
  }

  /** @throws `NAME_TAKEN`, `INVALID_TOOL` */
  register(tool: Tool): void {
    if (!/^[a-zA-Z][\w.-]{0,63}$/.test(tool.name)) {
      throw new AgentOSError(
        "INVALID_TOOL",
        `${JSON.stringify(tool.name)} is no name for a tool: begin with a letter, then letters, digits, dots, dashes and underscores, 64 at most`,
      )
    }
    checkNumbers("INVALID_TOOL", `tool ${tool.name}: `, tool, { timeoutMs: periodOrNever })
    if (this.#tools.has(tool.name)) throw new AgentOSError("NAME_TAKEN", `there is a tool named ${tool.name} already`)
    this.#tools.set(tool.name, tool)
  }

  get(name: string): Tool | undefined {
    return this.#tools.get(name)
  }

  list(): readonly { readonly name: string; readonly description: string }[] {
    return [...this.#tools.values()].map(({ name, description }) => ({ name, description }))
  }

  /** What a model is told about some tools. @throws `UNKNOWN_TOOL` */
  specs(names: readonly string[]): ToolSpec[] {
    return names.map((name) => {
      const tool = this.#tools.get(name)
      if (tool === undefined) throw new AgentOSError("UNKNOWN_TOOL", this.#unknown(name))
      return {
        name,
        description: tool.description,
        parameters: z.toJSONSchema(tool.parameters, { io: "input", unrepresentable: "any" }) as Record<string, unknown>,
      }
    })
  }

  /** Runs a tool (K1). @param context what is absent has a neutral default, so that a tool can be tried by hand */
  async call(name: string, args: unknown, context: Partial<ToolContext> = {}): Promise<ToolOutcome> {
    const tool = this.#tools.get(name)
    if (tool === undefined) return refused("UNKNOWN_TOOL", this.#unknown(name))
    const parsed = await checked(tool, args)
    if ("fault" in parsed)
      return refused("INVALID_ARGUMENTS", `${name} was called with wrong arguments: ${parsed.fault}`)
    const timeoutMs = Math.min(tool.timeoutMs ?? defaultTimeoutMs, context.timeoutMs ?? Infinity) // K2
    const control = new AbortController()
    const signal = context.signal === undefined ? control.signal : AbortSignal.any([context.signal, control.signal])
    if (signal.aborted) return refused("CANCELLED", `${name} was cancelled before it began`)
    const ended = new Promise<never>((_, reject) =>
      signal.addEventListener("abort", () => reject(signal.reason as Error), { once: true }),
    )
    const cancelTimer = this.#clock.timer(timeoutMs, () =>
      control.abort(new AgentOSError("TOOL_TIMEOUT", `${name} did not finish within ${timeoutMs} ms`)),
    )
    try {
      const full: ToolContext = { agent: "", tenant: "default", traceId: "", callId: "", ...context, signal, timeoutMs }
      const value = await Promise.race([ended, (async () => tool.execute(parsed.arguments, full))()]) // K2
      return succeeded(value)
    } catch (error) {
      if (error instanceof AgentOSError) return refused(error.code, error.message)
      if (context.signal?.aborted === true) return refused("CANCELLED", `${name} was cancelled`)
      return refused("TOOL_FAILED", `${name} failed: ${thrownText(error)}`)
    } finally {
      cancelTimer()
    }
  }

  #unknown(name: string): string {
    return `there is no tool named ${JSON.stringify(name)}; there are: ${[...this.#tools.keys()].join(", ")}`
  }
}

/** Arguments as the tool's schema reads them, or what is wrong with them. */
async function checked(tool: Tool, args: unknown): Promise<{ arguments: unknown } | { fault: string }> {
  try {
    const { data, error } = await tool.parameters.safeParseAsync(args)
    return error === undefined ? { arguments: data } : { fault: z.prettifyError(error).replaceAll("\n", " ") }
  } catch (error) {
    // A schema may compute, and what it computes may throw (K1).
    return { fault: thrownText(error) }
  }
}

const refused = (code: string, text: string): ToolOutcome => ({ kind: "error", code, text: cut(text, resultLimit) })

function succeeded(value: unknown): ToolOutcome {
  const found = foundIn(value)
  return { kind: "ok", value, ...(found ?? { text: readable(value, resultLimit) }) }
}

/** What a tool gives that tells its text and where that comes from. */
function foundIn(value: unknown): { readonly text: string; readonly sources: readonly string[] } | undefined {
  try {
    const { text, sources } = value as { readonly text?: unknown; readonly sources?: unknown }
    if (typeof text !== "string" || !Array.isArray(sources)) return undefined
    return {
      text: cut(text, resultLimit),
      sources: sources.slice(0, mostSources).filter((source) => typeof source === "string"),
    }
  } catch {
    return undefined // nothing has no parts, and some parts cannot be read
  }
}
