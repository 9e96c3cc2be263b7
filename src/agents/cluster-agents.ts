/**
 * The agents of a cluster, as one node asks them: each request goes to a node that has the agent's model, by the
 * length of its queue (`placement.ts`), and comes back here with its events, while this node keeps the run and its
 * log.
 *
 * Invariants
 *   D1. Tool calls that other nodes make for a step are recorded here, before the tool runs and after: in the run's
 *       log, and for a run without one in memory.
 *   D2. A request whose node goes, or that is refused there before it was begun, is tried on another node, each node
 *       once. It knows the calls of the try before: those finished are not made again, one that was begun is
 *       unresolved unless its tool is idempotent (A2 of `respond.ts`). A model that answers twice does no harm.
 *      While no node can answer, a request waits a little: a node that restarts comes back, and one that has just
 *      joined is not known yet.
 *   D3. Cancellation and what is left of the time go along.
 *   D4. Peers are told of this node's queues when they come, every `tellEveryMs` while something changes, and at once
 *       when much does.
 *   D5. Starting, stopping and replicating an agent is done on every node that can be reached; how many copies are
 *       wanted counts for each.
 */
import type { Clock, Random } from "#actors/clock.js"
import { AgentOSError } from "#actors/errors.js"
import { incarnationOf, type NodeId } from "#cluster/node.js"
import type { Peers } from "#cluster/peers.js"
import { Cancellation, onCancel } from "../cancellation.js"
import { begunCall, type RecordedCall } from "../runs/run-log.js"
import type { AgentDefinition } from "./agent.js"
import type { AgentDescription, AgentManager, AskOptions } from "./agent-manager.js"
import {
  agentsService,
  GuestWork,
  type ClaimedCall,
  type ClaimedTurn,
  type FinishedCall,
  type GuestEvents,
  type GuestRequest,
  type RunOfStep,
} from "./guest-work.js"
import { choosePlace, QueueThere, queueOf, type NodeLoad, type Place } from "./placement.js"
import type { AgentAnswer, AgentRequest } from "./respond.js"

export interface ClusterAgentsParts {
  readonly peers: Peers
  /** The agents of this node. */
  readonly agents: AgentManager
  /** Models that this node runs. */
  readonly models: () => readonly string[]
  /** Requests that one replica works on at a time. */
  readonly concurrency: number
  /** Whether a peer is believed to be well; one that is away keeps its link for a while. Default: all are. */
  readonly isWell?: (peer: NodeId) => boolean
  /** The log and the listener of a run of this node. */
  readonly runOf: (runId: string) => RunOfStep
  readonly clock: Clock
  readonly random: Random
  /** How long a request waits for a node that can answer, in milliseconds; default 3,000. */
  readonly holdMs?: number
}

/** An agent as it stands on one node of the cluster. */
export interface AgentOnNode {
  readonly node: string
  readonly state: "running" | "stopped"
  readonly replicas: number
  readonly queued: number
}

export type Steering = "start" | "stop" | "restart" | { readonly replicate: number }

const tellEveryMs = 250
/** A change of the queue by so much of its width is told at once, but not more often than this. */
const much = { share: 0.25, least: 4, everyMs: 20 }
const steerTimeoutMs = 30_000
const defaultHoldMs = 3000
const lookAgainMs = 50
/** The agent's own limit answers with a better error than the deadline of the call. */
const graceMs = 4000
const defaultTimeMs = 60_000

/** Refusals before anything was done, and ends of a node or of what works on it. */
const elsewhere = new Set([
  "MAILBOX_FULL",
  "SHARE_SPENT",
  "MEMORY_FULL",
  "AGENT_STOPPED",
  "UNKNOWN_AGENT",
  "UNKNOWN_MODEL",
  "SYSTEM_STOPPED",
  "ACTOR_STOPPED",
  "MODEL_STOPPED",
  "NODE_UNREACHABLE",
  "NODE_LOST",
])
/** Of these, what this node's own agents may answer without having begun. */
const elsewhereFromHere = new Set(["MAILBOX_FULL", "SHARE_SPENT", "MEMORY_FULL", "AGENT_STOPPED"])

