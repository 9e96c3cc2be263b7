/**
 * The runs of a cluster, as one node finds them: wherever a run lives, any node tells how it stands, follows it and
 * cancels it; and what a node that is gone has left open goes on here or on another.
 *
 * Invariants
 *   C1. A run is looked for on this node, then in the journal, then at every node that can be reached.
 *   C2. Runs of a node that is no member any more are taken over by one of the members, which all of them compute
 *       alike; should they see different members, the journal decides (R2 of `open-runs.ts`).
 *   C3. Who follows a run from another node and is lost does not end it; who gives up there counts as one who gave up
 *       here.
 */
import type { Clock, Random } from "#actors/clock.js"
import { AgentOSError } from "#actors/errors.js"
import { fnv1a } from "#actors/hash.js"
import type { Logger } from "#actors/telemetry.js"
import type { NodeId } from "#cluster/node.js"
import type { Peers } from "#cluster/peers.js"
import { EventsBack, eventsTimeoutMs } from "../agents/guest-work.js"
import { Cancellation, onCancel } from "../cancellation.js"
import type { Message } from "../models/model.js"
import type { RunEvent, RunResult } from "../run.js"
import type { ConversationId } from "./conversations.js"
import type { RunFailure } from "./run-log.js"
import type { FollowedRun, OtherNodes } from "./other-nodes.js"
import type { RunStatus } from "./recorded-runs.js"
import type { Runs } from "./runs.js"

const service = "os/runs"
/**
 * How often it is looked whether a member has gone, and, when none has, whether something was left behind all the
 * same.
 */
const lookEveryMs = 1000
const sweepEveryMs = 30_000
/** For questions that a node answers from memory or with one look into its store. */
const askTimeoutMs = 3000

export interface ClusterRunsParts {
  readonly peers: Peers
  /**
   * Names of the members, however they fare; one that was removed or has left is none. Undefined: it is not known
   * yet.
   */
  readonly members: () => ReadonlySet<string> | undefined
  /** Names of the members that can take over now. */
  readonly able: () => readonly string[]
  /** Whether a peer is believed to be well; one that is away keeps its link for a while. Default: all are. */
  readonly isWell?: (peer: NodeId) => boolean
  /** Whether all of them share one journal. */
  readonly shared: boolean
  readonly clock: Clock
  readonly random: Random
  readonly logger: Logger
}

/** A run, as it is named between nodes. */
interface RunName {
  readonly tenant: string
  readonly runId: string
}

interface Follow extends RunName {
  readonly request: string | undefined
  readonly ticket: number
}

interface Following {
  readonly to: NodeId
  readonly listener: FollowedRun["listener"]
  readonly lost: () => void
}

interface Followed {
  readonly from: NodeId
  readonly signal: Cancellation
  silent: boolean
}

export class ClusterRuns {
  readonly #parts: ClusterRunsParts
  #runs: Runs | undefined
  /** What others follow here, by node and ticket. */
  readonly #followed = new Map<string, Followed>()
  /** What is followed elsewhere, by ticket. */
  readonly #follows = new Map<number, Following>()
  readonly #unfollow: () => void
  #tickets = 0
  #cancelTimer = (): void => undefined
  #known: ReadonlySet<string> = new Set()
  #sweptAt = -Infinity
  #sweeping: Promise<void> | undefined
  #closed = false

