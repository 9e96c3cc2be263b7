/**
 * The actors of the other side that live here. Each is a real actor, save that its supervisor sits over there: a crash
 * is told, and what is to happen comes as news of its seat.
 *
 * Invariants
 *   H1. Its address is that of its proxy, so that there is one address for one actor.
 *   H2. After a crash, or the stop of one that is permanent, it keeps its mailbox and its place until the other side
 *       says restart or end.
 *   H3. What an entity was told and has not handled when it is stopped goes back to its proxy, in its order, before
 *       that hears that it is over.
 */
import { parseAddress } from "../address.js"
import { Ask } from "../ask.js"
import type { AnyDefinition } from "../actor.js"
import { Cell } from "../cell.js"
import type { Compiled } from "../compiled.js"
import { AgentOSError } from "../errors.js"
import type { EntityId } from "../entities.js"
import type { CellOptions, EntityPlace } from "../inbox.js"
import type { Ref } from "../ref.js"
import type { Exit } from "../supervision.js"
import type { Link, Seats } from "./link.js"
import type { SeatNews, SeatRequest } from "./protocol.js"
import { failureOf, farExit, thrownOf } from "./failure.js"

/** The place of an entity whose proxy stands over there, where its life is decided on. */
class FarPlace implements EntityPlace {
  over: AgentOSError | undefined = undefined
  unwilling = false
  /** Once it lives. */
  cell: Hosted | undefined = undefined
  /** The other side waits for its end. */
  stopping = false
  readonly #link: Link
  readonly #seat: number
  readonly #type: string
  readonly #id: EntityId
  #ref: Ref | undefined

  constructor(link: Link, seat: number, type: string, id: EntityId) {
    this.#link = link
    this.#seat = seat
    this.#type = type
    this.#id = id
  }

  get ref(): Ref {
    return (this.#ref ??= this.#link.system.entityAt(this.#id.tenant, this.#type, this.#id.key))
  }

  used(): void {
    this.#link.seat(this.#seat, { what: "used" })
  }

  refused(): void {
    this.unwilling = true
  }

  /** H3. Asks are told here that it has ended, as `bury` would. */
  ended(): void {
    const { cell } = this
    if (cell === undefined || !this.stopping) return
    const { vocabulary, system } = this.#link
    for (const { handler, payload, meta } of cell.takeAll()) {
      const type = cell.compiled.typeOf(handler)
      if (meta instanceof Ask) system.deadLetter(cell, type, meta, "stopped")
      else {
        const told = { type, payload: vocabulary.pack(payload, type), cause: vocabulary.packCause(meta) }
        this.#link.seat(this.#seat, { what: "unhandled", data: told })
      }
    }
  }
}

/** An actor that lives here and stands in the tree over there. */
class Hosted extends Cell {
  readonly #address: string

  constructor(link: Link, compiled: Compiled, seat: number, address: string, options: CellOptions) {
    super(link.system, compiled, link.anchor, seat, options)
    this.#address = address
  }

  override get address(): string {
    return this.#address // H1
  }

  override get path(): string[] {
    const address = parseAddress(this.#address)
    return address.kind === "actor" ? [...address.path] : [this.name]
  }
}

interface Place {
  round: number
  /** Messages that came for it. */
  received: number
  /** Once its definition is loaded. */
  cell: Hosted | undefined
  /** Of an entity. */
  entity: FarPlace | undefined
}

/** How definitions are found by name. */
export interface Definitions {
  /** A promise while the module must be loaded. @throws {AgentOSError} `UNKNOWN_DEFINITION` */
  find(module: string, name: string): AnyDefinition | Promise<AnyDefinition>
  compile(definition: AnyDefinition): Compiled
}

export class Far implements Seats {
  readonly #definitions: Definitions
  readonly #places = new Map<number, Place>()
  /** Set as soon as there is one. */
  link!: Link

  constructor(definitions: Definitions) {
    this.#definitions = definitions
  }

