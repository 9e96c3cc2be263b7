/**
 * One life of an actor whose state is what its events made of it: it recovers, takes commands, writes, and leaves.
 * What is persisted in it stands in persisted-turn.ts and command-turn.ts.
 *
 * Invariants
 *   P1. State changes only by events, and an event is folded only once it is in the journal, or held to go there with
 *       the answer of its command.
 *   P2. No reply leaves before everything that was persisted up to then is durable. What is persisted later does not
 *       hold it up.
 *   P3. A write that fails, or a fold that throws, ends the life whatever the handler does about it; the ask is told.
 *       What could never be stored is refused before, and ends nothing.
 *   P4. A life that cannot recover tells whoever sends why. What lasts (a damaged record, a fold that throws) is tried
 *       again with the next wake, or when a message comes after a while; what heals (the journal is away) is tried
 *       until it succeeds, while messages wait.
 *   P5. A command with an id is carried out once (N1 to N4), and counts as new after `keepCommandsMs`.
 *   P6. What is answered to deliveries is written before the life ends in order.
 */
import type { ErasedHandler } from "../actor.js"
import type { Cell } from "../cell.js"
import { Context } from "../context.js"
import { AgentOSError, thrownText } from "../errors.js"
import { causeOf, Own, type Meta } from "../inbox.js"
import type { ActorSystem } from "../system.js"
import { isPromise } from "../turns.js"
import { Appends, type Command, type Writer } from "./appends.js"
import { CommandTurn, ContinuedTurn } from "./command-turn.js"
import { leaveBehind, leftBehind } from "./former-lives.js"
import type { Answer, Journal, NewEvent } from "./journal.js"
import { Keeping } from "./keeping.js"
import { DELIVER } from "./outbox.js"
import type { Persisted } from "./persisted.js"
import { PersistedTurn } from "./persisted-turn.js"
import { Postman } from "./postman.js"
import { againMs, pause } from "../timers.js"
import { isLasting, recovered } from "./recovery.js"
import type { Entities } from "./stored.js"

const retryMs = { least: 50, most: 5000 }
/** How long one that cannot recover is left alone. */
const brokenMs = { least: 1000, most: 60_000 }

export class PersistedContext extends Context implements Writer {
  readonly #cell: Cell
  readonly #system: ActorSystem
  readonly appends = new Appends(this)
  readonly #keeping: Keeping
  readonly #postman = new Postman(this)
  /** Commands that were carried out and wait for their answer, by id. */
  readonly unanswered = new Map<string, CommandTurn>()
  persisted: Persisted
  /** A message was taken, and waits for something of the journal before its handler begins (T6). */
  #unbegun = false
  /** Why it could not recover (P4). */
  broken: { readonly why: AgentOSError; readonly attempts: number; readonly until: number } | undefined

  constructor(cell: Cell) {
    super(cell)
    this.#cell = cell
    this.#system = cell.system
    this.#keeping = new Keeping(cell.system)
    this.persisted = cell.state as Persisted
  }

  get entities(): Entities {
    return this.#system
  }

  get journal(): Journal {
    return this.#system.journal
  }

  /** It has ended, or is about to. */
  get ending(): boolean {
    return this.revoked || this.#cell.stopping
  }

  override get owes(): boolean {
    // A command that is owed its answer counts while somebody waits for that, as every deferred ask.
    return super.owes || this.appends.tail !== undefined || this.#postman.underWay > 0
  }

