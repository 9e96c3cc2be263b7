/**
 * The context of a command with an id, which is carried out once: its events, its id and its answer are one write.
 *
 * Invariants
 *   N1. What its handler persists is folded at once and stored when the handler has ended, or not at all; what it
 *       delivers is sent only then (B6). From then on what is persisted through it is stored by itself.
 *   N2. Works that the handler begins begin when it has ended: what they persist is none of its write.
 *   N3. A command that is answered later is stored with its answer, if it persisted nothing until then; else it is
 *       marked as carried out, and its answer is stored when it is given. It is sent when it is durable. The same id
 *       gets the same answer; it waits for it in the same life, and is told `COMMAND_UNANSWERED` when that has ended
 *       without.
 *   N4. A command that was put aside is neither answered nor stored as carried out: it will be when it is taken again.
 *       So one that has persisted is not put aside, and the other way round: what it persisted would be there twice.
 *   N5. What its works, their results and its timers persist while its answer is owed is the command's: with the first
 *       of it the command is marked as carried out.
 */
import type { ErasedHandler, RunOptions, Sender, Task } from "../actor.js"
import { Ask, DeferredReply } from "../ask.js"
import type { Cell } from "../cell.js"
import { AgentOSError, ofHandler, saying } from "../errors.js"
import type { Message } from "../inbox.js"
import { isPromise } from "../turns.js"
import { answerOf, storedAnswer, UNANSWERED } from "./unanswered.js"
import type { Hold } from "./appends.js"
import type { NewEvent } from "./journal.js"
import { Line } from "./line.js"
import { isReserved } from "./outbox.js"
import { ended, PersistedTurn, SILENCE } from "./persisted-turn.js"
import type { PersistedContext } from "./persisted-context.js"
import { fromStored, toStored } from "./stored.js"

/** The handler runs; its write is under way; the answer is owed; it was given, or will never be. */
type Stage = "handling" | "ending" | "unanswered" | "over"

/** The context of a message that a timer or work of a command has sent: it goes on with the command (N5). */
export class ContinuedTurn extends PersistedTurn {
  readonly #command: CommandTurn

  constructor(life: PersistedContext, cell: Cell, message: Message, command: CommandTurn) {
    super(life, cell, message)
    this.#command = command
  }

  protected override store(events: readonly NewEvent[]): Promise<void> {
    return this.#command.storeLater(events)
  }

  protected override get origin(): object {
    return this.#command
  }
}

/** As it is given, and as it is stored. */
interface Answer {
  readonly value: unknown
  readonly stored: unknown
}

export class CommandTurn extends PersistedTurn {
  readonly #id: string
  /** What the handler has persisted, one after the other. */
  #line: Line | undefined
  #held: NewEvent[] | undefined
  #hold: Hold | undefined
  #stage: Stage = "handling"
  #stashed = false
  /** What `defer` was told: an answer or a failure. */
  #answer: Answer | undefined
  #failure: { readonly error: unknown } | undefined
  /** The journal knows that it was carried out, but not its answer. */
  #marked = false
  /** Those who wait for the answer. */
  #asks: Ask[] | undefined
  #onEnd: (() => void) | undefined
  #end: Promise<void> | undefined

  constructor(life: PersistedContext, cell: Cell, message: Message, id: string) {
    super(life, cell, message)
    this.#id = id
  }

