/**
 * What the runtime promises, as pure functions over what was seen. Each judge names the promise that it holds (S:
 * semantics.md, E: entities.ts, P: persisted-context.ts, J: journal.ts).
 */
import type { ClusterFaultKind } from "#cluster/simulation/cluster-faults.js"
import { isNone } from "./generator.js"
import { isEntity, type History, type Seen, type SeenAs } from "./history.js"
import { kindName, type Handler, type Kind, type Program } from "./program.js"

export interface Violation {
  readonly promise: string
  readonly text: string
}

/** Asks wait so long unless told otherwise. */
const askMs = 5000
/** A tick of the wheel and what the event loop takes. */
const lateMs = 60
/** What was not handled so long after it was sent is not handled. */
const soonMs = 8000

/** What the mesh and moves make good. */
const harmless: readonly ClusterFaultKind[] = ["streamCut", "slowLink", "drain", "leave", "join", "clockJump"]
const standing: readonly ClusterFaultKind[] = ["pause", "sleep", "pauseAtMint"]
/** A stream whose reader is lost is closed after so long. */
const streamMs = 30_000

type Sent = SeenAs<"sent">
type Begun = SeenAs<"begun">

/** The history with its indexes. */
class View {
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

type Judge = (view: View) => Iterable<string>

/** S1: what one sends to one other is handled in the order sent. */
function* inOrder(view: View): Iterable<string> {
  if (!view.orderly) return
  const last = new Map<string, { readonly place: number; readonly m: number }>()
  for (const begun of view.history.of("begun")) {
    const sent = view.sent.get(begun.m)
    if (sent === undefined || (sent.how !== "tell" && sent.how !== "ask") || sent.patient) continue
    if (view.turnsOf(begun.m)[0] !== begun) continue
    const handler = view.handlerOf(begun.to, begun.handler)
    if (handler?.reentrant === true || handler?.urgent === true) continue
    const pair = `${view.senderOf(sent)} to ${sent.to}`
    const place = view.place.get(sent) as number
    const before = last.get(pair)
    if (before !== undefined && before.place > place)
      yield `of the messages of ${pair}, ${sent.m} is handled after ${before.m}, which was sent later`
    else last.set(pair, { place, m: sent.m })
  }
}

/** S3: a message is handled once at most; again only after it was put aside. */
function* once(view: View): Iterable<string> {
  const counts = new Map<string, { turns: number; stashed: number }>()
  for (const begun of view.history.of("begun")) {
    const sent = view.sent.get(begun.m)
    if (sent === undefined || sent.how === "every" || sent.how === "deliver" || sent.how === "remind") continue
    if (sent.how === "publish" && view.history.of("away").length > 0) continue // a node out of reach lets nobody go (U6)
    const id = `${begun.m} (${begun.handler}) at ${begun.to}`
    const count = counts.get(id) ?? { turns: 0, stashed: 0 }
    counts.set(id, count)
    count.turns += 1
    if (count.turns > 1 + count.stashed)
      yield (
        `message ${id} (${begun.handler}, ${sent.how}) is handled ${count.turns} times, put aside ` +
        `${count.stashed} times`
      )
    if (view.ended.get(begun.turn)?.how === "stashed") count.stashed += 1
  }
}

/** S3, S10, S18, E2: what was taken is handled or a dead letter; what was put aside is taken again. */
function* handled(view: View): Iterable<string> {
  if (view.quiet === undefined || !view.lossless) return
  const missing = new Map<string, { readonly sent: Sent; count: number; readonly why: string }>()
  for (const sent of view.sent.values()) {
    if (sent.how === "ask" || sent.how === "publish" || sent.how === "every" || sent.to.includes(">")) continue
    if (sent.how === "tell" && view.taken.get(sent.m) !== true) continue
    if (
      sent.how !== "tell" ||
      view.damaged.has(sent.to) ||
      view.rests(sent.to, sent.at + soonMs) ||
      view.starts(sent.to, sent.at) ||
      !view.lives(sent.host, sent.at + soonMs)
    )
      continue
    const turns = view.turnsOf(sent.m)
    const aside = turns.filter(({ turn }) => view.ended.get(turn)?.how === "stashed").length
    if ((turns.length > 0 && turns.length > aside) || view.repeats(sent)) continue
    if (sent.at > view.quiet.at - soonMs && turns.length === 0) continue
    const id = letterBox(sent.to, sent.handler)
    const found = missing.get(id)
    const why = turns.length === 0 ? "is never handled" : "was put aside and is not taken again"
    if (found === undefined) missing.set(id, { sent, count: 1, why })
    else found.count += 1
  }
  const letters = new Map<string, number>()
  for (const { to, type } of view.history.of("deadLetter"))
    letters.set(letterBox(to, type), (letters.get(letterBox(to, type)) ?? 0) + 1)
  for (const [id, { sent, count, why }] of missing)
    if (count > (letters.get(id) ?? 0))
      yield `message ${sent.m} (${sent.handler}) to ${sent.to} was taken, ${why}, and is no dead letter`
}

/**
 * A dead letter names the actor that an entity was at the time (`k0-17`), not the entity: those of one kind are
 * counted together.
 */
const letterBox = (to: string, type: string): string =>
  `${isEntity(to) ? (JSON.parse(to) as string[])[0] : to.replace(/-\d+$/, "")} ${type}`

/** S4, S14: every ask settles, by its deadline. */
function* settles(view: View): Iterable<string> {
  for (const sent of view.sent.values()) {
    if (sent.how !== "ask") continue
    const outcome = view.outcome.get(sent.m)
    const given = sent.timeoutMs ?? askMs
    const none = !(given >= 0) // no time at all: it is to be refused
    const due = sent.at + (none ? 0 : given) + lateMs + view.stillMs
    const end = view.hostEnd.get(sent.host) ?? Infinity
    if (outcome === undefined) {
      const crash = view.hostCrash.get(sent.host) ?? Infinity
      if (due > view.end) continue
      if (crash > due || view.stopped.has(sent.host))
        yield `the ask ${sent.m} of ${sent.handler} (sent at ${sent.at}) never settles`
    } else if (outcome.at > due && end > due)
      yield (
        `the ask ${sent.m} of ${sent.handler} settles ${outcome.at - sent.at} ms after it was sent; its ` +
        `time is ${given} ms`
      )
  }
}

/** P2, P5, S10: an answer is the one that a handler gave to this message, or to the same command. */
function* answers(view: View): Iterable<string> {
  const ofCommand = new Map<string, number[]>()
  const command = ({ to, commandId }: Sent): string | undefined =>
    commandId === undefined || !view.isPersistent(to) ? undefined : `${to} ${commandId}`
  for (const sent of view.sent.values()) {
    const id = command(sent)
    if (id !== undefined) ofCommand.set(id, [...(ofCommand.get(id) ?? []), sent.m])
  }
  const first = new Map<string, string>()
  for (const outcome of view.outcome.values()) {
    const sent = view.sent.get(outcome.m)
    if (sent === undefined || outcome.did !== "settled") continue
    const id = command(sent)
    const messages = id === undefined ? [sent.m] : (ofCommand.get(id) ?? [])
    const given = messages.flatMap((m) => {
      const later = view.answered.get(m)
      return [
        ...view.returned(m).map(({ value }) => value),
        ...(later === undefined || later.fails ? [] : [later.value]),
      ]
    })
    if (!given.includes(outcome.value))
      yield (
        `the ask ${sent.m} of ` +
        `${sent.handler}${sent.commandId === undefined ? "" : ` (command ${sent.commandId})`} is answered ` +
        `${outcome.value}; handlers gave ${given.length === 0 ? "nothing" : given.join(" or ")}`
      )
    if (id === undefined || view.kindOf(sent.to)?.keepCommandsMs !== undefined) continue
    const before = first.get(id)
    if (before === undefined) first.set(id, outcome.value)
    else if (before !== outcome.value)
      yield `the command ${sent.commandId} of ${sent.to} was answered ${before}, and then ${outcome.value}`
  }
}

/** E2, S4, S12: an ask fails for a reason that there is. */
function* failures(view: View): Iterable<string> {
  const fullDisk = view.program.faults.some(({ kind }) => kind === "fullDisk")
  for (const outcome of view.outcome.values()) {
    const sent = view.sent.get(outcome.m)
    if (sent === undefined || outcome.did !== "failed") continue
    const { code, executed } = outcome
    if ((view.lifeEnded.get(sent.life) ?? Infinity) <= sent.at) continue // its context is of no use any more
    const turns = view.turnsOf(sent.m).filter(({ turn }) => view.ended.get(turn)?.how !== "stashed")
    const threw = turns.some(({ turn }) => view.ended.get(turn)?.how === "threw")
    const failed = view.answered.get(sent.m)?.fails === true
    const what = `the ask ${sent.m} of ${sent.handler} to ${sent.to}`
    // By S7 and S8 those whose turn ends with a crash of another are told that crash.
    const crashed = turns.some(
      ({ life }) => view.lifeEnded.has(life) && (view.lifeEnded.get(life) as number) <= outcome.at,
    )
    if (executed === "no" && turns.length > 0 && !threw && !failed && !crashed)
      yield `${what} fails with ${code}, which says that nothing was done; it was handled`
    const own = threw && turns.some(({ turn }) => view.ended.get(turn)?.value === code)
    if (own || !view.lives(sent.host, outcome.at)) continue
    if (view.program.cluster !== undefined) continue // what is out of reach is told in many ways
    if (code === "ACTOR_STOPPED" && isEntity(sent.to)) yield `${what} fails with ACTOR_STOPPED; entities do not end`
    if (code === "JOURNAL_FAILED" && !fullDisk)
      yield `${what} fails with JOURNAL_FAILED, and nothing is wrong with the journal: ${outcome.text}`
    if (code === "MAILBOX_FULL" && view.kindOf(sent.to)?.capacity === undefined)
      yield `${what} fails with MAILBOX_FULL; its mailbox has no limit`
    if (code === "RECORD_DAMAGED" && view.damaged.has(sent.to)) continue
    if (code === "RECORD_UNKNOWN" || code === "RECORD_DAMAGED" || code === "SEQUENCE_CONFLICT")
      yield `${what} fails with ${code}: ${outcome.text}`
    if (code === "ASK_TIMEOUT" && !view.troubled) {
      const ended = turns.flatMap(({ turn }) => view.ended.get(turn) ?? []).find(({ how }) => how === "returned")
      if (ended !== undefined && ended.at < outcome.at - lateMs)
        yield `${what} was handled at ${ended.at}, and fails with ASK_TIMEOUT at ${outcome.at}`
    }
  }
}

/** P4: who asks one that cannot be read is told so, and at once. */
function* toldWhy(view: View): Iterable<string> {
  if (view.troubled) return
  for (const { m, to, how, at, handler } of view.sent.values()) {
    const outcome = view.outcome.get(m)
    if (how !== "ask" || at < (view.damaged.get(to) ?? Infinity) || outcome?.did !== "failed") continue
    if (outcome.code !== "ASK_TIMEOUT" || outcome.at < at + 350 || view.rests(to, outcome.at)) continue
    if (!view.lived(to, at, outcome.at))
      yield (
        `the ask ${m} of ${handler} to ${to}, which cannot be read, fails with ASK_TIMEOUT after ` +
        `${outcome.at - at} ms`
      )
  }
}

/** S16: an ask in a circle fails at once, and says why. */
function* circles(view: View): Iterable<string> {
  if (!view.orderly) return
  for (const sent of view.sent.values()) {
    if (sent.how !== "ask" || sent.serving === undefined) continue
    const waiting = [sent.by]
    for (let m = sent.serving; m > 0;) {
      const link = view.sent.get(m)
      if (link?.serving === undefined) break
      waiting.push(link.by)
      m = link.serving
    }
    if (!waiting.includes(sent.to) || view.handlerOf(sent.to, sent.handler)?.reentrant === true) continue
    const outcome = view.outcome.get(sent.m)
    // Beneath another ask it may have no time left for the way to another node.
    if (view.program.cluster !== undefined && outcome !== undefined && outcome.at < sent.at + 1000) continue
    if (outcome?.did === "failed" && outcome.code === "ASK_TIMEOUT")
      yield `${sent.by} asks ${sent.to}, which waits for it, and is told ASK_TIMEOUT after ${outcome.at - sent.at} ms`
  }
}

/** S9: nothing of a life is heard by the next; the result of work is heard by its own. */
function* ofOneLife(view: View): Iterable<string> {
  for (const { setIn, life, m, handler } of view.history.of("begun"))
    if (setIn !== undefined && setIn !== life)
      yield (
        `${handler} (message ${m}), which the life ${setIn} sent itself (${view.sent.get(m)?.how}), comes ` +
        `to the life ${life}`
      )
  if (!view.lossless) return
  for (const worked of view.history.of("worked")) {
    const { m, life, at, host } = worked
    if (view.turnsOf(m).length > 0 || view.lifeEnded.has(life) || !view.lives(host, at + soonMs)) continue
    if (view.quiet !== undefined && at < view.quiet.at - soonMs)
      yield `the result ${m} of a work is not heard, though its life goes on`
  }
}

/** S16: one message at a time. */
function* oneAtATime(view: View): Iterable<string> {
  const open = new Map<number, Begun>()
  const turnLife = new Map<number, number>()
  for (const seen of view.history.all) {
    if (seen.did === "begun") {
      const begun = seen as Begun
      turnLife.set(begun.turn, begun.life)
      if (begun.reentrant) continue
      const other = open.get(begun.life)
      if (other !== undefined && !view.lifeEnded.has(begun.life))
        yield (
          `${begun.handler} (message ${begun.m}) of ${begun.to} begins while ${other.handler} (message ` +
          `${other.m}) goes on`
        )
      open.set(begun.life, begun)
    } else if (seen.did === "ended") {
      const { turn } = seen as SeenAs<"ended">
      const life = turnLife.get(turn) ?? 0
      if (open.get(life)?.turn === turn) open.delete(life)
    }
  }
}

/**
 * P1, P4, J1: what is in the state when a handler begins is durable; so is what was acknowledged. State after a
 * recovery is what it was.
 */
function* durable(view: View): Iterable<string> {
  interface Known {
    /** All of it is durable. */
    log: readonly string[]
    rest: string
    life: number
  }
  const known = new Map<string, Known>()
  const acknowledged = new Map<string, Set<string>>()
  const persisting = new Map(view.history.of("persisting").map((seen) => [seen.p, seen]))
  const turns = new Map(view.history.of("begun").map((seen) => [seen.turn, seen]))
  const check = function* (to: string, log: readonly string[], where: string, old = false): Iterable<string> {
    const before = known.get(to)?.log ?? []
    // An owner of before, that does not know it yet, may still have less; what it says does not count: see `fresh`.
    const differs = before.findIndex((entry, n) => entry !== log[n] && (!old || n < log.length))
    if (differs >= 0)
      yield `${to}: event ${differs + 1} was ${before[differs]}; ${where} it is ${log[differs] ?? "not there"}`
    for (const entry of old ? [] : (acknowledged.get(to) ?? []))
      if (!log.some((other) => other.startsWith(entry)))
        yield `${to}: ${entry} was acknowledged, and ${where} it is not there`
  }
  const acknowledge = (to: string, p: number): void => {
    const entries = acknowledged.get(to) ?? new Set<string>()
    acknowledged.set(to, entries.add(`noted ${p}.`))
  }
  const noted = new Set(
    view.history.all.flatMap((seen) =>
      "log" in seen && seen.log !== undefined
        ? seen.log.flatMap((entry) => /^noted (\d+)\./.exec(entry)?.[1] ?? [])
        : [],
    ),
  )
  let opened: { readonly to: string; readonly turn: number } | undefined
  for (const seen of view.history.all) {
    if (seen.did === "begun") opened = { to: (seen as Begun).to, turn: (seen as Begun).turn }
    else if (seen.did === "state") {
      const { to, life, log, rest } = seen as SeenAs<"state">
      const before = known.get(to)
      // The look at the begin of a turn follows its record.
      const begins = opened?.to === to
      if (begins) {
        yield* check(
          to,
          log,
          before === undefined || before.life === life ? "later" : "after a recovery",
          view.program.cluster !== undefined,
        )
        if (before !== undefined && before.life !== life && before.log.length === log.length && before.rest !== rest)
          yield `${to}: beside its events, its state was ${before.rest}; after a recovery it is ${rest}`
        if (view.program.cluster === undefined || log.length >= (before?.log.length ?? 0))
          known.set(to, { log, rest, life })
      }
      opened = undefined
    } else if (seen.did === "persisted") {
      const of = persisting.get((seen as SeenAs<"persisted">).p)
      if (of !== undefined && !of.command && noted.has(String(of.p))) acknowledge(of.to, of.p)
    } else if (seen.did === "settled") {
      for (const { turn } of view.turnsOf((seen as SeenAs<"settled">).m)) {
        if (view.ended.get(turn)?.how !== "returned") continue
        for (const of of persisting.values())
          if (of.turn === turn && !of.inWork && noted.has(String(of.p)) && turns.get(turn) !== undefined)
            acknowledge(of.to, of.p)
      }
    } else if (seen.did === "final") {
      const { to, log, rest } = seen as SeenAs<"final">
      yield* check(to, log, "at the end")
      const before = known.get(to)
      if (before !== undefined && before.log.length === log.length && before.rest !== rest)
        yield `${to}: beside its events, its state was ${before.rest}; at the end it is ${rest}`
      known.set(to, { log, rest, life: -1 })
    } else if (seen.did === "journal") {
      const { to, log } = seen as SeenAs<"journal">
      yield* check(to, log, "in the journal")
      const final = known.get(to)?.log ?? []
      if (final.length !== log.length)
        yield `${to}: ${final.length} events are in its state, ${log.length} in the journal`
    } else if (seen.did === "finalFailed") {
      const { to, code, text } = seen as SeenAs<"finalFailed">
      // One that has crashed too often rests.
      if (code !== "INVALID_NAME" && !(code === "ASK_TIMEOUT" && view.rests(to, seen.at)))
        yield `${to} cannot be read at the end: ${code} ${text}`
    }
  }
}

/** Who answers knows all that was acknowledged before it was asked. */
function* fresh(view: View): Iterable<string> {
  const persisting = view.history.of("persisting")
  const of = new Map(persisting.map((seen) => [seen.p, seen]))
  const byTurn = new Map<number, number[]>()
  for (const { p, turn, inWork } of persisting) if (!inWork) byTurn.set(turn, [...(byTurn.get(turn) ?? []), p])
  const stored = new Set(
    view.history.of("final").flatMap(({ log }) => log.flatMap((entry) => /^noted (\d+)\./.exec(entry)?.[1] ?? [])),
  )
  /** By entity, what was acknowledged, and where in the history. */
  const acknowledged = new Map<string, { readonly entry: string; readonly place: number }[]>()
  const seenBy = new Map<number, readonly string[]>()
  let opened: Begun | undefined
  for (const [place, seen] of view.history.all.entries()) {
    const acknowledge = (p: number): void => {
      const to = of.get(p)?.to
      if (to === undefined || !stored.has(String(p))) return
      const entries = acknowledged.get(to) ?? []
      entries.push({ entry: `noted ${p}.`, place })
      acknowledged.set(to, entries)
    }
    if (seen.did === "begun") opened = seen as Begun
    else if (seen.did === "state") {
      if (opened?.to === (seen as SeenAs<"state">).to) seenBy.set(opened.turn, (seen as SeenAs<"state">).log)
      opened = undefined
    } else if (seen.did === "persisted") {
      const { p } = seen as SeenAs<"persisted">
      if (of.get(p)?.command === false) acknowledge(p)
    } else if (seen.did === "settled") {
      const { m } = seen as SeenAs<"settled">
      const sent = view.sent.get(m)
      const returned = view.turnsOf(m).filter(({ turn }) => view.ended.get(turn)?.how === "returned")
      if (sent !== undefined && returned.length === 1) {
        const [{ turn }] = returned as [Begun]
        const log = seenBy.get(turn)
        const asked = view.place.get(sent) as number
        const missing =
          log === undefined
            ? undefined
            : acknowledged
                .get(sent.to)
                ?.find(({ entry, place }) => place < asked && !log.some((other) => other.startsWith(entry)))
        if (missing !== undefined)
          yield (
            `${sent.to} answers the ask ${m} without knowing ${missing.entry}, which was acknowledged ` +
            `before that was sent`
          )
      }
      for (const { turn } of returned) for (const p of byTurn.get(turn) ?? []) acknowledge(p)
    }
  }
}

/** P5, B3, R2: a command is carried out once; an event is there once, and where it belongs. */
function* carriedOutOnce(view: View): Iterable<string> {
  const crashes = view.program.faults.length > 0 || (view.program.cluster?.faults.length ?? 0) > 0
  for (const { to, log } of view.history.of("final")) {
    const events = new Set<string>()
    const byCommand = new Map<string, string>()
    for (const entry of log) {
      const [, p, m, own] = /^noted (\d+\.\d+) of (\d+) for (.*?): /.exec(entry) ?? []
      if (p === undefined || m === undefined) continue
      if (events.has(p)) yield `${to}: the event ${p} is there twice`
      events.add(p)
      if (own !== to) yield `${to} holds the event ${p} of ${own}`
    }
    const turnOf = new Map(view.history.of("persisting").map(({ p, turn }) => [p, turn]))
    for (const p of events) {
      const turn = turnOf.get(Math.floor(Number(p)))
      const begun = view.history.of("begun").find((begun) => begun.turn === turn)
      if (begun?.commandId === undefined || view.ended.get(begun.turn)?.how === "stashed") continue
      if (view.kindOf(to)?.keepCommandsMs !== undefined && (crashes || !isDelivered(view, begun.m))) continue
      const id = begun.commandId
      const before = byCommand.get(id)
      if (before !== undefined && before !== String(turn))
        yield `${to}: the command ${id} was carried out by two turns (message ${begun.m})`
      byCommand.set(id, String(turn))
    }
  }
}

const isDelivered = (view: View, m: number): boolean => view.sent.get(m)?.how === "deliver"

/** J1, P1: what cannot be stored is refused by name, with all that goes with it. */
function* refusedByName(view: View): Iterable<string> {
  const final = new Map(view.history.of("final").map(({ to, log }) => [to, log]))
  const outcome = new Map<number, SeenAs<"persisted"> | SeenAs<"notPersisted">>()
  for (const seen of view.history.all)
    if (seen.did === "persisted" || seen.did === "notPersisted")
      outcome.set((seen as SeenAs<"persisted">).p, seen as SeenAs<"persisted">)
  for (const { p, to, refused, noted } of view.history.of("persisting")) {
    const ended = outcome.get(p)
    const there = (final.get(to) ?? []).filter((entry) => entry.startsWith(`noted ${p}.`)).length
    if (there !== 0 && there !== noted)
      yield `${to}: of ${noted} events that were persisted together, ${there} are there (${p})`
    if (ended === undefined) continue
    const entry = there > 0
    if (refused && ended.did === "persisted") yield `${to}: what cannot be stored was taken (${p})`
    if (refused && ended.did === "notPersisted") {
      if (ended.retryable)
        yield `${to}: what cannot be stored is refused as ${ended.code}, which says that it may be tried again`
      if (entry) yield `${to}: of events of which one cannot be stored, another is there (${p})`
    }
    if (!refused && ended.did === "notPersisted" && ended.code === "INVALID_PAYLOAD")
      yield `${to}: what can be stored is refused (${p})`
  }
}

/** B1, B2: deliveries whose event is durable arrive. */
function* delivered(view: View): Iterable<string> {
  if (view.quiet === undefined) return
  const persisted = new Set(view.history.of("persisted").map(({ p }) => p))
  const commands = new Map(view.history.of("persisting").map((seen) => [seen.p, seen]))
  const last = new Map<string, number>()
  // One that was put aside, or whose handler does not end well however often it comes, holds up those behind it.
  const endsWell = ({ turn, life }: Begun): boolean => {
    const ended = view.ended.get(turn)
    return (
      (ended?.how === "returned" || ended?.how === "deferred") && (view.lifeEnded.get(life) ?? Infinity) >= ended.at
    )
  }
  const heldUp =
    view.damaged.size > 0 ||
    view.history.of("begun").some((begun) => view.sent.get(begun.m)?.how === "deliver" && !endsWell(begun))
  for (const sent of view.sent.values()) {
    if (sent.how !== "deliver" || sent.p === undefined || !persisted.has(sent.p)) continue
    const of = commands.get(sent.p)
    if (of?.command === true) continue
    if (view.turnsOf(sent.m).length === 0 && sent.at < view.quiet.at - soonMs && !heldUp)
      yield `the delivery ${sent.m} (${sent.handler}) of ${sent.by} to ${sent.to} never arrives`
  }
  for (const begun of view.history.of("begun")) {
    const sent = view.sent.get(begun.m)
    if (sent?.how !== "deliver" || sent.p === undefined || !persisted.has(sent.p)) continue
    if (view.turnsOf(begun.m)[0] !== begun || commands.get(sent.p)?.inWork === true) continue
    const pair = `${sent.by} to ${sent.to}`
    const before = last.get(pair) ?? 0
    if (before > sent.p) yield `of the deliveries of ${pair}, ${sent.p} arrives after ${before}`
    last.set(pair, Math.max(before, sent.p))
  }
}

/** P6: a delivery that was answered before a stop in order does not come again after it. */
function* answeredOnce(view: View): Iterable<string> {
  if (view.program.faults.length > 0 || view.history.of("crashed").length > 0) return
  for (const stopping of view.history.of("hostStopping"))
    for (const sent of view.sent.values()) {
      if (sent.how !== "deliver") continue
      const turns = view.turnsOf(sent.m)
      const before = turns.some(({ host, at, turn }) => {
        const ended = view.ended.get(turn)
        return (
          host === stopping.host && ended?.how === "returned" && ended.at < stopping.at - lateMs && ended.at < at + 4000
        )
      })
      const after = turns.some(({ host, at }) => host !== stopping.host && at > stopping.at)
      if (before && after)
        yield (
          `the delivery ${sent.m} (${sent.handler}) of ${sent.by} to ${sent.to} was answered before a stop, ` +
          `and comes again after it`
        )
    }
}

/** P5: after `keepCommandsMs` an id is another command's. */
function* forgets(view: View): Iterable<string> {
  if (view.troubled) return
  const last = new Map<string, number>()
  for (const seen of view.history.all) {
    const m =
      "m" in seen
        ? (seen as { readonly m: number }).m
        : "turn" in seen
          ? view.begunOf((seen as { readonly turn: number }).turn)?.m
          : undefined
    const sent = m === undefined ? undefined : view.sent.get(m)
    const keepMs =
      sent?.commandId === undefined || !view.isPersistent(sent.to) ? undefined : view.kindOf(sent.to)?.keepCommandsMs
    if (sent === undefined || keepMs === undefined) continue
    const id = `${sent.to} ${sent.commandId}`
    const before = last.get(id) ?? Infinity
    if (seen.did !== "settled") {
      if (seen.did !== "sent") last.set(id, seen.at)
    } else if (view.turnsOf(sent.m).length === 0 && sent.at > before + keepMs + lateMs)
      yield (
        `the ask ${sent.m} with the command ${sent.commandId} of ${sent.to} is answered from what is older ` +
        `than ${keepMs} ms`
      )
  }
}

/** T1 of topics.ts: who is subscribed hears what is published. */
function* subscribers(view: View): Iterable<string> {
  if (view.quiet === undefined || view.damaged.size > 0) return
  const all = view.history.of("subscribed")
  for (const { to, handler, host, at } of all) {
    // Where an entity subscribes later, it is subscribed from then on, and no longer here (U6 of the cluster's topics).
    const moves = Math.min(
      ...all
        .filter((other) => other.to === to && other.handler === handler && other.host !== host && other.at > at)
        .map((other) => other.at),
    )
    if (!isEntity(to) || view.handlerOf(to, handler) === undefined || view.kindOf(to)?.capacity !== undefined) continue
    if (view.isBusy(to, view.quiet.at)) continue // those that wait for each other do so as long as an ask does
    for (const sent of view.sent.values()) {
      if (
        sent.how !== "publish" ||
        !sent.by.startsWith("client") ||
        sent.host !== host ||
        sent.at <= at ||
        sent.at > moves - askMs
      )
        continue
      if (view.taken.get(sent.m) !== true || sent.at > view.quiet.at - soonMs || !view.lives(host, sent.at + soonMs))
        continue
      if (!view.turnsOf(sent.m).some((begun) => begun.to === to && begun.handler === handler))
        yield `${to} is subscribed as ${handler}, and does not hear the message ${sent.m}`
    }
  }
}

/** D3, A4: an event is what it was when it was persisted. */
function* asGiven(view: View): Iterable<string> {
  const given = new Set(view.history.of("persisting").flatMap(({ p, given }) => given.map((value) => `${p} ${value}`)))
  for (const { to, log } of view.history.of("final"))
    for (const entry of log) {
      const [, p, value] = /^noted (\d+)\.\d+ of \d+ for .*?\]: (.*)$/s.exec(entry) ?? []
      if (p !== undefined && !given.has(`${p} ${value}`))
        yield `${to}: the event ${p} is there as ${value}, and was not given so`
    }
}

