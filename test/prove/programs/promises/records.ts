/** The promises of what is stored: events, commands, deliveries, projections. */
import type { SeenAs } from "../history.js"
import { kindName } from "../program.js"
import { lateMs, soonMs, type Begun, type Judge, type View } from "./view.js"

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

/** Q2, Q5: what is left in the order is what was seen last of each actor, and nothing was let go unseen. */
function* projections(view: View): Iterable<string> {
  for (const { kind, tenant, seen, missed, ordered } of view.history.of("projected")) {
    const left = new Set(ordered)
    const trims = view.program.kinds.some((of, n) => kindName(n) === kind && of.keepEvents !== undefined)
    const same = seen.filter((entry) => !trims || left.has(entry)).join("\n") === ordered.join("\n")
    const twice = seen.length - new Set(seen).size
    if (same && missed === 0 && twice === 0) continue
    const differs = seen.findIndex((entry, n) => entry !== ordered[n])
    yield (
      `a projection of ${kind} of ${tenant} saw ${seen.length} events of ${ordered.length}, ${twice} twice, and missed ` +
      `${missed}${trims || differs < 0 ? "" : `; it saw ${seen[differs]} where ${ordered[differs]} is stored`}`
    )
  }
}

export const records = {
  "told why (P4)": toldWhy,
  "durable (P1)": durable,
  "fresh (L1)": fresh,
  "carried out once (P5)": carriedOutOnce,
  "refused by name (J1)": refusedByName,
  "delivered (B1)": delivered,
  "answered deliveries (P6)": answeredOnce,
  "old commands (P5)": forgets,
  "as it was given (S29)": asGiven,
  "projections (Q2)": projections,
} as const satisfies Record<string, Judge>
