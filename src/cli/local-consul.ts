/**
 * A Consul server of our own for a cluster on one machine: found, started, stopped. It keeps what it knows in its folder, since there stand the homes of entities whose
 * state lies on the nodes; so it is started again on the ports it had.
 */
import { execFile, spawn, type ChildProcess } from "node:child_process"
import { constants } from "node:fs"
import { access, mkdir, open, readFile, writeFile } from "node:fs/promises"
import { createServer, type AddressInfo } from "node:net"
import { delimiter, join } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import { promisify } from "node:util"
import { AgentOSError } from "#actors/errors.js"

/** How long it may take to start, and to stop. */
const patienceMs = 20_000

export interface LocalConsul {
  /** `host:port` of its HTTP interface. */
  readonly address: string
  readonly pid: number
  stop(): Promise<void>
}

/** @returns the path of a binary: the one that CONSUL names, or the first on PATH @throws `CONSUL_MISSING` with how to get one */
export async function findConsul(): Promise<string> {
  const given = process.env["CONSUL"]
  const candidates =
    given === undefined
      ? (process.env["PATH"] ?? "").split(delimiter).map((folder) => join(folder, process.platform === "win32" ? "consul.exe" : "consul")) // prettier-ignore
      : [given]
  for (const path of candidates) {
    const found = await access(path, constants.X_OK).then(() => true, () => false) // prettier-ignore
    if (found) return path
  }
  const searched =
    given === undefined ? "there is no consul on PATH" : `CONSUL names ${given}, which cannot be executed`
  throw new AgentOSError(
    "CONSUL_MISSING",
    `${searched}. It is one file without dependencies: take it from https://developer.hashicorp.com/consul/install, put it on PATH or name it in CONSUL`,
  )
}

/** @throws `CONSUL_FAILED` with what it printed */
export async function startConsul(binary: string, folder: string): Promise<LocalConsul> {
  await mkdir(folder, { recursive: true })
  const ports = await keptPorts(join(folder, "ports.json"))
  const config = join(folder, "server.json")
  await writeFile(config, JSON.stringify(await settings(binary, folder, ports), null, 2))
  const output = join(folder, "output.log")
  const log = await open(output, "w")
  const child = spawn(binary, ["agent", "-config-file", config], {
    detached: true, // Ctrl-C in the terminal is for us; this one is stopped last
    stdio: ["ignore", log.fd, log.fd],
  })
  await log.close()
  const ended = new Promise<void>((done) => child.once("exit", () => done()).once("error", () => done()))
  const address = `127.0.0.1:${ports.http}`
  const until = performance.now() + patienceMs
  while (!(await leads(address))) {
    const failed = over(child)
    if (!failed && performance.now() < until) {
      await sleep(50)
      continue
    }
    child.kill("SIGKILL")
    throw new AgentOSError(
      "CONSUL_FAILED",
      `${binary} ${failed ? "has ended" : `does not lead after ${patienceMs / 1000} s`}; it printed:\n${await readFile(output, "utf8")}`,
    )
  }
  return {
    address,
    pid: child.pid ?? -1,
    async stop() {
      if (!over(child)) child.kill("SIGTERM")
      const late = AbortSignal.timeout(patienceMs)
      late.addEventListener("abort", () => child.kill("SIGKILL"))
      await ended
    },
  }
}

const over = (child: ChildProcess): boolean =>
  child.pid === undefined || child.exitCode !== null || child.signalCode !== null

/** Whether it leads, and so takes writes. */
async function leads(address: string): Promise<boolean> {
  const text = await fetch(`http://${address}/v1/status/leader`).then((answer) => answer.text(), () => "") // prettier-ignore
  return /"[^"]+"/.test(text)
}

type Ports = Readonly<Record<"http" | "server" | "serf_lan", number>>

async function settings(binary: string, folder: string, ports: Ports): Promise<object> {
  const { stdout } = await promisify(execFile)(binary, ["version"])
  const [, major = 1, minor = 0] = (/v(\d+)\.(\d+)/.exec(stdout) ?? []).map(Number)
  const knowsTls = major > 1 || minor >= 14 // an older one refuses the name
  return {
    node_name: "local",
    server: true,
    bootstrap_expect: 1,
    data_dir: join(folder, "data"),
    bind_addr: "127.0.0.1",
    client_addr: "127.0.0.1",
    log_level: "warn",
    disable_update_check: true,
    performance: { raft_multiplier: 1 },
    ports: { dns: -1, grpc: -1, serf_wan: -1, ...(knowsTls ? { grpc_tls: -1 } : {}), ...ports },
  }
}

/** The ports of the last start, or free ones: a server finds itself in its log under the port it had. */
async function keptPorts(file: string): Promise<Ports> {
  const kept = await readFile(file, "utf8").catch(() => undefined)
  if (kept !== undefined) return JSON.parse(kept) as Ports
  const [http = 0, server = 0, serf_lan = 0] = await freePorts(3)
  const ports = { http, server, serf_lan }
  await writeFile(file, JSON.stringify(ports))
  return ports
}

/** Ports of the loopback that nobody listens on, all different. */
export async function freePorts(count: number): Promise<readonly number[]> {
  const servers = Array.from({ length: count }, () => createServer())
  await Promise.all(servers.map((server) => new Promise<void>((done) => server.listen(0, "127.0.0.1", done))))
  const ports = servers.map((server) => (server.address() as AddressInfo).port)
  await Promise.all(servers.map((server) => new Promise((done) => server.close(done))))
  return ports
}
