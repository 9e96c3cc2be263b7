/**
 * The configuration of a node: one strict schema, read from YAML (or JSON, which is YAML). Every fault of a file is reported at once,
 * with its line and column. `docs/configuration.md` is generated from the descriptions here.
 */
import { readFile } from "node:fs/promises"
import { dirname, isAbsolute, join } from "node:path"
import { z } from "zod"
import { AgentOSError } from "#actors/errors.js"
import { clusterSchema, isObject } from "./cluster-config.js"
import { readYaml, type YamlPlace } from "./yaml.js"

const port = z.int().min(0).max(65535)
const name = z.string().regex(/^[a-z][a-z0-9-]*$/, "use lower-case letters, digits and dashes, beginning with a letter")
const environmentVariable = z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/, "name an environment variable")

export const gatewaySchema = z
  .strictObject({
    host: z.string().default("127.0.0.1").describe("Address to listen on. Off loopback an API key is required."),
    port: port
      .default(7420)
      .describe("Port of REST, the OpenAI-compatible endpoint, metrics and the status page. 0 takes a free one."),
    grpcPort: port.default(7421).describe("Port of gRPC. 0 takes a free one."),
    bodyLimitBytes: z
      .int()
      .min(1024)
      .default(1_048_576)
      .describe("Largest request body in bytes. Raising it costs memory per request in flight."),
    tls: z
      .strictObject({
        cert: z.string().describe("PEM file of the certificate, and of those between it and its authority."),
        key: z.string().describe("PEM file of its key."),
        ca: z.string().optional().describe("PEM file of the authority that signed the certificates of callers."),
        requireClientCert: z
          .boolean()
          .default(false)
          .describe("Whether a caller must show a certificate that `ca` has signed, beside its key. Probes must, too."),
      })
      .refine(({ ca, requireClientCert }) => !requireClientCert || ca !== undefined, {
        path: ["ca"],
        message: "name the authority of the certificates that `requireClientCert` asks for",
        when: isObject,
      })
      .optional()
      .describe("Certificates of REST and gRPC, which then speak TLS only; read again when the files change."),
    drainMs: z
      .int()
      .min(0)
      .default(10_000)
      .describe(
        "Milliseconds that calls under way are given when the node stops; then they are cut, and their runs go on at the next start. A second signal ends the node at once.",
      ),
    publicHosts: z
      .array(z.string())
      .default([])
      .describe(
        "Names under which clients reach this node, beside the address it listens on. Requests with another Host are refused.",
      ),
  })
  .describe("The doors: REST and gRPC.")

export const securitySchema = z
  .strictObject({
    requireKeys: z
      .enum(["auto", "always"])
      .default("auto")
      .describe('Whether a request needs an API key: "auto" (only when the gateway listens off loopback) or "always".'),
    requestsPerMinute: z
      .int()
      .min(1)
      .default(600_000)
      .describe(
        "Requests a minute that one key may make, by default; a key may have its own limit. A tenth of them, and at least one, may come at once; then they come evenly.",
      ),
    policy: z
      .array(
        z.strictObject({
          caller: z.string().describe('Key id, agent name, or "*".'),
          may: z
            .enum(["call", "use"])
            .describe(
              '"call" an agent or topology, also as a step of another, or "use" a tool, also by the operation that does the same.',
            ),
          target: z.string().describe('Name of the agent, topology or tool, or "*".'),
          effect: z
            .enum(["allow", "deny"])
            .describe("The first rule that matches decides; without a match the request is allowed."),
        }),
      )
      .default([])
      .describe("Who may call which agent and use which tool."),
  })
  .describe("Keys, rates and policy.")

export const monitoringSchema = z
  .strictObject({
    level: z
      .enum(["trace", "debug", "info", "warn", "error", "silent"])
      .default("info")
      .describe("Least severe log line that is written."),
    file: z
      .string()
      .optional()
      .describe("File to log to; default `logs/node.log` in the data folder. `-` is standard output."),
  })
  .describe("Logs and metrics.")

