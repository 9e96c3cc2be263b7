/**
 * Requests that other nodes have sent here: worked on by this node's agents, while the run, its log and its listeners
 * stay where it was begun.
 *
 * Invariants
 *   W1. A tool runs here only after the node of the run has recorded the claim: so what is unclear after a loss is
 *       known there.
 *   W2. What the asker does not wait for any more (it cancelled, or its link was lost) is called off here.
 *   W3. Events go back in their order, before the answer; many of one turn of the event loop go together.
 *   W4. They are taken there before more are made here: who reads slowly there holds the agent back here.
 */
import type { Clock } from "#actors/clock.js"
import { AgentOSError } from "#actors/errors.js"
import type { NodeId } from "#cluster/node.js"
import type { Peers } from "#cluster/peers.js"
import { Cancellation } from "../cancellation.js"
import type { RunEvent, RunListener } from "../run.js"
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
  readonly emit: RunListener
}

/** The journal may be slow, and a claim that is given up in vain would leave a call unresolved. */
const claimTimeoutMs = 30_000
/** Events that an agent may be ahead of the run's node (W4), and how long that may not take any: longer than a run. */
const mostAhead = 64
export const eventsTimeoutMs = 86_400_000

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
    const events = new EventsBack(this.#clock, (told) =>
      this.#peers.call(from, agentsService, "events", { ticket, events: told }, { timeoutMs: eventsTimeoutMs }),
    )
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
          ...(caller === undefined ? {} : { caller }),
        },
      )
    } finally {
      this.#guests.delete(id)
      await events.flush() // W3
    }
  }

  cancel(ticket: number, from: NodeId): void {
    this.#guests.get(`${from}/${ticket}`)?.work.cancel(new AgentOSError("CANCELLED", "the request was cancelled"))
  }
}

/**
 * The events of a run on their way to its node: those of one turn together (W3), and no more ahead than it takes
 * (W4).
 */
export class EventsBack {
  readonly #clock: Clock
  readonly #send: (events: readonly RunEvent[]) => Promise<unknown>
  #waiting: RunEvent[] = []
  #sent: Promise<unknown> = Promise.resolve()
  #lost = false

  /** @param send resolves when they are taken there; when it fails, nobody hears of later ones */
  constructor(clock: Clock, send: (events: readonly RunEvent[]) => Promise<unknown>) {
    this.#clock = clock
    this.#send = send
  }

  push(event: RunEvent): Promise<void> | undefined {
    if (this.#lost) return undefined
    if (this.#waiting.push(event) === 1) this.#clock.afterInputOutput(() => void this.flush())
    return this.#waiting.length < mostAhead ? undefined : this.flush()
  }

  /** @returns when all that was pushed is there, or lost */
  async flush(): Promise<void> {
    this.#sent = this.#sent.then(() => {
      const events = this.#waiting
      this.#waiting = []
      if (events.length > 0 && !this.#lost) return this.#send(events).catch(() => (this.#lost = true))
      return undefined
    })
    await this.#sent
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
