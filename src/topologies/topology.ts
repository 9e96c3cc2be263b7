/**
 * Which agents answer, and in what order. Data only: functions are named, never contained, so a topology can be
 * stored, sent and drawn.
 */
import type { AgentDefinition } from "../agents/agent.js"

/** How the answers of parallel branches become one. */
export type Reduce =
  /** One a line, in the order of the branches. */
  | "concatenate"
  /** The answer given most often; ties go to the earlier branch. */
  | "vote"
  /** An agent reads the question and the numbered answers and names the best. */
  | { readonly judge: string }
  /** A function registered under this name. */
  | { readonly fn: string }

/** What a failing branch does to the others. */
export type OnError = "fail" | "ignore" | { readonly retry: number }

/** How a select chooses. */
export type Choice =
  /** An agent writes the label. */
  | { readonly agent: string }
  /** The first rule that matches the input names the label. */
  | { readonly rules: readonly Rule[] }
  /** The label whose examples are most like the input. */
  | { readonly examples: Readonly<Record<string, readonly string[]>> }

export type Rule = { readonly matches: string; readonly to: string } | { readonly fn: string; readonly to: string }

export type Topology =
  | { readonly kind: "agent"; readonly agent: string }
  | { readonly kind: "chain"; readonly steps: readonly Topology[] }
  | {
      readonly kind: "parallel"
      readonly branches: readonly Topology[]
      readonly reduce: Reduce
      readonly onError: OnError
    }
  | {
      readonly kind: "select"
      readonly by: Choice
      readonly routes: Readonly<Record<string, Topology>>
      readonly otherwise?: Topology
    }

/** What the builder takes for a step: an agent, its name, or a topology. */
export type Step = string | AgentDefinition | Topology

/** Each reads what the one before said. */
export function chain(steps: readonly Step[]): Topology {
  return { kind: "chain", steps: steps.map(step) }
}

/** All answer the same input; `reduce` joins the answers. */
export function parallel(
  branches: readonly Step[],
  options: { readonly reduce?: Reduce; readonly onError?: OnError } = {},
): Topology {
  return {
    kind: "parallel",
    branches: branches.map(step),
    reduce: options.reduce ?? "concatenate",
    onError: options.onError ?? "fail",
  }
}

/** One branch answers the input. */
export function select(options: {
  readonly by: Choice
  readonly routes: Readonly<Record<string, Step>>
  readonly otherwise?: Step
}): Topology {
  const routes = Object.fromEntries(Object.entries(options.routes).map(([label, route]) => [label, step(route)]))
  return {
    kind: "select",
    by: options.by,
    routes,
    ...(options.otherwise === undefined ? {} : { otherwise: step(options.otherwise) }),
  }
}

export function step(value: Step): Topology {
  if (typeof value === "string") return { kind: "agent", agent: value }
  return "kind" in value ? value : { kind: "agent", agent: value.name }
}

/** Every agent a topology names, each once. */
export function agentsOf(topology: Topology): string[] {
  const found = new Set<string>()
  const visit = (node: Topology): void => {
    if (node.kind === "agent") found.add(node.agent)
    else if (node.kind === "chain") node.steps.forEach(visit)
    else if (node.kind === "parallel") {
      node.branches.forEach(visit)
      if (typeof node.reduce === "object" && "judge" in node.reduce) found.add(node.reduce.judge)
    } else {
      if ("agent" in node.by) found.add(node.by.agent)
      Object.values(node.routes).forEach(visit)
      if (node.otherwise !== undefined) visit(node.otherwise)
    }
  }
  visit(topology)
  return [...found]
}
