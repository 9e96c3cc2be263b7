/**
 * Topologies in YAML. The file and the builder give the same value; every fault is told with file, line and column.
 *
 *     name: team
 *     topology:
 *       chain:
 *         - parallel: { branches: [critic, checker], reduce: vote }
 *         - writer
 */
import { readFile } from "node:fs/promises"
import { AgentOSError, thrownText } from "#actors/errors.js"
import { readYaml, type YamlFault } from "../yaml.js"
import type { Choice, OnError, Reduce, Rule, Topology } from "./topology.js"
import { faultsOf, isOnError, onErrorForms, reduceForms, type Known } from "./validate.js"

export interface TopologyFile {
  readonly name: string
  readonly description: string
  readonly topology: Topology
}

type Path = readonly (string | number)[]

/** Reads a topology from a file. @throws `INVALID_TOPOLOGY`, as `parseTopology` */
export async function readTopology(file: string, known?: Known): Promise<TopologyFile> {
  const text = await readFile(file, "utf8").catch((cause: unknown) => {
    throw new AgentOSError("INVALID_TOPOLOGY", `${file}: cannot be read: ${thrownText(cause)}`, { cause })
  })
  return parseTopology(text, file, known)
}

/**
 * Reads the text of a topology file; with `known`, checks the names in it too.
 *
 * @throws `INVALID_TOPOLOGY` naming every fault
 */
export function parseTopology(text: string, file: string, known?: Known): TopologyFile {
  const yaml = readYaml(text)
  const refuse = (faults: readonly YamlFault[]): never => {
    const entries = faults.map(({ line, column, message }) => `${file}:${line}:${column}: ${message}`)
    throw new AgentOSError("INVALID_TOPOLOGY", entries.join("\n"))
  }
  if (yaml.faults.length > 0) refuse(yaml.faults)
  const faults: { path: Path; message: string }[] = []
  const reader = new Reader((path, message) => void faults.push({ path, message }))
  const top = reader.record(yaml.value, [], ["name", "description", "topology"])
  const name = reader.text(top["name"], ["name"])
  const description = top["description"] === undefined ? "" : reader.text(top["description"], ["description"])
  const topology = reader.topology(top["topology"], ["topology"])
  if (faults.length === 0 && known !== undefined)
    for (const { path, message } of faultsOf(topology, known, name))
      faults.push({ path: ["topology", ...path], message })
  if (faults.length > 0) refuse(faults.map(({ path, message }) => ({ ...yaml.place(path), message })))
  return { name, description, topology }
}

const nothing: Topology = { kind: "chain", steps: [] }

/**
 * Reads values of any shape; what is wrong is reported, and something neutral returned so that the next fault is
 * found too.
 */
class Reader {
  readonly #fault: (path: Path, message: string) => void

  constructor(fault: (path: Path, message: string) => void) {
    this.#fault = fault
  }

