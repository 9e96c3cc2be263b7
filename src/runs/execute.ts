/**
 * Carries out a topology. What was finished before, as the log knows it, is taken from the log; so a run that is
 * begun again after a crash goes on where it was.
 *
 * Invariants
 *   X1. The path of a step depends on the topology and on recorded answers only, so it is the same after a restart.
 *   X2. When one branch of a parallel fails and its policy is to fail, the others are cancelled.
 *   X3. What steps gave is told in the order of the topology, whatever order they ended in; an agent that stands in it
 *       more than once has a value for each step: `critic`, `critic#2`.
 *   X4. A step gets the tokens that its branch has left (`budget.ts`). One that fails has spent what its error tells;
 *       where nobody knows, all that it was given. What its tries have spent, also before a restart, is in the usage
 *       of each answer and error of it, and in that of the whole.
 *   X5. Whoever asks may call each agent and topology by which it is answered, not only the one that it named.
 *   X6. When an agent refuses, its refusal is the answer of the whole: no step goes on from it. A parallel with
 *       "ignore" passes it over.
 */
import type { Clock } from "#actors/clock.js"
import { AgentOSError } from "#actors/errors.js"
import { Cancellation, untilCancelled } from "../cancellation.js"
import type { AgentAnswer, AgentRequest } from "../agents/respond.js"
import type { Provenance } from "../agents/context-vector.js"
import type { Embedder } from "../knowledge/knowledge.js"
import type { Message, Usage } from "../models/model.js"
import { bothUsages, noUsage, tokensOf } from "../models/usage.js"
import type { Finish, RunListener } from "../run.js"
import { matchesPattern } from "../topologies/pattern.js"
import type { Choice, Reduce, Topology } from "../topologies/topology.js"
import { Budget } from "./budget.js"
import type { RunLog, StepResult } from "./run-log.js"

/** Functions that topologies may name: of the input and, for a reduce, of the answers. */
export type NamedFunction = (input: string, answers: readonly string[]) => string | Promise<string>

export interface ExecuteParts {
  readonly runId: string
  readonly tenant: string
  readonly traceId: string
  readonly history: readonly Message[]
  readonly log: RunLog
  readonly clock: Clock
  readonly emit: RunListener
  /** @throws `FORBIDDEN` when whoever asks may not call this agent or topology */
  permit(called: string): void
  ask(agent: string, request: AgentRequest, work: Cancellation): Promise<AgentAnswer>
  topology(name: string): Topology | undefined
  fn(name: string): NamedFunction
  readonly embedder: Embedder
  readonly budgetTokens: number | undefined
}

export interface Executed {
  readonly output: string
  readonly finish: Finish
  readonly usage: Usage
  readonly values: Readonly<Record<string, unknown>>
  readonly provenance: readonly Provenance[]
}

/** What a part of a topology says to the next. */
interface Said {
  readonly text: string
  readonly finish: Finish
}

/** Leads a refusal past the steps that would have read the answer (X6). */
class Refused extends Error {
  readonly said: Said
  constructor(said: Said) {
    super(said.text)
    this.said = said
  }
}

type OfKind<Kind extends Topology["kind"]> = Extract<Topology, { kind: Kind }>

/** What goes on along one branch: it is called off, and it spends, as a whole. */
interface Branch {
  readonly work: Cancellation
  readonly budget: Budget
}

/** @throws what ended it; `BUDGET_EXCEEDED`, `NO_ROUTE`, `OUTPUT_REJECTED`, `INVALID_ANSWER` */
export function execute(topology: Topology, input: string, parts: ExecuteParts, work: Cancellation): Promise<Executed> {
  return new Execution(parts).run(topology, input, work)
}

class Execution {
  readonly #parts: ExecuteParts
  readonly #steps = new Map<string, StepResult>()
  /** What the steps have spent so far, finished or not (X4). */
  readonly #spent = new Map<string, Usage>()

  constructor(parts: ExecuteParts) {
    this.#parts = parts
  }

