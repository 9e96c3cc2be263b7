/**
 * Who belongs to the cluster, as one node sees it (`members.ts`). Pure: a view and an event give the next view and what is to be done; the registry, the probes and the
 * streams to peers are elsewhere. Views of two nodes may differ for a while: nothing here is an election, and who owns a shard is decided by lock and
 * epoch (`lease.ts`). A wrong word here costs a move that was not needed, never a wrong answer.
 *
 *   joining ──> up <──> unreachable ──> down ──> removed        down ──> up when it is seen well again
 *      └─────────┴── leaving ──┴──> down, removed
 *
 * Invariants
 *   M1. An incarnation is removed once and for ever: it, and every earlier incarnation of its name, is no member again while its tombstone is kept (see
 *       `tombstoneMs`). A node that is told so about itself stops, and may start anew with a higher incarnation.
 *   M2. Leaving is for ever: such a member goes down or is removed, and never goes back to up.
 *   M3. A member is unreachable when two of three witnesses accuse it: the registry (critical, or gone from the list), this node's own probes
 *       (`probeFailures` in a row), and its peers (more than half of the other members that are not down, by votes not older than `voteFreshMs`).
 *   M4. A witness that cannot know says nothing: a registry that does not answer, a peer that is silent or a stranger.
 *   M5. A member is up when the registry passes it and it has answered the last probe. Between M3 and M5 a member stays what it is.
 *   M6. Evidence is numbered at its source (lists, probes, votes) and older evidence changes nothing. So two nodes that were given the same evidence, in
 *       whatever order, agree on each member about which it decides (M3 or M5 holds, or it leaves), once `downAfterMs` has passed.
 *   M7. The version grows with each change of a member's status, description or protocol, and with nothing else.
 *   M8. A node whose protocol versions do not meet ours is seen, and neither connected nor probed, so it never is up here.
 *
 * What goes wrong, and what M3 makes of it:
 *   a process is killed or frozen   registry (2 s) and probes accuse: unreachable
 *   its agent restarts              the registry accuses for a moment, alone: nothing
 *   one link is cut                 our probes accuse, alone: calls over that link fail with a retryable code, nothing moves
 *   Consul is away, or was wiped    it says nothing, or accuses everybody, alone: nothing moves; killed nodes are found by probes and peers
 *   Consul seen by a minority only  it accuses the others, alone: nothing moves
 *   a minority is cut off from all  its peers are no majority, its registry says nothing: it condemns nobody; the majority condemns it
 *   two nodes, Consul away, one dies  one witness is left, which is not enough: nothing moves until Consul is back. This is the price.
 */

import { nothingKnown, type Evidence, type Member, type MemberStatus, type Tombstone, type View } from "./members.js"
import { incarnationOf, negotiate, nodeId, type Incarnation, type NodeDescription, type NodeId } from "./node.js"
import type { RegisteredNode } from "./registry.js"

export type MembershipEvent =
  /** `list` counts the lists this node has read, since the registry's own index starts anew when it is wiped. */
  | { readonly kind: "registry-list"; readonly list: number; readonly nodes: readonly RegisteredNode[] }
  | { readonly kind: "registry-away" }
  | { readonly kind: "probe-answered"; readonly id: NodeId; readonly probe: number }
  | { readonly kind: "probe-failed"; readonly id: NodeId; readonly probe: number }
  | {
      readonly kind: "vote"
      readonly from: NodeId
      readonly about: NodeId
      readonly accuses: boolean
      readonly number: number
    }
  /** A node, this one too, was asked to leave. */
  | { readonly kind: "leave"; readonly id: NodeId }
  /** A peer has removed a member, or an operator has declared it lost. */
  | { readonly kind: "removed"; readonly id: NodeId }
  | { readonly kind: "time" }

