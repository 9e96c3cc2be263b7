import { systemClock, systemRandom, type Clock } from "#actors/clock.js"
import type { Journal } from "#actors/persistence/journal.js"
import { memoryJournal } from "#actors/persistence/memory-journal.js"
import { createActorSystem } from "#actors/system.js"
import type { Peers } from "#cluster/peers.js"
import "#src/errors.js"
import { AgentManager, type AgentManagerLimits } from "#src/agents/agent-manager.js"
import type { AgentDefinition } from "#src/agents/agent.js"
import { ClusterAgents } from "#src/agents/cluster-agents.js"
import { respond } from "#src/agents/respond.js"
import { hashedNgrams } from "#src/knowledge/hashed-ngrams.js"
import { ActivityFeed } from "#src/monitoring/activity.js"
import { Metrics } from "#src/monitoring/metrics.js"
import type { ModelInfo } from "#src/models/model.js"
import { memoryRecords, type RecordStore } from "#src/record-store.js"
import type { Model } from "#src/models/model.js"
import type { NamedFunction } from "#src/runs/execute.js"
import { ClusterRuns } from "#src/runs/cluster-runs.js"
import type { Retention } from "#src/runs/kept.js"
import { Runs } from "#src/runs/runs.js"
import { scopeOf, type RunOptions, type Scope } from "#src/run.js"
import { Policy } from "#src/security/policy.js"
import { calculator } from "#src/tools/built-in.js"
import type { Tool } from "#src/tools/tool.js"
import { ToolKit } from "#src/tools/toolkit.js"
import type { Topology } from "#src/topologies/topology.js"
import { scriptedModel, type Script } from "./scripted-model.js"

export interface SmallNodeOptions {
  readonly agents: readonly AgentDefinition[]
  readonly script: Script
  readonly topologies?: Readonly<Record<string, Topology>>
  readonly functions?: Readonly<Record<string, NamedFunction>>
  readonly tools?: readonly Tool[]
  readonly journal?: Journal
  readonly records?: RecordStore
  /** In place of the script. */
  readonly model?: Model
  readonly limits?: Partial<AgentManagerLimits>
  readonly retention?: Retention
  /** Makes it a node of a cluster. */
  readonly peers?: Peers
  /** Models that it runs; `scribe` when it is not said. All of them are the script. */
  readonly models?: readonly string[]
  /** The time of its agents, tools and runs. */
  readonly clock?: Clock
  /** What its model says of itself. */
  readonly about?: Partial<ModelInfo>
  readonly holdMs?: number
  /** Makes its journal one that is shared with the other members. */
  readonly members?: () => readonly string[]
}

const plenty = { days: 7, count: 10_000, megabytes: 100 }

/** Agents and runs on a scripted model, wired as the composition root does; nothing else of a node. */
export async function smallNode({
  agents,
  script,
  topologies = {},
  functions = {},
  tools = [],
  journal = memoryJournal(systemClock),
  records = memoryRecords(),
  model: own,
  limits,
  retention = { runs: plenty, conversations: plenty },
  peers,
  models = ["scribe"],
  clock = systemClock,
  about = {},
  holdMs = 0,
  members,
}: SmallNodeOptions) {
  const system = await createActorSystem({ name: "test" })
  const model = scriptedModel(script, about)
  const spoken = own ?? model
  const kit = new ToolKit(clock, [calculator, ...tools])
  const manager: AgentManager = new AgentManager(
    system,
    (agent, request, work) => {
      const { log, emit } = cluster?.runOf(request) ?? runs.of(request.runId)
      return respond(agent, request, { model: spoken, tools: kit, log, clock, emit, permit: () => {} }, work)
    },
    limits,
  )
  const clusterRuns =
    peers &&
    new ClusterRuns({
      peers,
      members: () => new Set(members?.()),
      able: () => members?.() ?? [],
      shared: members !== undefined,
      clock,
      random: systemRandom,
      logger: system.logger,
    })
  const runs: Runs = new Runs({
    others: clusterRuns?.others,
    get agents() {
      return cluster ?? manager
    },
    topologies: new Map(Object.entries(topologies)),
    functions: new Map(Object.entries(functions)),
    policy: new Policy([]),
    retention,
    journal,
    records,
    embedder: hashedNgrams(),
    activity: new ActivityFeed(clock),
    metrics: new Metrics({ processMetrics: false }),
    clock,
    random: systemRandom,
  })
  for (const agent of agents) manager.register(agent)
  const cluster: ClusterAgents | undefined =
    peers &&
    new ClusterAgents({
      peers,
      agents: manager,
      models: () => models,
      concurrency: limits?.concurrency ?? 16,
      runOf: (runId) => runs.of(runId),
      clock,
      random: systemRandom,
      holdMs,
    })
  const stop = async (): Promise<void> => {
    cluster?.close()
    await clusterRuns?.close()
    await system.stop()
    await runs.drain(0)
  }
  clusterRuns?.serve(runs)
  await clusterRuns?.begin()
  return {
    agents: manager,
    cluster,
    clusterRuns: clusterRuns && ofPrograms(clusterRuns),
    runs: new ProgramRuns(runs),
    model,
    journal,
    records,
    stop,
  }
}

/** Runs as programs have them: of the default tenant and the caller "local", where nothing else is said. */
class ProgramRuns {
  constructor(readonly all: Runs) {}
  run = (target: string, input: string, options: RunOptions = {}) =>
    this.all.run(target, input, { ...options, ...scopeOf(options) })
  stream = (target: string, input: string, options: RunOptions = {}) =>
    this.all.stream(target, input, { ...options, ...scopeOf(options) })
  sweep = () => this.all.sweep()
  resume = () => this.all.resume()
  drain = (milliseconds: number) => this.all.drain(milliseconds)
  status = (runId: string, tenant = "default") => this.all.status(tenant, runId)
  cancel = (runId: string, tenant = "default") => this.all.cancel(tenant, runId)
  conversation = (target: string, id: string, scope?: Partial<Scope>) =>
    this.all.conversation({ ...scopeOf(scope), target, id })
}

const ofPrograms = (runs: ClusterRuns) => ({
  status: (runId: string, tenant = "default") => runs.status(tenant, runId),
  cancel: (runId: string, tenant = "default") => runs.cancel(tenant, runId),
  conversation: (target: string, id: string) => runs.conversation({ ...scopeOf(), target, id }),
})
