/**
 * A node's seat in Consul: a service with a TTL check, and a session on that check and on the health of the agent's machine.
 *
 * An agent that is cut off from Consul's servers goes on taking signs of life; only the renewal of the session, which a server answers, tells whether
 * the locks are still ours. So there are two loops: one beats, one renews.
 *
 * Invariants
 *   S1. A lease lasts from the start of the last renewal that succeeded; a renewal that fails for want of an answer takes nothing away (R3).
 *   S2. When Consul says that it does not know the session, the lease is lost, and a session is made anew.
 *   S3. A beat that is refused registers the service again: the agent has forgotten it. Before that it looks whether a later incarnation is there (R5).
 *   S4. An acquisition that succeeded under a session that was lost meanwhile is not told as held.
 *   S5. A service of an earlier incarnation is struck off by the later one, which ends its session and with it its locks.
 *   S6. Who leaves gives signs of life until its last lock is released, however many there are.
 *   S7. What changes in its description is registered with the next beat; the check and the session that is bound to it go on.
 *   S8. Locks that are taken or returned at once go as one transaction, which holds for all or none; then each is tried by itself. One lock that another node holds costs the others
 *       a call, and never their turn.
 */
import { setMaxListeners } from "node:events"
import type { Clock } from "#actors/clock.js"
import { checkOf, transactionKeys, type Answer, type ConsulAgent } from "./consul-agent.js"
import { decodeNode, encodeNode, leavingNode, type ConsulNames } from "./consul-names.js"
import { Gathered } from "./gathered.js"
import { KeptLease } from "./kept-lease.js"
import type { Moment } from "./lease.js"
import { incarnationOf, nodeId, type NodeDescription } from "./node.js"
import { pause } from "./pause.js"
import {
  checkedKey,
  type Acquisition,
  type Holder,
  type RegistryTimings,
  type Seat,
  type SeatEvent,
  type Unavailable,
} from "./registry.js"

/** After a session could not be made: what it is bound to reaches Consul's servers a moment after the agent. */
const sessionRetryMs = 100
/** Of calls that are not repeated every half second. A change of Consul's leader takes longer than a renewal. */
const callLimitMs = 5000

interface Call {
  readonly path: string
  readonly session: string
}

export interface SeatPorts {
  readonly agent: ConsulAgent
  readonly clock: Clock
  readonly names: ConsulNames
  readonly timings: RegistryTimings
  /** Aborts when the registry closes. */
  readonly signal: AbortSignal
}

