/** Abort signals of causes, on their way across a link: each crosses once, and is known by a number after that. */
import type { AgentOSError } from "../errors.js"
import { follow, type Follower } from "../following.js"
import type { Holding, Notice } from "./holding.js"
import { failureOf, thrownOf, type Failure } from "./failure.js"

/** Signals of this side that the other has heard of. */
export class SignalsSent {
  readonly #numbers = new WeakMap<AbortSignal, number>()
  /** A signal that nobody holds any more cannot abort: the other side need not keep it. */
  readonly #unheld: Notice<number>
  readonly #aborted: (number: number, failure: Failure) => void
  #next = 0

  constructor(holding: Holding, aborted: (number: number, failure: Failure) => void, unheld: (number: number) => void) {
    this.#aborted = aborted
    this.#unheld = holding.notice(unheld)
  }

  numberOf(signal: AbortSignal): number {
    const known = this.#numbers.get(signal)
    if (known !== undefined) return known
    const number = this.#next++
    this.#numbers.set(signal, number)
    this.#unheld.register(signal, number)
    const follower: Follower = { aborted: ({ reason }) => this.#aborted(number, failureOf(reason)) }
    if (signal.aborted) follower.aborted(signal)
    else follow(signal, follower)
    return number
  }
}

/** Signals of the other side. */
export class SignalsReceived {
  readonly #controllers = new Map<number, AbortController>()

  signalOf(number: number): AbortSignal {
    return this.#controller(number).signal
  }

  /** It may be aborted before the message that it comes with. */
  abort(number: number, failure: Failure): void {
    this.#controller(number).abort(thrownOf(failure))
  }

  forget(number: number): void {
    this.#controllers.delete(number)
  }

  /** The other side is gone: nobody there waits any more. */
  abortAll(reason: AgentOSError): void {
    for (const controller of this.#controllers.values()) controller.abort(reason)
    this.#controllers.clear()
  }

  #controller(number: number): AbortController {
    let controller = this.#controllers.get(number)
    if (controller === undefined) this.#controllers.set(number, (controller = new AbortController()))
    return controller
  }
}
