/** What most proofs play on: three Consul servers, PostgreSQL, and machines with a Consul agent and a node each; clients at all nodes; and the judge at the end. */
import { mkdir, mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import { findConsul } from "#test/support/consul.js"
import { startPostgres, type PostgresServer } from "#test/support/postgres.js"
import { openPostgresJournal } from "#cluster/index.js"
import { DEFAULT_SHARDS, shardOf } from "#cluster/placement.js"
import { ACCOUNT, type Deposited } from "./account.js"
import { Clients, type ClientOptions } from "./clients.js"
import { Consul, type Agent } from "./consul.js"
import { judge, type Judgement, type Kept } from "./history.js"
import { MeshNode } from "./mesh-node.js"
import type { NodeSettings } from "./node-process.js"
import { openWorld, type Machine, type World } from "./world.js"

export interface StageOptions {
  readonly nodes: number
  readonly state: "postgres" | "level"
  /** Nodes that start later, beside `nodes`. */
  readonly spare?: number
  /** Whether shards move no quicker than they do by default; else a node that comes back has its own within seconds. */
  readonly slowly?: boolean
  /** Makes a certificate for each node, or none. */
  readonly prepare?: (
    folder: string,
    machines: readonly Machine[],
  ) => Promise<readonly (NodeSettings["tls"] | undefined)[]>
}

/** What a proof needs and this machine does not have. */
export class Missing extends Error {}

export const shards = Number(process.env["SHARDS"] ?? DEFAULT_SHARDS)
const meshPort = 7000

export class Stage {
  readonly clients: Clients

  private constructor(
    readonly world: World,
    readonly folder: string,
    readonly consul: Consul,
    readonly postgres: PostgresServer | undefined,
    readonly agents: readonly Agent[],
    /** All of them; those beyond `nodes` of the options wait for their start. */
    readonly nodes: readonly MeshNode[],
    /** Nodes that no client goes to. */
    readonly shunned: Set<MeshNode>,
  ) {
    this.clients = this.newClients({})
  }

  /** @returns a stage whose nodes are ready @throws Missing */
  static async open({ nodes: count, state, spare = 0, slowly = false, prepare }: StageOptions): Promise<Stage> {
    const binary = await findConsul()
    if (binary === undefined) throw new Missing("there is no consul binary (put it on the PATH or name it in CONSUL)")
    const world = await openWorld()
    if (typeof world === "string") throw new Missing(world)
    const folder = await mkdtemp(join(tmpdir(), "llmagentos-mesh-"))
    let postgres: PostgresServer | undefined
    const close = async (): Promise<void> => {
      await world.close()
      await postgres?.remove()
      await rm(folder, { recursive: true, force: true })
    }
    try {
      if (state === "postgres") {
        const started = await startPostgres({ address: world.gateway, network: world.network })
        if (typeof started === "string") throw new Missing(started)
        postgres = started
      }
      const consul = await Consul.start(binary, folder, world)
      const agents: Agent[] = []
      const nodes: MeshNode[] = []
      const machines: Machine[] = []
      for (let n = 1; n <= count + spare; n++) machines.push(await world.machine(`node-${n}`))
      const certificates = (await prepare?.(folder, machines)) ?? []
      for (const [n, machine] of machines.entries()) {
        const tls = certificates[n]
        const store = join(folder, `store-${n + 1}`)
        await mkdir(store)
        const settings: NodeSettings = {
          cluster: "prove",
          node: machine.name,
          listen: `${machine.address}:${meshPort}`,
          consul: "http://127.0.0.1:8500",
          state: postgres === undefined ? { folder: store } : { postgres: postgres.url },
          shards,
          ...(slowly ? {} : { rebalance: { perMinute: 100_000, atOnce: 64 } }),
          ...(tls === undefined ? {} : { tls }),
        }
        agents.push(await consul.agentOn(machine))
        nodes.push(new MeshNode(machine, settings))
      }
      const stage = new Stage(world, folder, consul, postgres, agents, nodes, new Set())
      await Promise.all(nodes.slice(0, count).map((node) => node.start()))
      if (!("TRY" in process.env)) await stage.untilReady(nodes.slice(0, count))
      return stage
    } catch (error) {
      await close()
      throw error
    }
  }

  /** Clients of the nodes that run and are not shunned. */
  newClients(options: Partial<ClientOptions>): Clients {
    const nodes = (): readonly MeshNode[] => this.nodes.filter((node) => node.runs && !this.shunned.has(node))
    return new Clients({ accounts: 90, pauseMs: 200, seed: 1, nodes, ...options })
  }

  /** Waits until nodes see each other up, and each owns what it should. */
  async untilReady(nodes: readonly MeshNode[], patienceMs = 60_000): Promise<void> {
    const ids = (): readonly string[] => nodes.map(({ id }) => id)
    let last: unknown
    await until(
      async () => {
        const all = await Promise.all(nodes.map((node) => node.status()))
        last = all
        return all.every(({ ready, members }) => ready && ids().every((id) => members[id] === "up"))
      },
      patienceMs,
      () => `the nodes are not ready: ${JSON.stringify(last, undefined, 1).slice(0, 4000)}`,
    )
  }

  /** Waits until each of these nodes has answered clients as an owner. */
  async untilAllOwn(nodes: readonly MeshNode[], patienceMs = 60_000): Promise<void> {
    await until(
      () => nodes.every(({ id }) => this.clients.ownedBy(id).length > 0),
      patienceMs,
      () => `accounts are owned by ${nodes.map(({ id }) => `${id}: ${this.clients.ownedBy(id).length}`).join(", ")}`,
    )
  }

  /** All events of accounts in PostgreSQL. */
  async kept(): Promise<readonly Kept[]> {
    const journal = await openPostgresJournal({ url: (this.postgres as PostgresServer).url })
    try {
      const found: Kept[] = []
      for await (const key of journal.keys("default", ACCOUNT))
        for await (const page of journal.read({ tenant: "default", type: ACCOUNT, key }, 0))
          for (const { payload, sequence, epoch } of page)
            found.push({ key, sequence, epoch, shard: shardOf("default", ACCOUNT, key, shards), ...(payload as Deposited) }) // prettier-ignore
      return found
    } finally {
      await journal.close()
    }
  }

  /** The epoch of each shard that ever had an owner, from PostgreSQL. */
  async epochs(): Promise<ReadonlyMap<number, number>> {
    const rows = (await this.postgres?.sql("SELECT name, epoch FROM llmagentos.fence")) ?? []
    return new Map(rows.map(({ name, epoch }) => [Number(String(name).replace(/\D/g, "")), Number(epoch)]))
  }

  /** Stops the clients and judges what they saw. */
  async judge(kept: () => Promise<readonly Kept[]> = () => this.kept()): Promise<Judgement> {
    await this.clients.stop()
    const found = judge(this.clients.operations, await kept())
    const { unanswered, refusals } = this.clients
    const deaths = this.nodes.flatMap((node) => node.deaths)
    const wrong = [
      ...found.wrong,
      ...(unanswered > 0 ? [`${unanswered} deposits were never acknowledged`] : []),
      ...deaths.map((death) => `a node ended by itself: ${death}`),
    ]
    for (const line of [...found.lost, ...found.stale, ...wrong].slice(0, 20)) console.error(line)
    for (const line of refusals.slice(0, 5)) console.error(`a client was told for good: ${line}`)
    return { ...found, wrong }
  }

  async close(): Promise<void> {
    await Promise.all(this.nodes.map((node) => node.kill()))
    await this.world.close()
    await this.postgres?.remove()
    await rm(this.folder, { recursive: true, force: true })
  }
}

/** Waits for a condition. @throws with the text `otherwise` makes when it is not so in time */
export async function until(
  enough: () => boolean | Promise<boolean>,
  patienceMs: number,
  otherwise: () => string,
): Promise<number> {
  const began = performance.now()
  while (!(await enough())) {
    if (performance.now() - began > patienceMs) throw new Error(`after ${patienceMs} ms: ${otherwise()}`)
    await sleep(50)
  }
  return performance.now() - began
}