/** A request that a peer works on. */
interface Sent {
  readonly to: NodeId
  /** Nobody waits for its answer any more. */
  readonly giveUp: (why: AgentOSError) => void
  readonly run: RunOfStep
  readonly calls: Map<string, RecordedCall>
}

export class ClusterAgents {
  readonly guests: GuestWork
  readonly #parts: ClusterAgentsParts
  readonly #queues = new Map<NodeId, QueueThere>()
  readonly #sent = new Map<number, Sent>()
  #tickets = 0
  #taking = true
  #closed = false
  #told = ""
  #toldOpen = 0
  #toldAt = -Infinity
  #cancelTimer = (): void => undefined
  #unfollow: () => void

  constructor(parts: ClusterAgentsParts) {
    this.#parts = parts
    const { peers, agents, clock } = parts
    this.guests = new GuestWork(peers, agents, clock)
    peers.serve(agentsService, { handle: (type: string, payload: unknown, from) => this.#handle(type, payload, from) })
    for (const peer of peers.open()) {
      this.#queues.set(peer, new QueueThere())
      peers.tell(peer, agentsService, "who", null) // it may have told before anybody listened here
    }
    this.#unfollow = peers.follow((event) => {
      if (event.kind === "opened") {
        this.#queues.set(event.peer, new QueueThere())
        this.#tell(event.peer, this.#load())
      } else this.#queues.delete(event.peer)
    })
    this.#tellAll()
    this.#wait()
  }

  has(name: string): boolean {
    return this.#parts.agents.has(name)
  }

  definition(name: string): AgentDefinition {
    return this.#parts.agents.definition(name)
  }

