/**
 * Carries out a topology. What was finished before, as the log knows it, is taken from the log; so a run that is begun again after a crash goes on
 * where it was.
 *
 * Invariants
 *   X1. The path of a step depends on the topology and on recorded answers only, so it is the same after a restart.
 *   X2. Whoever asks may call each agent and topology by which it is answered, not only the one that it named.
 *   X3. When one branch of a parallel fails and its policy is to fail, the others are cancelled.
 */
import type { Clock } from "#actors/clock.js"
import { AgentOSError } from "#actors/errors.js"
import { Cancellation } from "../cancellation.js"
import type { AgentAnswer, AgentRequest } from "../agents/respond.js"
import type { Provenance } from "../agents/context-vector.js"
import type { Embedder } from "../knowledge/knowledge.js"
import type { Message, Usage } from "../models/model.js"
import type { RunEvent } from "../run.js"
import { matchesPattern } from "../topologies/pattern.js"
import type { Choice, Reduce, Topology } from "../topologies/topology.js"
import type { RunLog } from "./run-log.js"

/** Functions that topologies may name: of the input and, for a reduce, of the answers. */
export type NamedFunction = (input: string, answers: readonly string[]) => string | Promise<string>

export interface ExecuteParts {
  readonly runId: string
  readonly tenant: string
  readonly traceId: string
  readonly history: readonly Message[]
  readonly log: RunLog
  readonly clock: Clock
  readonly emit: (event: RunEvent) => void
  /** @throws `FORBIDDEN` when whoever asks may not call this agent or topology */
  readonly permit: (called: string) => void
  readonly ask: (agent: string, request: AgentRequest, work: Cancellation) => Promise<AgentAnswer>
  readonly topology: (name: string) => Topology | undefined
  readonly fn: (name: string) => NamedFunction
  readonly embedder: Embedder
  readonly budgetTokens: number | undefined
}

export interface Executed {
  readonly output: string
  readonly usage: Usage
  readonly values: Readonly<Record<string, unknown>>
  readonly provenance: readonly Provenance[]
}