export const providerSchema = z
  .strictObject({
    kind: z
      .literal("openai-compatible")
      .describe("A server that speaks OpenAI's chat completions: Ollama, vLLM, llama.cpp, a hosted API."),
    baseUrl: z.url().describe("For instance `http://127.0.0.1:11434/v1`."),
    model: z.string().describe("The model's name on that server."),
    apiKeyEnv: environmentVariable.optional().describe("Environment variable that holds the server's key."),
    contextLength: z.int().positive().optional().describe("Tokens of prompt and answer together."),
  })
  .describe("A model on a server.")

export const localModelSchema = z
  .strictObject({
    kind: z.literal("local").describe("A checkpoint run by this process."),
    path: z
      .string()
      .optional()
      .describe(
        "Folder with config.json, tokenizer.json and model.safetensors; absent: the embedded model of that name.",
      ),
    backend: z
      .enum(["wasm", "tensorflow"])
      .default("wasm")
      .describe(
        'TensorFlow.js backend: "wasm" everywhere, "tensorflow" where @tensorflow/tfjs-node-gpu or tfjs-node is installed.',
      ),
    maxBatch: z
      .int()
      .min(1)
      .max(256)
      .default(16)
      .describe("Sequences decoded together. Raising it costs cache memory and makes each step slower."),
  })
  .describe("A model in this process.")

export const agentSchema = z
  .strictObject({
    name,
    model: z.string().default("scribe").describe("Name of a model: `scribe` or one under `models`."),
    fallbackModel: z
      .string()
      .optional()
      .describe(
        "Name of the model that answers when that one does not: it refuses, or its server is busy for longer than a retry.",
      ),
    instructions: z
      .string()
      .min(1)
      .describe("What the agent is told before every question. For the embedded model: the name of its task."),
    tools: z.array(z.string()).default([]).describe("Tools this agent may use."),
    description: z.string().optional().describe("One line for people and for other agents."),
    memory: z.boolean().default(true).describe("Whether it reads the earlier turns of a conversation."),
    maxTokens: z.int().min(1).optional().describe("Most tokens of one answer."),
    temperature: z.number().min(0).max(2).optional().describe("0 always takes the likeliest token."),
    limits: z
      .strictObject({
        steps: z.int().min(1).exactOptional().describe("Turns of model and tools; default 6."),
        tokens: z.int().min(1).exactOptional().describe("Tokens of prompts and answers; default: the run's budget."),
        timeMs: z.int().min(1).exactOptional().describe("Milliseconds for the whole answer; default 60,000."),
        callsPerTurn: z.int().min(1).exactOptional().describe("Tool calls of one turn that are run; default 16."),
        calls: z.int().min(1).exactOptional().describe("Tool calls of all turns that are run; default 64."),
      })
      .exactOptional()
      .describe("What it may use up while it answers once."),
    replicas: z.int().min(1).max(64).default(1).describe("Copies of the agent that share its load."),
  })
  .describe("An agent.")

/** How much of one kind is kept. */
const keptSchema = (days: number, count: number, megabytes: number) =>
  z
    .strictObject({
      days: z.number().min(0).default(days).describe("Days after which it is let go."),
      count: z.int().min(0).default(count).describe("How many are kept; the oldest are let go."),
      megabytes: z.number().min(0).default(megabytes).describe("How much text is kept, in MB, about."),
    })
    .prefault({})

