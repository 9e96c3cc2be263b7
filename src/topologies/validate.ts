/** What can be wrong with a topology, all at once. */
import { AgentOSError, thrownText } from "#actors/errors.js"
import { checkPattern } from "./pattern.js"
import type { OnError, Reduce, Topology } from "./topology.js"

export interface Known {
  readonly agents: ReadonlySet<string>
  readonly functions: ReadonlySet<string>
  /** Other topologies, which a step may name. */
  readonly topologies: ReadonlyMap<string, Topology>
}

export interface Fault {
  /** Keys from the top down to what is wrong. */
  readonly path: readonly (string | number)[]
  readonly message: string
}

/** Deepest nesting; a value made by hand could be a circle. */
const depthLimit = 64

/** Every fault of a topology. A step that names another topology is followed, so a circle of names is found. */
export function faultsOf(topology: Topology, known: Known, name?: string): Fault[] {
  const faults: Fault[] = []
  const visit = (node: Topology, path: readonly (string | number)[], through: readonly string[]): void => {
    const fault = (at: readonly (string | number)[], message: string): void =>
      void faults.push({ path: [...path, ...at], message })
    if (path.length > depthLimit * 2)
      return fault([], `it is nested deeper than ${depthLimit} levels; does it contain itself?`)
    const agent = (agentName: string, at: readonly (string | number)[]): void => {
      if (!known.agents.has(agentName)) fault(at, unknown("agent", agentName, [...known.agents]))
    }
    const misshapen = shapeFault(node)
    if (misshapen !== undefined) return fault(misshapen.path, misshapen.message)
    switch (node.kind) {
      case "agent": {
        const other = known.topologies.get(node.agent)
        if (known.agents.has(node.agent) || other === undefined) agent(node.agent, [])
        else if (through.includes(node.agent))
          fault([], `a circle: ${[...through.slice(through.indexOf(node.agent)), node.agent].join(" → ")}`)
        else visit(other, path, [...through, node.agent])
        return
      }
      case "chain":
        if (node.steps.length === 0) fault(["chain"], "an empty chain answers nothing; name at least one step")
        node.steps.forEach((child, i) => visit(child, [...path, "chain", i], through))
        return
      case "parallel": {
        if (node.branches.length === 0) fault(["parallel", "branches"], "there is no branch; name at least one")
        node.branches.forEach((child, i) => visit(child, [...path, "parallel", "branches", i], through))
        if (typeof node.reduce === "object" && "judge" in node.reduce)
          agent(node.reduce.judge, ["parallel", "reduce", "judge"])
        if (typeof node.reduce === "object" && "fn" in node.reduce && !known.functions.has(node.reduce.fn))
          fault(["parallel", "reduce", "fn"], unknown("function", node.reduce.fn, [...known.functions]))
        return
      }
      case "select": {
        const labels = Object.keys(node.routes)
        if (labels.length === 0) fault(["select", "routes"], "there is no route; name at least one")
        if ("agent" in node.by) agent(node.by.agent, ["select", "by", "agent"])
        else if ("rules" in node.by) {
          node.by.rules.forEach((rule, i) => {
            if (!Object.hasOwn(node.routes, rule.to))
              fault(["select", "by", "rules", i, "to"], unknown("route", rule.to, labels))
            if ("fn" in rule && !known.functions.has(rule.fn))
              fault(["select", "by", "rules", i, "fn"], unknown("function", rule.fn, [...known.functions]))
            if ("matches" in rule) {
              try {
                checkPattern(rule.matches)
              } catch (error) {
                fault(["select", "by", "rules", i, "matches"], thrownText(error))
              }
            }
          })
        } else {
          for (const [label, examples] of Object.entries(node.by.examples)) {
            if (!Object.hasOwn(node.routes, label))
              fault(["select", "by", "examples", label], unknown("route", label, labels))
            if (examples.length === 0) fault(["select", "by", "examples", label], "give at least one example")
          }
        }
        for (const [label, child] of Object.entries(node.routes))
          visit(child, [...path, "select", "routes", label], through)
        if (node.otherwise !== undefined) visit(node.otherwise, [...path, "select", "otherwise"], through)
      }
    }
  }
  visit(topology, [], name === undefined ? [] : [name])
  return faults
}