  /**
   * Asks the agent where its queue is shortest.
   *
   * @throws what the agent throws; `UNKNOWN_AGENT`, `NO_NODE_FOR_AGENT`
   */
  async ask(name: string, request: AgentRequest, options: AskOptions = {}): Promise<AgentAnswer> {
    const { agents, random, clock, holdMs = defaultHoldMs } = this.#parts
    const until = clock.monotonic() + holdMs
    agents.describe(name) // an unknown agent is refused at once
    const tried = new Set<NodeId | undefined>()
    let calls: Map<string, RecordedCall> | undefined
    let last: unknown
    for (;;) {
      const places = this.#places(name).filter(({ node }) => !tried.has(node)) // P2
      const place = choosePlace(places, () => random.float())
      if (place === undefined) {
        if (clock.monotonic() >= until || this.#closed || calledOff(options.signal)) throw last ?? this.#nobody(name)
        await new Promise<void>((done) => clock.timer(lookAgainMs, done))
        continue
      }
      tried.add(place.node)
      try {
        if (place.node === undefined)
          return await this.#here(name, calls === undefined ? request : { ...request, calls: [...calls] }, options)
        calls ??= this.#knownCalls(request)
        return await this.#there(place.node, name, request, options, calls)
      } catch (error) {
        const { code } = AgentOSError.from(error)
        const others = place.node === undefined ? elsewhereFromHere : elsewhere
        if (!others.has(code) || calledOff(options.signal)) throw error
        last = error // D2
      }
    }
  }

  list(): readonly (AgentDescription & { readonly nodes: readonly AgentOnNode[] })[] {
    return this.#parts.agents.list().map((agent) => this.#spread(agent))
  }

  /** @throws `UNKNOWN_AGENT` */
  describe(name: string): AgentDescription & { readonly nodes: readonly AgentOnNode[] } {
    return this.#spread(this.#parts.agents.describe(name))
  }

  /** Requests that each node's agents hold, by name of the node, as last heard. */
  queued(): ReadonlyMap<string, number> {
    const { peers, agents } = this.#parts
    const nodes = new Map([[peers.self.name, agents.occupation().open]])
    for (const [peer, { told }] of this.#well())
      if (told !== undefined)
        nodes.set(
          incarnationOf(peer)?.name ?? peer,
          told.agents.reduce((sum, { queued }) => sum + queued, 0),
        )
    return nodes
  }

  /** D5. @throws what went wrong first, after it was tried everywhere; `UNKNOWN_AGENT` */
  async steer(name: string, steering: Steering): Promise<void> {
    const { peers, agents } = this.#parts
    agents.describe(name)
    const outcomes = await Promise.allSettled([
      this.#steerHere(name, steering),
      ...[...this.#well().keys()].map((peer) =>
        peers.call(peer, agentsService, "steer", { name, steering }, { timeoutMs: steerTimeoutMs }),
      ),
    ])
    this.#tellAll()
    for (const outcome of outcomes)
      if (outcome.status === "rejected" && AgentOSError.from(outcome.reason).code !== "UNKNOWN_AGENT")
        throw outcome.reason
  }

  /**
   * A peer is believed to be lost: what it works on for this node is done elsewhere (D2), and what it says of that
   * later is refused.
   */
  lost(peer: NodeId): void {
    for (const { to, giveUp } of this.#sent.values())
      if (to === peer) giveUp(new AgentOSError("NODE_LOST", `node ${peer} is away`, { node: peer }))
  }

  /** Takes no more requests from peers, which hear of it at once. */
  leave(): void {
    this.#taking = false
    this.#tellAll()
  }

  close(): void {
    this.#closed = true
    this.#cancelTimer()
    this.#unfollow()
  }

  // --- asking ------------------------------------------------------------------------------------

  #places(name: string): Place[] {
    const { models, concurrency, agents } = this.#parts
    const here = queueOf({ agents: agents.list(), models: models(), concurrency, taking: true }, name)
    const places: Place[] = here === undefined ? [] : [{ node: undefined, ...here }]
    for (const [peer, queue] of this.#well()) {
      const place = queue.placeFor(peer, name)
      if (place !== undefined) places.push(place)
    }
    return places
  }

  async #here(name: string, request: AgentRequest, options: AskOptions): Promise<AgentAnswer> {
    const answer = this.#parts.agents.ask(name, request, options)
    this.#changed()
    try {
      return await answer
    } finally {
      this.#changed()
    }
  }

  /** The run of a request, whoever began it: for the agent that answers. */
  runOf(request: AgentRequest): RunOfStep {
    return this.guests.of(request) ?? this.#parts.runOf(request.runId)
  }

  async #there(
    node: NodeId,
    name: string,
    request: AgentRequest,
    options: AskOptions,
    calls: Map<string, RecordedCall>,
  ): Promise<AgentAnswer> {
    const { peers, agents, runOf } = this.#parts
    const { model, limits } = request.definition ?? agents.definition(name)
    const ticket = ++this.#tickets
    const queue = this.#queues.get(node)
    const timeoutMs = Math.min(options.timeoutMs ?? Infinity, (limits?.timeMs ?? defaultTimeMs) + graceMs)
    const { caller } = options
    const guest: GuestRequest = {
      ticket,
      agent: name,
      request: { ...request, calls: [...calls] },
      timeoutMs,
      ...(caller === undefined ? {} : { caller }),
    }
    let giveUp = (_why: AgentOSError): void => undefined
    const gaveUp = new Promise<never>((_, reject) => (giveUp = reject))
    gaveUp.catch(() => undefined)
    this.#sent.set(ticket, { to: node, run: runOf(request.runId), calls, giveUp })
    queue?.sent(ticket, model ?? "scribe")
    const stay = onCancel(options.signal, () => giveUp(reasonOf(options.signal)))
    let answered = false
    try {
      const answer = peers.call(node, agentsService, "respond", guest, {
        timeoutMs: timeoutMs + graceMs,
      }) as Promise<AgentAnswer>
      answer.then(
        () => (answered = true),
        () => (answered = true),
      )
      return await Promise.race([answer, gaveUp])
    } catch (error) {
      const late = AgentOSError.from(error).code === "ASK_TIMEOUT"
      if (!answered || late) peers.tell(node, agentsService, "cancel", ticket) // D3
      throw error
    } finally {
      stay()
      this.#sent.delete(ticket)
      queue?.answered(ticket)
    }
  }