  /** Carries the command out, unless that was done before. @returns its answer */
  async carryOut(handler: ErasedHandler, payload: unknown): Promise<unknown> {
    const { life } = this
    const before = life.unanswered.get(this.#id)
    if (before !== undefined) return before.#join(this)
    let known: Awaited<ReturnType<typeof life.answerTo>>
    let failure: AgentOSError | undefined
    life.wait()
    try {
      known = await life.answerTo(this.#id)
    } catch (error) {
      failure = AgentOSError.from(error, "JOURNAL_FAILED")
    }
    life.go()
    if (failure !== undefined) return this.lose(this.cell.compiled.typeOf(this.handling.handler), failure)
    if (known !== undefined) {
      const answer = answerOf(known.reply)
      return answer === undefined ? this.refuse(this.#noAnswer()) : fromStored(answer.value, life.entities)
    }
    let result: unknown
    try {
      const given = handler(this, payload)
      result = isPromise(given) ? await given : given
    } catch (error) {
      // It cannot say that the command was carried out: nothing of it is stored (N1).
      throw error instanceof AgentOSError && error.executed === "yes" ? saying(error, "maybe") : error
    }
    this.over()
    this.checkLooked()
    this.#stage = "ending"
    this.#onEnd?.() // N2
    if (this.#line?.tail !== undefined) await this.#line.tail
    return this.#finish(result)
  }

  async #finish(result: unknown): Promise<unknown> {
    if (this.#stashed) {
      this.#stage = "over"
      return SILENCE // N4
    }
    const deferred = isDeferred(result)
    if (!deferred || this.#answer !== undefined) {
      const answer = (this.#answer ??= this.#keptAtEnd(result))
      this.#stage = "over"
      await this.#commit(answer.stored)
      return this.#given(answer)
    }
    if (this.#failure !== undefined) {
      await this.#commitUnanswered()
      this.#stage = "over"
      return this.refuse(this.#failure.error)
    }
    this.#stage = "unanswered"
    this.life.unanswered.set(this.#id, this)
    if (this.meta instanceof Ask) this.#asks = [this.meta]
    await this.#commitUnanswered()
    return SILENCE
  }

  #commitUnanswered(): Promise<void> | undefined {
    if (this.#held === undefined) return undefined
    this.#marked = true
    return this.#commit(UNANSWERED)
  }

  /** The one write of what was held (N1). */
  #commit(reply: unknown): Promise<void> {
    const { appends } = this.life
    const command = { id: this.#id, reply }
    if (this.#hold === undefined) return appends.append([], this.traceId, command)
    return appends.commit(this.#hold, this.#held ?? [], this.traceId, command)
  }

  protected override store(events: readonly NewEvent[]): Promise<void> {
    if (this.#stage !== "handling") return this.storeLater(events)
    if (this.#stashed) throw this.#misused("persists nothing after it was put aside") // N4
    const line = (this.#line ??= new Line())
    const before = line.tail ?? (this.#hold ??= this.life.appends.hold()).granted
    return line.add(this.#keep(before, events))
  }

  /** What is persisted when its handler has ended, by whatever goes on with it (N3, N5). */
  storeLater(events: readonly NewEvent[]): Promise<void> {
    if (this.#stage !== "unanswered" || this.#marked || this.#answer !== undefined) return super.store(events)
    this.#marked = true
    return this.life.appends.append(events, this.traceId, { id: this.#id, reply: UNANSWERED })
  }

  protected override get origin(): object {
    return this
  }

  async #keep(before: Promise<void> | undefined, events: readonly NewEvent[]): Promise<void> {
    if (before !== undefined) await before
    void this.cell // its life may have ended meanwhile
    const { persisted, appends } = this.life
    const { sequence: after, title, outbox } = persisted
    const held = (this.#held ??= [])
    for (const event of outbox.numbered(events)) {
      held.push(event)
      if (isReserved(event.name)) continue // B6
      const copy = toStored(event.payload, () => title)
      appends.fold(event, copy, after)
    }
  }

  override stash(): void {
    if (this.#line !== undefined) throw this.#misused("is not put aside after it has persisted") // N4
    super.stash()
    this.#stashed = true
  }

  override run<T>(
    work: (signal: AbortSignal, sender: Sender) => Promise<T>,
    done: string,
    failed?: string,
    options?: RunOptions,
  ): Task {
    if (this.#stage !== "handling") return super.run(work, done, failed, options)
    const end = (this.#end ??= new Promise((onEnd) => (this.#onEnd = onEnd))) // N2
    // Who takes no signal is not made one.
    const later =
      work.length === 0
        ? () => end.then(() => (work as () => Promise<T>)())
        : (signal: AbortSignal, sender: Sender) => end.then(() => work(signal, sender))
    return super.run(later, done, failed, options)
  }

  /** The same command again, while its answer is owed. */
  #join(again: CommandTurn): DeferredReply {
    const { meta } = again
    if (meta instanceof Ask) {
      this.ongoing.owe(meta)
      ;(this.#asks ??= []).push(meta)
    }
    return SILENCE
  }

  override replyLater(value: unknown): void {
    if (this.#stage === "over" || this.#answer !== undefined || this.#failure !== undefined || this.life.revoked) return
    const answer = (this.#answer = this.#kept(value))
    if (this.#stage !== "unanswered") return // it goes with what the handler persists
    void this.life.appends
      .append([], this.traceId, { id: this.#id, reply: answer.stored })
      .then(() => this.#settle((ask) => ask.reply(this.#given(answer))), ended)
  }

  override failLater(error: unknown): void {
    if (this.#stage === "over" || this.#answer !== undefined || this.#failure !== undefined) return
    this.#failure = { error: ofHandler(error) }
    if (this.#stage === "unanswered") this.#settle((ask) => ask.fail(this.#failure?.error))
  }

  #settle(tell: (ask: Ask) => void): void {
    this.#stage = "over"
    this.life.unanswered.delete(this.#id)
    for (const ask of this.#asks ?? []) tell(ask)
  }

  /** As it was when it was given, whatever became of the object: whoever repeats the command gets the same. */
  #given({ value, stored }: Answer): unknown {
    if (typeof value !== "object" || value === null) return value
    return fromStored(answerOf(stored)?.value, this.life.entities)
  }

  /** @throws `INVALID_PAYLOAD` for an answer that cannot be given again */
  #kept(value: unknown): Answer {
    const title = (): string => `${this.life.persisted.title}, the answer to command ${this.#id}`
    return { value, stored: storedAnswer(toStored(value, title)) }
  }

  /**
   * As `#kept`, at the handler's end: of a command that cannot be answered nothing is stored (N1), and its error says
   * so.
   */
  #keptAtEnd(value: unknown): Answer {
    try {
      return this.#kept(value)
    } catch (error) {
      throw saying(AgentOSError.from(error), "no")
    }
  }

  #misused(what: string): AgentOSError {
    const message = `${this.life.persisted.title}: command ${this.#id} ${what}, since it is carried out again`
    return new AgentOSError("INVALID_DEFINITION", message)
  }

  #noAnswer(): AgentOSError {
    return new AgentOSError(
      "COMMAND_UNANSWERED",
      `${this.life.persisted.title}: command ${this.#id} was carried out, and no answer to it is kept: its life ended before, a failure was told, or the answer was damaged`,
    )
  }
}

/** What cannot be read (a revoked Proxy, say) is none. */
function isDeferred(result: unknown): result is DeferredReply {
  try {
    return result instanceof DeferredReply
  } catch {
    return false
  }
}