/** R1, R2: each setting of a reminder comes. */
function* reminds(view: View): Iterable<string> {
  if (view.quiet === undefined || view.program.cluster?.faults.some(({ kind }) => kind === "clockJump") === true) return
  const all = view.history.all
  for (const set of view.history.of("reminded")) {
    if (set.at > view.quiet.at - soonMs || set.at + soonMs > view.quiet.at) continue
    const place = view.place.get(set) as number
    const sent = view.place.get(view.sent.get(set.m) as Sent) as number
    const disturbed = all.slice(0).some((seen, n) => {
      if (n < sent && seen.did !== "reminded" && seen.did !== "forgotten") return false
      if (seen === set || seen === all[sent]) return false
      // Of settings that overlap, whichever is stored last stands.
      if (seen.did === "reminded") {
        const r = seen as SeenAs<"reminded">
        return r.to === set.to && r.name === set.name && n > sent && r.at < set.at + 6000
      }
      if (seen.did === "forgotten") {
        const f = seen as SeenAs<"forgotten">
        return f.to === set.to && f.name === set.name && n > sent - 40 && f.at < set.at + soonMs
      }
      if (seen.did === "sent") {
        const s = seen as Sent
        return (
          s.how === "remind" &&
          s.to === set.to &&
          s.name === set.name &&
          n > sent &&
          s.at < Math.max(set.at, all[place]?.at ?? 0) + 6000
        )
      }
      return false
    })
    const came = view.damaged.has(set.to) || view.rests(set.to, set.at + soonMs) ? 1 : view.turnsOf(set.m).length
    if (!disturbed && came === 0)
      yield `the reminder ${set.name} of ${set.to} (message ${set.m}) was set, and never comes`
  }
}

