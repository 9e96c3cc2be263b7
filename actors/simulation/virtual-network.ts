/**
 * The network between simulated nodes. Messages of one link arrive in the order in which they were sent, unless chance
 * has it otherwise; what is lost is silence.
 *
 * Invariants
 *   N1. Payloads and answers are copied through the form in which they are stored and sent: nothing is shared between
 *       nodes.
 *   N2. A node that has crashed neither sends nor hears anything; its successor does not hear the answers to what it
 *       asked.
 *   N3. A message carries what a real one would: its cause with what is left of its deadline, and its command id.
 */
import { entityAddress, formatAddress } from "../address.js"
import type { Cause } from "../cause.js"
import type { PersistenceId } from "../persistence/journal.js"
import type { Transport } from "../ports.js"
import { checking, Ref, type AskOptions, type OpenAsk } from "../ref.js"
import type { ActorSystem } from "../system.js"
import { carry, errorOf, formOf, Packed, unload } from "./carried.js"
import { Endpoint, RemoteAsk } from "./endpoint.js"
import { fnv1a } from "../hash.js"
import { noted, type EventLog } from "./event-log.js"
import type { MessageFault, MessageFaults } from "./faults.js"
import type { SeededRandom } from "./seeded-random.js"
import { Happening, type ClockView, type VirtualClock } from "./virtual-clock.js"

const defaultAskMs = 5000

interface Message {
  readonly kind: "tell" | "ask" | "answer" | "failure"
  /** Of the ask. */
  readonly id: number
  readonly to: PersistenceId | undefined
  readonly type: string
  /** Its payload, or the answer (N1). */
  readonly carried: unknown
  readonly cause: Cause | undefined
  /** What is left of the time for the answer. */
  readonly leftMs: number
  readonly patient: boolean
}

/** One direction between two ends. */
class Link {
  readonly name: string
  readonly number: number
  readonly from: Endpoint
  readonly to: Endpoint
  /** Partitions that part its ends. */
  cuts = 0
  sent = 0
  /** When the last message arrives. */
  lastArrival = 0

  constructor(number: number, from: Endpoint, to: Endpoint) {
    this.name = `${from.name}>${to.name}`
    this.number = number
    this.from = from
    this.to = to
  }
}

/** A message under way. */
class Passage extends Happening {
  readonly #network: VirtualNetwork
  readonly link: Link
  readonly message: Message

  constructor(network: VirtualNetwork, link: Link, message: Message) {
    super()
    this.#network = network
    this.link = link
    this.message = message
  }

  happen(): void {
    this.#network.arrive(this)
  }
}

export interface NetworkOptions {
  /** How long a message takes at least; each takes up to twice as long, as chance has it. Default 0.5. */
  readonly latencyMs?: number
}

export class VirtualNetwork {
  readonly #clock: VirtualClock
  readonly #random: SeededRandom
  readonly #log: EventLog
  readonly #faults: MessageFaults
  readonly #latencyMs: number
  readonly #endpoints: Endpoint[] = []
  readonly #types = new Map<string, number>()
  /** By the numbers of both ends. */
  readonly #links: (Link | undefined)[][] = []
  #linksMade = 0
  #asks = 0
  /** Whether anything befalls messages. */
  faulty = true
  /** Is told of each fault. */
  befell: (fault: MessageFault) => void = () => undefined

  constructor(
    clock: VirtualClock,
    random: SeededRandom,
    log: EventLog,
    faults: MessageFaults,
    options: NetworkOptions = {},
  ) {
    this.#clock = clock
    this.#random = random
    this.#log = log
    this.#faults = faults
    this.#latencyMs = options.latencyMs ?? 0.5
  }

