/**
 * Plugins: an npm package or a file that registers agents, tools, models, topologies and hooks.
 */
import { createRequire } from "node:module"
import { isAbsolute, join, resolve } from "node:path"
import { pathToFileURL } from "node:url"
import { AgentOSError } from "#actors/errors.js"
import type { AgentDefinition } from "../agents/agent.js"
import type { Model } from "../models/model.js"
import type { ModelConfig } from "../models/registry.js"
import type { RunEvent, RunResult } from "../run.js"
import type { Topology } from "../topologies/topology.js"
import type { Tool } from "../tools/tool.js"

/** The version of what follows. A plugin says which one it was written for. */
export const pluginContract = 1

/** Told of what happens; what a hook throws ends the run it was told of. */
export interface Hooks {
  onRunStart?(run: { readonly target: string; readonly input: string }): void
  onRunEnd?(run: RunResult): void
  onToolCall?(event: Extract<RunEvent, { type: "tool" }>): void
}

export interface Plugin {
  readonly name: string
  readonly contract: typeof pluginContract
  readonly agents?: readonly AgentDefinition[]
  readonly tools?: readonly Tool[]
  readonly models?: Readonly<Record<string, Model | ModelConfig>>
  readonly topologies?: Readonly<Record<string, Topology>>
  readonly hooks?: Hooks
}

/** Checks a plugin's shape at compile time. A package or file exports it as its default. */
export function definePlugin(plugin: Plugin): Plugin {
  return plugin
}

/** Loads plugins in order. @throws `INVALID_PLUGIN` naming the plugin and what is wrong */
export async function loadPlugins(plugins: readonly (string | Plugin)[]): Promise<Plugin[]> {
  const loaded: Plugin[] = []
  for (const plugin of plugins)
    loaded.push(typeof plugin === "string" ? await load(plugin) : check(plugin, "a plugin given as a value"))
  return loaded
}

async function load(specifier: string): Promise<Plugin> {
  const isFile = specifier.startsWith(".") || isAbsolute(specifier)
  try {
    const path = isFile ? resolve(specifier) : createRequire(join(process.cwd(), "package.json")).resolve(specifier)
    const module = (await import(pathToFileURL(path).href)) as { default?: unknown }
    return check(module.default, specifier)
  } catch (cause) {
    if (cause instanceof AgentOSError) throw cause
    throw new AgentOSError(
      "INVALID_PLUGIN",
      `plugin ${specifier} cannot be loaded: ${cause instanceof Error ? cause.message : String(cause)}`,
      { cause },
    )
  }
}

function check(value: unknown, source: string): Plugin {
  const wrong = (what: string): AgentOSError => new AgentOSError("INVALID_PLUGIN", `plugin ${source}: ${what}`)
  if (typeof value !== "object" || value === null)
    throw wrong("it has no default export made by definePlugin({ name, contract: 1, ... })")
  const plugin = value as Partial<Plugin>
  if (typeof plugin.name !== "string" || plugin.name === "") throw wrong("it has no name")
  if (plugin.contract !== pluginContract)
    throw wrong(
      `${plugin.name} was written for contract ${String(plugin.contract)}; this release has contract ${pluginContract}`,
    )
  const known = ["name", "contract", "agents", "tools", "models", "topologies", "hooks"]
  const unknown = Object.keys(plugin).filter((key) => !known.includes(key))
  if (unknown.length > 0)
    throw wrong(`${plugin.name} has unknown fields ${unknown.join(", ")}; known are ${known.join(", ")}`)
  return plugin as Plugin
}