export const configSchema = z
  .strictObject({
    name: name.default("llmagentos").describe("Name of this system in addresses and logs."),
    data: z
      .string()
      .min(1, 'name a folder, or "memory"')
      .default("data")
      .describe('Folder that holds everything durable. One process owns it at a time. "memory" keeps nothing.'),
    store: z
      .string()
      .regex(/^postgres(ql)?:\/\/./, "use a URL like postgres://user@host:5432/database?schema=NAME")
      .optional()
      .describe(
        "PostgreSQL that holds events and records in place of the data folder, shared by any number of nodes: `postgres://user@host:5432/database?schema=NAME`; the password comes from PGPASSWORD, or the whole URL by `storeEnv`. Needs the package pg.",
      ),
    storeEnv: environmentVariable
      .optional()
      .describe("Environment variable that holds the URL of the store, so that no password stands in a file."),
    cluster: clusterSchema.optional(),
    gateway: gatewaySchema.prefault({}),
    security: securitySchema.prefault({}),
    monitoring: monitoringSchema.prefault({}),
    models: z
      .record(z.string(), z.discriminatedUnion("kind", [providerSchema, localModelSchema]))
      .default({})
      .describe("Models by name, beside the embedded `scribe`."),
    agents: z.array(agentSchema).default([]).describe("Agents beside the shipped ones."),
    limits: z
      .strictObject({
        maxReplicas: z.int().min(1).default(1000).describe("Most replicas of all agents together."),
        maxOpen: z
          .int()
          .min(1)
          .default(10_000)
          .describe(
            "Most requests open at a time, all agents together. One caller gets half of them at most, one tenant or agent three quarters, and less when others hold many.",
          ),
        concurrency: z
          .int()
          .min(1)
          .default(16)
          .describe("Requests that one replica works on at a time; a quarter more are kept for callers that hold few."),
        maxMemoryMb: z
          .int()
          .min(64)
          .optional()
          .describe(
            "MB that the node's own objects and buffers may take; above it requests are refused until some are free again. The weights of models and worker threads come on top.",
          ),
      })
      .prefault({})
      .describe("What all agents together may use."),
    retention: z
      .strictObject({
        runs: keptSchema(7, 100_000, 1024).describe(
          "Runs that have ended: their steps, answers and idempotency keys. Whichever limit is reached first counts.",
        ),
        conversations: keptSchema(90, 10_000, 1024).describe(
          "Conversations, from their last turn on. Of each the last 20 turns are kept, at most 1 MB of text.",
        ),
        audit: keptSchema(90, 100_000, 100).describe(
          "The record of refusals and of acts that change the node. Refusals that are alike are summed by the hour, so that strangers make about 2 MB a day at most.",
        ),
        log: z
          .strictObject({
            megabytes: z
              .number()
              .min(0.01)
              .default(20)
              .describe("Size of a log file that is full: it gets the ending `.1`, and another begins."),
            files: z
              .int()
              .min(0)
              .max(1000)
              .default(5)
              .describe("Full log files that are kept; older ones are deleted."),
          })
          .prefault({})
          .describe("The node's log, when it is a file."),
      })
      .prefault({})
      .describe("What is kept of the past."),
    topologies: z.array(z.string()).default([]).describe("YAML files of topologies, relative to this file."),
    knowledge: z
      .strictObject({
        folders: z.array(z.string()).default([]).describe("Folders whose documents are added at start."),
        shipped: z
          .boolean()
          .default(true)
          .describe("Whether agents may look up the documentation of LLMAgentOS itself."),
      })
      .prefault({})
      .describe("What agents may look up."),
    tools: z
      .strictObject({
        http: z.array(z.record(z.string(), z.unknown())).default([]).describe("HTTP tools; see the tools page."),
      })
      .prefault({})
      .describe("Tools beside the built-in ones."),
    plugins: z.array(z.string()).default([]).describe("Plugins: npm package names or files."),
  })
  .refine(({ store, storeEnv }) => store === undefined || storeEnv === undefined, {
    path: ["storeEnv"],
    message: "give `store` or `storeEnv`, not both",
    when: isObject,
  })
  .refine(
    ({ cluster, data, store, storeEnv }) =>
      cluster === undefined || data !== "memory" || store !== undefined || storeEnv !== undefined,
    {
      path: ["data"],
      message: "a cluster keeps its state in the data folder or in PostgreSQL (`store`), not in memory",
      when: isObject,
    },
  ) // prettier-ignore
  .describe("Configuration of a node")

export type Config = z.output<typeof configSchema>
export type ConfigInput = z.input<typeof configSchema>

/** Checks a configuration given as a value. @throws `INVALID_CONFIG` naming every fault. */
export function parseConfig(value: unknown, source = "configuration"): Config {
  const result = configSchema.safeParse(value ?? {})
  if (result.success) return result.data
  throw invalid(
    source,
    result.error.issues.map((issue) => describeIssue(issue)),
  )
}