  async run(topology: Topology, input: string, work: Cancellation): Promise<Executed> {
    const { budgetTokens = Infinity } = this.#parts
    let said: Said
    try {
      said = await this.#visit(topology, "0", input, { work, budget: new Budget(budgetTokens) })
    } catch (thrown) {
      if (!(thrown instanceof Refused)) throw thrown
      said = thrown.said // X6
    }
    const usage = [...this.#spent.values()].reduce(bothUsages, noUsage)
    return { output: said.text, finish: said.finish, usage, ...summary(this.#steps) }
  }

  #spend(step: string, usage: Usage, budget: Budget): void {
    budget.spend(tokensOf(usage) - tokensOf(this.#spent.get(step) ?? noUsage)) // a branch that is tried again comes by once more
    this.#spent.set(step, usage)
  }

  /** No async function of its own: one stands between every agent and its run otherwise. */
  #visit(node: Topology, path: string, said: string, branch: Branch): Promise<Said> {
    switch (node.kind) {
      case "agent": {
        const named = this.#parts.topology(node.agent)
        if (named === undefined) return this.#step(node.agent, path, said, branch)
        this.#parts.permit(node.agent) // X5
        return this.#visit(named, path, said, branch)
      }
      case "chain":
        return this.#chain(node, path, said, branch)
      case "parallel":
        return this.#branches(node, path, said, branch).then((all) =>
          this.#reduce(node.reduce, said, all, path, branch),
        )
      case "select":
        return this.#select(node, path, said, branch)
    }
  }

  async #chain({ steps }: OfKind<"chain">, path: string, said: string, branch: Branch): Promise<Said> {
    let last: Said = { text: said, finish: "stop" }
    for (const [i, child] of steps.entries()) last = await this.#visit(child, `${path}.${i}`, last.text, branch)
    return last
  }

  async #select(node: OfKind<"select">, path: string, said: string, branch: Branch): Promise<Said> {
    const label = await this.#choose(node.by, Object.keys(node.routes), path, said, branch)
    const route = label !== undefined && Object.hasOwn(node.routes, label) ? node.routes[label] : undefined
    const next = route ?? node.otherwise
    if (next === undefined) {
      const routes = Object.keys(node.routes).join(", ")
      const chosen = label === undefined ? "none of its rules holds" : `it chose ${JSON.stringify(label)}`
      throw new AgentOSError(
        "NO_ROUTE",
        `the select at ${path} found no route for its input: ${chosen}, its routes are ${routes}, and it has no \`otherwise\``,
      )
    }
    return this.#visit(next, `${path}.${route === undefined ? "otherwise" : label}`, said, branch)
  }

  /** One step: an agent's answer, from the log or asked for now. */
  async #step(agent: string, step: string, said: string, { work, budget }: Branch): Promise<Said> {
    const { clock, emit, log } = this.#parts
    const began = clock.monotonic()
    void emit({ type: "step", step, agent, status: "started" })
    let result: StepResult
    try {
      work.throwIfCancelled()
      this.#parts.permit(agent) // X5
      result = log.finished(step) ?? (await this.#ask(agent, step, said, work, budget))
    } catch (thrown) {
      const error = AgentOSError.from(thrown, "RUN_FAILED")
      const { code, message } = error
      void emit({ type: "step", step, agent, status: "failed", code, message, elapsedMs: clock.monotonic() - began })
      throw error
    }
    this.#spend(step, result.usage, budget)
    this.#steps.set(step, result)
    const { output: text, finish = "stop", usage, provenance } = result
    const { model, refused } = provenance
    const elapsedMs = clock.monotonic() - began
    const finished = { type: "step", step, agent, status: "finished", output: text, finish, elapsedMs, usage } as const
    void emit(model === undefined ? finished : { ...finished, model })
    if (refused === true) throw new Refused({ text, finish }) // X6
    return { text, finish }
  }

