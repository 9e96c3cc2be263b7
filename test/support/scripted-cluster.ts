/** A cluster as data: what the gateway and the command line show of it can be told beforehand. Nothing of the mesh runs. */
import { AgentOSError } from "#actors/errors.js"
import type { ClusterBackend, ClusterView, MemberView, RebalanceView } from "#src/gateway/backend.js"

const member = (name: string, shards: number, more: Partial<MemberView> = {}): MemberView => ({
  name,
  incarnation: 1_764_000_000_000,
  address: `10.0.0.${name.length}:7430`,
  status: "up",
  roles: ["agents"],
  capacity: 1,
  shards,
  ...more,
})

/** `anna` answers; `ben` is well, `carlo` is down. Drained nodes have no shards, nodes that left or are forgotten are gone. */
export class ScriptedCluster implements ClusterBackend {
  readonly node = "anna"
  readonly done: string[] = []
  #members = [
    member("anna", 400, { queued: 3 }),
    member("ben", 424),
    member("carlo", 200, { status: "down", capacity: 0.5 }),
  ]

  async status(): Promise<ClusterView> {
    const owned = this.#members.reduce((sum, { shards }) => sum + shards, 0)
    return { name: "town", node: this.node, ready: true, waitingFor: [], registry: true, shards: 1024, unowned: 1024 - owned, moving: 0, members: this.#members } // prettier-ignore
  }

  async drain(node: string): Promise<void> {
    this.#note("drain", node)
    this.#members = this.#members.map((one) => (one.name === node ? { ...one, shards: 0 } : one))
  }

  async undrain(node: string): Promise<void> {
    this.#note("undrain", node)
  }

  async leave(node: string): Promise<void> {
    this.#note("leave", node)
    this.#members = this.#members.filter(({ name }) => name !== node)
  }

  async forget(node: string): Promise<void> {
    this.#note("forget", node)
    this.#members = this.#members.filter(({ name }) => name !== node)
  }

  async rebalance({ dryRun }: { readonly dryRun: boolean }): Promise<RebalanceView> {
    this.done.push(dryRun ? "plan" : "rebalance")
    return {
      dryRun,
      shares: [
        { node: "anna", before: 400, after: 410 },
        { node: "ben", before: 424, after: 414 },
        { node: "carlo", before: 200, after: 200 },
      ],
      now: [
        { shard: 7, to: "anna", why: "new" },
        { shard: 9, from: "ben", to: "anna", why: "level" },
      ],
      later: [{ shard: 11, from: "ben", to: "anna", why: "level" }],
      away: [3, 4],
      minutes: 2,
    }
  }

  #note(what: string, node: string): void {
    const names = this.#members.map(({ name }) => name)
    if (!names.includes(node))
      throw new AgentOSError("UNKNOWN_NODE", `no member is called ${node}; there are: ${names.join(", ")}`)
    this.done.push(`${what} ${node}`)
  }
}
