/**
 * The composition root: the one file that knows every part.
 *
 * Invariants
 *   O1. Creating a system opens no port; `listen` does.
 *   O2. `stop` closes in order: doors, runs, agents, models, journal. What was under way and is journalled goes on at
 *       the next start, or on another node.
 *   O3. Without `cluster:` nothing of the cluster is loaded.
 */
import { rm } from "node:fs/promises"
import { join, resolve } from "node:path"
import { fileURLToPath } from "node:url"
import type { AnyDefinition } from "#actors/actor.js"
import { DEFAULT_TENANT } from "#actors/cause.js"
import { systemClock, systemRandom, type Clock, type Random } from "#actors/clock.js"
import { AgentOSError } from "#actors/errors.js"
import { checkName } from "#actors/names.js"
import { joined } from "#actors/names.js"
import { ActorSystem } from "#actors/system.js"
import type { Carrier } from "#cluster/carrier.js"
import type { Cluster, ClusterEnd } from "#cluster/cluster-handle.js"
import type { Registry } from "#cluster/registry.js"
import "./errors.js"
import { AgentManager, type AgentManagerLimits } from "./agents/agent-manager.js"
import type { AgentDefinition } from "./agents/agent.js"
import type { ClusterAgents } from "./agents/cluster-agents.js"
import { respond, type AgentAnswer } from "./agents/respond.js"
import { shippedAgents } from "./agents/shipped.js"
import type { ClusterConfig } from "./cluster-config.js"
import { parseConfig, type Config, type ConfigInput } from "./config.js"
import { hashedNgrams } from "./knowledge/hashed-ngrams.js"
import { KnowledgeBase } from "./knowledge/knowledge-base.js"
import type { Knowledge } from "./knowledge/knowledge.js"
import type { Member } from "./member.js"
import type { Message, Model } from "./models/model.js"
import { embeddedModel, ModelRegistry, type ModelConfig } from "./models/registry.js"
import { openLog } from "./monitoring/log.js"
import { HealthRegistry, healthy } from "./monitoring/health.js"
import { ActivityFeed, type Activity } from "./monitoring/activity.js"
import { Metrics } from "./monitoring/metrics.js"
import { keepPrivate } from "./private-folder.js"
import { writeNodeFile } from "./node-file.js"
import { invalidPlugin, loadPlugins, type Hooks, type Plugin } from "./plugins/plugin.js"
import type { RecordStore } from "./record-store.js"
import {
  scopeOf,
  type RunEvent,
  type RunListener,
  type RunOptions,
  type RunResult,
  type Scope,
  type ScopedOptions,
} from "./run.js"
import type { NamedFunction } from "./runs/execute.js"
import type { RunStatus } from "./runs/recorded-runs.js"
import { Runs } from "./runs/runs.js"
import { auditStore } from "./security/audit-store.js"
import { Policy } from "./security/policy.js"
import { openStore } from "./store.js"
import type { KeyStore, StoredKey } from "./security/keys.js"
import type { Topology } from "./topologies/topology.js"
import { checkTopology } from "./topologies/validate.js"
import { readTopology } from "./topologies/yaml.js"
import { calculator, clockTool, knowledgeFacts, knowledgeRecords, knowledgeSearch } from "./tools/built-in.js"
import { httpTool } from "./tools/http-tool.js"
import type { Tool } from "./tools/tool.js"
import { ToolKit } from "./tools/toolkit.js"

/** A configuration, and what only code can give. */
export interface AgentOSOptions extends Omit<ConfigInput, "agents" | "topologies" | "models" | "tools" | "plugins"> {
  readonly agents?: readonly AgentDefinition[]
  /** Topologies by name, or YAML files. */
  readonly topologies?: Readonly<Record<string, Topology>> | readonly string[]
  readonly models?: Readonly<Record<string, Model | ModelConfig>>
  /** Tools, or HTTP tools from configuration. */
  readonly tools?: readonly Tool[] | Config["tools"]
  /** Functions that topologies may name. */
  readonly functions?: Readonly<Record<string, NamedFunction>>
  readonly plugins?: readonly (string | Plugin)[]
  /**
   * Entities of your own, by definition: `os.actors.entity(Account, "alice")`. In a cluster the same on every node.
   */
  readonly definitions?: readonly AnyDefinition[]
  /** With `cluster`: how nodes find each other, instead of the configured registry. */
  readonly registry?: Registry
  /** With `cluster`: how nodes reach each other, instead of gRPC. */
  readonly carrier?: Carrier
  /** Whether runs that an earlier process left open go on; default true. */
  readonly resume?: boolean
  readonly clock?: Clock
  readonly random?: Random
}