  at(seat: number): Cell | undefined {
    const place = this.#places.get(seat)
    if (place === undefined) return undefined
    place.received += 1
    return place.cell
  }

  credit(): void {
    // Nobody who lives here sends to a seat: those are numbers of the other side.
  }

  childEnded(child: Cell, exit: Exit): void {
    const place = this.#places.get(child.incarnation)
    if (place?.cell !== child) return
    const { round, received, entity } = place
    const left = entity && { taken: received - child.unhandled, unwilling: entity.unwilling }
    this.link.seat(child.incarnation, { what: "crashed", data: { round, exit: farExit(exit), left } })
  }

  ended(cell: Cell): void {
    if (this.#places.get(cell.incarnation)?.cell === cell) this.#over(cell.incarnation)
  }

  news(seat: number, news: SeatNews): void {
    if (news.what === "spawn") return this.#spawn(seat, news.data)
    const place = this.#places.get(seat)
    if (place === undefined) return
    const { cell } = place
    switch (news.what) {
      case "restart":
        place.round = news.data
        if (cell !== undefined) void this.#restart(seat, place, cell)
        return
      case "suspend":
        return cell?.suspend() // H2
      case "stop":
      case "end":
        if (place.entity !== undefined) place.entity.stopping = news.what === "stop"
        if (news.data !== undefined && place.entity !== undefined)
          place.entity.over = AgentOSError.from(thrownOf(news.data), "ACTOR_STOPPED")
        if (cell === undefined) this.#over(seat)
        else void cell.stop()
        return
      case "idle?":
        if (cell?.idle === true) this.link.seat(seat, { what: "idle", data: place.received })
    }
  }

  #over(seat: number): void {
    this.#places.delete(seat)
    this.link.seat(seat, { what: "over" })
  }

  #spawn(seat: number, request: SeatRequest): void {
    const { round, module, definition } = request
    const place: Place = { round, received: 0, cell: undefined, entity: undefined }
    this.#places.set(seat, place)
    const start = (found: AnyDefinition): void => {
      if (this.#places.get(seat) === place) this.#start(seat, place, request, found)
    }
    const fail = (error: unknown): void => {
      if (this.#places.get(seat) !== place) return
      this.#places.delete(seat)
      const exit = { kind: "crashed", failure: failureOf(error) } as const
      this.link.seat(seat, { what: "crashed", data: { round, exit, gone: true } })
    }
    try {
      const found = this.#definitions.find(module, definition)
      if (found instanceof Promise) found.then(start).catch(fail)
      else start(found)
    } catch (error) {
      fail(error)
    }
  }

  #start(seat: number, place: Place, { address, entity, init, options }: SeatRequest, definition: AnyDefinition): void {
    const { link } = this
    const compiled = this.#definitions.compile(definition)
    const unpacked = link.vocabulary.unpack(init.value, init.parts)
    if (entity) place.entity = new FarPlace(link, seat, definition.name, unpacked as EntityId)
    const cell = new Hosted(link, compiled, seat, address, {
      ...options,
      init: unpacked,
      ...(place.entity === undefined ? {} : { entity: place.entity }),
    })
    place.cell = cell
    if (place.entity !== undefined) place.entity.cell = cell
    link.system.counts.actors += 1
    link.anchor.family.adopt(cell)
    link.anchor.family.watch(cell)
    link.nameOf(cell)
    cell.start()
    this.#tellReady(seat, place, cell)
  }

  /** Its children stop first, as in every restart. */
  async #restart(seat: number, place: Place, cell: Cell): Promise<void> {
    await cell.stopChildrenOf()
    cell.restart()
    this.#tellReady(seat, place, cell)
  }

  #tellReady(seat: number, place: Place, cell: Cell): void {
    const { round } = place
    void cell.ready().then((well) => {
      if (well && place.round === round) this.link.seat(seat, { what: "started", data: round })
    })
  }
}
