/**
 * Requests that other nodes have sent here: worked on by this node's agents, while the run, its log and its listeners stay where it was begun.
 *
 * Invariants
 *   W1. A tool runs here only after the node of the run has recorded the claim: so what is unclear after a loss is known there.
 *   W2. What the asker does not wait for any more (it cancelled, or its link was lost) is called off here.
 *   W3. Events go back in their order, before the answer; many of one turn of the event loop go together.
 */
import type { Clock } from "#actors/clock.js"
import { AgentOSError } from "#actors/errors.js"
import type { NodeId } from "#cluster/node.js"
import type { Peers } from "#cluster/peers.js"
import { Cancellation } from "../cancellation.js"
import type { RunEvent } from "../run.js"
import { noLog, type PlannedCall, type RunLog } from "../runs/run-log.js"
import type { ToolOutcome } from "../tools/tool.js"
import type { AgentManager } from "./agent-manager.js"
import type { AgentAnswer, AgentRequest } from "./respond.js"

/** The service that agents of all nodes serve, and what it is told and asked. */
export const agentsService = "os/agents"

export interface GuestRequest {
  /** Counted by the asker, ever higher. */
  readonly ticket: number
  readonly agent: string
  readonly request: AgentRequest
  readonly caller?: string
  readonly timeoutMs: number
}

export interface GuestEvents {
  readonly ticket: number
  readonly events: readonly RunEvent[]
}

export interface ClaimedTurn {
  readonly ticket: number
  readonly step: string
  readonly turn: number
  readonly calls: readonly PlannedCall[]
}

export interface ClaimedCall extends PlannedCall {
  readonly ticket: number
}

export interface FinishedCall {
  readonly ticket: number
  readonly callId: string
  readonly outcome: ToolOutcome
}

/** What the agent that answers a step needs of the step's run. */
export interface RunOfStep {
  readonly log: RunLog
  readonly caller: string | undefined
  readonly emit: (event: RunEvent) => void
}

/** The journal may be slow, and a claim that is given up in vain would leave a call unresolved. */
const claimTimeoutMs = 30_000

interface Guest extends RunOfStep {
  readonly from: NodeId
  readonly ticket: number
  readonly work: Cancellation
}

export class GuestWork {
  readonly #peers: Peers
  readonly #agents: Pick<AgentManager, "ask">
  readonly #clock: Clock
  readonly #guests = new Map<string, Guest>()
  /** The highest ticket that came from each node. */
  readonly #seen = new Map<NodeId, number>()

  constructor(peers: Peers, agents: Pick<AgentManager, "ask">, clock: Clock) {
    this.#peers = peers
    this.#agents = agents
    this.#clock = clock
    peers.follow((event) => {
      if (event.kind !== "closed") return
      this.#seen.delete(event.peer)
      for (const { from, work } of this.#guests.values())
        if (from === event.peer) work.cancel(new AgentOSError("CANCELLED", `node ${from}, which asked, is gone`)) // W2
    })
  }

  seenOf(peer: NodeId): number {
    return this.#seen.get(peer) ?? 0
  }

  /** The run of a request that another node has sent. @returns undefined for one of this node's own */
  of({ guest }: AgentRequest): RunOfStep | undefined {
    return guest === undefined ? undefined : this.#guests.get(guest)
  }

  /** @throws what the agent throws */
  async respond({ ticket, agent, request, caller, timeoutMs }: GuestRequest, from: NodeId): Promise<AgentAnswer> {
    this.#seen.set(from, Math.max(ticket, this.seenOf(from)))
    const id = `${from}/${ticket}`
    const work = new Cancellation()
    const events = new EventsBack(this.#peers, this.#clock, from, ticket)
    const log = logThere(this.#peers, from, ticket)
    this.#guests.set(id, { from, ticket, work, log, caller, emit: (event) => events.push(event) })
    try {
      return await this.#agents.ask(
        agent,
        { ...request, guest: id },
        {
          signal: work,
          timeoutMs,
          traceId: request.traceId,
          tenant: request.tenant,
          ...(caller === undefined ? {} : { caller }),
        },
      )
    } finally {
      this.#guests.delete(id)
      events.flush() // W3
    }
  }

  cancel(ticket: number, from: NodeId): void {
    this.#guests.get(`${from}/${ticket}`)?.work.cancel(new AgentOSError("CANCELLED", "the request was cancelled"))
  }
}

/** Gathers the events of one turn (W3). */
class EventsBack {
  readonly #peers: Peers
  readonly #clock: Clock
  readonly #to: NodeId
  readonly #ticket: number
  #waiting: RunEvent[] = []

  constructor(peers: Peers, clock: Clock, to: NodeId, ticket: number) {
    this.#peers = peers
    this.#clock = clock
    this.#to = to
    this.#ticket = ticket
  }

  push(event: RunEvent): void {
    if (this.#waiting.push(event) === 1) this.#clock.afterInputOutput(() => this.flush())
  }

  flush(): void {
    if (this.#waiting.length === 0) return
    const told: GuestEvents = { ticket: this.#ticket, events: this.#waiting }
    this.#waiting = []
    this.#peers.tell(this.#to, agentsService, "events", told)
  }
}

/** The log of a run on another node. What it knew before stands in the request. */
function logThere(peers: Peers, node: NodeId, ticket: number): RunLog {
  const tell = async (type: string, told: ClaimedTurn | ClaimedCall | FinishedCall): Promise<void> =>
    void (await peers.call(node, agentsService, type, told, { timeoutMs: claimTimeoutMs }))
  return {
    ...noLog, // steps are begun and finished by the run itself
    claimTurn: (step, turn, calls) => tell("claim-turn", { ticket, step, turn, calls }),
    claimCall: (call) => tell("claim-call", { ticket, ...call }), // W1
    finishCall: (callId, outcome) => tell("finish-call", { ticket, callId, outcome }),
  }
}
