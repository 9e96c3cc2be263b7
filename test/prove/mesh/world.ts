/**
 * A world of machines on this one: network namespaces on a bridge, each with an address and a loopback of its own, and a cable that can be cut.
 *
 * Needs root and `ip` and `bridge` (iproute2); where they are missing `openWorld` says so.
 *
 * Invariants
 *   W1. A cut is silence: nothing arrives and nothing is refused. The bridge drops what comes from or goes to the port, and the machine still sees its carrier.
 *   W2. All that a world makes bears the process id of its maker and goes with `close`, with the process, or, when that was killed, with the next world that is
 *       opened. Processes in a namespace are ended by their ids.
 */
import { execFile, execFileSync, spawn, type ChildProcess, type SpawnOptions } from "node:child_process"
import { existsSync } from "node:fs"
import { setTimeout as sleep } from "node:timers/promises"
import { promisify } from "node:util"

const run = promisify(execFile)
const ip = async (...args: readonly string[]): Promise<string> => (await run("ip", args)).stdout

/** What has no owner's answer: a hardware address that no machine has. */
const nowhere = "02:00:00:00:00:01"

const cableTries = 50

export interface Machine {
  readonly name: string
  readonly address: string
  /** Starts a program on it. */
  spawn(command: string, args: readonly string[], options: SpawnOptions): ChildProcess
}

class NamedMachine implements Machine {
  readonly children = new Set<ChildProcess>()

  constructor(
    readonly name: string,
    readonly address: string,
    readonly namespace: string,
    /** Its end of the cable that is on the bridge. */
    readonly port: string,
  ) {}

  spawn(command: string, args: readonly string[], options: SpawnOptions): ChildProcess {
    const child = spawn("ip", ["netns", "exec", this.namespace, command, ...args], options)
    this.children.add(child)
    child.once("exit", () => this.children.delete(child))
    return child
  }
}

/** @returns a world, or why there is none */
export async function openWorld(): Promise<World | string> {
  if (process.platform !== "linux") return "network namespaces need Linux"
  if (process.getuid?.() !== 0) return "network namespaces need root"
  for (const program of ["ip", "bridge"])
    if (!(process.env["PATH"] ?? "").split(":").some((folder) => existsSync(`${folder}/${program}`)))
      return `network namespaces need the program ${program} (Debian: apt-get install iproute2)`
  await sweep()
  const taken = await ip("-o", "-4", "address")
  for (let n = process.pid; ; n++) {
    const subnet = `10.211.${n % 256}`
    if (taken.includes(` ${subnet}.`)) continue
    const world = new World(subnet)
    try {
      await world.begin()
    } catch (error) {
      await world.close()
      return `network namespaces cannot be made here: ${String(error)}`
    }
    return world
  }
}

export class World {
  readonly #subnet: string
  readonly #bridge = `lm${process.pid}`
  readonly #machines = new Map<string, NamedMachine>()
  readonly #exit = (): void => this.#closeAtOnce()

  constructor(subnet: string) {
    this.#subnet = subnet
  }

  /** Where machines reach what runs outside of them. */
  get gateway(): string {
    return `${this.#subnet}.1`
  }

  /** All its addresses. */
  get network(): string {
    return `${this.#subnet}.0/24`
  }