export async function execute(
  topology: Topology,
  input: string,
  parts: ExecuteParts,
  work: Cancellation,
): Promise<Executed> {
  let usage: Usage = { promptTokens: 0, completionTokens: 0, cachedTokens: 0 }
  const values: Record<string, unknown> = {}
  const provenance: Provenance[] = []
  const spent = (): number => usage.promptTokens + usage.completionTokens

  const output = await visit(topology, "0", input, work)
  return { output, usage, values, provenance }

  async function visit(node: Topology, path: string, said: string, work: Cancellation): Promise<string> {
    switch (node.kind) {
      case "agent": {
        const named = parts.topology(node.agent)
        if (named === undefined) return answer(node.agent, path, said, work)
        parts.permit(node.agent)
        return visit(named, path, said, work)
      }
      case "chain": {
        let last = said
        for (const [i, child] of node.steps.entries()) last = await visit(child, `${path}.${i}`, last, work)
        return last
      }
      case "parallel": {
        const answers = await branches(node, path, said, work)
        return reduce(node.reduce, said, answers, path, work)
      }
      case "select": {
        const label = await choose(node.by, Object.keys(node.routes), path, said, work)
        const route = label !== undefined && Object.hasOwn(node.routes, label) ? node.routes[label] : undefined
        const next = route ?? node.otherwise
        if (next === undefined)
          throw new AgentOSError(
            "NO_ROUTE",
            `select at ${path} chose ${JSON.stringify(label)}, which is none of ${Object.keys(node.routes).join(", ")}, and has no otherwise`,
          )
        return visit(next, `${path}.${route === undefined ? "otherwise" : label}`, said, work)
      }
    }
  }

  async function answer(agent: string, step: string, said: string, work: Cancellation): Promise<string> {
    const began = parts.clock.monotonic()
    parts.emit({ type: "step", step, agent, status: "started" })
    try {
      work.throwIfCancelled()
      parts.permit(agent)
      let result = parts.log.finished(step)
      if (result === undefined) {
        const left = parts.budgetTokens === undefined ? undefined : parts.budgetTokens - spent()
        if (left !== undefined && left <= 0)
          throw new AgentOSError(
            "BUDGET_EXCEEDED",
            `the run has spent its ${parts.budgetTokens} tokens before step ${step} (${agent})`,
          )
        await parts.log.claimStep(step)
        const { runId, tenant, traceId, history } = parts
        const request: AgentRequest = {
          runId,
          step,
          input: said,
          history,
          tenant,
          traceId,
          ...(left === undefined ? {} : { budgetTokens: left }),
        }
        result = { agent, ...(await parts.ask(agent, request, work)) }
        await parts.log.finishStep(step, result)
      }
      usage = {
        promptTokens: usage.promptTokens + result.usage.promptTokens,
        completionTokens: usage.completionTokens + result.usage.completionTokens,
        cachedTokens: usage.cachedTokens + result.usage.cachedTokens,
      }
      values[agent] = result.output
      provenance.push(result.provenance)
      parts.emit({
        type: "step",
        step,
        agent,
        status: "finished",
        output: result.output,
        elapsedMs: parts.clock.monotonic() - began,
        usage: result.usage,
      })
      return result.output
    } catch (thrown) {
      const error = AgentOSError.from(thrown, "RUN_FAILED")
      parts.emit({
        type: "step",
        step,
        agent,
        status: "failed",
        code: error.code,
        message: error.message,
        elapsedMs: parts.clock.monotonic() - began,
      })
      throw error
    }
  }

  async function branches(
    node: Extract<Topology, { kind: "parallel" }>,
    path: string,
    said: string,
    work: Cancellation,
  ): Promise<string[]> {
    const both = new Cancellation()
    const stay = work.onCancel(() => both.cancel(work.reason as AgentOSError))
    const { onError } = node
    const tries = typeof onError === "object" ? onError.retry + 1 : 1
    const settled = await Promise.allSettled(
      node.branches.map(async (child, i) => {
        for (let attempt = 1; ; attempt++) {
          try {
            return await visit(child, `${path}.${i}`, said, both)
          } catch (error) {
            if (attempt < tries && !both.cancelled) continue
            if (onError !== "ignore") both.cancel(new AgentOSError("CANCELLED", "another branch failed")) // X3
            throw error
          }
        }
      }),
    )
    stay()
    const answers = settled.flatMap((result) => (result.status === "fulfilled" ? [result.value] : []))
    const failures = settled.flatMap((result) => (result.status === "rejected" ? [result.reason as unknown] : []))
    // The failure that came first is the cause; those it cancelled are not.
    const cause =
      failures.find((error) => !(error instanceof AgentOSError && error.code === "CANCELLED")) ?? failures[0]
    if (failures.length > 0 && (onError !== "ignore" || answers.length === 0)) throw cause
    return answers
  }

  async function reduce(
    how: Reduce,
    said: string,
    answers: readonly string[],
    path: string,
    work: Cancellation,
  ): Promise<string> {
    if (how === "concatenate") return answers.join("\n")
    if (how === "vote") {
      const votes = new Map<string, number>()
      for (const answer of answers)
        votes.set(answer.trim().toLowerCase(), (votes.get(answer.trim().toLowerCase()) ?? 0) + 1)
      const most = Math.max(...votes.values())
      return answers.find((answer) => votes.get(answer.trim().toLowerCase()) === most) ?? ""
    }
    if ("fn" in how) return parts.fn(how.fn)(said, answers)
    const verdict = await answer(
      how.judge,
      `${path}.judge`,
      `${said}\n${answers.map((text, i) => `${i + 1}. ${text}`).join("\n")}\nWhich answer is best? Reply with its number.`,
      work,
    )
    const best = answers[Number(/\d+/.exec(verdict)?.[0] ?? 0) - 1]
    if (best === undefined)
      throw new AgentOSError(
        "OUTPUT_REJECTED",
        `the judge ${how.judge} was to name one of ${answers.length} answers by its number and said ${JSON.stringify(verdict)}`,
      )
    return best
  }

  async function choose(
    by: Choice,
    labels: readonly string[],
    path: string,
    said: string,
    work: Cancellation,
  ): Promise<string | undefined> {
    if ("agent" in by) {
      const label = (await answer(by.agent, `${path}.by`, said, work)).trim().toLowerCase()
      return (
        labels.find((name) => name.toLowerCase() === label) ??
        labels.find((name) => label.split(/[^\p{L}\p{N}_-]+/u).includes(name.toLowerCase())) ??
        label
      )
    }
    if ("rules" in by) {
      for (const rule of by.rules) {
        if ("matches" in rule ? matchesPattern(rule.matches, said) : (await parts.fn(rule.fn)(said, [])) === "true")
          return rule.to
      }
      return undefined
    }
    const examples = Object.entries(by.examples).flatMap(([label, texts]) => texts.map((text) => ({ label, text })))
    const [asked, ...vectors] = await parts.embedder.embed([said, ...examples.map(({ text }) => text)])
    let best: { label: string; likeness: number } | undefined
    vectors.forEach((vector, i) => {
      const likeness = vector.reduce((sum, x, j) => sum + x * (asked?.[j] ?? 0), 0)
      if (best === undefined || likeness > best.likeness)
        best = { label: (examples[i] as (typeof examples)[number]).label, likeness }
    })
    return best?.label
  }
}