  async #ask(agent: string, step: string, said: string, work: Cancellation, budget: Budget): Promise<StepResult> {
    const { runId, tenant, traceId, history, log, budgetTokens } = this.#parts
    const before = log.spent(step)
    if (before !== undefined) this.#spend(step, before, budget)
    const { left } = budget
    if (left <= 0)
      throw new AgentOSError(
        "BUDGET_EXCEEDED",
        `of the run's ${budgetTokens} tokens none is left for step ${step} (${agent})`,
      )
    const claimed = log.claimStep(step)
    if (claimed !== undefined) await claimed
    const request = { runId, step, input: said, history, tenant, traceId, ...(before && { spent: before }) }
    try {
      const answer = await this.#parts.ask(
        agent,
        left === Infinity ? request : { ...request, budgetTokens: left },
        work,
      )
      const { output, finish, usage, provenance } = answer
      const result = { agent, output, finish, usage, provenance }
      const recorded = log.finishStep(step, result)
      if (recorded !== undefined) await recorded
      return result
    } catch (thrown) {
      const error = AgentOSError.from(thrown, "RUN_FAILED")
      const usage = error.details?.["usage"] as Usage | undefined
      if (error.executed === "no" && usage === undefined) log.refused(step)
      else if (usage === undefined)
        budget.spend(left) // X4
      else {
        this.#spend(step, usage, budget)
        if (tokensOf(usage) > tokensOf(before ?? noUsage)) await log.spend(step, usage).catch(() => undefined)
      }
      throw error
    }
  }

  async #branches(node: OfKind<"parallel">, path: string, said: string, { work, budget }: Branch): Promise<Said[]> {
    const both = new Cancellation()
    const shares = budget.share(node.branches.length)
    const stay = work.onCancel(() => both.cancel(work.reason as AgentOSError))
    const { onError } = node
    const tries = typeof onError === "object" ? onError.retry + 1 : 1
    const settled = await Promise.allSettled(
      node.branches.map(async (child, i) => {
        for (let attempt = 1; ; attempt++) {
          try {
            return await this.#visit(child, `${path}.${i}`, said, { work: both, budget: shares[i] as Budget })
          } catch (error) {
            if (attempt < tries && !both.cancelled) continue
            if (onError !== "ignore" && !(error instanceof Refused))
              both.cancel(new AgentOSError("CANCELLED", "another branch failed")) // X2
            throw error
          }
        }
      }),
    )
    stay()
    for (const share of shares) budget.takeBack(share)
    const answers = settled.flatMap((result) => (result.status === "fulfilled" ? [result.value] : []))
    const failures = settled.flatMap((result) => (result.status === "rejected" ? [result.reason as unknown] : []))
    // The failure that came first is the cause; those it cancelled are not.
    const cause =
      failures.find((error) => error instanceof Refused) ??
      failures.find((error) => !(error instanceof AgentOSError && error.code === "CANCELLED")) ??
      failures[0]
    if (failures.length > 0 && (onError !== "ignore" || answers.length === 0)) throw cause
    return answers
  }

  async #reduce(how: Reduce, said: string, answers: readonly Said[], path: string, branch: Branch): Promise<Said> {
    if (how === "concatenate") {
      const cut = answers.find(({ finish }) => finish !== "stop")
      return { text: answers.map(({ text }) => text).join("\n"), finish: cut?.finish ?? "stop" }
    }
    if (how === "vote") {
      const voteOf = ({ text }: Said): string => text.trim().toLowerCase()
      const votes = new Map<string, number>()
      for (const answer of answers) votes.set(voteOf(answer), (votes.get(voteOf(answer)) ?? 0) + 1)
      const most = Math.max(...votes.values())
      return answers.find((answer) => votes.get(voteOf(answer)) === most) ?? { text: "", finish: "stop" }
    }
    if ("fn" in how) {
      const fn = this.#parts.fn(how.fn)
      const texts = answers.map(({ text }) => text)
      return { text: await this.#decide(how.fn, `${path}.reduce`, () => fn(said, texts), branch), finish: "stop" }
    }
    const { text: verdict } = await this.#step(
      how.judge,
      `${path}.judge`,
      `${said}\n${answers.map(({ text }, i) => `${i + 1}. ${text}`).join("\n")}\nWhich answer is best? Reply with its number.`,
      branch,
    )
    const best = answers[Number(/\d+/.exec(verdict)?.[0] ?? 0) - 1]
    if (best === undefined)
      throw new AgentOSError(
        "OUTPUT_REJECTED",
        `the judge ${how.judge} was to name one of ${answers.length} answers by its number and said ${JSON.stringify(verdict)}`,
      )
    return best
  }

  /**
   * What a function of the program says, once (L4 of `run-log.ts`). It is not waited for once the run is called
   * off.
   */
  async #decide(name: string, step: string, how: () => unknown, { work }: Branch): Promise<string> {
    const { log } = this.#parts
    const known = log.decided(step)
    if (known !== undefined) return known
    await log.claimStep(step)
    const said = await untilCancelled(work, how)
    if (typeof said !== "string")
      throw new AgentOSError(
        "INVALID_ANSWER",
        `the function ${name} gave ${said === null ? "null" : `a value of type ${typeof said}`} at ${step}; it gives text`,
      )
    await log.decide(step, said)
    return said
  }

  async #choose(
    by: Choice,
    labels: readonly string[],
    path: string,
    said: string,
    branch: Branch,
  ): Promise<string | undefined> {
    if ("agent" in by) {
      const label = (await this.#step(by.agent, `${path}.by`, said, branch)).text.trim().toLowerCase()
      return (
        labels.find((name) => name.toLowerCase() === label) ??
        labels.find((name) => label.split(/[^\p{L}\p{N}_-]+/u).includes(name.toLowerCase())) ??
        label
      )
    }
    if ("rules" in by) {
      for (const [i, rule] of by.rules.entries()) {
        if ("matches" in rule) {
          if (matchesPattern(rule.matches, said)) return rule.to
          await new Promise<void>((done) => this.#parts.clock.afterInputOutput(done)) // many rules hold nobody, either
          continue
        }
        const fn = this.#parts.fn(rule.fn)
        if ((await this.#decide(rule.fn, `${path}.by.${i}`, () => fn(said, []), branch)) === "true") return rule.to
      }
      return undefined
    }
    const known = this.#parts.log.decided(`${path}.by`)
    if (known !== undefined) return known
    const examples = Object.entries(by.examples).flatMap(([label, texts]) => texts.map((text) => ({ label, text })))
    const [asked, ...vectors] = await this.#parts.embedder.embed([said, ...examples.map(({ text }) => text)])
    let best: { label: string; likeness: number } | undefined
    vectors.forEach((vector, i) => {
      const likeness = vector.reduce((sum, x, j) => sum + x * (asked?.[j] ?? 0), 0)
      if (best === undefined || likeness > best.likeness)
        best = { label: (examples[i] as (typeof examples)[number]).label, likeness }
    })
    if (best !== undefined) await this.#parts.log.decide(`${path}.by`, best.label) // another embedder may see it otherwise
    return best?.label
  }
}

/** X3 */
function summary(steps: ReadonlyMap<string, StepResult>): Pick<Executed, "values" | "provenance"> {
  const values: Record<string, unknown> = {}
  const provenance: Provenance[] = []
  const times = new Map<string, number>()
  for (const [, step] of [...steps].sort(([a], [b]) => byPath(a, b))) {
    const time = (times.get(step.agent) ?? 0) + 1
    times.set(step.agent, time)
    values[time === 1 ? step.agent : `${step.agent}#${time}`] = step.output
    provenance.push(step.provenance)
  }
  return { values, provenance }
}

/** Steps by number; what chooses (`by`) stands before its routes, what judges after its branches. */
function byPath(a: string, b: string): number {
  const [one, other] = [a.split("."), b.split(".")]
  const i = one.findIndex((part, i) => part !== other[i])
  const [x = "", y = ""] = [one[i], other[i]]
  const rank = (part: string): number => (part === "by" ? -1 : part === "judge" ? Infinity : Number(part) || 0)
  return rank(x) - rank(y) || (x < y ? -1 : 1)
}