  #knownCalls({ runId, step }: AgentRequest): Map<string, RecordedCall> {
    const { log } = this.#parts.runOf(runId)
    const calls = new Map<string, RecordedCall>()
    for (let i = 0; ; i++) {
      const id = `${runId}/${step}/${i}`
      const call = log.call(id)
      if (call === undefined) return calls
      calls.set(id, call)
    }
  }

  #nobody(name: string): AgentOSError {
    const { model = "scribe" } = this.#parts.agents.definition(name)
    return new AgentOSError(
      "NO_NODE_FOR_AGENT",
      `no node that can be reached runs agent ${name} on the model ${JSON.stringify(model)}: is it started, and does one of the nodes have the model?`,
    )
  }

  // --- what peers say ----------------------------------------------------------------------------

  #handle(type: string, payload: unknown, from: NodeId): unknown {
    switch (type) {
      case "who":
        return this.#tell(from, this.#load())
      case "load":
        return this.#queues.get(from)?.hear(payload as NodeLoad)
      case "respond": {
        if (!this.#taking) throw new AgentOSError("SYSTEM_STOPPED", "this node is about to leave; ask another one")
        const answer = this.guests.respond(payload as GuestRequest, from)
        this.#changed()
        return answer.finally(() => this.#changed())
      }
      case "cancel":
        return this.guests.cancel(payload as number, from)
      case "events": {
        const { ticket, events } = payload as GuestEvents
        const sent = this.#sentTo(ticket, from)
        return Promise.all(events.map((event) => sent?.run.emit(event))).then(() => null)
      }
      case "claim-turn":
        return this.#claimTurn(payload as ClaimedTurn, from)
      case "claim-call":
        return this.#claim(payload as ClaimedCall, from)
      case "finish-call":
        return this.#finish(payload as FinishedCall, from)
      case "steer": {
        const { name, steering } = payload as { readonly name: string; readonly steering: Steering }
        return this.#steerHere(name, steering).finally(() => this.#tellAll())
      }
      default:
        throw new AgentOSError("UNKNOWN_MESSAGE", `the agents of a node know no ${JSON.stringify(type)}`)
    }
  }

  #sentTo(ticket: number, node: NodeId): Sent | undefined {
    const sent = this.#sent.get(ticket)
    return sent?.to === node ? sent : undefined
  }

  /** D1 */
  async #claimTurn({ ticket, step, turn, calls }: ClaimedTurn, from: NodeId): Promise<boolean> {
    const sent = this.#open(ticket, from)
    for (const { callId, ...call } of calls) sent.calls.set(callId, { ...call, turn, begun: false })
    await sent.run.log.claimTurn(step, turn, calls)
    return true
  }

  /** D1 */
  async #claim({ ticket, ...planned }: ClaimedCall, from: NodeId): Promise<boolean> {
    const sent = this.#open(ticket, from)
    sent.calls.set(planned.callId, begunCall(planned, sent.calls.get(planned.callId)))
    await sent.run.log.claimCall(planned)
    this.#open(ticket, from) // it may have been called off meanwhile
    return true
  }

  async #finish({ ticket, callId, outcome }: FinishedCall, from: NodeId): Promise<boolean> {
    const sent = this.#open(ticket, from)
    sent.calls.set(callId, { tool: "", arguments: {}, ...sent.calls.get(callId), outcome })
    await sent.run.log.finishCall(callId, outcome)
    return true
  }

  /** @throws `CANCELLED` when nobody waits for the request any more */
  #open(ticket: number, from: NodeId): Sent {
    const sent = this.#sentTo(ticket, from)
    if (sent === undefined) throw new AgentOSError("CANCELLED", "nobody waits for this request any more")
    return sent
  }

  async #steerHere(name: string, steering: Steering): Promise<void> {
    const { agents } = this.#parts
    if (typeof steering === "object") await agents.replicate(name, steering.replicate)
    else await agents[steering](name)
  }

  // --- queues ------------------------------------------------------------------------------------

  #load(): Omit<NodeLoad, "seen"> {
    const { agents, models, concurrency } = this.#parts
    const list = agents
      .list()
      .map(({ name, model, state, replicas, queued }) => ({ name, model, state, replicas, queued }))
    return { agents: list, models: models(), concurrency, taking: this.#taking }
  }

  /** The queues at peers that are believed to be well. */
  #well(): ReadonlyMap<NodeId, QueueThere> {
    const { isWell } = this.#parts
    return isWell === undefined ? this.#queues : new Map([...this.#queues].filter(([peer]) => isWell(peer)))
  }

  #spread(agent: AgentDescription): AgentDescription & { readonly nodes: readonly AgentOnNode[] } {
    const { state, replicas, queued } = agent
    const nodes: AgentOnNode[] = [{ node: this.#parts.peers.self.name, state, replicas, queued }]
    for (const [peer, { told }] of this.#well()) {
      const there = told?.agents.find(({ name }) => name === agent.name)
      if (there === undefined) continue
      const { state, replicas, queued } = there
      nodes.push({ node: incarnationOf(peer)?.name ?? peer, state, replicas, queued })
    }
    nodes.sort((a, b) => (a.node < b.node ? -1 : 1))
    const running = nodes.filter((node) => node.state === "running")
    const sum = (field: "replicas" | "queued", of: readonly AgentOnNode[]): number =>
      of.reduce((sum, node) => sum + node[field], 0)
    return {
      ...agent,
      state: running.length === 0 ? "stopped" : "running",
      replicas: sum("replicas", running.length === 0 ? nodes : running),
      queued: sum("queued", nodes),
      nodes,
    }
  }

  /** D4: tells at once when much has changed. */
  #changed(): void {
    const { agents, clock } = this.#parts
    const { open, width } = agents.occupation()
    if (Math.abs(open - this.#toldOpen) < Math.max(much.least, much.share * width)) return
    if (clock.monotonic() - this.#toldAt >= much.everyMs) this.#tellAll()
  }

  #wait(): void {
    this.#cancelTimer = this.#parts.clock.timer(tellEveryMs, () => {
      const load = this.#load()
      if (JSON.stringify(load) !== this.#told) this.#tellAll(load)
      this.#wait()
    })
  }

  #tellAll(load = this.#load()): void {
    this.#told = JSON.stringify(load)
    this.#toldOpen = this.#parts.agents.occupation().open
    this.#toldAt = this.#parts.clock.monotonic()
    for (const peer of this.#parts.peers.open()) this.#tell(peer, load)
  }

  #tell(peer: NodeId, load: Omit<NodeLoad, "seen">): void {
    const told: NodeLoad = { ...load, seen: this.guests.seenOf(peer) }
    this.#parts.peers.tell(peer, agentsService, "load", told)
  }
}

const calledOff = (signal: AskOptions["signal"]): boolean =>
  signal instanceof Cancellation ? signal.cancelled : signal?.aborted === true

const reasonOf = (signal: AskOptions["signal"]): AgentOSError =>
  AgentOSError.from(signal?.reason ?? new AgentOSError("CANCELLED", "the request was cancelled"), "CANCELLED")