/** Where a node can be reached. */
export interface Doors {
  /** `http://HOST:PORT`, with certificates `https:` */
  readonly rest: string
  /** `HOST:PORT` */
  readonly grpc: string
}

export interface AgentOS {
  readonly name: string
  /** The data folder, or "memory". */
  readonly data: string
  /** Where events and records are, for people: "memory", a folder, or server and database. */
  readonly store: string
  readonly agents: AgentManager
  readonly topologies: ReadonlyMap<string, { readonly description: string; readonly topology: Topology }>
  /** What the tenant "default" knows. */
  readonly knowledge: Knowledge
  /** What any other tenant knows. */
  knowledgeOf(tenant: string): Knowledge
  readonly tools: ToolKit
  readonly models: ModelRegistry
  readonly keys: KeyStore
  readonly actors: ActorSystem
  /** Asks an agent or topology. @throws what ended the run */
  run(target: string, input: string, options?: RunOptions): Promise<RunResult>
  /** The same, as events. */
  stream(target: string, input: string, options?: RunOptions): AsyncIterable<RunEvent>
  /** The cluster that this node is a member of. */
  readonly cluster: Cluster | undefined
  /** Resolves when this node has stopped, with the reason where its cluster ended it. */
  readonly ended: Promise<ClusterEnd | undefined>
  /** @param tenant whose run it is; default "default" @returns false when the run had already ended */
  cancel(runId: string, tenant?: string): Promise<boolean>
  status(runId: string, tenant?: string): Promise<RunStatus | undefined>
  /** The runs that go on at this node, and those of late. @param tenant whose they are; default "default" */
  runs(tenant?: string): readonly Activity[]
  /**
   * The last turns of a conversation, oldest first.
   *
   * @param scope whose it is; default: that of programs of this machine
   */
  conversation(target: string, id: string, scope?: Partial<Scope>): Promise<readonly Message[]>
  /** Opens REST and gRPC. @throws `UNAVAILABLE_PORT` */
  listen(): Promise<Doors>
  stop(): Promise<void>
}

/** This project's documentation, beside the build. */
const shippedDocuments = fileURLToPath(new URL("../../docs/", import.meta.url))
/** How long `stop` waits for runs under way. */
const drainMs = 500

/**
 * Makes a system (O1).
 *
 * @throws `INVALID_CONFIG`, `LEVEL_LOCKED`, and what is wrong with agents, topologies, tools or plugins
 */
export async function createAgentOS(options: AgentOSOptions = {}): Promise<AgentOS> {
  const opened: (() => Promise<unknown>)[] = []
  try {
    return await compose(options, opened)
  } catch (error) {
    for (const close of opened.reverse()) await close()
    throw error
  }
}

