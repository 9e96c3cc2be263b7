/**
 * Real Consul agents on loopback. The binary is the one that CONSUL names, or that is on the PATH, or, in continuous integration, the one that Debian
 * had in its suite bullseye: unpacked into a cache folder, not installed.
 */
import { execFile, spawn, type ChildProcess } from "node:child_process"
import { existsSync } from "node:fs"
import { mkdir, mkdtemp, readdir, rename, rm, writeFile } from "node:fs/promises"
import { createServer, type AddressInfo } from "node:net"
import { delimiter, join } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"

const run = promisify(execFile)
const cache = fileURLToPath(new URL("../../../node_modules/.cache/consul", import.meta.url))

/** @returns the path of a binary, or undefined where there is none. Throws in continuous integration instead. */
export async function findConsul(): Promise<string | undefined> {
  const given = process.env["CONSUL"]
  if (given !== undefined) return given
  const folders = [...(process.env["PATH"] ?? "").split(delimiter), cache]
  const found = folders.map((folder) => join(folder, "consul")).find((path) => existsSync(path))
  return found ?? (process.env["CI"] === "true" ? fromDebian() : undefined)
}

/** Asks the Debian mirror that this machine uses anyway, by a list of sources beside its own. */
async function fromDebian(): Promise<string> {
  await mkdir(cache, { recursive: true })
  const folder = await mkdtemp(join(cache, "fetch-"))
  try {
    const { stdout } = await run("apt-get", ["indextargets", "--format", "$(REPO_URI)"])
    const mirror = stdout.split("\n").find((uri) => /\/debian\/?$/.test(uri))
    if (mirror === undefined)
      throw new Error("apt-get knows no Debian mirror; put consul on the PATH, or name it in CONSUL")
    const keys = "/usr/share/keyrings/debian-archive-keyring.gpg"
    await writeFile(join(folder, "bullseye.list"), `deb [signed-by=${keys}] ${mirror} bullseye main\n`)
    await mkdir(join(folder, "lists", "partial"), { recursive: true })
    const settings = {
      "Dir::Etc::sourcelist": join(folder, "bullseye.list"),
      "Dir::Etc::sourceparts": "/dev/null",
      "Dir::State::lists": join(folder, "lists"),
      "Dir::Cache": folder,
      "APT::Sandbox::User": "root",
    }
    const options = Object.entries(settings).flatMap(([name, value]) => ["-o", `${name}=${value}`])
    await run("apt-get", [...options, "update"], { cwd: folder })
    await run("apt-get", [...options, "download", "consul"], { cwd: folder })
    const archive = (await readdir(folder)).find((name) => name.endsWith(".deb"))
    if (archive === undefined) throw new Error("apt-get has downloaded no package")
    await run("dpkg", ["-x", archive, "unpacked"], { cwd: folder })
    // Several tests may fetch it at once; the last one wins, with the same file.
    await rename(join(folder, "unpacked", "usr", "bin", "consul"), join(cache, "consul"))
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
  return join(cache, "consul")
}

/** One agent; the same ports and settings at each start. */
export interface ConsulProcess {
  readonly url: string
  readonly pid: number
  /** Ends it at once, as a crash does. */
  kill(): Promise<void>
  /** Starts it again; what it knew is gone unless it has a folder of data. */
  start(): Promise<void>
  /** `host:port` of the leader as this agent knows it, empty without one. */
  leader(): Promise<string>
}

interface AgentSettings {
  readonly name: string
  readonly folder: string
  readonly arguments?: readonly string[]
  readonly ports: Readonly<Record<string, number>>
  readonly config: Readonly<Record<string, unknown>>
}

async function freePorts(names: readonly string[]): Promise<Record<string, number>> {
  const servers = await Promise.all(
    names.map(
      () =>
        new Promise<ReturnType<typeof createServer>>((resolve) => {
          const server = createServer().listen(0, "127.0.0.1", () => resolve(server))
        }),
    ),
  )
  const ports = servers.map((server) => (server.address() as AddressInfo).port)
  await Promise.all(servers.map((server) => new Promise((done) => server.close(done))))
  return Object.fromEntries(names.map((name, i) => [name, ports[i]!]))
}

class Agent implements ConsulProcess {
  readonly url: string
  #child: ChildProcess | undefined

  constructor(
    readonly binary: string,
    readonly settings: AgentSettings,
  ) {
    const { http, https } = settings.ports
    this.url = https === undefined ? `http://127.0.0.1:${http}` : `https://127.0.0.1:${https}`
  }

  get pid(): number {
    return this.#child?.pid ?? -1
  }

  async start(): Promise<void> {
    const { name, folder, ports, config, arguments: more = [] } = this.settings
    const file = join(folder, `${name}.json`)
    await mkdir(folder, { recursive: true })
    const common = { node_name: name, bind_addr: "127.0.0.1", log_level: "warn", disable_update_check: true }
    await writeFile(
      file,
      JSON.stringify({ ...common, ports: { dns: -1, grpc: -1, serf_wan: -1, ...ports }, ...config }),
    )
    const child = spawn(this.binary, ["agent", ...more, "-config-file", file], { stdio: ["ignore", "pipe", "pipe"] })
    this.#child = child
    let output = ""
    for (const stream of [child.stdout, child.stderr])
      stream.on("data", (chunk: Buffer) => (output += chunk.toString()))
    const began = performance.now()
    // One that wants to see a certificate is not asked here.
    while (!this.url.startsWith("https:") && (await this.leader().catch(() => "")) === "") {
      if (child.exitCode !== null) throw new Error(`consul has ended:\n${output}`)
      if (performance.now() - began > 20_000) throw new Error(`consul is not ready:\n${output}`)
      await sleep(20)
    }
  }

  async kill(): Promise<void> {
    const child = this.#child
    this.#child = undefined
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return
    const ended = new Promise((done) => child.once("exit", done))
    child.kill("SIGKILL")
    await ended
  }

  async leader(): Promise<string> {
    const answer = await fetch(`${this.url}/v1/status/leader`)
    return answer.ok ? ((await answer.json()) as string) : ""
  }
}

const portNames = ["http", "serf_lan", "server"]

/** A server of its own that keeps nothing. */
export async function startDevAgent(
  binary: string,
  folder: string,
  config: Readonly<Record<string, unknown>> = {},
  { http = true, https = false } = {},
): Promise<ConsulProcess> {
  const ports = { ...(await freePorts([...portNames, ...(https ? ["https"] : [])])), ...(http ? {} : { http: -1 }) }
  const settings = { name: "dev", folder, arguments: ["-dev"], ports, config }
  const agent = new Agent(binary, settings)
  await agent.start()
  return agent
}

export interface ConsulCluster {
  readonly servers: readonly ConsulProcess[]
  /** Starts an agent that is no server, as each machine of a deployment has. */
  client(name: string): Promise<ConsulProcess>
  /** The server that leads. */
  leader(): Promise<ConsulProcess>
  stop(): Promise<void>
}

/** Three servers with `raft_multiplier` 1. */
export async function startConsulCluster(binary: string, folder: string): Promise<ConsulCluster> {
  const all = await Promise.all([1, 2, 3].map(() => freePorts(portNames)))
  const retry_join = all.map(({ serf_lan }) => `127.0.0.1:${serf_lan}`)
  const common = { retry_join, retry_interval: "200ms", performance: { raft_multiplier: 1 } }
  const agent = (name: string, ports: Readonly<Record<string, number>>, config: object): Agent =>
    new Agent(binary, { name, folder, ports, config: { ...common, data_dir: join(folder, name), ...config } })
  const servers = all.map((ports, i) => agent(`server-${i}`, ports, { server: true, bootstrap_expect: 3 }))
  const clients: Agent[] = []
  await Promise.all(servers.map((server) => server.start()))
  return {
    servers,
    async client(name) {
      const client = agent(name, await freePorts(portNames), {})
      clients.push(client)
      await client.start()
      return client
    },
    async leader() {
      for (;;) {
        for (const server of servers) {
          const leader = server.pid < 0 ? "" : await server.leader().catch(() => "")
          const found = servers.find(({ settings }) => leader.endsWith(`:${settings.ports["server"]}`))
          if (found !== undefined && found.pid >= 0) return found
        }
        await sleep(50)
      }
    },
    async stop() {
      await Promise.all([...servers, ...clients].map((process) => process.kill()))
    },
  }
}
