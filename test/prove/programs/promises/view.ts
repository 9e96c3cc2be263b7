/** What was seen while a program ran, as judges look at it. */
import type { ClusterFaultKind } from "#cluster/simulation/cluster-faults.js"
import { isEntity, type History, type Seen, type SeenAs } from "../history.js"
import { kindName, type Handler, type Kind, type Program } from "../program.js"

/** Asks wait so long unless told otherwise. */
export const askMs = 5000
/** A tick of the wheel and what the event loop takes. */
export const lateMs = 60
/** What was not handled so long after it was sent is not handled. */
export const soonMs = 8000

/** What the mesh and moves make good. */
const harmless: readonly ClusterFaultKind[] = ["streamCut", "slowLink", "drain", "leave", "join", "clockJump"]
const standing: readonly ClusterFaultKind[] = ["pause", "sleep", "pauseAtMint"]

export type Sent = SeenAs<"sent">
export type Begun = SeenAs<"begun">

/** What breaks one promise, in words. */
export type Judge = (view: View) => Iterable<string>

/** The history with its indexes. */
export class View {
  readonly program: Program
  readonly history: History
  readonly sent = new Map<number, Sent>()
  /** By message, each handling of it. */
  readonly turns = new Map<number, Begun[]>()
  readonly ended = new Map<number, SeenAs<"ended">>()
  readonly outcome = new Map<number, SeenAs<"settled"> | SeenAs<"failed">>()
  readonly refused = new Map<number, string>()
  readonly taken = new Map<number, boolean>()
  readonly answered = new Map<number, SeenAs<"answered">>()
  readonly lifeEnded = new Map<number, number>()
  readonly lifeOf = new Map<number, SeenAs<"lifeBegan">>()
  readonly hostEnd = new Map<string, number>()
  readonly hostCrash = new Map<string, number>()
  readonly stopped = new Map<string, number>()
  /** When clients called off what they had asked. */
  readonly cancelled = new Set<number>()
  /** From when what the journal holds of it cannot be read. */
  readonly damaged = new Map<string, number>()
  readonly place = new Map<object, number>()
  readonly quiet: SeenAs<"quiet"> | undefined

  constructor(program: Program, history: History) {
    this.program = program
    this.history = history
    const { all } = history
    for (const [place, seen] of all.entries()) {
      this.place.set(seen, place)
      this.#index(seen)
    }
    this.quiet = history.of("quiet")[0]
  }

