/**
 * `llmagentos cluster up`: a cluster on one machine, for trying out: a Consul server, some nodes, each a process with a folder of its own.
 *
 * Invariants
 *   U1. Ctrl-C and SIGTERM stop in order: the nodes one after another, each giving its shards to those that are left, then Consul. A second one kills.
 *   U2. Nothing that was started outlives this process, unless this process is killed.
 *   U3. A node that ends by itself is told and missed; the others go on. When none is left, this ends too.
 */
import { spawn, type ChildProcess } from "node:child_process"
import { existsSync } from "node:fs"
import { mkdir, open, readFile, rm, writeFile } from "node:fs/promises"
import { join, resolve } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import { fileURLToPath } from "node:url"
import { createLogUpdate } from "log-update"
import pc from "picocolors"
import { parse, stringify } from "yaml"
import { AgentOSError } from "#actors/errors.js"
import { parseConfig } from "../config.js"
import type { HealthReport } from "../monitoring/health.js"
import { findConsul, freePorts, startConsul, type LocalConsul } from "./local-consul.js"
import { makeWritable } from "../private-folder.js"
import type { GlobalOptions } from "./settings.js"

const main = fileURLToPath(new URL("./main.js", import.meta.url))
/** How long a node may take until it is ready, and until it has left. */
const patienceMs = 60_000

export interface UpOptions extends GlobalOptions {
  readonly nodes: number
  readonly folder: string
  readonly store?: string
}

export async function clusterUp(options: UpOptions): Promise<void> {
  if (options.nodes < 1 || options.nodes > 20)
    throw new AgentOSError("INVALID_REQUEST", `--nodes ${options.nodes}: 1 to 20 fit on one machine`)
  const own = await ownSettings(options)
  const first = { name: "node-1", data: "data", port: 0, grpcPort: 0, mesh: 0, consul: "", store: options.store }
  parseConfig(nodeSettings(own.settings, first), own.path) // tells every fault before anything is started
  const binary = await findConsul()
  const folder = resolve(options.folder)
  await makeWritable(folder, "--folder")
  const stopping = new AbortController()
  const nodes: LocalNode[] = []
  let consul: LocalConsul | undefined
  const kill = (): void => {
    for (const { child } of nodes) if (child.exitCode === null && child.signalCode === null) child.kill("SIGKILL")
    if (consul !== undefined) process.kill(consul.pid, "SIGKILL")
  }
  const stop = (): void => {
    if (!stopping.signal.aborted) return stopping.abort() // U1
    process.exit(130)
  }
  process.on("exit", kill) // U2
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, stop)
  try {
    consul = await startConsul(binary, join(folder, "consul"))
    console.log(`${pc.green("✓")} Consul   ${pc.dim(`http://${consul.address}   ${binary}`)}`)
    nodes.push(...(await startNodes(options, own.settings, folder, consul.address)))
    await untilReady(nodes, stopping.signal)
    if (!stopping.signal.aborted) {
      console.log(hints(nodes))
      const left = Promise.all(nodes.map(({ ended }) => ended))
      for (const node of nodes) void node.ended.then((how) => stopping.signal.aborted || console.log(missed(node, how))) // U3
      await Promise.race([left, new Promise((done) => stopping.signal.addEventListener("abort", done, { once: true }))])
    }
  } finally {
    stopping.abort()
    for (const node of nodes.toReversed()) await leave(node)
    await consul?.stop()
    if (consul !== undefined) console.log(`${pc.dim("–")} Consul stopped`)
    consul = undefined
    process.off("exit", kill)
  }
}

interface LocalNode {
  readonly name: string
  readonly config: string
  readonly data: string
  readonly rest: string
  readonly grpc: string
  readonly child: ChildProcess
  /** Resolves with the exit code or the signal. */
  readonly ended: Promise<string>
  /** Whatever it has printed. */
  readonly output: string
}

async function startNodes(
  options: UpOptions,
  own: Own["settings"],
  folder: string,
  consul: string,
): Promise<readonly LocalNode[]> {
  const ports = await freePorts(options.nodes * 3)
  return Promise.all(
    Array.from({ length: options.nodes }, async (_, index) => {
      const name = `node-${index + 1}`
      const [port = 0, grpcPort = 0, mesh = 0] = ports.slice(index * 3)
      const data = join(folder, name)
      const config = join(data, "llmagentos.yaml")
      const output = join(data, "output.log")
      await mkdir(data, { recursive: true })
      await rm(join(data, "node.json"), { force: true })
      const settings = nodeSettings(own, { name, data, port, grpcPort, mesh, consul, store: options.store }) // prettier-ignore
      const text = `# Written by \`llmagentos cluster up\` at each start.\n${stringify(settings)}`
      await writeFile(config, text, { mode: 0o600 }) // the URL of a store may hold a password
      const log = await open(output, "w")
      const child = spawn(process.execPath, [...process.execArgv, main, "--config", config, "start"], {
        detached: true, // Ctrl-C in the terminal is for us (U1)
        stdio: ["ignore", log.fd, log.fd],
      })
      await log.close()
      const ended = new Promise<string>((done) =>
        child
          .once("exit", (code, signal) => done(signal ?? `code ${code}`))
          .once("error", (error) => done(error.message)),
      )
      return { name, config, data, rest: `http://127.0.0.1:${port}`, grpc: `127.0.0.1:${grpcPort}`, child, ended, output } // prettier-ignore
    }),
  )
}

