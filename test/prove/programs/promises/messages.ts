/** The promises of what is sent: messages, asks, timers and works. */
import { isNone } from "../generator.js"
import { isEntity, type SeenAs } from "../history.js"
import { askMs, lateMs, soonMs, type Begun, type Judge, type Sent, type View } from "./view.js"

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
    if (sent.how === "publish" && view.history.of("away").length > 0) continue // none out of reach lets one go (U6)
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
    // Of a command whose answer cannot be stored nothing is.
    const undone = code === "INVALID_PAYLOAD" && sent.commandId !== undefined && view.isPersistent(sent.to)
    if (executed === "no" && turns.length > 0 && !threw && !failed && !undone)
      yield `${what} fails with ${code}, which says that nothing was done; it was handled`
    // S7: what is beside a crash is told that it crashed, not what the other threw.
    const beside = turns
      .flatMap(({ life }) => view.thrownIn(life))
      .find(({ at, value }) => value === code && at === outcome.at)
    // S5: all that was asked for it is, at once
    const calledOff = code === "CANCELLED" && view.cancelled.has(outcome.at)
    if (
      beside !== undefined &&
      !threw &&
      !failed &&
      !calledOff &&
      !["thrown", "ACTOR_CRASHED", "ASK_TIMEOUT"].includes(code)
    )
      yield `${what} fails with ${code}, which another handler threw`
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

export const messages = {
  "order (S1)": inOrder,
  "once at most (S3)": once,
  "handled or a dead letter (S3, S10, E2)": handled,
  "asks settle (S4)": settles,
  "answers (P2, P5)": answers,
  "failures (E2, S12)": failures,
  "circles (S16)": circles,
  "of one life (S9)": ofOneLife,
  "one at a time (S16)": oneAtATime,
  "names (N1)": names,
  "payloads (S28)": payloads,
} as const satisfies Record<string, Judge>
