/**
 * What membership costs a node of a cluster of so many, in processor time: a second of probes, votes and looks at the time through the machine of `membership.ts`. Of the network only
 * the count of messages; what one costs is measured in the bench of the mesh.
 */
import { firstView, type View } from "#cluster/members.js"
import { DEFAULT_MEMBERSHIP, stepMembership, type MembershipAction, type MembershipEvent } from "#cluster/membership.js"
import { nodeId, type NodeDescription } from "#cluster/node.js"
import type { BenchRow } from "../report.js"

const sizes = [3, 10, 20, 100, 1000] as const
/** How often the driver looks at the time. */
const tickMs = 200

const node = (number: number): NodeDescription => ({ name: `node-${number}`, incarnation: 1_764_000_000_000, address: `10.0.0.1:${number}`, roles: ["agents"], capabilities: {}, capacity: 1, protocol: { min: 1, max: 1 } }) // prettier-ignore

/** One node among others that are all well. The others are like it: they send as many votes as it does. */
class Among {
  readonly nodes: readonly NodeDescription[]
  readonly ids: readonly string[]
  view: View
  now = 0
  steps = 0
  votes = 0
  probes = 0
  told = 0
  voted = 0

  constructor(count: number) {
    this.nodes = Array.from({ length: count }, (_, n) => node(n))
    this.ids = this.nodes.map(nodeId)
    this.view = firstView(this.nodes[0] as NodeDescription, 0)
    this.#step({ kind: "registry-list", list: 1, nodes: this.nodes.map((node) => ({ node, health: "passing", leaving: false })) }) // prettier-ignore
  }

  /** Everything that happens in one interval between two probes, spread over the ticks. */
  interval(): void {
    const { probeEveryMs } = DEFAULT_MEMBERSHIP
    for (let at = 0; at < probeEveryMs; at += tickMs) {
      this.now += tickMs
      for (const action of this.#step({ kind: "time" })) if (action.do === "probe") this.#answered(action)
    }
    const { voted } = this
    this.voted = 0
    this.votes += 1
    for (const from of this.ids.slice(1))
      for (const about of this.ids.slice(0, voted + 1))
        if (about !== from) this.#step({ kind: "vote", from, about, accuses: false, number: this.votes })
  }

  #answered({ id, probe }: Extract<MembershipAction, { do: "probe" }>): void {
    this.#step({ kind: "probe-answered", id, probe })
    this.probes += 1
  }

  #step(event: MembershipEvent): readonly MembershipAction[] {
    const { view, actions } = stepMembership(this.view, event, DEFAULT_MEMBERSHIP, this.now)
    this.view = view
    this.steps += 1
    const voted = actions.filter((action) => action.do === "tell-vote").length
    this.voted += voted
    this.told += voted * (this.ids.length - 1)
    return actions
  }
}

export function membershipRows(progress: (text: string) => void): readonly BenchRow[] {
  const row = (metric: string, unit: string, value: number): BenchRow => ({ bench: "scale", metric, unit, value })
  return sizes.flatMap((count) => {
    progress(`membership of ${count} nodes`)
    const among = new Among(count)
    among.interval()
    among.interval()
    const [steps, probes, told] = [among.steps, among.probes, among.told]
    const began = { at: among.now, cpu: process.cpuUsage() }
    const rounds = Math.max(1, Math.ceil(1000 / count / (1 + among.voted)))
    for (let round = 0; round < rounds; round++) among.interval()
    const { user, system } = process.cpuUsage(began.cpu)
    const seconds = (among.now - began.at) / 1000
    return [
      row(`membership, ${count} nodes: events`, "1/s", (among.steps - steps) / seconds),
      row(`membership, ${count} nodes: probes sent by a node`, "1/s", (among.probes - probes) / seconds),
      row(`membership, ${count} nodes: votes sent by a node`, "1/s", (among.told - told) / seconds),
      row(`membership, ${count} nodes: node`, "ms CPU/s", (user + system) / 1000 / seconds),
    ]
  })
}