/** @param opened what is to be closed, last first, when composing fails */
async function compose(options: AgentOSOptions, opened: (() => Promise<unknown>)[]): Promise<AgentOS> {
  const {
    agents = [],
    topologies = {},
    models = {},
    tools = [],
    functions = {},
    plugins = [],
    definitions = [],
    registry: registryOfNodes,
    carrier,
    resume = true,
    clock = systemClock,
    random = systemRandom,
    ...rest
  } = options
  const config = parseConfig(rest)
  const inMemory = config.data === "memory"
  if (!inMemory) await keepPrivate(config.data)
  const logger = openLog({
    level: inMemory && config.monitoring.file === undefined ? "silent" : config.monitoring.level,
    file: config.monitoring.file ?? (inMemory ? "-" : join(config.data, "logs", "node.log")),
    rotation: config.retention.log,
    node: config.name,
  })
  opened.push(() => logger.close())
  const store = await openStore(config, { clock, random, environment: process.env })
  const { journal, room } = store
  opened.push(() => journal.close())
  const extensions = await loadPlugins(plugins)
  const member = config.cluster && (await joinAs(config.cluster))
  const system =
    member?.system ?? new ActorSystem({ name: config.name, journal, definitions, clock, random, logger, metrics: true })

  async function joinAs(cluster: ClusterConfig): Promise<Member> {
    const models = new Set([
      embeddedModel,
      ...Object.keys(options.models ?? {}),
      ...extensions.flatMap(({ models = {} }) => Object.keys(models)),
    ])
    const { Member } = await import("./member.js") // O3
    const common = { clock, random, logger, environment: process.env, definitions, registry: registryOfNodes, carrier }
    const joined = await Member.join({ ...common, name: config.name, config: cluster, store, models: [...models] })
    opened.push(() => joined.leave())
    return joined
  }

  const knowledgeBase = new KnowledgeBase(room("knowledge"), clock)
  const knowledge = knowledgeBase.of(DEFAULT_TENANT)
  const unfollow = await knowledgeBase.follow()
  opened.push(async () => {
    unfollow()
    await knowledgeBase.close()
  })
  const kit = new ToolKit(clock, [
    calculator,
    clockTool(clock),
    knowledgeSearch(knowledgeBase),
    knowledgeFacts(knowledgeBase),
    knowledgeRecords(knowledgeBase),
  ])
  const sentences = new ToolKit(clock, [knowledgeSearch(knowledgeBase, "sentence")])
  const withSentences: Pick<ToolKit, "specs" | "get" | "call"> = {
    specs: (names) => kit.specs(names),
    get: (name) => kit.get(name),
    call: (name, ...more) => (name === "knowledge.search" ? sentences : kit).call(name, ...more),
  }
  for (const tool of isToolList(tools) ? tools : tools.http.map((entry) => httpTool(entry, process.env)))
    kit.register(tool)
  const registry = new ModelRegistry(system, models)
  const metrics = new Metrics({ actors: system })
  const activity = new ActivityFeed(clock)
  const health = new HealthRegistry()
  health.addReadiness("places", () => (manager.full === undefined ? healthy : { ok: false, reason: manager.full }))
  if (member !== undefined) health.addReadiness("cluster", () => member.health())

  const known = new Map<string, { description: string; topology: Topology }>()
  const plain = new Map<string, Topology>()
  const named = new Map(Object.entries(functions))
  const hooks: Hooks[] = []
  const policy = new Policy(config.security.policy)
  const runs: Runs = new Runs({
    policy,
    get agents() {
      return agentsOfAll ?? manager
    },
    topologies: plain,
    functions: named,
    journal,
    records: room("run"),
    retention: config.retention,
    embedder: hashedNgrams(),
    activity,
    metrics,
    clock,
    random,
    others: member?.runs.others,
  })
  const manager: AgentManager = new AgentManager(
    system,
    (agent, request, work) => {
      const { log, emit, caller } = agentsOfAll?.runOf(request) ?? runs.of(request.runId)
      const permit = (tool: string): void => policy.require([agent.name, caller ?? "local"], "use", tool)
      const endedByHook = (thrown: unknown): void => work.cancel(AgentOSError.from(thrown, "RUN_FAILED"))
      const seen: RunListener = (event) => {
        metrics.follow(event)
        for (const hook of hooks)
          if (event.type === "tool") Promise.resolve(hook.onToolCall?.(event)).catch(endedByHook)
        return emit(event)
      }
      const tools = agent.grounding === "sentence" ? withSentences : kit
      const answered = (model: Model): Promise<AgentAnswer> =>
        respond(agent, request, { model, tools, log, clock, emit: seen, permit }, work)
      const model = registry.answering(agent.model ?? embeddedModel, agent.fallbackModel)
      return model instanceof Promise ? model.then(answered) : answered(model)
    },
    limitsOf(config),
  )
  const agentsOfAll: ClusterAgents | undefined = member?.serve(manager, () => runs, config.limits.concurrency)

  for (const plugin of extensions) {
    try {
      for (const tool of plugin.tools ?? []) kit.register(tool)
      for (const [name, model] of Object.entries(plugin.models ?? {})) registry.register(name, model)
      for (const agent of plugin.agents ?? []) manager.register(agent)
      for (const [name, topology] of Object.entries(plugin.topologies ?? {})) addTopology(name, "", topology)
    } catch (cause) {
      throw invalidPlugin(plugin.name, AgentOSError.from(cause).message, cause)
    }
    if (plugin.hooks !== undefined) hooks.push(plugin.hooks)
  }
  const own = new Set(agents.map(({ name }) => name))
  for (const agent of [...agents, ...shippedAgents.filter(({ name }) => !own.has(name) && !manager.has(name))])
    manager.register(agent)
  for (const { model = embeddedModel, fallbackModel = model, name, tools: wanted = [] } of manager.definitions()) {
    const missing = [model, fallbackModel].find((one) => !registry.has(one))
    // In a cluster another node may have it.
    if (member === undefined && missing !== undefined)
      throw new AgentOSError(
        "UNKNOWN_MODEL",
        `agent ${name} wants the model ${JSON.stringify(missing)}; there are: ${registry
          .describe()
          .map(({ id }) => id)
          .join(", ")}`,
      )
    kit.specs(wanted)
  }
  // Nodes that share a store are steered each by itself.
  await manager.remember(room(member === undefined ? "agents" : joined("agents", member.cluster.node.name)))
  const shipped = await readTopology(fileURLToPath(new URL("./topologies/shipped/ask.yaml", import.meta.url)))
  if (Array.isArray(topologies)) {
    for (const file of topologies as readonly string[]) {
      const { name, description, topology } = await readTopology(file)
      addTopology(name, description, topology)
    }
  } else
    for (const [name, topology] of Object.entries(topologies as Readonly<Record<string, Topology>>))
      addTopology(name, "", topology)
  if (!known.has(shipped.name)) addTopology(shipped.name, shipped.description, shipped.topology)
  const names = {
    agents: new Set(manager.list().map(({ name }) => name)),
    functions: new Set(named.keys()),
    topologies: plain,
  }
  for (const [name, topology] of plain) checkTopology(name, topology, names)

  function addTopology(name: string, description: string, topology: Topology): void {
    checkName("a topology", name)
    if (known.has(name) || manager.has(name))
      throw new AgentOSError("NAME_TAKEN", `there is an agent or topology named ${name} already`)
    known.set(name, { description, topology })
    plain.set(name, topology)
  }

  if (config.knowledge.shipped) await knowledge.addFolder(shippedDocuments, { prefix: "llmagentos/" })
  for (const folder of config.knowledge.folders) {
    const { refused } = await knowledge.addFolder(folder)
    for (const error of refused) logger.warn({ error }, "a document is left out")
  }
  const keys = keyStore(room("keys"))
  member?.begin(runs, (end) => void stop(end), { resume })
  if (member === undefined && resume) await runs.resume()

  /** One hook after the other; one may be asynchronous. @throws what a hook throws, as an AgentOSError */
  async function tellHooks(tell: (hook: Hooks) => unknown): Promise<void> {
    try {
      for (const hook of hooks) await tell(hook)
    } catch (thrown) {
      throw AgentOSError.from(thrown, "RUN_FAILED")
    }
  }

  function run(target: string, input: string, runOptions: RunOptions = {}): Promise<RunResult> {
    const options = { ...runOptions, ...scopeOf(runOptions) }
    return hooks.length === 0 ? runs.run(target, input, options) : runWithHooks(target, input, options)
  }

  async function runWithHooks(target: string, input: string, options: ScopedOptions): Promise<RunResult> {
    await tellHooks((hook) => hook.onRunStart?.({ target, input }))
    const result = await runs.run(target, input, options)
    await tellHooks((hook) => hook.onRunEnd?.(result))
    return result
  }

  async function* stream(target: string, input: string, runOptions: RunOptions = {}): AsyncGenerator<RunEvent> {
    try {
      await tellHooks((hook) => hook.onRunStart?.({ target, input }))
      for await (const event of runs.stream(target, input, { ...runOptions, ...scopeOf(runOptions) })) {
        if (event.type === "end") await tellHooks((hook) => hook.onRunEnd?.(event.run))
        yield event
      }
    } catch (thrown) {
      yield { type: "error", error: AgentOSError.from(thrown, "RUN_FAILED") }
    }
  }

  let gateway: { readonly rest: string; readonly grpc: string; close(): Promise<void> } | undefined
  let stopped: Promise<void> | undefined
  let tellEnded: (end: ClusterEnd | undefined) => void = () => undefined
  const ended = new Promise<ClusterEnd | undefined>((done) => (tellEnded = done))
  const nodeFile = join(config.data, "node.json")
  const os: AgentOS = {
    name: config.name,
    data: config.data,
    store: store.where,
    agents: manager,
    topologies: known,
    knowledge,
    knowledgeOf: (tenant) => knowledgeBase.of(tenant),
    tools: kit,
    models: registry,
    keys,
    actors: system,
    cluster: member?.cluster,
    ended,
    run,
    stream: (target, input, runOptions) =>
      hooks.length === 0
        ? runs.stream(target, input, { ...runOptions, ...scopeOf(runOptions) })
        : stream(target, input, runOptions),
    cancel: async (runId, tenant) => (member?.runs ?? runs).cancel(scopeOf({ tenant }).tenant, runId),
    status: (runId, tenant) => (member?.runs ?? runs).status(scopeOf({ tenant }).tenant, runId),
    runs: (tenant) => activity.recent(scopeOf({ tenant }).tenant),
    conversation: (target, id, scope) => (member?.runs ?? runs).conversation({ ...scopeOf(scope), target, id }),
    async listen() {
      if (gateway !== undefined) return gateway
      // The embedded model's thread starts while the doors open.
      registry
        .get(embeddedModel)
        .catch((error: unknown) => logger.error({ error }, "the embedded model cannot be opened"))
      const [{ openGateway }, { gatewayBackend }] = await Promise.all([
        import("./gateway/gateway.js"),
        import("./gateway-backend.js"),
      ])
      gateway = await openGateway({
        backend: gatewayBackend(os, runs, agentsOfAll, member?.backend()),
        config,
        tokenFile: inMemory ? undefined : join(config.data, "token"),
        clock,
        random,
        logger,
        keys,
        metrics,
        activity,
        health,
        audit: auditStore(room("audit"), config.cluster?.node ?? config.name, config.retention.audit, clock),
        ...(member === undefined ? {} : { followHealth: true }),
      })
      if (!inMemory) {
        const { tls } = config.gateway
        const place = { pid: process.pid, rest: gateway.rest, grpc: gateway.grpc }
        await writeNodeFile(
          nodeFile,
          tls === undefined ? place : { ...place, tls: { cert: resolve(tls.cert), key: resolve(tls.key) } },
        )
      }
      return gateway
    },
    stop: () => stop(),
  }
  function stop(end?: ClusterEnd): Promise<void> {
    stopped ??= (async () => {
      member?.announce()
      if (gateway !== undefined && !inMemory) await rm(nodeFile, { force: true }).catch(() => undefined)
      await gateway?.close() // O2
      await runs.drain(drainMs)
      unfollow()
      await knowledgeBase.close()
      await (member === undefined ? system.stop() : member.leave())
      await registry.stop()
      if (member !== undefined) await journal.close()
      await logger.close()
      tellEnded(end)
    })()
    return stopped
  }
  return os
}

const limitsOf = ({ limits: { maxMemoryMb = Infinity, ...limits } }: Config): AgentManagerLimits => ({
  ...limits,
  maxMemoryMb,
})

const isToolList = (tools: readonly Tool[] | Config["tools"]): tools is readonly Tool[] => Array.isArray(tools)

function keyStore(records: RecordStore): KeyStore {
  return {
    async all() {
      const found: StoredKey[] = []
      for await (const [, record] of records.entries("")) found.push(record as StoredKey)
      return found
    },
    put: (record) => records.write([[record.id, record]]),
    follow: (heard) => records.follow(() => heard()),
  }
}
