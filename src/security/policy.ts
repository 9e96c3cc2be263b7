/** Who may call which agent and use which tool: data and one pure function. */

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

function matches(pattern: string, name: string): boolean {
  return pattern === "*" || pattern === name
}