  #index(seen: SeenAs<Seen["did"]>): void {
    switch (seen.did) {
      case "sent":
        return void this.sent.set(seen.m, seen)
      case "begun": {
        this.#begun.set(seen.turn, seen)
        const turns = this.turns.get(seen.m)
        if (turns === undefined) this.turns.set(seen.m, [seen])
        else turns.push(seen)
        return
      }
      case "ended":
        return void this.ended.set(seen.turn, seen)
      case "settled":
      case "failed":
        return void this.outcome.set(seen.m, seen)
      case "refused":
        return void this.refused.set(seen.m, seen.code)
      case "taken":
        return void this.taken.set(seen.m, seen.taken)
      case "answered":
        return void this.answered.set(seen.m, seen)
      case "lifeBegan":
        return void this.lifeOf.set(seen.life, seen)
      case "lifeEnded":
        return void this.lifeEnded.set(seen.life, seen.at)
      case "damaged":
        return void this.damaged.set(seen.to, seen.at)
      case "cancelled":
        return void this.cancelled.add(seen.at)
      case "hostStopped":
        return void this.stopped.set(seen.host, seen.at)
      case "hostStopping":
      case "hostDown":
        if (!this.hostEnd.has(seen.host)) this.hostEnd.set(seen.host, seen.at)
        if (seen.did === "hostDown") this.hostCrash.set(seen.host, seen.at)
    }
  }

  kindOf(to: string): Kind | undefined {
    const name = isEntity(to) ? (JSON.parse(to) as string[])[0] : to.split(">")[0]
    return this.program.kinds.find((_, n) => kindName(n) === name)
  }

  handlerOf(to: string, handler: string): Handler | undefined {
    return this.kindOf(to)?.handlers[Number(handler.slice(1))]
  }

  isPersistent = (to: string): boolean => isEntity(to) && this.kindOf(to)?.role === "persistent"

  /** Its process did not end within so long. */
  lives(host: string, until: number): boolean {
    return (this.hostEnd.get(host) ?? Infinity) > until
  }

  readonly #begun = new Map<number, Begun>()
  begunOf = (turn: number): Begun | undefined => this.#begun.get(turn)

  turnsOf = (m: number): readonly Begun[] => this.turns.get(m) ?? []

  /** Its turns that went to their end. */
  returned(m: number): readonly SeenAs<"ended">[] {
    return this.turnsOf(m).flatMap(({ turn }) => {
      const ended = this.ended.get(turn)
      return ended?.how === "returned" ? [ended] : []
    })
  }

  /**
   * A node that met nobody, with a registry that was wiped, has begun another life of the cluster (C3 of
   * home-census.ts).
   */
  get parted(): boolean {
    return this.history.of("parted").length > 0
  }

  /** It crashed so often that it may be left alone for a while. */
  rests(to: string, at: number): boolean {
    let lives = 0
    for (const life of this.lifeOf.values()) if (life.to === to && life.at <= at && life.at > at - 20_000) lives += 1
    return lives > 9
  }

  thrownIn(life: number): readonly SeenAs<"ended">[] {
    return [...this.ended.values()].filter(({ turn, how }) => how === "threw" && this.begunOf(turn)?.life === life)
  }

  /** In the middle of a handler. */
  isBusy(to: string, at: number): boolean {
    return [...this.#begun.values()].some(
      (begun) => begun.to === to && begun.at <= at && (this.ended.get(begun.turn)?.at ?? Infinity) > at,
    )
  }

  /** It handled something in a life that lasted into that time. */
  lived(to: string, from: number, until: number): boolean {
    for (const { to: of, at, life } of this.lifeOf.values())
      if (of === to && at <= until && (this.lifeEnded.get(life) ?? Infinity) > from) return true
    return false
  }

  /** It got through none of its starts after a moment, and goes on trying: what waits for it waits. */
  starts(to: string, after: number): boolean {
    const later = [...this.lifeOf.values()].filter((life) => life.to === to && life.at > after)
    if (later.length < 2 || (this.kindOf(to)?.started ?? []).length === 0) return false
    const lives = new Set(later.map(({ life }) => life))
    return !this.history.of("begun").some(({ life }) => lives.has(life))
  }

  get end(): number {
    return this.history.all.at(-1)?.at ?? 0
  }

  /** Another message with the same command id was handled, or is answered from what is kept. */
  repeats({ to, commandId, m }: Sent): boolean {
    if (commandId === undefined || !this.isPersistent(to)) return false
    for (const other of this.sent.values())
      if (other.m !== m && other.to === to && other.commandId === commandId && this.turnsOf(other.m).length > 0)
        return true
    return false
  }

  /** It runs on one node, or all faults are such that nothing is lost by them. */
  get lossless(): boolean {
    return this.program.cluster?.faults.every(({ kind }) => harmless.includes(kind)) ?? true
  }

  /**
   * The same, nothing is late, and none is taken for lost: what it was sent is handled late, or not at all (B2 of
   * barriers.ts).
   */
  get orderly(): boolean {
    if (this.history.of("away").length > 0) return false
    return this.program.cluster?.faults.every(({ kind }) => kind !== "streamCut" && harmless.includes(kind)) ?? true
  }

  /**
   * Who sends: an entity may be somewhere else in each of its lives, and what it sends from there takes another way.
   */
  senderOf({ by, life }: Sent): string {
    return this.program.cluster === undefined || life === 0 ? by : `${by} in its life ${life}`
  }

  /** For so long a node of the cluster may stand still. */
  get stillMs(): number {
    return (this.program.cluster?.faults ?? []).reduce(
      (sum, { kind, forMs }) => sum + (standing.includes(kind) ? forMs : 0),
      0,
    )
  }

  get troubled(): boolean {
    if (this.program.cluster !== undefined) return true
    return this.program.faults.some(({ kind }) => kind === "fullDisk" || kind === "slowDisk" || kind === "tornWrite")
  }
}