/** S1 to S3 of streams.ts. */
function* streams(view: View): Iterable<string> {
  const opened = new Map(view.history.of("opened").map((seen) => [seen.s, seen]))
  const closed = new Set(view.history.of("closed").map(({ s }) => s))
  const next = new Map<number, number>()
  for (const { s, n } of view.history.of("item")) {
    if (n !== (next.get(s) ?? 0)) yield `item ${n} of the stream ${s} comes where ${next.get(s) ?? 0} should`
    next.set(s, n + 1)
  }
  const read = new Map(view.history.of("read").map((seen) => [seen.s, seen]))
  for (const { s, how, code, at } of read.values()) {
    const from = opened.get(s)
    if (from === undefined) continue
    if (how === "all" && next.get(s) !== undefined && next.get(s) !== from.items)
      yield `a stream of ${from.items} items ends after ${next.get(s)}`
    const crashed = view.history.of("crashed").some((crash) => crash.at <= at && crash.at >= from.at)
    if (
      view.program.cluster === undefined &&
      how === "failed" &&
      code === "ACTOR_STOPPED" &&
      isEntity(from.to) &&
      !crashed &&
      view.lives(from.host, at)
    )
      yield `a stream of ${from.to} ends with ACTOR_STOPPED after ${next.get(s) ?? 0} items; entities do not end`
  }
  if (view.quiet === undefined) return
  const late = view.program.cluster === undefined ? soonMs : streamMs
  for (const { s, host, at, to, items } of opened.values()) {
    if (codeRead(read.get(s)) === "INVALID_OPTION") continue // nobody has begun to read it
    if (!view.lives(host, view.quiet.at - 1) || at > view.quiet.at - late || items === 0) continue
    const reading = view.lifeOf.size > 0 && !read.has(s)
    if (view.program.cluster !== undefined && !next.has(s)) continue // who asked for it may never have heard of it
    if (!closed.has(s) && !reading) yield `the stream ${s} of ${to} is not closed`
  }
}