  async begin(): Promise<void> {
    process.once("exit", this.#exit)
    await ip("link", "add", this.#bridge, "type", "bridge")
    await ip("address", "add", `${this.gateway}/24`, "dev", this.#bridge)
    await ip("link", "set", this.#bridge, "up")
  }

  /** A new machine. */
  async machine(name: string): Promise<Machine> {
    const number = this.#machines.size + 10
    const namespace = `llmagentos-${process.pid}-${name}`
    const machine = new NamedMachine(name, `${this.#subnet}.${number}`, namespace, `lm${process.pid}.${number}`)
    this.#machines.set(name, machine)
    await ip("netns", "add", namespace)
    // The kernel may still be taking apart a cable of the world before.
    for (let n = 0; ; n++) {
      const added = ip("link", "add", machine.port, "type", "veth", "peer", "name", "eth0", "netns", namespace)
      const failed = await added.then(() => undefined, (error: unknown) => error) // prettier-ignore
      if (failed === undefined) break
      if (n === cableTries || !String(failed).includes("File exists")) throw failed
      await sleep(100)
    }
    await ip("link", "set", machine.port, "master", this.#bridge, "up")
    await ip("-n", namespace, "address", "add", `${machine.address}/24`, "dev", "eth0")
    await ip("-n", namespace, "link", "set", "eth0", "up")
    await ip("-n", namespace, "link", "set", "lo", "up")
    return machine
  }

  /** Cuts a machine off from all others (W1). */
  async cut(machine: Machine): Promise<void> {
    await run("bridge", ["link", "set", "dev", this.#named(machine).port, "state", "0"])
  }

  async heal(machine: Machine): Promise<void> {
    await run("bridge", ["link", "set", "dev", this.#named(machine).port, "state", "3"])
  }

  /** Cuts one machine off from another, both ways (W1): what they send each other goes to nobody. */
  async cutBetween(a: Machine, b: Machine): Promise<void> {
    await Promise.all(
      [[a, b], [b, a]].map(([from, to]) =>
        ip("-n", this.#named(from as Machine).namespace, "neigh", "replace", (to as Machine).address, "lladdr", nowhere, "nud", "permanent", "dev", "eth0"),
      ),
    ) // prettier-ignore
  }

  async healBetween(a: Machine, b: Machine): Promise<void> {
    await Promise.all(
      [[a, b], [b, a]].map(([from, to]) =>
        ip("-n", this.#named(from as Machine).namespace, "neigh", "del", (to as Machine).address, "dev", "eth0"),
      ),
    ) // prettier-ignore
  }

  async close(): Promise<void> {
    process.removeListener("exit", this.#exit)
    const ended = [...this.#machines.values()].flatMap(({ children }) =>
      [...children].map((child) => {
        const exit = new Promise((done) => child.once("exit", done))
        child.kill("SIGKILL")
        return exit
      }),
    )
    await Promise.all(ended)
    this.#closeAtOnce()
  }

  #named({ name }: Machine): NamedMachine {
    return this.#machines.get(name) as NamedMachine
  }

  #closeAtOnce(): void {
    for (const { namespace, children } of this.#machines.values()) {
      for (const child of children) child.kill("SIGKILL")
      removeNamespace(namespace)
    }
    this.#machines.clear()
    silently("link", "del", this.#bridge)
  }
}

/** @returns what it printed, or nothing when it failed */
function silently(...args: readonly string[]): string {
  try {
    return execFileSync("ip", args, { stdio: ["ignore", "pipe", "ignore"], encoding: "utf8" })
  } catch {
    return ""
  }
}

function removeNamespace(namespace: string): void {
  for (const pid of silently("netns", "pids", namespace).split("\n").filter(Boolean))
    try {
      process.kill(Number(pid), "SIGKILL")
    } catch {
      // it has ended by itself
    }
  silently("netns", "del", namespace) // and with it the cable
}

/** Removes what worlds have left whose process is gone (W2). */
async function sweep(): Promise<void> {
  const gone = (pid: string | undefined): boolean => pid !== undefined && !existsSync(`/proc/${pid}`)
  for (const line of (await ip("netns", "list")).split("\n")) {
    const [name, pid] = /^llmagentos-([0-9]+)-\S+/.exec(line) ?? []
    if (name !== undefined && gone(pid)) removeNamespace(name)
  }
  for (const line of (await ip("-o", "link", "show", "type", "bridge")).split("\n")) {
    const [, name, pid] = /^[0-9]+: (lm([0-9]+)):/.exec(line) ?? []
    if (name !== undefined && gone(pid)) silently("link", "del", name)
  }
}
