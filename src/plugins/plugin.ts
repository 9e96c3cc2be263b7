/**
 * Plugins: an npm package or a file that registers agents, tools, models, topologies and hooks.
 */
import { createRequire } from "node:module"
import { isAbsolute, join, resolve } from "node:path"
import { pathToFileURL } from "node:url"
import { z } from "zod"
import { AgentOSError, thrownText } from "#actors/errors.js"
import type { AgentDefinition } from "../agents/agent.js"
import type { Model } from "../models/model.js"
import type { ModelConfig } from "../models/registry.js"
import type { RunEvent, RunResult } from "../run.js"
import type { Topology } from "../topologies/topology.js"
import type { Tool } from "../tools/tool.js"

/** The version of what follows. A plugin says which one it was written for. */
export const pluginContract = 1

/** Told of what happens; what a hook throws, at once or as a promise, ends the run it was told of. */
export interface Hooks {
  onRunStart?(run: { readonly target: string; readonly input: string }): void | Promise<void>
  onRunEnd?(run: RunResult): void | Promise<void>
  onToolCall?(event: Extract<RunEvent, { type: "tool" }>): void | Promise<void>
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
    throw invalidPlugin(specifier, `it cannot be loaded: ${thrownText(cause)}`, cause)
  }
}

const isFunction = (value: unknown): boolean => typeof value === "function"
const holds = (value: unknown, member: string): boolean =>
  typeof value === "object" && value !== null && isFunction((value as Record<string, unknown>)[member])
const aFunction = z.custom<unknown>(isFunction, "is a function")

/** What a plugin is to look like; what its agents, models and topologies say is checked where they are registered. */
const pluginSchema = z.strictObject({
  name: z.string().min(1),
  contract: z.literal(pluginContract),
  agents: z.array(z.looseObject({ name: z.string(), instructions: z.string() })).optional(),
  tools: z
    .array(
      z.looseObject({
        name: z.string(),
        description: z.string(),
        parameters: z.custom<unknown>((value) => holds(value, "safeParseAsync"), "is a zod schema"),
        execute: aFunction,
      }),
    )
    .optional(),
  models: z
    .record(
      z.string(),
      z.custom<unknown>(
        (value) => holds(value, "generate") || z.looseObject({ kind: z.string() }).safeParse(value).success,
        "is a model, or the configuration of one",
      ),
    )
    .optional(),
  topologies: z
    .record(z.string(), z.looseObject({ kind: z.enum(["agent", "chain", "parallel", "select"]) }))
    .optional(),
  hooks: z
    .strictObject({
      onRunStart: aFunction.optional(),
      onRunEnd: aFunction.optional(),
      onToolCall: aFunction.optional(),
    })
    .optional(),
})

function check(value: unknown, source: string): Plugin {
  if (typeof value !== "object" || value === null)
    throw invalidPlugin(source, "it has no default export made by definePlugin({ name, contract: 1, ... })")
  const { name, contract } = value as Partial<Plugin>
  if (typeof name !== "string" || name === "") throw invalidPlugin(source, "it has no name")
  if (contract !== pluginContract)
    throw invalidPlugin(
      source,
      `${name} was written for contract ${String(contract)}; this release has contract ${pluginContract}`,
    )
  const { error } = pluginSchema.safeParse(value)
  if (error !== undefined)
    throw invalidPlugin(source, `${name} is not of the form of a plugin:\n${z.prettifyError(error)}`)
  return value as Plugin
}

/** What is wrong with a plugin, under its name. */
export function invalidPlugin(plugin: string, what: string, cause?: unknown): AgentOSError {
  return new AgentOSError("INVALID_PLUGIN", `plugin ${plugin}: ${what}`, { cause })
}