  endpoint(name: string): Endpoint {
    const endpoint = new Endpoint(name, this.#endpoints.length, this.#clock.view())
    this.#endpoints.push(endpoint)
    return endpoint
  }

  /** The transport of a node. @param home which end an entity lives at */
  transport(from: Endpoint, home: (id: PersistenceId) => Endpoint): Transport {
    const { clock } = from
    return {
      entity: (id) => {
        const to = home(id)
        return to === from ? undefined : new RemoteRef(this, from, clock, to, id)
      },
    }
  }

  ref(from: Endpoint, to: Endpoint, id: PersistenceId): Ref {
    return new RemoteRef(this, from, from.clock, to, id)
  }

  /** Parts some ends from the others. @returns joins them again */
  part(some: readonly Endpoint[], others: readonly Endpoint[]): () => void {
    const cut: Link[] = []
    for (const a of some) for (const b of others) cut.push(this.#link(a, b), this.#link(b, a))
    for (const link of cut) link.cuts += 1
    return () => {
      for (const link of cut.splice(0)) link.cuts -= 1
    }
  }

  tell(
    from: Endpoint,
    to: Endpoint,
    id: PersistenceId,
    type: string,
    payload: unknown,
    cause: Cause | undefined,
  ): void {
    const leftMs = cause?.deadline === undefined ? Infinity : cause.deadline - from.wheel.now
    const message: Message = {
      kind: "tell",
      id: 0,
      to: id,
      type,
      carried: carry(payload),
      cause,
      leftMs,
      patient: false,
    }
    this.#send(this.#link(from, to), message)
  }

  ask(
    from: Endpoint,
    to: Endpoint,
    id: PersistenceId,
    type: string,
    payload: unknown,
    cause: Cause | undefined,
    options: AskOptions | undefined,
    serving: OpenAsk | undefined,
  ): Promise<never> {
    return new Promise((resolve, reject) => {
      const carried = carry(payload)
      const { now } = from.wheel
      let deadline = now + (options?.timeoutMs ?? defaultAskMs)
      if (cause?.deadline !== undefined && cause.deadline < deadline) deadline = cause.deadline
      if (serving !== undefined && serving.deadline < deadline) deadline = serving.deadline
      const number = ++this.#asks
      const title = (): string => `${type} of ${id.type} ${id.key}`
      const ask = new RemoteAsk(number, from, title, cause?.signal, resolve, reject)
      from.asks.set(number, ask)
      if (cause?.signal?.aborted === true) return ask.aborted(cause.signal)
      from.wheel.addAt(ask, deadline)
      const patient = options?.whenFull === "wait"
      this.#send(this.#link(from, to), { kind: "ask", id: number, to: id, type, carried, cause, leftMs: deadline - now, patient }) // prettier-ignore
    })
  }

  arrive({ link, message }: Passage): void {
    const { to } = link
    const isAnswer = message.kind === "answer" || message.kind === "failure"
    if (link.cuts > 0 || (isAnswer ? !to.asks.has(message.id) : to.system === undefined))
      return this.#note(noted.lost, link, message)
    this.#note(noted.delivered, link, message)
    to.clock.arrive(() => this.#take(link, message))
  }

  #take(link: Link, message: Message): void {
    const { to } = link
    if (message.kind === "answer") to.asks.get(message.id)?.reply(unload(message.carried))
    else if (message.kind === "failure") to.asks.get(message.id)?.fail(errorOf(unload(message.carried)))
    else if (to.system !== undefined) this.#hand(link, message, to.system)
  }

  #hand(link: Link, message: Message, system: ActorSystem): void {
    const { type, leftMs, patient, kind, carried } = message
    const { tenant, type: definition, key } = message.to as PersistenceId
    const cause = causeThere(message, system)
    try {
      const ref = checking(system.entityAt(tenant, definition, key), cause)
      if (kind === "tell") return void ref.send(type, unload(carried), cause)
      const options: AskOptions = { timeoutMs: leftMs, whenFull: patient ? "wait" : "refuse" }
      ref.request(type, unload(carried), cause, options, undefined, undefined).then(
        (value) => this.#answer(link, message, system, "answer", value),
        (error: unknown) => this.#answer(link, message, system, "failure", error),
      )
    } catch (error) {
      if (kind === "ask") this.#answer(link, message, system, "failure", error)
    }
  }

  #answer(link: Link, { id, type }: Message, system: ActorSystem, as: "answer" | "failure", value: unknown): void {
    const { from, to } = link
    if (to.system !== system) return // N2
    let kind = as
    let carried: unknown
    try {
      carried = carry(kind === "answer" ? value : formOf(value, to.name))
    } catch (error) {
      kind = "failure"
      carried = carry(formOf(error, to.name))
    }
    const answer: Message = { kind, id, to: undefined, type, carried, cause: undefined, leftMs: Infinity, patient: false } // prettier-ignore
    this.#send(this.#link(to, from), answer)
  }

