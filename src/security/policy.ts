/**
 * Who may call which agent or topology and use which tool: data, one pure function, and the one that refuses.
 *
 * Invariants
 *   P1. Every way to an agent, a topology or a tool asks `Policy.require`: both doors, each step of a run, each tool call
 *       of an agent, and operations that do what a tool does.
 */
import { AgentOSError } from "#actors/errors.js"

export interface PolicyRule {
  /** Key id, agent name, or "*". */
  readonly caller: string
  readonly may: "call" | "use"
  /** Agent, topology or tool, or "*". */
  readonly target: string
  readonly effect: "allow" | "deny"
}

export type Decision =
  | { readonly kind: "allow" }
  /** The position of the rule that says no. */
  | { readonly kind: "deny"; readonly rule: number }

const allowed: Decision = { kind: "allow" }

/** The first rule that matches decides; without a match the request is allowed. */
export function decide(rules: readonly PolicyRule[], caller: string, may: PolicyRule["may"], target: string): Decision {
  for (let index = 0; index < rules.length; index++) {
    const rule = rules[index]
    if (rule === undefined || rule.may !== may || !matches(rule.caller, caller) || !matches(rule.target, target))
      continue
    return rule.effect === "allow" ? allowed : { kind: "deny", rule: index }
  }
  return allowed
}

/** The rules of a node. */
export class Policy {
  readonly #rules: readonly PolicyRule[]

  constructor(rules: readonly PolicyRule[]) {
    this.#rules = rules
  }

  /**
   * Asked before anything is done (P1).
   *
   * @param callers on whose behalf: each of them must be allowed
   * @throws `FORBIDDEN`
   */
  require(callers: readonly string[], may: PolicyRule["may"], target: string): void {
    for (const caller of callers) {
      const decision = decide(this.#rules, caller, may, target)
      if (decision.kind === "allow") continue
      const rule = `rule ${decision.rule + 1} of the policy`
      throw new AgentOSError("FORBIDDEN", `${caller} may not ${may} ${target}: ${rule}`, { executed: "no" })
    }
  }
}

function matches(pattern: string, name: string): boolean {
  return pattern === "*" || pattern === name
}