export class ConsulSeat implements Seat {
  readonly #agent: ConsulAgent
  readonly #clock: Clock
  readonly #names: ConsulNames
  readonly #timings: RegistryTimings
  readonly #node: NodeDescription
  readonly #listener: (event: SeatEvent) => void
  readonly #ended = new AbortController()
  readonly #closed: AbortSignal
  readonly #service: string
  readonly #hurry = new Hurry()
  readonly #takings = new Gathered<Call, Answer<boolean>>(
    (calls) =>
      this.#together(
        calls,
        (paths, session) => this.#agent.acquireAll(paths, nodeId(this.#node), session, this.#limits(callLimitMs)),
        ({ path, session }) => this.#agent.acquire(path, nodeId(this.#node), session, this.#limits(callLimitMs)),
      ),
    { atOnce: 4, most: transactionKeys },
  )
  readonly #returns = new Gathered<Call, Answer<boolean>>(
    (calls) =>
      this.#together(
        calls,
        (paths, session) => this.#agent.releaseAll(paths, session, this.#limits(callLimitMs)),
        ({ path, session }) => this.#agent.release(path, session, this.#limits(callLimitMs)),
      ),
    { atOnce: 4, most: transactionKeys },
  )
  /** What is registered. */
  #description: ReturnType<typeof encodeNode>
  /** Locks that may be held in Consul, so that leaving can release them. */
  readonly #keys = new Set<string>()
  readonly #loops: Promise<unknown>
  #registered = false
  #leaving = false
  #lease: KeptLease | undefined
  #session: string | undefined
  /** Why there is no lease, as it was told last. */
  #reason: string | undefined

  constructor(
    { agent, clock, names, timings, signal }: SeatPorts,
    node: NodeDescription,
    listener: (event: SeatEvent) => void,
  ) {
    this.#description = encodeNode(node)
    this.#agent = agent
    this.#clock = clock
    this.#names = names
    this.#timings = timings
    this.#node = node
    this.#listener = listener
    this.#closed = signal
    this.#service = names.serviceId(node)
    setMaxListeners(0, this.#ended.signal) // one for each call that is under way
    signal.addEventListener("abort", this.#end, { once: true })
    if (signal.aborted) this.#end()
    this.#loops = Promise.all([this.#every(() => this.#beat()), this.#every(() => this.#renewal(), this.#hurry)])
  }

  get lease(): KeptLease | undefined {
    return this.#lease
  }

  /** Takes or returns many locks by one transaction, and one by one when that would not do (S8). */
  async #together(
    calls: readonly Call[],
    all: (paths: readonly string[], session: string) => Promise<Answer<boolean>>,
    one: (call: Call) => Promise<Answer<boolean>>,
  ): Promise<readonly Answer<boolean>[]> {
    const paths = calls.map(({ path }) => path)
    const [first] = calls as [Call]
    const alike = calls.length > 1 && calls.every(({ session }) => session === first.session)
    if (alike && new Set(paths).size === paths.length) {
      const answer = await all(paths, first.session)
      if (answer.kind === "unreachable" || (answer.kind === "ok" && answer.value)) return calls.map(() => answer)
    }
    return Promise.all(calls.map(one))
  }

  async acquire(key: string): Promise<Acquisition> {
    const lease = this.#lease
    const session = this.#session
    if (lease === undefined || session === undefined) return unavailable("this node has no lease")
    const path = this.#names.lock(checkedKey(key))
    this.#keys.add(key)
    const answer = await this.#takings.ask({ path, session })
    if (answer.kind !== "ok") return unavailable(answer.reason)
    if (lease.lost) return unavailable("the lease was lost meanwhile") // S4
    if (answer.value) return { kind: "held", lease }
    this.#keys.delete(key)
    const found = await this.#agent.get(path, this.#limits(callLimitMs))
    if (found.kind !== "ok") return unavailable(found.reason)
    if (found.value?.session === undefined) return { kind: "delayed" }
    const by = incarnationOf(found.value.value)
    return by === undefined ? unavailable(`${path} is held by something that is no node`) : { kind: "taken", by }
  }

  renew(): Promise<void> {
    return this.#ended.signal.aborted ? Promise.resolve() : this.#hurry.please()
  }

  async release(key: string): Promise<{ readonly kind: "released" } | Unavailable> {
    if (this.#session === undefined) return { kind: "released" }
    const answer = await this.#returns.ask({ path: this.#names.lock(key), session: this.#session })
    if (answer.kind !== "ok" && !saysNoSession(answer)) return unavailable(answer.reason)
    this.#keys.delete(key)
    return { kind: "released" }
  }

  announceLeaving(): void {
    this.#description = leavingNode(this.#description)
    this.#registered = false // S7
  }

  async leave(): Promise<void> {
    if (this.#leaving || this.#ended.signal.aborted) return
    this.#leaving = true
    const session = this.#session
    this.#lease?.lose()
    this.#lease = this.#session = undefined
    const limits = { limitMs: callLimitMs, signal: this.#closed }
    // S6. Each is released, for what a session leaves behind is delayed for others.
    if (session !== undefined)
      await Promise.all([...this.#keys].map((key) => this.#returns.ask({ path: this.#names.lock(key), session })))
    this.#end()
    await this.#loops
    if (session !== undefined) await this.#agent.destroySession(session, limits)
    await this.#agent.deregister(this.#service, limits)
  }

  readonly #end = (): void => {
    this.#closed.removeEventListener("abort", this.#end)
    this.#ended.abort()
    this.#lease?.lose()
    this.#lease = this.#session = undefined
  }

  /** Does a step, and again `beatMs` after it began, or sooner when the step says so or somebody is in a hurry. */
  async #every(step: () => Promise<number>, hurry?: Hurry): Promise<void> {
    const { signal } = this.#ended
    while (!signal.aborted) {
      const began = this.#clock.monotonic()
      const distance = await step()
      if (signal.aborted || hurry?.wished === true) continue
      const wait = pause(this.#clock, Math.max(0, began + distance - this.#clock.monotonic()), signal)
      await (hurry === undefined ? wait : Promise.race([wait, hurry.wish()]))
    }
    hurry?.done(hurry.take())
  }

  async #renewal(): Promise<number> {
    const asked = this.#hurry.take()
    try {
      return await this.#renew()
    } finally {
      this.#hurry.done(asked)
    }
  }

  async #beat(): Promise<number> {
    const { beatMs, renewTimeoutMs } = this.#timings
    const limits = this.#limits(renewTimeoutMs)
    if (this.#registered) {
      const answer = await this.#agent.pass(checkOf(this.#service), limits)
      if (answer.kind !== "refused") return beatMs
      this.#registered = false // S3
    }
    const known = await this.#agent.services(limits)
    if (known.kind !== "ok") return this.#wait(known.reason, beatMs)
    for (const entry of known.value) {
      const other = this.#names.isService(entry.id) ? decodeNode(entry)?.node : undefined
      if (other?.name !== this.#node.name || other.incarnation === this.#node.incarnation) continue
      if (other.incarnation > this.#node.incarnation) return this.#supersede(other)
      await this.#agent.deregister(entry.id, limits) // S5
    }
    const { checkTtlMs: ttlMs, forgetMs } = this.#timings
    const said = this.#description
    const service = { ...said, id: this.#service, name: this.#names.service, ttlMs, forgetMs }
    const answer = await this.#agent.register(service, limits)
    if (answer.kind !== "ok") return this.#wait(answer.reason, beatMs)
    this.#registered = said === this.#description // S7
    return beatMs
  }

  #supersede({ name, incarnation }: Holder): number {
    this.#lose()
    if (!this.#ended.signal.aborted) this.#listener({ kind: "superseded", by: { name, incarnation } })
    this.#end()
    return 0
  }

  async #renew(): Promise<number> {
    const { beatMs, leaseMs, lockDelayMs, renewTimeoutMs } = this.#timings
    if (this.#leaving) return beatMs
    const began: Moment = { monotonic: this.#clock.monotonic(), wall: this.#clock.wallTime() }
    const limits = this.#limits(renewTimeoutMs)
    if (this.#session !== undefined) {
      const answer = await this.#agent.renewSession(this.#session, limits)
      if (answer.kind === "ok") this.#lease?.renewed(began) // S1
      if (answer.kind !== "refused" || answer.status !== 404) return beatMs
      this.#lose() // S2
    }
    if (!this.#registered) return sessionRetryMs
    const checks = ["serfHealth", checkOf(this.#service)]
    const answer = await this.#agent.createSession(checks, lockDelayMs, this.#service, limits)
    if (answer.kind !== "ok") return this.#wait(answer.reason, answer.kind === "refused" ? sessionRetryMs : beatMs)
    if (this.#leaving || this.#ended.signal.aborted) return 0
    this.#reason = undefined
    this.#session = answer.value
    this.#lease = new KeptLease(began, leaseMs)
    this.#listener({ kind: "seated", lease: this.#lease })
    return beatMs
  }

  /** @returns after how long it is tried again */
  #wait(reason: string, distance: number): number {
    if (this.#reason !== reason && !this.#ended.signal.aborted) this.#listener({ kind: "waiting", reason })
    this.#reason = reason
    return distance
  }

  #lose(): void {
    const lease = this.#lease
    this.#lease = this.#session = undefined
    this.#keys.clear()
    if (lease === undefined) return
    lease.lose()
    if (!this.#ended.signal.aborted) this.#listener({ kind: "lost", lease })
  }

  #limits(limitMs: number): { readonly limitMs: number; readonly signal: AbortSignal } {
    return { limitMs, signal: this.#ended.signal }
  }
}

/** Those who want a step to be done now. */
class Hurry {
  #asked: (() => void)[] = []
  #wake: (() => void) | undefined

  get wished(): boolean {
    return this.#asked.length > 0
  }

  please(): Promise<void> {
    return new Promise((done) => {
      this.#asked.push(done)
      this.#wake?.()
    })
  }

  /** When the next one is in a hurry. */
  wish(): Promise<void> {
    return new Promise((wake) => (this.#wake = wake))
  }

  take(): readonly (() => void)[] {
    this.#wake = undefined
    return this.#asked.splice(0)
  }

  done(asked: readonly (() => void)[]): void {
    for (const done of asked) done()
  }
}

const unavailable = (reason: string): Unavailable => ({ kind: "unavailable", reason })

/** Consul answers with 500 what it cannot do now, such as without a leader, and what it will never do; only the text tells. */
const saysNoSession = (answer: Exclude<Answer<unknown>, { kind: "ok" }>): boolean =>
  answer.kind === "refused" && /invalid session/i.test(answer.reason)