/** Reads a configuration file. @throws `INVALID_CONFIG` naming every fault with its line and column. */
export async function readConfig(path: string): Promise<Config> {
  const text = await readFile(path, "utf8").catch((cause: unknown) => {
    throw new AgentOSError("INVALID_CONFIG", `cannot read the configuration ${path}`, { cause })
  })
  const config = parseConfigText(text, path)
  return {
    ...config,
    topologies: config.topologies.map((file) => (isAbsolute(file) ? file : join(dirname(path), file))),
  }
}

/** Checks the text of a configuration file. @throws `INVALID_CONFIG` naming every fault with its line and column. */
export function parseConfigText(text: string, path: string): Config {
  const yaml = readYaml(text)
  const told = ({ line, column }: YamlPlace, message: string): string => `line ${line}, column ${column}: ${message}`
  if (yaml.faults.length > 0)
    throw invalid(
      path,
      yaml.faults.map((fault) => told(fault, fault.message)),
    )
  const result = configSchema.safeParse(yaml.value ?? {})
  if (result.success) return result.data
  throw invalid(
    path,
    result.error.issues.map((issue) =>
      told(
        yaml.place(issue.code === "unrecognized_keys" ? [...issue.path, issue.keys[0] ?? ""] : issue.path),
        describeIssue(issue),
      ),
    ),
  )
}

function invalid(source: string, faults: readonly string[]): AgentOSError {
  const count = faults.length === 1 ? "1 fault" : `${faults.length} faults`
  return new AgentOSError(
    "INVALID_CONFIG",
    `${source} has ${count}:\n${faults.map((fault) => `  - ${fault}`).join("\n")}`,
  )
}

function describeIssue(issue: z.core.$ZodIssue): string {
  const where = issue.path.length === 0 ? "" : `${issue.path.join(".")}: `
  if (issue.code === "unrecognized_keys") return `${where}unknown ${issue.keys.map((key) => `\`${key}\``).join(", ")}`
  return where + issue.message
}

/** The configuration page, in Markdown: every field with its type, default and meaning. */
export function configurationReference(): string {
  const schema = z.toJSONSchema(configSchema, { io: "input", unrepresentable: "any" }) as JsonSchema
  const rows: string[] = []
  describeFields(schema, "", rows)
  return [
    "# Configuration",
    "",
    "<!-- Generated from src/config.ts by `npm run docs`; a test holds it to the schema. -->",
    "",
    "A node reads `llmagentos.yaml` in the folder it is started in, or the file that `--config` names. Every field has a default, unknown",
    "fields are refused, and all faults of a file are reported at once.",
    "",
    "| field | type | default | meaning |",
    "|---|---|---|---|",
    ...rows,
    "",
  ].join("\n")
}

interface JsonSchema {
  readonly type?: string
  readonly description?: string
  readonly default?: unknown
  readonly enum?: readonly unknown[]
  readonly const?: unknown
  readonly properties?: Readonly<Record<string, JsonSchema>>
  readonly additionalProperties?: JsonSchema | boolean
  readonly items?: JsonSchema
  readonly anyOf?: readonly JsonSchema[]
  readonly oneOf?: readonly JsonSchema[]
}

function describeFields(schema: JsonSchema, prefix: string, rows: string[]): void {
  for (const [key, field] of Object.entries(schema.properties ?? {})) {
    const path = `${prefix}${key}`
    const scalar =
      field.enum !== undefined
        ? field.enum.map((value) => `\`${String(value)}\``).join(" or ")
        : (field.type ?? (field.const === undefined ? "any" : `\`${String(field.const)}\``))
    const fallback =
      field.default === undefined || typeof field.default === "object" ? "" : `\`${String(field.default)}\``
    rows.push(`| \`${path}\` | ${scalar} | ${fallback} | ${(field.description ?? "").replaceAll("|", "\\|")} |`)
    describeFields(field, `${path}.`, rows)
    for (const variant of field.oneOf ?? field.anyOf ?? []) describeFields(variant, `${path}.`, rows)
    if (field.items?.properties !== undefined) describeFields(field.items, `${path}[].`, rows)
    const values = typeof field.additionalProperties === "object" ? field.additionalProperties : undefined
    for (const variant of values?.oneOf ?? values?.anyOf ?? []) describeFields(variant, `${path}.NAME.`, rows)
  }
}
