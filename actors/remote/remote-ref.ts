/**
 * A ref to an actor of the other side of a link. It is a cell without a mailbox, so that it can be watched and linked
 * as every actor; its family is made when somebody asks for it, and the other side is asked to tell when it ends.
 */
import type { Ask } from "../ask.js"
import type { Cause } from "../cause.js"
import { Cell } from "../cell.js"
import { Compiled } from "../compiled.js"
import { AgentOSError } from "../errors.js"
import type { Family } from "../family.js"
import { keptCopy } from "../plain.js"
import type { Exit } from "../supervision.js"
import type { Link } from "./link.js"
import { failureOf } from "./failure.js"
import { windowOf, type FarDefinition } from "./protocol.js"

/** A definition of the other side, as far as a sender must know it. */
export function farCompiled({ name, types, reentrant, urgent, capacity }: FarDefinition): Compiled {
  const receive = Object.fromEntries(types.map((type) => [type, () => undefined]))
  return new Compiled({ name, state: () => undefined, receive, reentrant, mailbox: { capacity, urgent } })
}

/**
 * Of a ref whose definition is not known here: any message may be sent, and the other side refuses what it does not
 * know.
 */
export class UnknownProtocol extends Compiled {
  constructor() {
    super({ name: "unknown", state: () => undefined, receive: {} })
  }
  override number(): number {
    return 1
  }
  override isReentrant(): boolean {
    return false
  }
}

export class RemoteRef extends Cell {
  readonly link: Link
  /** What it is known by on the other side. */
  readonly remoteName: string
  readonly #window: number
  /** Sent, and not yet taken over there. */
  #underWay = 0
  #over = false
  /** Asks that wait for room. */
  #patient: (() => void)[] | undefined

  constructor(link: Link, compiled: Compiled, name: string) {
    super(link.system, compiled, link.anchor, 0, undefined)
    this.link = link
    this.remoteName = name
    this.#window = windowOf(compiled.capacity)
  }

  override get address(): string {
    return this.remoteName
  }

  override get name(): string {
    return this.remoteName
  }

  override get alive(): boolean {
    return !this.#over && !this.link.closed
  }

  override get stopping(): boolean {
    return !this.alive
  }

  override get waiting(): number {
    return this.#underWay
  }

  override get family(): Family {
    if (this.alive) this.link.fate(this.remoteName, { what: "observe" })
    return super.family
  }

  /** The schemas are where it lives. */
  override get checks(): boolean {
    return false
  }

  override tell(type: string, payload?: unknown): boolean {
    return this.send(type, payload, undefined)
  }

  override send(type: string, payload: unknown, cause: Cause | undefined): boolean {
    const number = this.compiled.number(type)
    const { link } = this
    if (!this.alive || link.refusal !== undefined) return this.system.deadLetter(this, type, cause, "stopped")
    if (!this.#hasRoom(number)) {
      this.system.counts.refused += 1
      return false
    }
    link.tell(this.remoteName, type, payload, cause)
    this.#underWay += 1
    return true
  }

  #hasRoom(number: number): boolean {
    return this.#underWay < this.#most(number) && !this.link.full
  }

  override putAsk(type: string, payload: unknown, ask: Ask): boolean {
    const number = this.compiled.number(type)
    const { link } = this
    if (link.refusal !== undefined) {
      ask.fail(link.refusal)
      return false
    }
    if (!this.alive) return this.system.deadLetter(this, type, ask, "stopped")
    if (this.#hasRoom(number)) {
      link.ask(this.remoteName, type, payload, ask)
      this.#underWay += 1
      return true
    }
    if (ask.patient) {
      if (link.full) link.waitForRoom(this)
      const copy = keptCopy(payload, () => type) // L6
      ;(this.#patient ??= []).push(() => {
        if (!ask.ended) this.putAsk(type, copy, ask)
      })
      return true
    }
    this.system.counts.refused += 1
    const message = `${this.#underWay} messages to ${this.address} are under way, and it takes no more`
    ask.fail(new AgentOSError("MAILBOX_FULL", message))
    return false
  }

  /**
   * How many may be under way before a message with this handler: those that overtake over there pass a full window,
   * too.
   */
  #most(handler: number): number {
    const { lanes } = this.compiled
    return lanes === undefined || lanes[handler] === 0 ? this.#window : 2 * this.#window
  }

  /** So many messages were taken; none: the link has room again. */
  credit(count: number): void {
    this.#underWay = Math.max(0, this.#underWay - count)
    const patient = this.#patient
    if (patient === undefined) return
    // Those who have given up take no room: who waits behind them would get no other credit.
    while (patient.length > 0 && this.#underWay < this.#window && !this.link.full) patient.shift()?.()
    if (patient.length === 0) this.#patient = undefined
    else if (this.link.full) this.link.waitForRoom(this)
  }

  override signal(): void {
    // It lives elsewhere: nothing is told here.
  }

  /** The other side says that it has ended, or is itself gone. */
  override end(exit: Exit): void {
    if (this.#over) return
    this.#over = true
    for (const again of this.#patient?.splice(0) ?? []) again()
    this.knownFamily?.ended(exit)
  }

  override stop(): Promise<void> {
    if (!this.alive) return Promise.resolve()
    return new Promise((done) => {
      this.family.onStopped(() => done())
      this.link.fate(this.remoteName, { what: "stop" })
    })
  }

  /** The other side says that it has crashed. */
  override crashed(error: unknown): void {
    for (const other of this.knownFamily?.takeLinked() ?? []) other.linkedCrash(this, error)
  }

  override linkedCrash(other: Cell, cause: unknown): void {
    if (!this.alive) return
    const data = { other: this.link.nameOf(other), failure: failureOf(cause) }
    this.link.fate(this.remoteName, { what: "linked-crash", data })
  }
}