  record(value: unknown, path: Path, allowed?: readonly string[]): Readonly<Record<string, unknown>> {
    if (typeof value !== "object" || value === null || Array.isArray(value)) {
      this.#fault(
        path,
        `expected ${allowed === undefined ? "keys with values" : `the keys ${allowed.join(", ")}`}, found ${kindOf(value)}`,
      )
      return {}
    }
    for (const key of Object.keys(value))
      if (allowed !== undefined && !allowed.includes(key))
        this.#fault([...path, key], `unknown key ${JSON.stringify(key)}; allowed are ${allowed.join(", ")}`)
    return value as Record<string, unknown>
  }

  text(value: unknown, path: Path): string {
    if (typeof value === "string" && value !== "") return value
    this.#fault(path, `expected a text, found ${kindOf(value)}`)
    return ""
  }

  list(value: unknown, path: Path): readonly unknown[] {
    if (Array.isArray(value)) return value
    this.#fault(path, `expected a list, found ${kindOf(value)}`)
    return []
  }

  topology(value: unknown, path: Path): Topology {
    if (typeof value === "string" && value !== "") return { kind: "agent", agent: value }
    const forms = ["chain", "parallel", "select"] as const
    if (typeof value !== "object" || value === null || Array.isArray(value)) {
      this.#fault(path, `expected the name of an agent, or chain, parallel or select; found ${kindOf(value)}`)
      return nothing
    }
    const given = this.record(value, path, forms)
    const [form, ...more] = forms.filter((name) => name in given)
    if (form === undefined || more.length > 0) {
      this.#fault(path, `expected exactly one of ${forms.join(", ")}`)
      return nothing
    }
    const at = [...path, form]
    if (form === "chain")
      return { kind: "chain", steps: this.list(given[form], at).map((child, i) => this.topology(child, [...at, i])) }
    if (form === "parallel") {
      const parts = this.record(given[form], at, ["branches", "reduce", "onError"])
      return {
        kind: "parallel",
        branches: this.list(parts["branches"], [...at, "branches"]).map((child, i) =>
          this.topology(child, [...at, "branches", i]),
        ),
        reduce: parts["reduce"] === undefined ? "concatenate" : this.#reduce(parts["reduce"], [...at, "reduce"]),
        onError: parts["onError"] === undefined ? "fail" : this.#onError(parts["onError"], [...at, "onError"]),
      }
    }
    const parts = this.record(given[form], at, ["by", "routes", "otherwise"])
    const routes = this.record(parts["routes"], [...at, "routes"])
    return {
      kind: "select",
      by: this.#choice(parts["by"], [...at, "by"]),
      routes: Object.fromEntries(
        Object.entries(routes).map(([label, child]) => [label, this.topology(child, [...at, "routes", label])]),
      ),
      ...(parts["otherwise"] === undefined
        ? {}
        : { otherwise: this.topology(parts["otherwise"], [...at, "otherwise"]) }),
    }
  }

  #reduce(value: unknown, path: Path): Reduce {
    if (value === "concatenate" || value === "vote") return value
    if (typeof value === "object" && value !== null && !Array.isArray(value)) {
      const parts = this.record(value, path, ["judge", "fn"])
      if ("judge" in parts) return { judge: this.text(parts["judge"], [...path, "judge"]) }
      if ("fn" in parts) return { fn: this.text(parts["fn"], [...path, "fn"]) }
    }
    this.#fault(path, reduceForms)
    return "concatenate"
  }

  #onError(value: unknown, path: Path): OnError {
    if (typeof value === "object" && value !== null && !Array.isArray(value)) this.record(value, path, ["retry"])
    if (isOnError(value)) return value
    this.#fault(path, onErrorForms)
    return "fail"
  }

  #choice(value: unknown, path: Path): Choice {
    const parts = this.record(value, path, ["agent", "rules", "examples"])
    if ("agent" in parts) return { agent: this.text(parts["agent"], [...path, "agent"]) }
    if ("rules" in parts)
      return {
        rules: this.list(parts["rules"], [...path, "rules"]).map((rule, i) => this.#rule(rule, [...path, "rules", i])),
      }
    if ("examples" in parts) {
      const examples = this.record(parts["examples"], [...path, "examples"])
      return {
        examples: Object.fromEntries(
          Object.entries(examples).map(([label, list]) => [
            label,
            this.list(list, [...path, "examples", label]).map((text, i) =>
              this.text(text, [...path, "examples", label, i]),
            ),
          ]),
        ),
      }
    }
    this.#fault(path, "expected one of agent, rules, examples")
    return { rules: [] }
  }

  #rule(value: unknown, path: Path): Rule {
    const parts = this.record(value, path, ["matches", "fn", "to"])
    const to = this.text(parts["to"], [...path, "to"])
    return "fn" in parts
      ? { fn: this.text(parts["fn"], [...path, "fn"]), to }
      : { matches: this.text(parts["matches"], [...path, "matches"]), to }
  }
}

function kindOf(value: unknown): string {
  if (value === undefined) return "nothing"
  if (value === null) return "an empty value"
  if (Array.isArray(value)) return "a list"
  return typeof value === "object"
    ? "keys with values"
    : typeof value === "string"
      ? "an empty text"
      : `the ${typeof value} ${String(value)}`
}
