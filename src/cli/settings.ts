import { existsSync } from "node:fs"
import { defineAgent } from "../agents/agent.js"
import { parseConfig, readConfig, type Config } from "../config.js"
import type { AgentOSOptions } from "../os.js"

/** Options that every command takes. */
export interface GlobalOptions {
  readonly config?: string
  readonly data?: string
  readonly host?: string
  readonly port?: number
  readonly grpcPort?: number
}

/**
 * The configuration a command works with: the file, if there is one, and over it what stands on the command line.
 *
 * @throws `INVALID_CONFIG` naming every fault of either
 */
export async function loadConfig(options: GlobalOptions): Promise<Config> {
  const path = options.config ?? (existsSync("llmagentos.yaml") ? "llmagentos.yaml" : undefined)
  const config = path === undefined ? parseConfig({}) : await readConfig(path)
  const { data = config.data, host = config.gateway.host } = options
  const { port = config.gateway.port, grpcPort = config.gateway.grpcPort } = options
  return parseConfig({ ...config, data, gateway: { ...config.gateway, host, port, grpcPort } }, "the command line")
}

/** A configuration as options of `createAgentOS`. */
export function optionsOf({ agents, ...config }: Config): AgentOSOptions {
  return {
    ...config,
    agents: agents.map(({ maxTokens, temperature, description, ...agent }) =>
      defineAgent({
        ...agent,
        ...(description === undefined ? {} : { description }),
        decoding: {
          ...(maxTokens === undefined ? {} : { maxTokens }),
          ...(temperature === undefined ? {} : { temperature }),
        },
      }),
    ),
  }
}
