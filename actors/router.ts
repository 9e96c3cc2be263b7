/**
 * A router: one ref before many. It chooses in the turn of the sender and passes the message on; it has no mailbox of
 * its own.
 *
 * Invariants
 *   R1. The choice is a pure function of the routees, the message and what was drawn.
 *   R2. A routee that is stopping is never chosen; one that has ended is forgotten when it is met.
 *   R4. Routers that lead to each other are refused where the ring would be closed: a message would go round for ever.
 *   R3. Cause, deadline and the chain of waiting actors pass through unchanged.
 *   R5. What comes from outside is held against the schema of the routee that gets it. What a hash is made of is
 *       checked before, where one of them is known here.
 */
import type { Cause } from "./cause.js"
import { systemRandom, type Random } from "./clock.js"
import { cellOf } from "./context.js"
import { AgentOSError, thrownText } from "./errors.js"
import { fnv1a } from "./hash.js"
import { checkOptions, checkWord } from "./words.js"
import {
  checking,
  Ref,
  RefBefore,
  type ActorRef,
  type AskOptions,
  type OpenAsk,
  type PayloadOf,
  type ReplyOf,
} from "./ref.js"

/** Names what a message is about: messages with the same key go to the same routee. */
export interface HashRouting {
  readonly hash: (type: string, payload: unknown) => string
}

/** How one routee is chosen. `least-loaded` draws two and takes the one with less to do. */
export type OneRouting = "round-robin" | "random" | "least-loaded" | HashRouting

/**
 * `broadcast`: to all, an ask gets every answer. `scatter-gather-first`: to all, an ask gets the first answer, and
 * fails when all have failed.
 */
export type Routing = OneRouting | "scatter-gather-first" | "broadcast"

/**
 * The protocol of a broadcast router: every ask answers an array, in the order of the routees; one failure fails it.
 */
export type Broadcast<P> = { readonly [K in keyof P]: (...payload: PayloadOf<P, K>) => ReplyOf<P, K>[] }

/** A ref to the router; routees come and go while it runs. `P` is what they understand, `Q` what the router does. */
export interface Router<P, Q = P> extends ActorRef<Q> {
  readonly routees: readonly ActorRef<P>[]
  /** @throws {AgentOSError} `ASK_CYCLE` when it leads back to this router */
  add(routee: ActorRef<P>): void
  /** @returns whether it was a routee */
  remove(routee: ActorRef<P>): boolean
}

export interface RouterOptions {
  readonly random?: Random
}

/** What the choice knows of a routee. */
export interface Candidate {
  /** Of its address. */
  readonly hash: number
  readonly load: number
}

/** Chance and order, drawn for one message. */
export interface Draw {
  readonly turn: number
  /** From 0 (inclusive) to 1 (exclusive), each. */
  readonly first: number
  readonly second: number
}

/**
 * @returns the place of the one that gets the message (R1)
 * @param candidates at least one
 * @param key for hash routing
 */
export function choose(routing: OneRouting, candidates: readonly Candidate[], draw: Draw, key: string): number {
  const count = candidates.length
  if (routing === "round-robin") return draw.turn % count
  const one = Math.floor(draw.first * count)
  if (routing === "random" || count === 1) return one
  if (routing === "least-loaded") {
    const other = (one + 1 + Math.floor(draw.second * (count - 1))) % count
    return loadAt(candidates, other) < loadAt(candidates, one) ? other : one
  }
  const wanted = hashOf(key)
  let best = 0
  let highest = -1
  for (const [place, { hash }] of candidates.entries()) {
    const score = mixed(wanted + hash)
    if (score > highest) [best, highest] = [place, score]
  }
  return best
}

const loadAt = (candidates: readonly Candidate[], place: number): number => candidates[place]?.load ?? Infinity

/** 32 bits of FNV-1a, mixed. */
export function hashOf(text: string): number {
  return mixed(fnv1a(text))
}

/** The finalizer of MurmurHash3: each bit of the input changes half of the output. */
function mixed(value: number): number {
  let hash = value | 0
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return (hash ^ (hash >>> 16)) >>> 0
}

class Routee implements Candidate {
  readonly ref: Ref
  readonly hash: number
  /** Asks through this router that are open: what is known of the load of an actor that is not in this process. */
  asks = 0

  constructor(ref: Ref) {
    this.ref = ref
    this.hash = hashOf(ref.address)
  }

  get ended(): boolean {
    return cellOf(this.ref)?.alive === false
  }

  get stopping(): boolean {
    return cellOf(this.ref)?.stopping === true
  }

  get load(): number {
    const cell = cellOf(this.ref)
    return cell === undefined ? this.asks : cell.waiting + (cell.idle ? 0 : 1)
  }
}

class RouterRef extends Ref {
  readonly address: string
  readonly #routing: Routing
  readonly #random: Random
  #routees: Routee[]
  #turn = 0

  constructor(routees: readonly Ref[], routing: Routing, random: Random) {
    super()
    this.#routing = routing
    this.#random = random
    this.#routees = routees.map((ref) => new Routee(ref))
    this.address = `router:${random.uuid()}`
  }

  get routees(): readonly Ref[] {
    return this.#living().map(({ ref }) => ref)
  }

