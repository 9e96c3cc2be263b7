/**
 * `llmagentos cluster ...`: see and steer a cluster through any of its nodes: the one that runs on this data folder, or the one at `--url`.
 */
import { createInterface } from "node:readline/promises"
import { setTimeout as sleep } from "node:timers/promises"
import { createLogUpdate } from "log-update"
import pc from "picocolors"
import { AgentOSError } from "#actors/errors.js"
import type { ClusterView } from "../gateway/backend.js"
import { clusterTable, planTable } from "./cluster-table.js"
import { remoteNode, runningNode, type RemoteNode } from "./node.js"
import type { GlobalOptions } from "./settings.js"

export interface ClusterOptions extends GlobalOptions {
  /** `http://host:port` of a node elsewhere; its key stands in LLMAGENTOS_KEY. */
  readonly url?: string
  readonly json?: boolean
}

/** Prints the cluster as the node sees it; ends with 1 while a shard has no owner or a member is down. */
export async function clusterStatus(options: ClusterOptions): Promise<void> {
  const cluster = await (await askedNode(options)).call("ClusterStatus", {})
  console.log(options.json === true ? JSON.stringify(cluster, null, 2) : clusterTable(cluster))
  if (cluster.unowned > 0 || cluster.members.some(({ status }) => status === "down")) process.exitCode = 1
}

/** Waits until a node has no shards. */
export async function drainNode(name: string | undefined, options: ClusterOptions): Promise<void> {
  const node = await askedNode(options)
  const work = node.call("DrainNode", { node: name })
  console.log(clusterTable(await shown(node, name, work)))
}

export async function undrainNode(name: string | undefined, options: ClusterOptions): Promise<void> {
  const node = await askedNode(options)
  console.log(clusterTable(await node.call("UndrainNode", { node: name })))
}

/** Waits until a node has no shards, and ends it. */
export async function leaveCluster(name: string | undefined, options: ClusterOptions): Promise<void> {
  const node = await askedNode(options)
  const work = node.call("LeaveCluster", { node: name })
  const { node: asked } = await shown(node, name, work)
  console.log(`${name ?? asked} has given its shards away and leaves`)
}

export async function rebalanceCluster(options: ClusterOptions & { readonly dryRun?: boolean }): Promise<void> {
  const { dryRun = false, json } = options
  const plan = await (await askedNode(options)).call("RebalanceCluster", { dryRun })
  console.log(json === true ? JSON.stringify(plan, null, 2) : planTable(plan))
}

/** Gives a lost node up, once somebody has said yes. */
export async function forgetNode(name: string, options: ClusterOptions & { readonly yes?: boolean }): Promise<void> {
  const node = await askedNode(options)
  if (options.yes !== true && !(await agreed(name))) {
    console.log("nothing was done")
    process.exitCode = 1
    return
  }
  const cluster = await node.call("ForgetNode", { node: name })
  console.log(clusterTable(cluster))
}

async function askedNode(options: ClusterOptions): Promise<RemoteNode> {
  if (options.url !== undefined) {
    if (!/^https?:\/\/[^/]+\/?$/.test(options.url))
      throw new AgentOSError("INVALID_REQUEST", `--url ${options.url}: give a node's REST address, http://HOST:PORT`)
    return remoteNode(options.url.replace(/\/$/, ""), process.env["LLMAGENTOS_KEY"])
  }
  return runningNode(
    options,
    "name another one (--data), or any node of the cluster (--url, with a key of role admin in LLMAGENTOS_KEY)",
  )
}

/** The outcome of work on a node; until then, in a terminal, how many shards the node still has. */
async function shown(node: RemoteNode, name: string | undefined, work: Promise<ClusterView>): Promise<ClusterView> {
  if (process.stdout.isTTY !== true) return work
  const over = new AbortController()
  const line = createLogUpdate(process.stdout)
  const watch = async (): Promise<void> => {
    while (!over.signal.aborted) {
      const { members, node: asked } = await node.call("ClusterStatus", {})
      const member = members.find((member) => member.name === (name ?? asked))
      if (member !== undefined && !over.signal.aborted) line(pc.dim(`${member.name} has ${member.shards} shards left`))
      await sleep(300, undefined, { signal: over.signal }).catch(() => undefined)
    }
  }
  const watching = watch().catch(() => undefined) // the work itself tells what is wrong
  try {
    return await work
  } finally {
    over.abort()
    await watching
    line.clear()
  }
}

async function agreed(name: string): Promise<boolean> {
  if (process.stdin.isTTY !== true)
    throw new AgentOSError("INVALID_REQUEST", `to forget ${name} cannot be undone; say --yes where nobody can be asked`)
  const terminal = createInterface({ input: process.stdin, output: process.stdout })
  try {
    const question = `${pc.bold(name)} is given up: what lies only there is lost for the cluster, and its entities start anew elsewhere. Type its name to go on: `
    return (await terminal.question(question)).trim() === name
  } finally {
    terminal.close()
  }
}
