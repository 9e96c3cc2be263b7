import { AgentOSError } from "#actors/errors.js"
import { checkDecoding } from "../models/decoding/check-decoding.js"
import type { Decoding } from "../models/model.js"
import type { Refusal } from "./refusal.js"

/** What an agent may use up while it answers once. */
export interface AgentLimits {
  /** Turns of model and tools; default 6. */
  readonly steps?: number
  /** Tokens of prompts and answers together; default: as many as the run may spend. */
  readonly tokens?: number
  /** Milliseconds for the whole answer, models and tools included; default 60,000. */
  readonly timeMs?: number
  /** Tool calls of one turn that are run; default 16. The model is told which are not. */
  readonly callsPerTurn?: number
  /** Tool calls of all turns together that are run; default 64. */
  readonly calls?: number
}

/** An agent: its own model, instructions, tools, knowledge and limits. Plain data; tools and models are named. */
export interface AgentDefinition {
  readonly name: string
  readonly description?: string
  /** Name of a model; default `scribe`, the embedded one. */
  readonly model?: string
  /**
   * Name of the model that answers when that one does not: it refuses, or its server is busy for longer than a
   * retry.
   */
  readonly fallbackModel?: string | undefined
  /** What it is told before every question. For the embedded model: the name of its task. */
  readonly instructions: string
  /** Names of the tools it may use. */
  readonly tools?: readonly string[]
  /** How much of what `knowledge.search` finds the model reads: `passage` (default) or the one best `sentence`. */
  readonly grounding?: "passage" | "sentence"
  /** Whether it reads the earlier turns of a conversation; default true. */
  readonly memory?: boolean
  readonly decoding?: Decoding
  readonly limits?: AgentLimits
  /**
   * A check of what the model writes. `request`: the numbers and words of a tool call stand in the question. `sum`:
   * that, and the answer states the calculator's call with its result; where no such answer comes, a question that is
   * an expression is calculated as it stands. `extract`: that, and the answer is a stretch of what its tools found.
   * `faithful`: the numbers and words of the input stand in the answer. What fails is tried again with sampling.
   */
  readonly verify?: "request" | "sum" | "extract" | "faithful"
  /**
   * What it falls back to when its answer fails again. `input`, of a `faithful` agent: its input, joined. `result`,
   * of a `sum` agent: the sum.
   */
  readonly fallback?: "input" | "result"
  /**
   * Of an agent that routes: words that sums are asked in. A question with such a sum is `math`, or `both` if it
   * asks something else too.
   */
  readonly sums?: readonly string[]
  /**
   * When it says that it cannot answer, instead of what is not to be believed; what fails its check again is
   * refused too.
   */
  readonly refusal?: Refusal
  /** Copies that share its load; default 1. */
  readonly replicas?: number
}

/** Checks an agent. @throws `INVALID_AGENT` */
export function defineAgent(agent: AgentDefinition): AgentDefinition {
  const wrong = (what: string): AgentOSError =>
    new AgentOSError("INVALID_AGENT", `agent ${JSON.stringify(agent.name)}: ${what}`)
  if (!/^[a-z][a-z0-9-]{0,63}$/.test(agent.name))
    throw wrong("a name is a lower-case letter, then up to 63 lower-case letters, digits and dashes")
  if (agent.instructions.trim() === "") throw wrong("instructions are empty; say what the agent is to do")
  for (const [name, value] of Object.entries({ replicas: agent.replicas, ...agent.limits })) {
    if (value !== undefined && !(Number.isInteger(value) && value >= 1))
      throw wrong(`${name} is ${value}; it is a positive integer`)
  }
  checkDecoding("INVALID_AGENT", agent.decoding)
  return agent
}