export type MembershipAction =
  | { readonly do: "probe"; readonly id: NodeId; readonly probe: number }
  | { readonly do: "connect"; readonly id: NodeId; readonly node: NodeDescription; readonly protocol: number }
  | { readonly do: "disconnect"; readonly id: NodeId }
  /**
   * To each peer that is connected: what this node's probes say of a member. Said again with each probe while they accuse, so that the vote stays fresh, and once
   * when they do no more; silence accuses nobody.
   */
  | { readonly do: "tell-vote"; readonly about: NodeId; readonly accuses: boolean; readonly number: number }
  | { readonly do: "tell-removed"; readonly id: NodeId }
  /** Into the registry. */
  | { readonly do: "announce-leaving" }
  /** For whoever follows the members, on this node. */
  | {
      readonly do: "changed"
      readonly id: NodeId
      readonly from: MemberStatus | undefined
      readonly to: MemberStatus | "removed"
    }
  /** This incarnation was removed by the others (M1): end, and start anew with an incarnation above `removed`. */
  | { readonly do: "stop"; readonly removed: number }

export interface MembershipTimings {
  /** Between two probes of a member; raising it makes failures seen later. */
  readonly probeEveryMs: number
  /** So many failed probes in a row accuse. */
  readonly probeFailures: number
  readonly voteFreshMs: number
  /** Accused for so long, a member is down and its shards are placed elsewhere. */
  readonly downAfterMs: number
  /** Down and gone from the registry for so long, it is removed. */
  readonly removeAfterMs: number
  /**
   * How long a tombstone is kept, and how many. What could bring a removed incarnation back is a registry entry that outlived it or a process that was
   * frozen: hours, not days. A name keeps one, so their number is that of the names that went within the time; a cluster that makes up names (pods) has
   * thousands at most.
   */
  readonly tombstoneMs: number
  readonly tombstones: number
}

export const DEFAULT_MEMBERSHIP: MembershipTimings = {
  probeEveryMs: 500,
  probeFailures: 3,
  voteFreshMs: 3000,
  downAfterMs: 2000,
  removeAfterMs: 60_000,
  tombstoneMs: 24 * 3600_000,
  tombstones: 4096,
}

export interface MembershipStep {
  readonly view: View
  readonly actions: readonly MembershipAction[]
}

export function stepMembership(
  view: View,
  event: MembershipEvent,
  timings: MembershipTimings,
  now: number,
): MembershipStep {
  const draft = new Draft(view, timings, now)
  draft.take(event)
  draft.judge()
  if (event.kind === "time") draft.beat()
  return draft.done()
}

/** A view that is being stepped; nothing of the view before is changed. */
class Draft {
  readonly #before: View
  readonly #timings: MembershipTimings
  readonly #now: number
  readonly #members: Map<NodeId, Member>
  readonly #tombstones: Map<string, Tombstone>
  readonly #actions: MembershipAction[] = []
  #registry: View["registry"]
  #votes: number
  #changed = false

  constructor(view: View, timings: MembershipTimings, now: number) {
    this.#before = view
    this.#timings = timings
    this.#now = now
    this.#members = new Map(view.members)
    this.#tombstones = new Map(view.tombstones)
    this.#registry = view.registry
    this.#votes = view.votes
  }