  #send(link: Link, message: Message): void {
    if (!link.from.clock.alive) return // N2
    this.#note(noted.sent, link, message)
    const number = ++link.sent
    if (link.cuts > 0) return this.#note(noted.lost, link, message)
    const { now } = this.#clock
    let arrival = Math.max(link.lastArrival, now + this.#latencyMs * (1 + this.#random.float()))
    const fault = this.faulty ? this.#faults.next(link.name, number, now) : undefined
    if (fault !== undefined) {
      this.befell(fault)
      if (fault.kind === "loss") return this.#note(noted.lost, link, message)
      if (fault.kind === "duplication") this.#carry(link, message, arrival + fault.byMs)
      else arrival += fault.byMs
    }
    if (fault?.kind !== "reordering") link.lastArrival = arrival // it holds up those behind it, unless they overtake it
    this.#carry(link, message, arrival)
  }

  #carry(link: Link, message: Message, arrival: number): void {
    this.#clock.schedule(arrival - this.#clock.now, new Passage(this, link, message))
  }

  #link(from: Endpoint, to: Endpoint): Link {
    const links = (this.#links[from.number] ??= [])
    return (links[to.number] ??= new Link(this.#linksMade++, from, to))
  }

  #note(kind: number, link: Link, { type, id, carried }: Message): void {
    let hash = this.#types.get(type)
    if (hash === undefined) this.#types.set(type, (hash = fnv1a(type)))
    const size = carried instanceof Packed ? carried.bytes.length : 0
    this.#log.event(kind, link.number, hash ^ id ^ (size << 8), this.#clock.now)
  }
}

/** N3 */
function causeThere({ cause, leftMs }: Message, system: ActorSystem): Cause | undefined {
  if (cause === undefined) return undefined
  const { traceId, caller, tenant, commandId, untrusted } = cause
  const deadline = leftMs === Infinity ? undefined : system.wheel.now + leftMs
  return { traceId, caller, tenant, commandId, untrusted, deadline, chain: [] }
}

/** An entity on another node. */
class RemoteRef extends Ref {
  readonly #network: VirtualNetwork
  readonly #from: Endpoint
  /** Of the life in which the ref was made (N2). */
  readonly #clock: ClockView
  readonly #to: Endpoint
  readonly #id: PersistenceId

  constructor(network: VirtualNetwork, from: Endpoint, clock: ClockView, to: Endpoint, id: PersistenceId) {
    super()
    this.#network = network
    this.#from = from
    this.#clock = clock
    this.#to = to
    this.#id = id
  }

  get address(): string {
    const { tenant, type, key } = this.#id
    return formatAddress(entityAddress(this.#from.system?.name ?? this.#to.system?.name ?? "simulation", tenant, type, key)) // prettier-ignore
  }

  override get checks(): boolean {
    return false
  }

  send(type: string, payload: unknown, cause: Cause | undefined): boolean {
    if (this.#clock.alive) this.#network.tell(this.#from, this.#to, this.#id, type, payload, cause)
    return true
  }

  request(
    type: string,
    payload: unknown,
    cause: Cause | undefined,
    options: AskOptions | undefined,
    serving: OpenAsk | undefined,
  ): Promise<never> {
    if (!this.#clock.alive) return new Promise(() => undefined)
    return this.#network.ask(this.#from, this.#to, this.#id, type, payload, cause, options, serving)
  }
}