interface Own {
  readonly path: string
  readonly settings: Readonly<Record<string, unknown>>
}

/** The configuration file that applies here, as it stands there: whose settings all nodes have, but for where they live. */
async function ownSettings({ config }: GlobalOptions): Promise<Own> {
  const path = config ?? (existsSync("llmagentos.yaml") ? "llmagentos.yaml" : undefined)
  if (path === undefined) return { path: "the command line", settings: {} }
  const text = await readFile(path, "utf8").catch((cause: unknown) => {
    throw new AgentOSError("INVALID_CONFIG", `cannot read the configuration ${path}`, { cause })
  })
  return { path, settings: (parse(text) ?? {}) as Own["settings"] }
}

interface Place {
  readonly name: string
  readonly data: string
  readonly port: number
  readonly grpcPort: number
  readonly mesh: number
  readonly consul: string
  readonly store: string | undefined
}

/** What a node is configured with: what stands in the file, but for where it lives and whom it joins. */
function nodeSettings(own: Readonly<Record<string, unknown>>, place: Place): object {
  const { name, data, port, grpcPort, mesh, consul, store } = place
  return {
    ...own,
    data,
    gateway: { ...(own["gateway"] as object | undefined), host: "127.0.0.1", port, grpcPort },
    cluster: {
      ...(own["cluster"] as object | undefined),
      node: name,
      listen: `127.0.0.1:${mesh}`,
      registry: { kind: "consul", address: consul },
    },
    ...(store === undefined ? {} : { store }),
  }
}

/** Waits until every node is ready, with a line for each. @throws `NODE_FAILED` with what it printed */
async function untilReady(nodes: readonly LocalNode[], signal: AbortSignal): Promise<void> {
  const began = performance.now()
  const live = process.stdout.isTTY === true
  const update = createLogUpdate(process.stdout)
  const lines = new Map(nodes.map(({ name }) => [name, `${pc.cyan("●")} ${name}   starting`]))
  const show = (): void => {
    if (live) update([...lines.values()].join("\n"))
  }
  const follow = async (node: LocalNode): Promise<void> => {
    let over: string | undefined
    void node.ended.then((how) => (over = how))
    for (;;) {
      if (signal.aborted) return
      const state = await stateOf(node)
      const late = performance.now() - began > patienceMs
      if (over !== undefined || late) throw await failure(node, over ?? `is not ready after ${patienceMs / 1000} s`)
      if (state === "ready") break
      lines.set(node.name, `${pc.cyan("●")} ${node.name}   ${pc.dim(state)}`)
      show()
      await sleep(100)
    }
    const time = ((performance.now() - began) / 1000).toFixed(1)
    const line = `${pc.green("✓")} ${node.name}   REST ${node.rest}   gRPC ${node.grpc}   ${pc.dim(`ready in ${time} s, pid ${node.child.pid}`)}`
    lines.set(node.name, line)
    if (live) show()
    else console.log(line)
  }
  try {
    await Promise.all(nodes.map(follow))
  } finally {
    update.done()
  }
}

/** How far a node is, in words. */
async function stateOf({ rest, data }: LocalNode): Promise<string> {
  if (!existsSync(join(data, "node.json"))) return "starting"
  const answer = await fetch(`${rest}/readyz`).catch(() => undefined)
  if (answer?.ok === true) return "ready"
  const report = (await answer?.json().catch(() => undefined)) as HealthReport | undefined
  const reasons = Object.values(report?.parts ?? {}).flatMap((part) => (part.ok ? [] : [part.reason]))
  return reasons.length === 0 ? "joining" : reasons.join(", ")
}

async function failure({ name, output }: LocalNode, how: string): Promise<AgentOSError> {
  const printed = (await readFile(output, "utf8")).trimEnd().split("\n").slice(-20).join("\n  ")
  return new AgentOSError("NODE_FAILED", `${name} ${how}; it printed:\n  ${printed}\nthe rest is in ${output}`)
}

function hints(nodes: readonly LocalNode[]): string {
  const [first, last] = [nodes[0], nodes.at(-1)]
  if (first === undefined || last === undefined) return ""
  const lines = [
    ["see it", `llmagentos cluster status --data ${first.data}`],
    ["ask any node", `llmagentos run ask "What is 48 * 17?" --data ${last.data}`],
    ["drain one", `llmagentos cluster drain ${last.name} --data ${first.data}`],
    ["kill one", `kill -9 ${last.child.pid}`],
    ["start it again", `llmagentos start --config ${last.config}`],
  ]
  return `\n${lines.map(([what = "", command]) => `  ${pc.dim(what.padEnd(15))} ${command}`).join("\n")}\n\n${pc.dim("Ctrl-C stops the cluster")}`
}

const missed = ({ name, config }: LocalNode, how: string): string =>
  `${pc.yellow("–")} ${name} has ended (${how}); start it again: llmagentos start --config ${config}`

/** Stops a node in order, or at the end of our patience. */
async function leave({ name, child, ended }: LocalNode): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  child.kill("SIGTERM")
  const over = new AbortController()
  const late = sleep(patienceMs, undefined, { signal: over.signal }).then(
    () => child.kill("SIGKILL"),
    () => undefined,
  )
  const how = await ended
  over.abort()
  await late
  console.log(`${pc.dim("–")} ${name} stopped${how === "code 0" ? "" : ` (${how})`}`)
}