  done(): MembershipStep {
    const { self, version } = this.#before
    const view: View = {
      self,
      version: this.#changed ? version + 1 : version, // M7
      members: this.#members,
      tombstones: this.#tombstones,
      registry: this.#registry,
      votes: this.#votes,
    }
    return { view, actions: this.#actions }
  }

  /** Takes evidence in; what is older than what is known changes nothing (M6). */
  take(event: MembershipEvent): void {
    switch (event.kind) {
      case "registry-list":
        if (event.list > this.#registry.list) this.#takeList(event.list, event.nodes)
        // Leaving is for ever (M2), so an old list is right about it too.
        else for (const { node, leaving } of event.nodes) if (leaving) this.#update(nodeId(node), () => ({ leaving }))
        return
      case "registry-away":
        this.#registry = { ...this.#registry, answers: false }
        return
      case "probe-answered":
      case "probe-failed":
        return this.#update(event.id, ({ probes }) => {
          const what = event.kind === "probe-answered" ? "answered" : "failed"
          return { probes: { ...probes, [what]: Math.max(probes[what], event.probe) } }
        })
      case "vote":
        if (event.from === this.#before.self) return
        return this.#update(event.about, ({ votes }) => {
          if ((votes.get(event.from)?.number ?? 0) >= event.number) return {}
          const { accuses, number } = event
          return { votes: new Map(votes).set(event.from, { accuses, number, receivedAt: this.#now }) }
        })
      case "leave":
        if (event.id === this.#before.self && this.#members.get(event.id)?.evidence.leaving === false)
          this.#actions.push({ do: "announce-leaving" })
        return this.#update(event.id, () => ({ leaving: true }))
      case "removed":
        return this.#remove(event.id)
      case "time":
        return
    }
  }

  #takeList(list: number, nodes: readonly RegisteredNode[]): void {
    this.#registry = { list, answers: true }
    const listed = new Map(nodes.map((entry) => [nodeId(entry.node), entry]))
    for (const id of this.#members.keys()) if (!listed.has(id)) this.#update(id, () => ({ registry: "absent" }))
    for (const [id, { node, health, leaving }] of listed) {
      if (this.#isDead(node)) continue // M1
      this.#admit(id, node)
      this.#update(id, (evidence) => ({ registry: health, leaving: leaving || evidence.leaving })) // M2
    }
  }

  #admit(id: NodeId, node: NodeDescription): void {
    const known = this.#members.get(id)
    if (known !== undefined) {
      // Its own word about itself is what it started with.
      if (id === this.#before.self || same(known.node, node)) return
      this.#members.set(id, { ...known, node, protocol: this.#protocolWith(node) })
      this.#changed = true
      return
    }
    for (const other of this.#members.values()) {
      if (other.node.name !== node.name) continue
      if (other.node.incarnation > node.incarnation) return
      this.#remove(other.id) // its successor has started
    }
    if (this.#isDead(node)) return
    const protocol = this.#protocolWith(node)
    this.#members.set(id, { id, node, status: "joining", since: this.#now, protocol, evidence: nothingKnown })
    this.#changed = true
    this.#actions.push({ do: "changed", id, from: undefined, to: "joining" })
    if (protocol !== undefined) this.#actions.push({ do: "connect", id, node, protocol }) // M8
  }

  #protocolWith(node: NodeDescription): number | undefined {
    const self = this.#members.get(this.#before.self)
    return self === undefined ? undefined : negotiate(self.node.protocol, node.protocol)
  }

  #isDead({ name, incarnation }: Incarnation): boolean {
    return incarnation <= (this.#tombstones.get(name)?.incarnation ?? -Infinity)
  }

  #update(id: NodeId, change: (evidence: Evidence) => Partial<Evidence>): void {
    const member = this.#members.get(id)
    if (member !== undefined)
      this.#members.set(id, { ...member, evidence: { ...member.evidence, ...change(member.evidence) } })
  }

  /** M1. One that was never seen is removed too: its registration may still be on its way. */
  #remove(id: NodeId): void {
    const removed = incarnationOf(id)
    if (removed === undefined || this.#isDead(removed)) return
    const { name, incarnation } = removed
    this.#tombstones.set(name, { ...removed, at: this.#now })
    if (id === this.#before.self) {
      this.#actions.push({ do: "stop", removed: incarnation })
      return // it stays in its own view, to be able to end in order
    }
    this.#actions.push({ do: "tell-removed", id })
    for (const other of this.#members.values()) {
      if (other.node.name !== name || other.node.incarnation > incarnation || other.id === this.#before.self) continue
      this.#members.delete(other.id)
      this.#changed = true
      this.#actions.push(
        { do: "changed", id: other.id, from: other.status, to: "removed" },
        { do: "disconnect", id: other.id },
      )
    }
  }

  /** Draws the conclusions, member by member. */
  judge(): void {
    for (const member of [...this.#members.values()]) {
      if (member.id === this.#before.self) this.#judgeSelf(member)
      else this.#judgeOther(member)
    }
  }

  #judgeSelf(member: Member): void {
    const { registry, leaving } = member.evidence
    if (leaving) this.#become(member, "leaving")
    else if (member.status === "joining" && registry === "passing") this.#become(member, "up")
  }

  #judgeOther(member: Member): void {
    const { evidence, status } = member
    const accused = this.#accusers(member) >= 2 // M3
    const accusedSince = accused ? (evidence.accusedSince ?? this.#now) : undefined
    const judged = { ...member, evidence: { ...evidence, accusedSince } }
    this.#members.set(member.id, judged)
    const down = accusedSince !== undefined && this.#now - accusedSince >= this.#timings.downAfterMs
    const gone = this.#registry.answers && evidence.registry === "absent"
    const stayedDown = status === "down" && this.#now - member.since >= this.#timings.removeAfterMs
    if (gone && (stayedDown || (evidence.leaving && down))) this.#remove(member.id)
    else if (down || (status === "down" && accused)) this.#become(judged, "down")
    else if (evidence.leaving)
      this.#become(judged, "leaving") // M2
    else if (accused) this.#become(judged, "unreachable")
    else if (this.#isWell(member)) this.#become(judged, "up") // M5
  }

  /** How many of the three witnesses accuse it (M3, M4). */
  #accusers(member: Member): number {
    const registry = this.#registry.answers && member.evidence.registry !== "passing"
    return Number(registry) + Number(this.#weAccuse(member)) + Number(this.#peersAccuse(member))
  }

  #weAccuse({ evidence: { probes } }: Member): boolean {
    return probes.failed - probes.answered >= this.#timings.probeFailures
  }

  #peersAccuse(member: Member): boolean {
    const { votes } = member.evidence
    if (votes.size === 0) return false
    let voters = 0
    let accusing = 0
    for (const { id, status, protocol } of this.#members.values()) {
      if (id === member.id || id === this.#before.self || status === "down" || protocol === undefined) continue
      voters++
      const vote = votes.get(id)
      if (vote?.accuses === true && this.#now - vote.receivedAt <= this.#timings.voteFreshMs) accusing++
    }
    return accusing > voters / 2
  }

  #isWell({ evidence: { registry, probes }, protocol }: Member): boolean {
    const passes = this.#registry.answers && registry === "passing"
    return passes && protocol !== undefined && probes.answered > probes.failed
  }

  #become(member: Member, status: MemberStatus): void {
    if (member.status === status) return
    this.#members.set(member.id, { ...member, status, since: this.#now })
    this.#changed = true
    this.#actions.push({ do: "changed", id: member.id, from: member.status, to: status })
  }

  /** What is due: probes, votes, and the end of old tombstones. */
  beat(): void {
    for (const member of [...this.#members.values()]) {
      const { id, protocol, evidence } = member
      if (id === this.#before.self || protocol === undefined) continue // M8
      const { probes, voted } = evidence
      if (this.#now - probes.sentAt < this.#timings.probeEveryMs) continue
      const probe = probes.sent + 1
      const accuses = this.#weAccuse(member)
      this.#update(id, () => ({ probes: { ...probes, sent: probe, sentAt: this.#now }, voted: accuses }))
      this.#actions.push({ do: "probe", id, probe })
      if (!accuses && !voted) continue
      this.#votes++
      this.#actions.push({ do: "tell-vote", about: id, accuses, number: this.#votes })
    }
    const { tombstoneMs, tombstones } = this.#timings
    const kept = [...this.#tombstones.values()].filter(({ at }) => this.#now - at < tombstoneMs)
    if (kept.length === this.#tombstones.size && kept.length <= tombstones) return
    kept.sort((a, b) => b.at - a.at)
    this.#tombstones.clear()
    for (const tombstone of kept.slice(0, tombstones)) this.#tombstones.set(tombstone.name, tombstone)
  }
}

function same(a: NodeDescription, b: NodeDescription): boolean {
  return JSON.stringify(a) === JSON.stringify(b)
}
