/**
 * An actor that lives on the other side of a link stands here as a proxy: a real actor in the tree, with a name, a
 * mailbox, watchers and a supervisor, whose handlers forward. What the actor over there does to its life, the proxy
 * does to its own; what the supervisor here decides is carried out over there.
 *
 * Invariants
 *   X1. Messages leave the proxy's mailbox in order, and only as many as the window lets; the others wait here.
 *   X2. A crash over there is a crash of the proxy, with the original error; the messages that wait, here and there,
 *       are kept, save those that were lost with the other side itself.
 *   X3. The proxy has ended in order only when the actor over there has.
 *   X4. News of a round that is over is not heard.
 *   X5. An entity that stopped itself over there lives on there while a message that it did not handle is there or on
 *       its way: its next life has them, in their order.
 *   X6. What an entity was told and has not handled over there when it is stopped waits here before all else, and goes
 *       where that goes.
 */
import { checkedDefinition, type ErasedHandler, type ErasedSpec, type SpawnOptions } from "../actor.js"
import { Ask, DeferredReply } from "../ask.js"
import type { Cell } from "../cell.js"
import { causeOf, type Meta } from "../inbox.js"
import { Context } from "../context.js"
import { AgentOSError } from "../errors.js"
import { DEFAULT_CAPACITY } from "../mailbox.js"
import { exitOf, failureOf } from "./failure.js"
import type { Link } from "./link.js"
import { windowOf, type RoundEnd, type SeatNews, type Told } from "./protocol.js"

/** Who finds a place for actors that are to live elsewhere. */
export interface Places {
  /** The seat of a proxy: made when first asked for, kept until the proxy has ended. */
  seatOf(cell: Cell): Seat
  /** Where the actor of a seat lives or is to live. */
  linkFor(seat: Seat): Promise<Link>
}

/** Options of a proxy, with those that its actor was spawned with. */
export interface NearOptions extends SpawnOptions<unknown> {
  readonly far: SpawnOptions<unknown>
}

/** What a stop over there may take longer than its own limits, twice. */
const graceMs = 2000

/** The seat of one actor on the other side. */
export class Seat {
  readonly cell: Cell
  readonly spec: ErasedSpec
  readonly number: number
  readonly #places: Places
  readonly #window: number
  /** Where the actor lives, once it does. */
  link: Link | undefined
  #round = 0
  /** The round has begun, and the other side has not said that it is over. */
  #live = false
  /** It stopped by itself, and is kept for its supervisor. */
  #stopped = false
  #sent = 0
  #idleAt = -1
  #underWay = 0
  /** Lets the proxy take its next message. */
  #hold: (() => void) | undefined
  #started: (() => void) | undefined
  #over: (() => void) | undefined

  /** @param spec of the actor over there */
  constructor(places: Places, cell: Cell, spec: ErasedSpec) {
    this.#places = places
    this.cell = cell
    this.spec = spec
    this.number = cell.incarnation
    this.#window = windowOf(this.#options.mailbox?.capacity ?? spec.mailbox?.capacity ?? DEFAULT_CAPACITY)
    cell.family.onStopped(() => this.#ended())
  }

  get #options(): SpawnOptions<unknown> {
    const { options } = this.cell
    return (options as NearOptions | undefined)?.far ?? options ?? {}
  }