const codeRead = (read: SeenAs<"read"> | undefined): string | undefined => read?.code

/** S27 */
function* watched(view: View): Iterable<string> {
  const told = new Set<string>()
  for (const { life, child } of view.history.of("childEnds")) {
    const id = `${life} ${child}`
    if (
      told.has(id) &&
      view.history.of("watched").filter((seen) => seen.life === life && seen.child === child).length < 2
    )
      yield `the end of a watched actor is told twice`
    told.add(id)
  }
}

/** D1: what is a name is taken everywhere, what is none nowhere. */
function* names(view: View): Iterable<string> {
  for (const sent of view.sent.values()) {
    if (!isEntity(sent.to)) continue
    const [, tenant = "", key = ""] = JSON.parse(sent.to) as string[]
    const none = isNone({ tenant, key })
    const code = view.refused.get(sent.m) ?? (view.outcome.get(sent.m) as SeenAs<"failed"> | undefined)?.code
    const text = JSON.stringify(`${tenant}/${key}`).slice(0, 60)
    if (none && view.turnsOf(sent.m).length > 0) yield `${text} is no name, and is taken`
    if (!none && code === "INVALID_NAME" && view.turnsOf(sent.m).length === 0) yield `${text} is a name, and is refused`
  }
}

/** D3: a payload is what it was when it was sent. */
function* payloads(view: View): Iterable<string> {
  for (const { m, value, sentValue, handler } of view.history.of("begun")) {
    const how = view.sent.get(m)?.how
    if (how !== undefined && value !== sentValue)
      yield `the payload of ${handler} (${how}) was ${sentValue} and comes as ${value}`
  }
}

