/** Consul in a world: three servers on machines of their own, with `raft_multiplier` 1, and an agent on the machine of each node. */
import type { ChildProcess } from "node:child_process"
import { mkdir, rm, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import type { Machine, World } from "./world.js"

const patienceMs = 30_000

/** An agent, server or not; the same machine, folder and settings at each start. */
export class Agent {
  readonly machine: Machine
  readonly #binary: string
  readonly #folder: string
  readonly #config: object
  #child: ChildProcess | undefined
  #output = ""

  constructor(machine: Machine, binary: string, folder: string, config: object) {
    this.machine = machine
    this.#binary = binary
    this.#folder = join(folder, machine.name)
    this.#config = config
  }

  /** Where others reach it; a program on its machine by the loopback, too. */
  get url(): string {
    return `http://${this.machine.address}:8500`
  }

  get runs(): boolean {
    return this.#child !== undefined
  }

  async start(): Promise<void> {
    await mkdir(this.#folder, { recursive: true })
    const file = join(this.#folder, "agent.json")
    const config = {
      node_name: this.machine.name,
      bind_addr: this.machine.address,
      client_addr: "0.0.0.0",
      data_dir: join(this.#folder, "data"),
      log_level: "warn",
      disable_update_check: true,
      retry_interval: "200ms",
      ports: { dns: -1, grpc: -1, serf_wan: -1 },
      ...this.#config,
    }
    await writeFile(file, JSON.stringify(config))
    const child = this.machine.spawn(this.#binary, ["agent", "-config-file", file], {
      stdio: ["ignore", "pipe", "pipe"],
    })
    this.#child = child
    for (const stream of [child.stdout, child.stderr])
      stream?.on("data", (chunk: Buffer) => (this.#output = (this.#output + chunk.toString()).slice(-20_000)))
  }

  async kill(): Promise<void> {
    const child = this.#child
    this.#child = undefined
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return
    const ended = new Promise((done) => child.once("exit", done))
    child.kill("SIGKILL")
    await ended
  }

  /** Ends it and deletes all that it knew. */
  async wipe(): Promise<void> {
    await this.kill()
    await rm(join(this.#folder, "data"), { recursive: true, force: true })
  }

  /** `host:port` of the leader as this agent knows it; empty without one, or without an answer. */
  async leader(): Promise<string> {
    try {
      const answer = await fetch(`${this.url}/v1/status/leader`, { signal: AbortSignal.timeout(1000) })
      return answer.ok ? ((await answer.json()) as string) : ""
    } catch {
      return ""
    }
  }

  /** Whether it carries out what needs the servers. */
  async answers(): Promise<boolean> {
    const read = fetch(`${this.url}/v1/kv/?keys&separator=/&consistent`, { signal: AbortSignal.timeout(1000) })
    return read.then(({ status }) => status === 200 || status === 404, () => false) // prettier-ignore
  }

  async ready(): Promise<void> {
    const end = performance.now() + patienceMs
    while ((await this.leader()) === "") {
      if (performance.now() > end) throw new Error(`consul on ${this.machine.name} knows no leader:\n${this.#output}`)
      await sleep(50)
    }
  }
}

export class Consul {
  readonly #binary: string
  readonly #folder: string
  readonly servers: readonly Agent[]

  private constructor(binary: string, folder: string, machines: readonly Machine[]) {
    this.#binary = binary
    this.#folder = folder
    const retry_join = machines.map(({ address }) => address)
    const config = { server: true, bootstrap_expect: machines.length, retry_join, performance: { raft_multiplier: 1 } }
    this.servers = machines.map((machine) => new Agent(machine, binary, folder, config))
  }

  static async start(binary: string, folder: string, world: World): Promise<Consul> {
    const machines: Machine[] = []
    for (const n of [1, 2, 3]) machines.push(await world.machine(`consul-${n}`))
    const consul = new Consul(binary, folder, machines)
    await consul.startAll()
    return consul
  }

  /** Starts all servers that do not run, and waits for a leader. */
  async startAll(): Promise<void> {
    await Promise.all(this.servers.filter(({ runs }) => !runs).map((server) => server.start()))
    await Promise.all(this.servers.map((server) => server.ready()))
  }

  /** Starts an agent on a machine. */
  async agentOn(machine: Machine, config: object = {}): Promise<Agent> {
    const retry_join = this.servers.map(({ machine }) => machine.address)
    const agent = new Agent(machine, this.#binary, this.#folder, { retry_join, ...config })
    await agent.start()
    await agent.ready()
    return agent
  }

  /** The server that leads. */
  async leader(): Promise<Agent> {
    for (;;) {
      for (const server of this.servers) {
        const leader = server.runs ? await server.leader() : ""
        const found = this.servers.find(({ machine }) => leader.startsWith(`${machine.address}:`))
        if (found?.runs === true) return found
      }
      await sleep(50)
    }
  }

  /** When a write succeeds. @returns milliseconds since the call */
  async untilItWrites(): Promise<number> {
    const began = performance.now()
    for (;;) {
      for (const { url, runs } of this.servers) {
        if (!runs) continue
        const put = { method: "PUT", body: "x", signal: AbortSignal.timeout(1000) }
        const written = await fetch(`${url}/v1/kv/prove/writes`, put).then((answer) => answer.ok, () => false) // prettier-ignore
        if (written) return performance.now() - began
      }
      await sleep(20)
    }
  }
}