  /** The context of the message that is being handled. */
  begin(): PersistedTurn {
    const { handling: message } = this
    const { meta } = message
    if (meta instanceof Own && meta.origin instanceof CommandTurn)
      return new ContinuedTurn(this, this.#cell, message, meta.origin)
    const commandId = causeOf(meta)?.commandId
    return commandId === undefined
      ? new PersistedTurn(this, this.#cell, message)
      : new CommandTurn(this, this.#cell, message, commandId)
  }

  /** The message that was taken waits for something before its handler begins. */
  wait(): void {
    this.#unbegun = true
  }

  /** That has come. @throws `ACTOR_STOPPED` when the life has ended, or the message was taken back meanwhile */
  go(): void {
    void this.cell
    if (this.#unbegun) this.#unbegun = false
    else throw new AgentOSError("ACTOR_STOPPED", `${this.persisted.title}: the message waits for the next life`)
  }

  override takeBack(): boolean {
    const taken = this.#unbegun
    this.#unbegun = false
    return taken
  }

  // --- recovery ------------------------------------------------------------------------------------------------------------------------------

  /** At the beginning of the life (P4). */
  async recover(): Promise<void> {
    for (let attempt = 0; ; attempt++) {
      const why = await this.#attempt()
      if (why === undefined) return
      if (isLasting(why) || this.signal.aborted) return this.#leaveAlone(why, 0)
      if (attempt === 3)
        this.#system.logger.warn({ actor: this.self.address, error: why }, "an actor cannot recover; it goes on trying")
      await pause(this.#system.wheel, againMs(this.#system.random, retryMs, attempt), this.signal)
    }
  }

  async #attempt(): Promise<AgentOSError | undefined> {
    const { spec, id } = this.persisted
    try {
      await leftBehind(this.#system, id)
      const persisted = await recovered(this.#system, spec, id)
      this.cell.state = this.persisted = persisted
    } catch (error) {
      return AgentOSError.from(error, "JOURNAL_FAILED")
    }
    this.#postman.send()
    return undefined
  }

  #leaveAlone(why: AgentOSError, attempts: number): void {
    const until = this.#system.wheel.now + Math.min(brokenMs.most, brokenMs.least * 2 ** attempts)
    this.broken = { why, attempts, until }
    this.#system.logger.error({ actor: this.self.address, error: why }, "an actor cannot recover")
  }

  /** One that could not recover has got a message. @returns why it still cannot */
  async mend(): Promise<AgentOSError | undefined> {
    const { broken } = this
    if (broken === undefined) return undefined
    if (this.#system.wheel.now < broken.until) return broken.why
    const why = await this.#attempt()
    if (why === undefined) this.broken = undefined
    else this.#leaveAlone(why, broken.attempts + 1)
    return why
  }

  // --- writing -------------------------------------------------------------------------------------------------------------------------------

  appended(command: Command | undefined): void {
    if (this.revoked) return
    this.#keeping.look(this.persisted, command !== undefined)
    this.#postman.send()
  }

  failed(events: readonly NewEvent[], cause: unknown): AgentOSError {
    if (cause instanceof AgentOSError && cause.code === "INVALID_PAYLOAD") return this.#over(cause)
    const what = `the journal did not take ${events.length} events`
    return this.#over(
      new AgentOSError("JOURNAL_FAILED", `${this.persisted.title}: ${what}: ${thrownText(cause)}`, { cause }),
      this.#unbegun ? undefined : this.#cell.current, // P2: its answer, if there is one, waits for the write
    )
  }

  foldFailed({ name }: NewEvent, cause: unknown): AgentOSError {
    const message = `${this.persisted.title}: the event ${name} cannot be folded: ${thrownText(cause)}`
    return this.#over(new AgentOSError("ACTOR_CRASHED", message, { cause }))
  }

  /** P3 */
  #over(why: AgentOSError, thrower?: Meta): AgentOSError {
    this.appends.close(why)
    if (!this.revoked) this.#cell.workFailed(why, thrower)
    return why
  }

  /** What a command got, if it was carried out and is not too old (P5). */
  async answerTo(commandId: string): Promise<Answer | undefined> {
    const { spec, id } = this.persisted
    const known = await this.journal.reply(id, commandId)
    const { keepCommandsMs = Infinity } = spec.retention ?? {}
    const isOld = known?.wallTime !== undefined && known.wallTime < this.#system.clock.wallTime() - keepCommandsMs
    return isOld ? undefined : known
  }

  /** Somebody takes these deliveries for open: that some are not is written down, where that was lost. */
  settle(numbers: unknown): Promise<void> | undefined {
    const payload = this.persisted.outbox.answered(numbers)
    if (payload.length === 0) return undefined
    return this.appends.append([this.persisted.acknowledged(payload)], undefined, undefined)
  }

  // --- the end -------------------------------------------------------------------------------------------------------------------------------

  /**
   * Before it ends in order (P6): what works persist at the end is waited for, too. Its next life goes on with the
   * deliveries that are open, at once, unless that is not to be.
   */
  async leave(): Promise<void> {
    const numbers = this.persisted.outbox.numbers
    if (numbers.length > 0 && !this.#system.stopping) this.self.tell(DELIVER, numbers)
    if (this.persisted.outbox.unwritten > 0) void this.appends.append([], undefined, undefined)
    await this.appends.tail
    await this.#keeping.underWay
  }

  override revoke(why?: () => AgentOSError): void {
    const first = !this.revoked
    super.revoke(why)
    if (!first) return
    const { id } = this.persisted
    const message = `this life of ${this.persisted.title} has ended; nothing more is stored for it`
    this.appends.close(new AgentOSError("ACTOR_STOPPED", message))
    const writes = [this.appends.underWay, this.#keeping.underWay].filter((write) => write !== undefined)
    if (writes.length > 0) leaveBehind(this.#system, id, writes)
  }
}

/** Wraps a handler: what it persists belongs to its own turn, and its reply waits for that (P2, P5). */
export function command(type: string, handler: ErasedHandler): ErasedHandler {
  return (context, payload) => {
    const life = context as PersistedContext
    return life.broken === undefined ? carryOut(life, handler, payload) : mended(life, type, handler, payload)
  }
}

function carryOut(life: PersistedContext, handler: ErasedHandler, payload: unknown): unknown {
  const turn = life.begin()
  if (turn instanceof CommandTurn) return turn.carryOut(handler, payload)
  const result = handler(turn, payload)
  if (isPromise(result)) return durable(life, turn, result)
  turn.over()
  turn.checkLooked()
  const { tail } = life.appends
  return tail === undefined ? result : tail.then(() => result)
}

/** P2 */
async function durable(
  { appends }: PersistedContext,
  turn: PersistedTurn,
  result: PromiseLike<unknown>,
): Promise<unknown> {
  const value = await result
  turn.over()
  turn.checkLooked()
  if (appends.tail !== undefined) await appends.tail
  return value
}

/** P4 */
async function mended(
  life: PersistedContext,
  type: string,
  handler: ErasedHandler,
  payload: unknown,
): Promise<unknown> {
  life.wait()
  const why = await life.mend()
  life.go()
  return why === undefined ? carryOut(life, handler, payload) : life.begin().lose(type, why)
}

/**
 * What every persistent actor understands beside its own messages: one whose outbox is to be sent does so when it
 * wakes.
 */
export const outboxHandlers: Readonly<Record<string, ErasedHandler>> = {
  [DELIVER]: command(DELIVER, (turn, numbers) => (turn as PersistedTurn).life.settle(numbers)),
}
