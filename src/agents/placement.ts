/**
 * Which node a request goes to, by how long its queue is there. Pure.
 *
 * A node's queue is measured in turns: the requests that are open at the agents on one model, over how many of them
 * these agents work on at a time. Of all nodes two are drawn, and the shorter queue wins (Mitzenmacher, "The power of
 * two choices in randomized load balancing", 2001): what is known of others is a moment old, and if all took the
 * shortest of all, they would all come to the same node. This node knows its own queue exactly, and is always one of
 * those compared.
 *
 * Invariants
 *   P1. When this node's queue is as short as the other's, the request stays here.
 *   P2. A node that cannot answer (no such model, the agent stopped, the node about to leave) or that has been tried
 *       for this request gets none.
 *   P3. What this node has sent since it was last told of a queue counts in it, and what was answered since does not
 *       (`QueueThere`).
 */
import type { NodeId } from "#cluster/node.js"

export interface Place {
  /** Undefined: this node. */
  readonly node: NodeId | undefined
  /** Requests that wait or are being worked on there. */
  readonly open: number
  /** Of these, how many are worked on at a time. */
  readonly width: number
}

/** Requests that stand before a new one, in turns of the node. */
export const turnsAt = ({ open, width }: Place): number => open / Math.max(1, width)

/** @param chance numbers from 0 to 1, as `Random.float` gives them @returns undefined when there is no place */
export function choosePlace(places: readonly Place[], chance: () => number): Place | undefined {
  const here = places.find(({ node }) => node === undefined)
  const others = places.filter(({ node }) => node !== undefined)
  const first = draw(others, chance)
  const second = draw(
    others.filter((other) => other !== first),
    chance,
  )
  // The first of equals wins, so this node does (P1).
  return [here, first, second].reduce((best, place) => {
    if (place === undefined || best === undefined) return best ?? place
    return turnsAt(place) < turnsAt(best) ? place : best
  }, undefined)
}

function draw(places: readonly Place[], chance: () => number): Place | undefined {
  return places[Math.floor(chance() * places.length)]
}

/** What a node tells its peers of its agents. Plain data. */
export interface AgentLoad {
  readonly name: string
  readonly model: string
  readonly state: "running" | "stopped"
  readonly replicas: number
  readonly queued: number
}

export interface NodeLoad {
  readonly agents: readonly AgentLoad[]
  /** Models that the node runs for others. */
  readonly models: readonly string[]
  /** Requests that one replica works on at a time. */
  readonly concurrency: number
  /** False when the node is about to leave: it takes no more. */
  readonly taking: boolean
  /** The highest ticket among those of the receiver that had come when this was told. */
  readonly seen: number
}

/** The queue for one agent, as a node told of it (P2). @returns undefined where the agent cannot answer */
export function queueOf(
  load: Omit<NodeLoad, "seen">,
  agent: string,
): { readonly model: string; readonly open: number; readonly width: number } | undefined {
  const found = load.agents.find(({ name }) => name === agent)
  if (!load.taking || found?.state !== "running" || !load.models.includes(found.model)) return undefined
  const same = load.agents.filter(({ model, state }) => model === found.model && state === "running")
  return {
    model: found.model,
    open: same.reduce((sum, { queued }) => sum + queued, 0),
    width: same.reduce((sum, { replicas }) => sum + replicas, 0) * load.concurrency,
  }
}

/** What one node knows of the queues at a peer: what it was told, and what it has sent and got answered since (P3). */
export class QueueThere {
  #told: NodeLoad | undefined
  /** Requests that were sent and not answered, by ticket, with their models. */
  readonly #out = new Map<number, string>()
  /** Requests that the peer had counted, and has answered since, by model. */
  readonly #answered = new Map<string, number>()

  get told(): NodeLoad | undefined {
    return this.#told
  }

  hear(load: NodeLoad): void {
    this.#told = load
    this.#answered.clear()
  }

  sent(ticket: number, model: string): void {
    this.#out.set(ticket, model)
  }

  answered(ticket: number): void {
    const model = this.#out.get(ticket)
    if (model === undefined) return
    this.#out.delete(ticket)
    if (ticket <= (this.#told?.seen ?? 0)) this.#answered.set(model, (this.#answered.get(model) ?? 0) + 1)
  }

  /** @returns undefined where the agent cannot answer */
  placeFor(node: NodeId, agent: string): Place | undefined {
    const queue = this.#told === undefined ? undefined : queueOf(this.#told, agent)
    if (queue === undefined) return undefined
    const seen = this.#told?.seen ?? 0
    let since = 0
    for (const [ticket, model] of this.#out) if (ticket > seen && model === queue.model) since += 1
    const open = Math.max(0, queue.open + since - (this.#answered.get(queue.model) ?? 0))
    return { node, open, width: queue.width }
  }
}
