/** What the doors need of the system behind them. The composition root implements it; the gateway knows nothing else. */
import type { ActorNode } from "#actors/telemetry.js"
import type { Knowledge } from "../knowledge/knowledge.js"
import type { RunEvent, RunOptions, RunResult } from "../run.js"

export interface AgentView {
  readonly name: string
  readonly description: string
  readonly model: string
  readonly state: "running" | "stopped"
  readonly replicas: number
  /** Requests that wait or are being worked on. */
  readonly queued: number
  readonly tools: readonly string[]
}

export interface TopologyView {
  readonly name: string
  readonly description: string
  /** Agents it uses. */
  readonly agents: readonly string[]
  /** The topology as data; may be left out of lists. */
  readonly definition?: unknown
}

export interface RunStatus {
  readonly runId: string
  readonly target: string
  readonly state: "running" | "finished" | "failed" | "cancelled"
  /** Who began it, if that is known. */
  readonly caller?: string
  readonly output?: string
  readonly error?: { readonly code: string; readonly message: string }
}

export interface GatewayBackend {
  /** What a name stands for, or undefined; looked up before every run. */
  kindOf(target: string): "agent" | "topology" | undefined
  run(target: string, input: string, options: RunOptions): Promise<RunResult>
  stream(target: string, input: string, options: RunOptions): AsyncIterable<RunEvent>
  /** False when the run had already ended. */
  cancel(runId: string): Promise<boolean>
  status(runId: string): Promise<RunStatus | undefined>
  readonly agents: {
    list(): Promise<readonly AgentView[]>
    /** The following throw the backend's own code for an unknown agent. */
    describe(name: string): Promise<AgentView>
    start(name: string): Promise<void>
    stop(name: string): Promise<void>
    restart(name: string): Promise<void>
    replicate(name: string, count: number): Promise<void>
  }
  readonly topologies: {
    list(): Promise<readonly TopologyView[]>
    describe(name: string): Promise<TopologyView>
  }
  /** The tree of actors, with at most so many children of each. */
  actors(mostChildren: number): ActorNode
  readonly knowledge: Pick<Knowledge, "add" | "search">
}
