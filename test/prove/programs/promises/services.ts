/** The promises of what surrounds actors: topics, reminders, streams, watching, and the system itself. */
import { isEntity, type SeenAs } from "../history.js"
import { askMs, soonMs, type Judge, type Sent, type View } from "./view.js"

/** A stream whose reader is lost is closed after so long. */
const streamMs = 30_000

function* unhandled(view: View): Iterable<string> {
  for (const { text } of view.history.of("unhandled")) yield `nobody handles: ${text}`
}

/** T1 of topics.ts: who is subscribed hears what is published. */
function* subscribers(view: View): Iterable<string> {
  if (view.quiet === undefined || view.damaged.size > 0) return
  const all = view.history.of("subscribed")
  // A node that is taken for lost may go on with the last life of an entity there, and subscribe it; what is published
  // while that node is away misses it.
  const away = Math.min(...view.history.of("away").map((seen) => seen.at))
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
        sent.at > Math.min(moves, away) - askMs
      )
        continue
      if (view.taken.get(sent.m) !== true || sent.at > view.quiet.at - soonMs || !view.lives(host, sent.at + soonMs))
        continue
      if (!view.turnsOf(sent.m).some((begun) => begun.to === to && begun.handler === handler))
        yield `${to} is subscribed as ${handler}, and does not hear the message ${sent.m}`
    }
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

/** S14, row 21: a system stops, and leaves nobody. */
function* stops(view: View): Iterable<string> {
  for (const { actors, tenants, hangs } of view.history.of("hostStopped")) {
    if (hangs) yield "the system does not stop"
    else if (tenants !== 0) yield `${tenants} tenants are still known when the system has stopped`
    else if (actors !== 0) yield `statistics.actors is ${actors} when the system has stopped`
  }
}

export const services = {
  "a throw ends nothing but its actor": unhandled,
  "subscribers (T1)": subscribers,
  "reminders (R2)": reminds,
  "streams (S3)": streams,
  "watched (S27)": watched,
  "stops (S14)": stops,
} as const satisfies Record<string, Judge>
