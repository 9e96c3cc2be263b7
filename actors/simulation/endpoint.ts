/**
 * One end of the virtual network: a node in its present life, or the clients outside of all nodes; and the asks that
 * wait there for an answer.
 */
import { AgentOSError } from "../errors.js"
import { follow, unfollow, type Follower } from "../following.js"
import type { ActorSystem } from "../system.js"
import { Deadline, TimerWheel } from "../timers.js"
import type { ClockView } from "./virtual-clock.js"

/** An ask that waits for an answer from elsewhere. */
export class RemoteAsk extends Deadline implements Follower {
  readonly id: number
  readonly #endpoint: Endpoint
  readonly #title: () => string
  readonly #resolve: (value: never) => void
  readonly #reject: (error: unknown) => void
  readonly #signal: AbortSignal | undefined

  constructor(
    id: number,
    endpoint: Endpoint,
    title: () => string,
    signal: AbortSignal | undefined,
    resolve: (value: never) => void,
    reject: (error: unknown) => void,
  ) {
    super()
    this.id = id
    this.#endpoint = endpoint
    this.#title = title
    this.#signal = signal
    this.#resolve = resolve
    this.#reject = reject
    if (signal !== undefined) follow(signal, this)
  }

  aborted({ reason }: AbortSignal): void {
    this.fail(
      reason instanceof AgentOSError ? reason : new AgentOSError("CANCELLED", `the ask ${this.#title()} was cancelled`),
    )
  }

  reply(value: unknown): void {
    if (this.#end()) this.#resolve(value as never)
  }

  fail(error: unknown): void {
    if (this.#end()) this.#reject(error)
  }

  override expired(): void {
    this.fail(new AgentOSError("ASK_TIMEOUT", `no answer came to ${this.#title()} in time`))
  }

  #end(): boolean {
    this.wheel?.remove(this)
    if (this.#signal !== undefined) unfollow(this.#signal, this)
    return this.#endpoint.asks.delete(this.id)
  }
}

/** A node, or the clients outside of all nodes, as the network knows it. */
export class Endpoint {
  readonly name: string
  readonly number: number
  readonly asks = new Map<number, RemoteAsk>()
  clock: ClockView
  wheel: TimerWheel
  /** Who hears what arrives; undefined while nobody does. */
  system: ActorSystem | undefined

  constructor(name: string, number: number, clock: ClockView) {
    this.name = name
    this.number = number
    this.clock = clock
    this.wheel = new TimerWheel(clock)
  }

  /** A new life begins (N2). */
  restart(clock: ClockView): void {
    this.system = undefined
    this.asks.clear()
    this.clock = clock
    this.wheel = new TimerWheel(clock)
  }
}