/** S14, row 21: a system stops, and leaves nobody. */
function* stops(view: View): Iterable<string> {
  for (const { actors, tenants, hangs } of view.history.of("hostStopped")) {
    if (hangs) yield "the system does not stop"
    else if (tenants !== 0) yield `${tenants} tenants are still known when the system has stopped`
    else if (actors !== 0) yield `statistics.actors is ${actors} when the system has stopped`
  }
}

/** Q2 */
function* projections(view: View): Iterable<string> {
  for (const { kind, tenant, seen, ordered } of view.history.of("projected")) {
    const trims = view.program.kinds.some((of, n) => kindName(n) === kind && of.keepEvents !== undefined)
    if (trims ? new Set(seen).size === seen.length : seen.join("\n") === ordered.join("\n")) continue
    const differs = seen.findIndex((entry, n) => entry !== ordered[n])
    yield (
      `a projection of ${kind} of ${tenant} saw ${seen.length} events of ` +
      `${ordered.length}${differs < 0 ? "" : `; it saw ${seen[differs]} where ${ordered[differs]} is stored`}`
    )
  }
}

function* unhandled(view: View): Iterable<string> {
  for (const { text } of view.history.of("unhandled")) yield `nobody handles: ${text}`
}

const judges: Readonly<Record<string, Judge>> = {
  "a throw ends nothing but its actor": unhandled,
  "order (S1)": inOrder,
  "once at most (S3)": once,
  "handled or a dead letter (S3, S10, E2)": handled,
  "asks settle (S4)": settles,
  "answers (P2, P5)": answers,
  "failures (E2, S12)": failures,
  "told why (P4)": toldWhy,
  "circles (S16)": circles,
  "of one life (S9)": ofOneLife,
  "one at a time (S16)": oneAtATime,
  "durable (P1)": durable,
  "fresh (L1)": fresh,
  "carried out once (P5)": carriedOutOnce,
  "refused by name (J1)": refusedByName,
  "delivered (B1)": delivered,
  "answered deliveries (P6)": answeredOnce,
  "old commands (P5)": forgets,
  "subscribers (T1)": subscribers,
  "as it was given (S29)": asGiven,
  "reminders (R2)": reminds,
  "streams (S3)": streams,
  "watched (S27)": watched,
  "names (N1)": names,
  "payloads (S28)": payloads,
  "stops (S14)": stops,
  "projections (Q2)": projections,
}

/** What is kept in one life of a cluster is not there in another: which of them counts is an operator's to say. */
const ofWhatIsKept = new Set<Judge>([answers, durable, fresh, carriedOutOnce, delivered, reminds])

const ends = "it runs to its end"

/** What breaks a promise. */
export function judge(program: Program, history: History, failure?: Error): readonly Violation[] {
  if (history.full) return [{ promise: ends, text: "it leads to more than a history holds" }] // of a part nothing can be said
  const view = new View(program, history)
  const found: Violation[] = []
  for (const [promise, judges_] of Object.entries(judges))
    if (!view.parted || !ofWhatIsKept.has(judges_)) for (const text of judges_(view)) found.push({ promise, text })
  if (failure !== undefined) found.push({ promise: ends, text: failure.message })
  return found
}