  add(ref: Ref): void {
    if (leadsTo(ref, this)) throw new AgentOSError("ASK_CYCLE", `${ref.address} leads back to ${this.address}`) // R4
    this.#routees = [...this.#routees, new Routee(ref)]
  }

  remove(ref: Ref): boolean {
    const { address } = ref
    const rest = this.#routees.filter((routee) => routee.ref.address !== address)
    const removed = rest.length < this.#routees.length
    this.#routees = rest
    return removed
  }

  send(type: string, payload: unknown, cause: Cause | undefined): boolean {
    const routees = this.#living()
    if (routees.length === 0) return false
    const routing = this.#routing
    if (routing !== "broadcast" && routing !== "scatter-gather-first")
      return checking(this.#chosen(routing, routees, type, payload, cause).ref, cause).send(type, payload, cause)
    const taken = routees.filter(({ ref }) => checking(ref, cause).send(type, payload, cause)).length
    return routing === "broadcast" ? taken === routees.length : taken > 0
  }

  async request(
    type: string,
    payload: unknown,
    cause: Cause | undefined,
    options: AskOptions | undefined,
    serving: OpenAsk | undefined,
    asker: object | undefined,
  ): Promise<never> {
    const routees = this.#living()
    if (routees.length === 0) throw new AgentOSError("NO_ROUTEE", `${this.address} has nobody to pass ${type} to`)
    const routing = this.#routing
    const ask = async (routee: Routee): Promise<never> => {
      routee.asks += 1
      try {
        return await checking(routee.ref, cause).request(type, payload, cause, options, serving, asker)
      } finally {
        routee.asks -= 1
      }
    }
    if (routing === "broadcast") return (await Promise.all(routees.map(ask))) as never
    if (routing !== "scatter-gather-first") return ask(this.#chosen(routing, routees, type, payload, cause))
    try {
      return await Promise.any(routees.map(ask))
    } catch (all) {
      throw all instanceof AggregateError ? all.errors[0] : all
    }
  }

  /** R5 */
  override get checks(): boolean {
    return false
  }

  #chosen(
    routing: OneRouting,
    routees: readonly Routee[],
    type: string,
    payload: unknown,
    cause: Cause | undefined,
  ): Routee {
    const chance = this.#random
    const draw = { turn: this.#turn++, first: chance.float(), second: chance.float() }
    const key = typeof routing === "string" ? "" : keyOf(routing, routees, type, payload, cause)
    return routees[choose(routing, routees, draw, key)] as Routee
  }

  /** Those that may be chosen (R2). */
  #living(): readonly Routee[] {
    if (!this.#routees.some((routee) => routee.stopping)) return this.#routees
    this.#routees = this.#routees.filter((routee) => !routee.ended)
    return this.#routees.filter((routee) => !routee.stopping)
  }
}

/** @throws {AgentOSError} `INVALID_PAYLOAD` for a payload from outside (R5) */
function keyOf(
  { hash }: HashRouting,
  routees: readonly Routee[],
  type: string,
  payload: unknown,
  cause: Cause | undefined,
): string {
  if (cause?.untrusted !== true) return textOf(type, hash(type, payload))
  const knows = routees.find(({ ref }) => ref.checks)?.ref
  const checked = knows === undefined ? payload : knows.check(type, payload)
  try {
    return textOf(type, hash(type, checked))
  } catch (error) {
    throw new AgentOSError("INVALID_PAYLOAD", `${type}: its hash throws: ${thrownText(error)}`, { cause: error })
  }
}

function textOf(type: string, key: unknown): string {
  if (typeof key === "string") return key
  throw new AgentOSError("INVALID_PAYLOAD", `${type}: its hash gives no text, but something of type ${typeof key}`)
}

function leadsTo(from: Ref, to: Ref): boolean {
  if (from === to) return true
  if (from instanceof RefBefore) return leadsTo(from.target, to)
  return from instanceof RouterRef && from.routees.some((ref) => leadsTo(ref, to))
}

/**
 * A ref that passes each message on to one of the routees, or to all of them. With none left a tell answers false and
 * an ask rejects with `NO_ROUTEE`.
 */
export function router<P>(
  routees: readonly ActorRef<P>[],
  routing: "broadcast",
  options?: RouterOptions,
): Router<P, Broadcast<P>>
export function router<P>(
  routees: readonly ActorRef<P>[],
  routing: Exclude<Routing, "broadcast">,
  options?: RouterOptions,
): Router<P>
export function router<P>(
  routees: readonly ActorRef<P>[],
  routing: Routing,
  options: RouterOptions = {},
): Router<P, Broadcast<P>> | Router<P> {
  checkOptions("INVALID_DEFINITION", "the options of a router", options, { random: true })
  const { random = systemRandom } = options
  const words = ["round-robin", "random", "least-loaded", "scatter-gather-first", "broadcast"]
  if (typeof routing !== "object" || typeof routing?.hash !== "function")
    checkWord("INVALID_DEFINITION", "the routing of a router, if it is not { hash },", routing ?? null, words)
  return new RouterRef(routees as unknown as readonly Ref[], routing, random) as unknown as Router<P>
}
