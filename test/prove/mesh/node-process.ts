/**
 * One node of a proof in a process of its own, told by its channel what to do: the channel goes through no network, so a node that is cut off is still heard. It ends when its
 * maker ends. `node node-process.js SETTINGS` with the settings as JSON.
 */
import { inspect } from "node:util"
import { AgentOSError, errorCodes, LevelStore, type CodeSpec } from "#actors/index.js"
import { silentLogger } from "#actors/telemetry.js"
import type { Cluster } from "#cluster/cluster-handle.js"
import { joinCluster } from "#cluster/cluster.js"
import { consulRegistry } from "#cluster/consul-registry.js"
import { levelState } from "#cluster/level-state.js"
import { shardOf } from "#cluster/placement.js"
import { openPostgresState, type ClusterState } from "#cluster/state.js"
import { ACCOUNT, accountOn, type Deposit, type Deposited } from "./account.js"

export interface NodeSettings {
  readonly cluster: string
  readonly node: string
  /** `host:port`. */
  readonly listen: string
  /** URL of the Consul agent on its machine. */
  readonly consul: string
  readonly state: { readonly postgres: string } | { readonly folder: string }
  readonly shards: number
  /** How quickly shards move that need not; default as of every node. */
  readonly rebalance?: { readonly perMinute: number; readonly atOnce: number }
  /** Paths of PEM files. */
  readonly tls?: { readonly ca: string; readonly cert: string; readonly key: string }
}

export type Request =
  | { readonly kind: "deposit"; readonly key: string; readonly deposit: Deposit; readonly timeoutMs: number }
  | { readonly kind: "read"; readonly key: string; readonly timeoutMs: number }
  | { readonly kind: "status" }
  | { readonly kind: "drain" }
  | { readonly kind: "leave" }
  | { readonly kind: "forget"; readonly name: string }
  /** Events of accounts that lie in this node's store. */
  | { readonly kind: "history" }
  | { readonly kind: "usage" }

export interface NodeStatus {
  readonly id: string
  readonly ready: boolean
  readonly waitingFor: readonly string[]
  /** Statuses of the members, by id. */
  readonly members: Readonly<Record<string, string>>
  readonly registryAnswers: boolean
  /** Whether it may answer from memory. */
  readonly leaseFresh: boolean
  /** What it says of shards. */
  readonly shards: { readonly here: number; readonly moving: number; readonly unowned: number }
}

export interface NodeUsage {
  /** Processor time since the start. */
  readonly cpuMs: number
  readonly residentMB: number
  readonly heapMB: number
}

export interface HistoryEvent extends Deposited {
  readonly key: string
  readonly sequence: number
  readonly epoch: number
  readonly shard: number
}

export interface Failure extends Omit<CodeSpec, "meaning"> {
  readonly code: string
  readonly message: string
}

export type FromNode =
  | { readonly kind: "joined"; readonly id: string }
  | { readonly kind: "answered"; readonly number: number; readonly value: unknown }
  | { readonly kind: "failed"; readonly number: number; readonly failure: Failure }

const send = (message: FromNode): void => void process.send?.(message)

process.on("disconnect", () => process.exit())
const settings = JSON.parse(process.argv[2] as string) as NodeSettings
const { cluster: name, node, listen, shards, rebalance, tls } = settings
let id = ""
const Account = accountOn(() => id)
const registry = consulRegistry({ url: settings.consul, cluster: name })
const cluster: Cluster = await joinCluster({
  name,
  node: { name: node },
  registry,
  listen,
  shards,
  definitions: [Account],
  state: await openState(),
  logger: { ...silentLogger, warn: tell, error: tell },
  ...(rebalance === undefined ? {} : { rebalance }),
  ...(tls === undefined ? {} : { tls }),
})
id = cluster.id

function tell(fields: Readonly<Record<string, unknown>>, message: string): void {
  console.error(new Date().toISOString(), message, inspect(fields, { breakLength: Infinity }))
}

async function openState(): Promise<ClusterState> {
  const { state } = settings
  if ("folder" in state) return levelState(await LevelStore.open(state.folder))
  return openPostgresState({ url: state.postgres })
}

async function history(): Promise<readonly HistoryEvent[]> {
  const { journal } = cluster.system
  const found: HistoryEvent[] = []
  for await (const key of journal.keys("default", ACCOUNT))
    for await (const page of journal.read({ tenant: "default", type: ACCOUNT, key }, 0))
      for (const { payload, sequence, epoch } of page)
        found.push({ key, sequence, epoch, shard: shardOf("default", ACCOUNT, key, shards), ...(payload as Deposited) })
  return found
}

async function carryOut(request: Request): Promise<unknown> {
  switch (request.kind) {
    case "deposit": {
      const { key, deposit, timeoutMs } = request
      return cluster.system.entity(Account, key).with({ commandId: deposit.id, timeoutMs }).ask("deposit", deposit)
    }
    case "read":
      return cluster.system.entity(Account, request.key).with({ timeoutMs: request.timeoutMs }).ask("read")
    case "status": {
      const { ready, waitingFor, members, lease, registry, shards } = cluster.status()
      return {
        id,
        ready,
        waitingFor,
        members: Object.fromEntries(members.map((member) => [member.id, member.status])),
        registryAnswers: registry.answers,
        leaseFresh: lease.fresh,
        shards,
      } satisfies NodeStatus
    }
    case "drain":
      return cluster.drain()
    case "leave":
      return cluster.leave()
    case "forget":
      return cluster.forget(request.name)
    case "history":
      return history()
    case "usage": {
      const { user, system } = process.cpuUsage()
      const { rss, heapUsed } = process.memoryUsage()
      return { cpuMs: (user + system) / 1000, residentMB: rss / 2 ** 20, heapMB: heapUsed / 2 ** 20 } satisfies NodeUsage // prettier-ignore
    }
  }
}

function failureOf(error: unknown): Failure {
  const code = error instanceof AgentOSError ? error.code : "UNKNOWN"
  const { retryable, executed } = errorCodes().get(code) ?? { retryable: false, executed: "maybe" }
  return { code, message: String(error), retryable, executed }
}

process.on("message", (message) => {
  const { number, request } = message as { readonly number: number; readonly request: Request }
  carryOut(request).then(
    (value) => send({ kind: "answered", number, value: value ?? null }),
    (error: unknown) => send({ kind: "failed", number, failure: failureOf(error) }),
  )
})
send({ kind: "joined", id })
