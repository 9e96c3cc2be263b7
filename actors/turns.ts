/**
 * How one actor handles its messages: one at a time, some of them beside a promise that is open. What a crash leads to
 * stands in cell.ts.
 *
 * Invariants
 *   T1. One message at a time; while a handler's promise is open no other message is taken, save those of reentrant
 *       handlers.
 *   T2. Signals are handled before messages, so a flooded actor can still be stopped.
 *   T3. Nothing of a life that ended is heard: a promise whose limit is not the open one any more comes too late.
 *   T4. An actor that has nothing to do holds neither the payload nor the cause of its last message.
 *   T5. An actor is idle, and may sleep or move, when it has nothing to do and owes nothing: no message waits or is
 *       put aside, no promise is open, no work goes on, no answer was deferred, and no actor hangs on it (a child, one
 *       that it watches or is linked to). Whoever asks "may this end now" asks for this and for nothing else. Timers
 *       do not count.
 *   T6. A message that was taken, and of which nothing is begun when the life ends, waits again: behind what was put
 *       aside before it, before all others.
 */
import { Ask } from "./ask.js"
import type { Context } from "./context.js"
import { AgentOSError } from "./errors.js"
import { Inbox, phases, PROBE, type Aside, type Meta } from "./inbox.js"
import type { DefinitionMeter } from "./meter.js"
import { Limit } from "./timers.js"

/** How long a handler's promise may hold the mailbox unless told otherwise. */
const defaultHandlerMs = 60_000

/**
 * No fields of its own: each class of a hierarchy that has some makes spawning dearer.
 * @template S what the actor is told besides messages
 */
export abstract class Turns<S> extends Inbox<S> {
  /** The context of this life, once somebody asked for it. */
  protected abstract known: Context | undefined

  /** How often it was started again. */
  abstract life: number

  abstract get context(): Context
  /** Others end with this life, or are to be heard of in it. */
  protected abstract get attached(): boolean
  protected abstract handleSignal(signal: S): void
  /**
   * Something of this life threw.
   * @param thrower beside the message whose handler it was; undefined when it was a hook, a work, or another actor
   */
  protected abstract crash(thrown: unknown, thrower: Meta | undefined): void

  /** T5 */
  get idle(): boolean {
    return (
      !this.scheduled && // else it may be in the middle of a handler that has not returned its promise yet
      this.open === undefined &&
      this.waiting === 0 &&
      this.phase === phases.running &&
      this.signals === undefined &&
      (this.aside === undefined || this.aside.idle) &&
      (this.known === undefined || !this.known.owes) &&
      !this.attached
    )
  }

  // --- whose turn it is ---------------------------------------------------------------------------------------------

  signal(signal: S): void {
    if (this.phase === phases.ended) return
    if (this.signals === undefined) this.signals = [signal]
    else this.signals.push(signal)
    if (!this.scheduled && this.open === undefined) this.queue()
  }

  protected schedule(): void {
    if (this.open !== undefined || this.phase === phases.waiting) return
    this.scheduled = true
    if (this.known === undefined) this.system.dispatcher.welcome(this)
    else this.system.dispatcher.schedule(this)
  }

  protected queue(): void {
    this.scheduled = true
    this.system.dispatcher.schedule(this)
  }