  /** Starts the actor over there, or starts it again. */
  async start(): Promise<void> {
    const round = ++this.#round
    this.#live = true
    this.#stopped = false
    let link = this.link
    if (link === undefined) {
      link = await this.#places.linkFor(this)
      if (round !== this.#round || !this.cell.alive) return
      this.#spawn(link, round)
    } else link.seat(this.number, { what: "restart", data: round })
    await new Promise<void>((done) => (this.#started = done))
  }

  #spawn(link: Link, round: number): void {
    const { init, mailbox, shutdownTimeoutMs, supervision } = this.#options
    const entity = this.cell.options?.entity !== undefined
    const kind = entity ? "permanent" : this.#options.kind // X5: what it leaves is kept until this side has decided
    this.link = link
    this.#underWay = 0
    this.#sent = 0
    this.#idleAt = -1
    link.seat(this.number, {
      what: "spawn",
      data: {
        round,
        definition: this.spec.name,
        entity,
        module: this.spec.module as string,
        address: link.nameOf(this.cell),
        init: link.vocabulary.pack(init, `what ${this.spec.name} is spawned with`),
        options: { name: this.cell.name, kind, mailbox, shutdownTimeoutMs, supervision },
      },
    })
  }

  /** X1 */
  forward(type: string, payload: unknown, meta: Meta | undefined): unknown {
    const { link } = this
    if (link === undefined) return void this.cell.system.deadLetter(this.cell, type, meta, "stopped")
    let answer: DeferredReply | undefined
    if (meta instanceof Ask) {
      meta.beginAt(this.cell.system.upSince(this.cell))
      link.ask(this.number, type, payload, meta)
      answer = new DeferredReply(meta)
    } else link.tell(this.number, type, payload, causeOf(meta))
    this.#sent += 1
    this.#underWay += 1
    // A reentrant message passes while the proxy is held, and does not hold it twice.
    return this.#underWay < this.#window || this.#hold !== undefined ? answer : this.#held(answer)
  }

  /** The message is sent; the proxy takes the next one when there is room again. */
  #held<T>(answer: T): Promise<T> {
    return new Promise((done) => {
      this.#hold = () => done(answer)
    })
  }

  credit(count: number): void {
    this.#underWay = Math.max(0, this.#underWay - count)
    if (this.#underWay < this.#window) this.release()
  }

  release(): void {
    this.#hold?.()
    this.#hold = undefined
  }

  /**
   * Whether the actor may have something to do; if so, asks it. What it answers counts once: it may have begun
   * something by itself since.
   */
  get busy(): boolean {
    const idle = this.#sent === this.#idleAt
    this.#idleAt = -1
    if (this.link === undefined || idle) return false
    this.link.seat(this.number, { what: "idle?" })
    return true
  }

  /** The proxy's life is over. Unless the actor's is, too, it is ended over there; the next one may begin. */
  revoked(): void {
    this.#round += 1
    this.release()
    if (this.#live) this.link?.seat(this.number, { what: "suspend" })
    this.#live = false
  }

  /** X3 */
  async stop(): Promise<void> {
    const { link } = this
    if (link === undefined || this.#stopped) return
    const over = new Promise<void>((done) => (this.#over = done))
    const why = this.cell.options?.entity?.over
    link.seat(this.number, { what: "stop", data: why && failureOf(why) })
    await over
  }

  /** The proxy has ended. */
  #ended(): void {
    this.release()
    this.#round += 1
    this.link?.seat(this.number, { what: "end" })
    this.#left()
  }

  #left(): void {
    this.link = undefined
    this.#over?.()
  }

  news(news: SeatNews): void {
    switch (news.what) {
      case "started":
        if (news.data === this.#round) this.#started?.()
        return
      case "idle":
        this.#idleAt = news.data
        return
      case "unhandled":
        return this.#unhandled(news.data)
      case "used":
        return this.cell.options?.entity?.used()
      case "crashed":
        if (news.data.round !== this.#round) return // X4
        return this.#roundEnded(news.data)
      case "over":
        this.#live = false
        this.#left()
        if (!this.cell.stopping) this.#stopProxy()
    }
  }

  /** X6 */
  #unhandled({ type, payload, cause }: Told): void {
    const { cell, link } = this
    if (link === undefined) return
    const { vocabulary } = link
    const meta = vocabulary.unpackCause(cause)
    const handler = cell.compiled.number(type)
    cell.keepAside({ handler, payload: vocabulary.unpack(payload.value, payload.parts), meta })
  }

  #roundEnded({ exit: told, left, gone = false }: RoundEnd): void {
    const round = this.#round
    const exit = exitOf(told)
    if (gone) this.link = undefined
    if (exit.kind === "crashed") {
      // The message that a full window held is on the other side: its turn here ends well first.
      this.release()
      return this.cell.system.clock.soon(() => {
        if (this.#live && round === this.#round) this.#crash(exit.error, gone)
      })
    }
    if (left?.unwilling === true) this.cell.options?.entity?.refused()
    else if (left !== undefined && left.taken < this.#sent && !this.cell.stopping)
      return this.link?.seat(this.number, { what: "restart", data: ++this.#round }) // X5
    this.#stopped = true
    this.#live = false
    this.#stopProxy()
    this.#over?.()
  }

  #stopProxy(): void {
    this.release()
    this.cell.stopItself()
  }

  /** The other side is gone, and the actor with it. */
  lost(error: AgentOSError): void {
    this.#left()
    if (this.#live) this.#crash(error, true)
  }

  /**
   * X2
   * @param quiet whether nobody over there has logged it
   */
  #crash(error: unknown, quiet: boolean): void {
    const { cell } = this
    const { system } = cell
    this.#round += 1
    this.#live = false
    this.release()
    if (!cell.alive || cell.stopping) return
    system.counts.crashes += 1
    if (cell.compiled.meter !== undefined) cell.compiled.meter.crashes += 1
    system.telemetry.crashed?.(cell.address, error)
    if (quiet) system.logger.warn({ actor: cell.address, error }, "an actor crashed")
    cell.crashed(error)
  }
}

/** What a proxy's handlers are given. */
class ProxyContext extends Context {
  readonly seat: Seat
  readonly #proxy: Cell

  constructor(cell: Cell, seat: Seat) {
    super(cell)
    this.#proxy = cell
    this.seat = seat
  }

  forward(type: string, payload: unknown): unknown {
    return this.seat.forward(type, payload, this.meta)
  }

  override turn(meta: Meta | undefined): Context {
    return new ProxyTurn(this.#proxy, this.seat, meta)
  }

  override get owes(): boolean {
    return this.seat.busy
  }

  override abort(): void {
    super.abort()
    this.seat.release()
  }

  override revoke(): void {
    super.revoke()
    this.seat.revoked()
  }
}

class ProxyTurn extends ProxyContext {
  readonly #turn: Meta | undefined
  constructor(cell: Cell, seat: Seat, meta: Meta | undefined) {
    super(cell, seat)
    this.#turn = meta
  }
  protected override get meta(): Meta | undefined {
    return this.#turn
  }
  override over(): void {
    // The handler is on the other side.
  }
}

/**
 * The definition of the proxies of a definition.
 * @throws {AgentOSError} `INVALID_DEFINITION` when nobody could find it elsewhere
 */
export function nearSpec(spec: ErasedSpec, places: Places, systemShutdownMs: number): ErasedSpec {
  if (spec.module === undefined)
    throw new AgentOSError(
      "INVALID_DEFINITION",
      `actor ${JSON.stringify(spec.name)} is to run on a worker thread, which must find its definition: add "module: import.meta.url" to it, and export it from that module`,
    )
  const { mailbox, reentrant = [], shutdownTimeoutMs = systemShutdownMs } = spec
  const capacity = mailbox?.capacity ?? DEFAULT_CAPACITY
  const forwards =
    (type: string): ErasedHandler =>
    (ctx, payload) =>
      (ctx as ProxyContext).forward(type, payload)
  const { supervision: _own, started: _started, stopping: _stopping, ended: _ended, placement: _placed, ...rest } = spec
  return checkedDefinition({
    ...rest,
    state: () => undefined,
    receive: Object.fromEntries(Object.keys(spec.receive).map((type) => [type, forwards(type)])),
    context: (cell) => new ProxyContext(cell, places.seatOf(cell)),
    started: (ctx) => (ctx as ProxyContext).seat.start(),
    stopping: (ctx) => (ctx as ProxyContext).seat.stop(),
    mailbox: {
      ...(mailbox?.bytes === undefined ? {} : { bytes: mailbox.bytes }),
      ...(mailbox?.overflow === undefined ? {} : { overflow: mailbox.overflow }),
      capacity: Math.max(1, capacity - windowOf(capacity)),
    },
    // They pass even while the window is full; over there they overtake what waits.
    reentrant: [...new Set([...reentrant, ...(mailbox?.urgent ?? [])])],
    handlerTimeoutMs: Infinity, // the other side has limits of its own
    shutdownTimeoutMs: 2 * shutdownTimeoutMs + graceMs,
    carried: true,
  }).spec
}

/** What a proxy is spawned with when its actor is spawned with these. */
export function nearOptions(far: SpawnOptions<unknown>): NearOptions {
  const { name, init, kind, mailbox, shutdownTimeoutMs } = far
  const capacity = mailbox?.capacity
  return {
    ...(name === undefined ? {} : { name }),
    ...(init === undefined ? {} : { init }),
    ...(kind === undefined ? {} : { kind }),
    ...(mailbox === undefined
      ? {}
      : {
          mailbox: {
            ...mailbox,
            ...(capacity === undefined ? {} : { capacity: Math.max(1, capacity - windowOf(capacity)) }),
          },
        }),
    ...(shutdownTimeoutMs === undefined ? {} : { shutdownTimeoutMs: 2 * shutdownTimeoutMs + graceMs }),
    far,
  }
}