export const reduceForms = "expected concatenate, vote, { judge: AGENT } or { fn: NAME }"
export const onErrorForms = "expected fail, ignore or { retry: 1 to 100 }"

const isReduce = (value: unknown): value is Reduce =>
  value === "concatenate" ||
  value === "vote" ||
  (isRecord(value) && (typeof value["judge"] === "string" || typeof value["fn"] === "string"))

export const isOnError = (value: unknown): value is OnError =>
  value === "fail" ||
  value === "ignore" ||
  (isRecord(value) && Number.isInteger(value["retry"]) && Number(value["retry"]) >= 1 && Number(value["retry"]) <= 100)

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value)

/** What keeps a node that was made by hand from being looked at: a part of another type than it says. */
function shapeFault(node: unknown): Fault | undefined {
  const { kind, agent, steps, branches, reduce, onError, by, routes } = isRecord(node) ? node : {}
  const not = (path: Fault["path"], message: string): Fault => ({ path, message })
  if (kind === "agent") return typeof agent === "string" ? undefined : not(["agent"], "expected the name of an agent")
  if (kind === "chain") return Array.isArray(steps) ? undefined : not(["chain"], "expected a list of steps")
  if (kind === "parallel") {
    if (!Array.isArray(branches)) return not(["parallel", "branches"], "expected a list of branches")
    if (!isReduce(reduce)) return not(["parallel", "reduce"], reduceForms)
    return isOnError(onError) ? undefined : not(["parallel", "onError"], onErrorForms)
  }
  if (kind !== "select") return not([], "expected the name of an agent, or chain, parallel or select")
  if (!isRecord(routes)) return not(["select", "routes"], "expected labels with their routes")
  const { agent: chooser, rules, examples } = isRecord(by) ? by : {}
  const texts = (list: unknown): boolean => Array.isArray(list) && list.every((text) => typeof text === "string")
  const chooses =
    typeof chooser === "string" ||
    (Array.isArray(rules) && rules.every(isRule)) ||
    (isRecord(examples) && Object.values(examples).every(texts))
  return chooses ? undefined : not(["select", "by"], "expected one of { agent }, { rules } and { examples }")
}

const isRule = (rule: unknown): boolean =>
  isRecord(rule) && typeof rule["to"] === "string" && typeof (rule["fn"] ?? rule["matches"]) === "string"

/** @throws `INVALID_TOPOLOGY` naming every fault */
export function checkTopology(name: string, topology: Topology, known: Known): void {
  const faults = faultsOf(topology, known, name)
  if (faults.length > 0)
    throw new AgentOSError(
      "INVALID_TOPOLOGY",
      `topology ${name}:\n${faults.map(({ path, message }) => `  - ${path.join(".")}${path.length === 0 ? "" : ": "}${message}`).join("\n")}`,
    )
}

function unknown(what: string, name: string, known: readonly string[]): string {
  const near = nearest(name, known)
  if (near !== undefined) return `there is no ${what} ${JSON.stringify(name)}; did you mean ${JSON.stringify(near)}?`
  return `there is no ${what} ${JSON.stringify(name)}; there ${known.length === 0 ? "are none" : `are: ${known.join(", ")}`}`
}

/** The known name with the fewest edits, when a third of the letters or fewer differ. */
export function nearest(name: string, known: readonly string[]): string | undefined {
  const [best] = known.map((other) => ({ other, distance: edits(name, other) })).sort((a, b) => a.distance - b.distance)
  return best !== undefined && best.distance <= Math.max(1, Math.floor(name.length / 3)) ? best.other : undefined
}

function edits(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++)
      next[j] = Math.min(
        (row[j] as number) + 1,
        (next[j - 1] as number) + 1,
        (row[j - 1] as number) + (a[i - 1] === b[j - 1] ? 0 : 1),
      )
    row = next
  }
  return row[b.length] as number
}