  run(limit: number): number {
    const { compiled } = this
    const { dispatcher } = this.system
    const { meter } = compiled
    let handled = 0
    /** The messages of one type that came in a row are counted together. */
    let counting = 0
    let inRow = 0
    while (handled < limit && !dispatcher.hurried) {
      if (this.open !== undefined) {
        if (!this.runReentrant()) break
        handled += 1
        continue
      }
      if (this.signals !== undefined) {
        this.nextSignal() // T2
        handled += 1
        continue
      }
      if (this.phase !== phases.running) break
      const handler = this.take()
      if (handler === 0) break
      handled += 1
      if (meter !== undefined) {
        if (handler !== counting) {
          if (inRow > 0) {
            meter.count(counting, inRow)
            inRow = 0
          }
          counting = handler
          if (handler === PROBE) {
            this.endProbe(meter)
            counting = 0
            continue
          }
        }
        inRow += 1
      }
      this.handle(handler, this.payload, this.current)
    }
    compiled.handled += handled
    if (inRow > 0) (meter as DefinitionMeter).count(counting, inRow)
    this.scheduled = false
    const { aside } = this
    if (aside !== undefined) this.admit()
    if (this.open === undefined) {
      this.handler = 0
      this.current = undefined // T4
      this.payload = undefined
      if (this.mayWait || this.signals !== undefined || aside !== undefined) this.scheduleIfDue()
    } else if (aside !== undefined && this.waitingReentrant > 0 && this.phase === phases.running) this.queue()
    return handled
  }

  private scheduleIfDue(): void {
    if (this.signals !== undefined || (this.phase === phases.running && this.waiting > 0)) this.schedule()
  }

  private nextSignal(): void {
    const signals = this.signals as S[]
    const signal = signals.shift() as S
    if (signals.length === 0) this.signals = undefined
    this.handleSignal(signal)
  }

  // --- handling -----------------------------------------------------------------------------------------------------

  private handle(handler: number, payload: unknown, meta: Meta | undefined): void {
    if (meta !== undefined && this.isLate(handler, meta)) return
    try {
      const result = (this.compiled.handlers[handler - 1] as Handler)(this.known ?? this.context, payload)
      if (isPromise(result)) this.hold(result, meta)
      else if (meta instanceof Ask) meta.handled(result)
    } catch (error) {
      this.crash(error, meta)
    }
  }

  /** Whether nobody waits for it any more, or it is for a life that has ended. */
  private isLate(handler: number, meta: Meta): boolean {
    if (meta instanceof Ask) {
      return (meta.ended || meta.stashed || meta.deadline < this.system.wheel.now) && meta.late
    }
    if ("life" in meta) return meta.life !== this.life // I4 of inbox.ts; as in `causeOf`
    return meta.deadline !== undefined && this.isExpired(handler, meta, meta.deadline)
  }

  private isExpired(handler: number, meta: Meta, deadline: number): boolean {
    if (deadline >= this.system.wheel.now) return false
    this.system.deadLetter(this, this.compiled.typeOf(handler), meta, "expired")
    return true
  }

  /**
   * Holds the line until a handler's or hook's promise settles or its time is up (T1).
   * @param done called when it settles well
   */
  protected hold(promise: PromiseLike<unknown>, meta: Meta | undefined, done?: () => void): void {
    const limitMs = this.compiled.spec.handlerTimeoutMs ?? defaultHandlerMs
    const open = new Limit(() => this.settle(open, () => this.crash(this.tooLong(this.handler, limitMs), meta)))
    this.open = open
    this.system.wheel.add(open, limitMs)
    if (this.phase === phases.running) this.partReentrant()
    promise.then(
      (value) =>
        this.settle(open, () => {
          done?.()
          if (meta instanceof Ask) meta.handled(value)
        }),
      (error: unknown) => this.settle(open, () => this.crash(error, meta)),
    )
  }

  private tooLong(handler: number, limitMs: number): AgentOSError {
    const what = handler === 0 ? "a hook" : `the handler ${this.compiled.typeOf(handler)}`
    return new AgentOSError("HANDLER_TIMEOUT", `${this.address}: ${what} did not settle within ${limitMs} ms`)
  }

  private settle(open: Limit, then: () => void): void {
    if (this.open !== open) return // T3
    open.measured?.()
    this.release()
    then()
    if (this.scheduled || this.phase === phases.ended || this.open !== undefined) return
    if (this.waiting > 0 || this.signals !== undefined) this.schedule()
    else {
      this.handler = 0
      this.current = undefined // T4
      this.payload = undefined
    }
  }

  private release(): void {
    this.open?.cancel()
    this.open = undefined
  }