  constructor(parts: ClusterRunsParts) {
    this.#parts = parts
    parts.peers.serve(service, { handle: (type: string, payload: unknown, from) => this.#handle(type, payload, from) })
    this.#unfollow = parts.peers.follow((event) => {
      if (event.kind === "opened") return
      for (const followed of this.#followed.values()) if (followed.from === event.peer) followed.silent = true // C3
    })
  }

  /** For `Runs`. */
  get others(): OtherNodes {
    const { peers, members, shared } = this.#parts
    return {
      self: peers.self.name,
      shared,
      has: (node) => members()?.has(node) ?? true,
      find: (tenant, runId) => this.#askAll<string>("find", { tenant, runId }),
      follow: (node, run) => this.#follow(node, run),
    }
  }

  /** Answers for the runs of this node. */
  serve(runs: Runs): void {
    this.#runs = runs
  }

  /** What this node left open goes on, and later what others leave. */
  async begin(): Promise<void> {
    await this.#own.resume()
    if (this.#parts.shared) this.#look()
  }

  /** C1 */
  async status(tenant: string, runId: string): Promise<RunStatus | undefined> {
    return (await this.#own.status(tenant, runId)) ?? (await this.#askAll<RunStatus>("status", { tenant, runId }))
  }

  /** @returns false when the run had already ended, or never was */
  async cancel(tenant: string, runId: string): Promise<boolean> {
    if (this.#own.cancel(tenant, runId)) return true
    if ((await this.#askAll<true>("cancel", { tenant, runId })) === true) return true
    return this.#own.cancelOpen(tenant, runId)
  }

  /** What was said in a conversation, oldest first. */
  async conversation(of: ConversationId): Promise<readonly Message[]> {
    const here = await this.#own.conversation(of)
    if (here.length > 0 || this.#parts.shared) return here
    return (await this.#askAll<Message[]>("conversation", of)) ?? here
  }

  /** A peer is believed to be lost: what is followed there is looked for elsewhere. */
  lost(peer: NodeId): void {
    for (const { to, lost } of this.#follows.values()) if (to === peer) lost()
  }

  /** Takes nothing over any more. */
  async close(): Promise<void> {
    this.#closed = true
    this.#cancelTimer()
    this.#unfollow()
    await this.#sweeping
  }

  get #own(): Runs {
    if (this.#runs === undefined) throw new AgentOSError("UNAVAILABLE", "this node is still starting")
    return this.#runs
  }

  // --- runs elsewhere ----------------------------------------------------------------------------

  /** The first answer that is one; nodes that do not answer are passed over. */
  async #askAll<T>(type: string, payload: unknown): Promise<T | undefined> {
    const { peers, isWell = () => true } = this.#parts
    const asked = [...peers.open()]
      .filter(isWell)
      .map((peer) =>
        peers
          .call(peer, service, type, payload, { timeoutMs: askTimeoutMs })
          .then((answer) =>
            answer === null || answer === undefined || answer === false ? Promise.reject(nothing) : answer,
          ),
      )
    return Promise.any(asked).then(
      (answer) => answer as T,
      () => undefined,
    )
  }

  async #follow(node: string, run: FollowedRun): Promise<RunResult | undefined> {
    const { tenant, runId, request, listener, signal, timeoutMs } = run
    const { peers } = this.#parts
    const to = peers.named(node)
    if (to === undefined) return undefined
    const ticket = ++this.#tickets
    let stay = (): void => undefined
    try {
      const gaveUp = new Promise<Outcome>((resolve, reject) => {
        this.#follows.set(ticket, { to, listener, lost: () => resolve({ kind: "elsewhere" }) })
        stay = onCancel(signal, () => {
          peers.tell(to, service, "unfollow", ticket)
          reject(AgentOSError.from(signal?.reason, "CANCELLED"))
        })
      })
      gaveUp.catch(() => undefined)
      const asked: Follow = { tenant, runId, request, ticket }
      const outcome = (await Promise.race([peers.call(to, service, "follow", asked, { timeoutMs }), gaveUp])) as Outcome
      if (outcome.kind === "failed") {
        const { code, message, executed, details } = outcome
        throw new AgentOSError(code, message, { node, executed, ...(details === undefined ? {} : { details }) })
      }
      return outcome.kind === "ended" ? outcome.run : undefined
    } catch (error) {
      const { code } = AgentOSError.from(error)
      if (["NODE_LOST", "NODE_UNREACHABLE", "UNAVAILABLE"].includes(code)) return undefined
      if (code !== "ASK_TIMEOUT") throw error
      const message = `run ${runId} did not end within ${Math.round(timeoutMs)} ms`
      throw new AgentOSError("DEADLINE_EXCEEDED", message, { executed: "maybe" }) // it goes on there
    } finally {
      stay()
      this.#follows.delete(ticket)
    }
  }

  // --- what others ask ---------------------------------------------------------------------------

  #handle(type: string, payload: unknown, from: NodeId): unknown {
    switch (type) {
      case "status": {
        const { tenant, runId } = payload as RunName
        return this.#own.status(tenant, runId).then((status) => status ?? null)
      }
      case "find": {
        const { tenant, runId } = payload as RunName
        return this.#own
          .status(tenant, runId)
          .then((status) => (status === undefined ? null : this.#parts.peers.self.name))
      }
      case "cancel": {
        const { tenant, runId } = payload as RunName
        return this.#own.cancel(tenant, runId)
      }
      case "conversation":
        return this.#own.conversation(payload as ConversationId).then((said) => (said.length === 0 ? null : said))
      case "follow":
        return this.#beFollowed(payload as Follow, from)
      case "unfollow":
        return this.#followed
          .get(`${from}/${payload as number}`)
          ?.signal.cancel(new AgentOSError("CANCELLED", "the caller gave up"))
      case "events": {
        const { ticket, events } = payload as { readonly ticket: number; readonly events: readonly RunEvent[] }
        const follow = this.#follows.get(ticket)
        if (follow?.to !== from) return null
        return Promise.all(events.map((event) => follow.listener?.(event))).then(() => null)
      }
      default:
        throw new AgentOSError("UNKNOWN_MESSAGE", `the runs of a node know no ${JSON.stringify(type)}`)
    }
  }

  async #beFollowed({ ticket, ...asked }: Follow, from: NodeId): Promise<Outcome> {
    const { peers, clock } = this.#parts
    const key = `${from}/${ticket}`
    const followed: Followed = { from, signal: new Cancellation(), silent: false }
    const back = new EventsBack(clock, async (events) => {
      if (!followed.silent)
        await peers.call(from, service, "events", { ticket, events }, { timeoutMs: eventsTimeoutMs })
    })
    this.#followed.set(key, followed)
    try {
      const run = await this.#own.join({ ...asked, listener: (event) => back.push(event), signal: followed.signal })
      return run === undefined ? { kind: "elsewhere" } : { kind: "ended", run }
    } catch (error) {
      const { code, message, executed, details } = AgentOSError.from(error, "RUN_FAILED")
      if (code === "RUN_MOVED" || code === "SYSTEM_STOPPED") return { kind: "elsewhere" }
      return { kind: "failed", code, message, executed, ...(details === undefined ? {} : { details }) }
    } finally {
      await back.flush()
      this.#followed.delete(key)
    }
  }

  // --- what others leave -------------------------------------------------------------------------

  #look(): void {
    if (this.#closed) return
    const { clock, members, logger } = this.#parts
    const now = members() ?? this.#known
    const gone = [...this.#known].some((node) => !now.has(node))
    this.#known = new Set(now)
    if ((gone || clock.monotonic() - this.#sweptAt >= sweepEveryMs) && this.#sweeping === undefined) {
      this.#sweptAt = clock.monotonic()
      this.#sweeping = this.#sweep()
        .catch((error: unknown) => {
          logger.warn({ error }, "open runs were not looked through; it is tried again")
          this.#sweptAt = -Infinity
        })
        .finally(() => (this.#sweeping = undefined))
    }
    this.#cancelTimer = clock.timer(lookEveryMs, () => this.#look())
  }

  /** C2 */
  async #sweep(): Promise<void> {
    const { members, able, peers, logger } = this.#parts
    const now = members()
    if (now === undefined) return
    const taken = await this.#own.resume(
      ({ runId, node }) =>
        !this.#closed && node !== "" && !now.has(node) && successor(runId, able()) === peers.self.name,
    )
    for (const runId of taken) logger.info({ runId }, "a run goes on here, which its node left open")
  }
}

/** What came of following a run. */
type Outcome =
  | { readonly kind: "ended"; readonly run: RunResult }
  | ({ readonly kind: "failed" } & Required<Pick<RunFailure, "code" | "message" | "executed">> & RunFailure)
  /** It does not go on there, or not any more. */
  | { readonly kind: "elsewhere" }

const nothing = new Error("nothing")

/** The member that takes a run over: the one whose name and the run's draw highest. */
function successor(runId: string, members: readonly string[]): string | undefined {
  const drawn = members.map((node) => [fnv1a(`${runId}/${node}`), node] as const)
  return drawn.sort(([a, one], [b, other]) => b - a || (one < other ? -1 : 1))[0]?.[1]
}