  /** Handles a message of a reentrant handler beside the promise that is open. @returns whether there was one */
  private runReentrant(): boolean {
    if (this.waitingReentrant === 0 || this.phase !== phases.running) return false
    const held = { meta: this.current, handler: this.handler, payload: this.payload }
    const resume = (): void => {
      this.current = held.meta
      this.handler = held.handler
      this.payload = held.payload
    }
    const handler = this.takeReentrant()
    const { payload, current: meta } = this
    if (meta !== undefined && this.isLate(handler, meta)) {
      resume()
      return true
    }
    try {
      const turn = this.context.turn(meta, handler, payload)
      const result = (this.compiled.handlers[handler - 1] as Handler)(turn, payload)
      resume()
      if (isPromise(result)) return this.holdBeside(result, meta, handler, turn)
      turn.over()
      if (meta instanceof Ask) meta.handled(result)
    } catch (error) {
      resume()
      this.crash(error, meta)
    }
    return true
  }

  private holdBeside(promise: PromiseLike<unknown>, meta: Meta | undefined, handler: number, context: Context): true {
    const beside = (this.aside as Aside).open
    const limitMs = this.compiled.spec.handlerTimeoutMs ?? defaultHandlerMs
    const fail = (error: unknown): void => {
      if (!beside.delete(turn)) return // T3
      turn.cancel()
      this.crash(error, meta)
    }
    const turn = new Limit(() => fail(this.tooLong(handler, limitMs)))
    beside.set(turn, meta)
    this.system.wheel.add(turn, limitMs)
    promise.then((value) => {
      if (!beside.delete(turn)) return // T3
      turn.cancel()
      context.over()
      if (meta instanceof Ask) meta.handled(value)
    }, fail)
    return true
  }

  /** What the open promises would have answered, nobody answers any more. @param why told to those who wait */
  protected giveUp(why: () => AgentOSError): void {
    const beside = this.aside?.open
    for (const [turn, meta] of beside ?? []) {
      turn.cancel()
      if (meta instanceof Ask && !meta.stashed) meta.fail(why())
    }
    beside?.clear()
    if (this.open === undefined) return
    this.release()
    if (this.known?.takeBack() === true)
      this.keepAside(this.handling) // T6
    else if (this.current instanceof Ask && !this.current.stashed) this.current.fail(why())
  }

  // --- measuring ----------------------------------------------------------------------------------------------------

  /** A probe has come to its turn. */
  private endProbe(meter: DefinitionMeter): void {
    meter.mailboxAge.add(this.system.clock.monotonic() - (this.payload as number))
  }

  runSampled(limit: number): number {
    const { compiled } = this
    const handled = compiled.meter === undefined ? 0 : this.handleSampled(compiled.meter)
    compiled.handled += handled
    return handled + this.run(limit - handled)
  }

  /**
   * The first message of a turn that is measured: takes its time, and puts a probe behind what waits.
   * @returns how many messages it handled
   */
  private handleSampled(meter: DefinitionMeter): number {
    if (this.open !== undefined || this.signals !== undefined || this.phase !== phases.running) return 0
    const { clock } = this.system
    const began = clock.monotonic()
    if (!this.putProbe(began) && this.waiting > 0) meter.mailboxAge.add(0)
    const handler = this.take()
    if (handler === 0) return 0
    if (handler === PROBE) {
      this.endProbe(meter)
      return 0
    }
    meter.count(handler, 1)
    this.handle(handler, this.payload, this.current)
    const open = this.open
    const measured = (): void => meter.handlerTime.add(clock.monotonic() - began)
    if (open === undefined) measured()
    else (open as Limit).measured = measured
    return 1
  }
}

type Handler = (context: Context, payload: unknown) => unknown

export function isPromise(value: unknown): value is PromiseLike<unknown> {
  return typeof value === "object" && value !== null && hasThen(value)
}

/** What cannot be read (a revoked Proxy, say) is no promise. */
function hasThen(value: object): boolean {
  try {
    return typeof (value as { then?: unknown }).then === "function"
  } catch {
    return false
  }
}
