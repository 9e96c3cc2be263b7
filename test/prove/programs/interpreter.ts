/**
 * Makes real definitions of a program's data, by the public doors only, and tells the history what they do and see.
 *
 * Invariants
 *   I1. A step that an actor cannot do (persist in a plain one) does nothing: any program can run, so that any part
 *       of one can be left out.
 *   I2. What is sent on from a handler has less fuel than what it was sent with: programs end.
 *   I3. What was given away is changed at once, wherever the runtime promises a copy.
 */
import {
  defineActor,
  definePersistentActor,
  delivery,
  openStream,
  parseAddress,
  readStream,
  startReminders,
  subscribe,
  type ActorContext,
  type ActorRef,
  type ActorSystem,
  type AgentOSError,
  type AnyRef,
  type Clock,
  type Delivery,
  type SendOptions,
  type StreamRef,
} from "#actors/index.js"
import type { AnyDefinition } from "#actors/actor.js"
import { AgentOSError as ErrorClass } from "#actors/errors.js"
import { entityText, isEntity, type History, type How, type Seen } from "./history.js"
import {
  handlerName,
  kindName,
  noHandler,
  reminderName,
  type Asked,
  type Event,
  type Fold,
  type Handler,
  type Kind,
  type Program,
  type Send,
  type Step,
  type Target,
} from "./program.js"
import { canon, isRefused, made, textOf, throwable } from "./values.js"

/** What every message carries. */
export interface Message {
  readonly m: number
  readonly to: string
  readonly fuel: number
  /** Sent by a life to itself: no other may hear it. */
  readonly setIn?: number
  readonly value: unknown
  readonly sent: string
}

type Protocol = Readonly<Record<string, (payload: unknown) => unknown>>
type Ref = ActorRef<Protocol>

interface State {
  log: string[]
  held: { pieces: number } | undefined
  count: number
  kept: unknown
}

interface Plain {
  readonly own: string
}

/** Any context; `persist` only of persistent actors. */
type Ctx = ActorContext<unknown> & {
  persist(name: string, payload?: unknown): Promise<void>
  persistAll(
    events: readonly { readonly name: string; readonly payload: unknown }[],
    ...deliveries: readonly Delivery[]
  ): Promise<void>
  deliver(ref: Ref, type: string, payload?: unknown): Promise<void>
}

/** One life of an actor, as far as steps share something in it. */
interface Life {
  readonly number: number
  readonly own: string
  readonly deferred: { readonly m: number; readonly give: () => void }[]
  child: { readonly ref: Ref; readonly own: string; readonly kind: number; readonly number: number } | undefined
}

/** A handler under way, or work begun by one. */
interface Turn {
  readonly number: number
  readonly ctx: Ctx
  readonly kind: number
  readonly life: Life
  readonly message: Message
  readonly commandId: string | undefined
  /** The ask it serves. */
  readonly serving: number | undefined
  readonly sender: Pick<Ctx, "tell" | "ask"> | undefined
  reply: { readonly value: unknown } | undefined
  stashed: boolean
}

/** The process that a program runs in, for one of its lives. */
export interface Host {
  readonly name: string
  readonly clock: Clock
  readonly alive: () => boolean
  readonly now: () => number
}

const folds: { readonly [F in Fold]: (state: State, payload: never) => void } = {
  noted(state, payload: { readonly p: string; readonly m: number; readonly own: string; readonly value: unknown }) {
    state.log.push(`noted ${payload.p} of ${payload.m} for ${payload.own}: ${canon(payload.value)}`)
    state.kept = payload.value
  },
  raw(state, payload: unknown) {
    state.log.push(`raw ${canon(payload)}`)
    state.kept = payload
  },
  inc(state, by: unknown = 7) {
    state.count += typeof by === "number" && by > 0 ? by : 1
    state.log.push(`inc to ${state.count}`)
  },
  defaulted(state, { by = 3 }: { readonly by?: unknown } = {}) {
    state.count += typeof by === "number" && by > 0 ? by : 1
    state.log.push(`defaulted to ${state.count}`)
  },
  put(state, item: { pieces: number }) {
    state.held = item
    state.log.push(`put ${item.pieces}`)
  },
  more(state) {
    if (state.held !== undefined) state.held.pieces += 1
    state.log.push(`more: ${state.held?.pieces}`)
  },
}

export const emptyState = (): State => ({ log: [], held: undefined, count: 0, kept: undefined })
/** As recovery would. */
export function foldAll(events: readonly { readonly name: string; readonly payload: unknown }[]): readonly string[] {
  const state = emptyState()
  for (const { name, payload } of events)
    if (name in folds) folds[name as Fold](state, structuredClone(payload) as never)
  return state.log
}

export const restOf = (state: Pick<State, "held" | "count" | "kept">): string =>
  canon([state.count, state.kept, state.held?.pieces])

export const ownOf = (program: Program, { kind, name }: Target): string => {
  const { role } = program.kinds[kind] as Kind
  const { tenant, key } = program.names[name] as Program["names"][number]
  return role === "plain" ? kindName(kind) : entityText(kindName(kind), tenant, key)
}

/** Wall time when a simulation begins. */
const beginning = 1_767_225_600_000

type Remind = Omit<Extract<Step, { do: "remind" }>, "do" | "value">

const isEntityRole = ({ role }: Kind): boolean => role !== "plain"

export class Interpreter {
  readonly definitions: readonly AnyDefinition[]
  system: ActorSystem | undefined
  topic: Ref | undefined
  readonly #program: Program
  readonly #history: History
  readonly #host: Host
  readonly #roots = new Map<number, Ref>()
  readonly #lives = new WeakMap<AbortSignal, Life>()
  /** What was put aside once, by any life of any node. */
  readonly #stashed: Set<number>
  /** What was sent as an ask. */
  readonly #asked: Set<number>

  constructor(program: Program, history: History, host: Host, asked: Set<number>, stashed = new Set<number>()) {
    this.#program = program
    this.#history = history
    this.#host = host
    this.#asked = asked
    this.#stashed = stashed
    this.definitions = program.kinds.map((kind, n) => this.#define(kind, n))
  }

  /** To be called when the system is made. */
  open(system: ActorSystem, topic: Ref | undefined): void {
    this.system = system
    this.topic = topic
    this.#program.kinds.forEach((kind, n) => {
      if (kind.role !== "plain") return
      const name = kindName(n)
      this.#roots.set(n, system.spawn(this.definitions[n] as never, { name, init: { own: name } } as never))
    })
  }

  /** Who has an address. */
  ownerOf(address: string): string {
    const known = this.#owns.get(address)
    if (known !== undefined) return known
    try {
      const parsed = parseAddress(address)
      return parsed.kind === "entity" ? entityText(parsed.type, parsed.tenant, parsed.key) : parsed.path.join("/")
    } catch {
      return address
    }
  }

  tell(seen: Seen): void {
    if (this.#host.alive()) this.#history.add(this.#host.now(), this.#host.name, seen)
  }

  next(): number {
    return this.#history.next()
  }

  // --- sending -----------------------------------------------------------------------------------------------------

  /** @throws what the runtime says of the name */
  ref({ kind, name }: Target): Ref {
    const of = this.#program.kinds[kind] as Kind
    if (of.role === "plain") return this.#roots.get(kind) as Ref
    const { tenant, key } = this.#program.names[name] as Program["names"][number]
    return (this.system as ActorSystem).entity(this.definitions[kind] as never, key, { tenant })
  }

  sleep(milliseconds: number): Promise<void> {
    const { clock } = this.#host
    if (milliseconds === 0) return new Promise((done) => clock.afterInputOutput(done))
    return new Promise((done) => void clock.timer(milliseconds, done))
  }

  /** A message, told to the history. */
  message(
    to: string,
    handler: string,
    value: unknown,
    fuel: number,
    sent: Partial<Extract<Seen, { did: "sent" }>> & { readonly how: How; readonly by: string; readonly life: number },
    extra: Partial<Message> = {},
  ): Message {
    const m = this.next()
    if (sent.how === "ask") this.#asked.add(m)
    this.tell({
      commandId: undefined,
      timeoutMs: undefined,
      serving: undefined,
      patient: false,
      ...sent,
      did: "sent",
      m,
      to,
      handler,
    })
    return { m, to, fuel, value, sent: canon(value), ...extra }
  }

  told(message: Message, send: () => boolean): void {
    const { m } = message
    try {
      this.tell({ did: "taken", m, taken: send() })
      if (this.#program.isolated === true) spoil(message)
    } catch (error) {
      this.tell({ did: "refused", m, code: codeOf(error) })
    }
  }

  /** What an ask comes to. */
  async asked(
    m: number,
    ask: () => Promise<unknown>,
  ): Promise<{ readonly value: unknown } | { readonly error: unknown }> {
    try {
      const value = await ask()
      this.tell({ did: "settled", m, value: canon(value) })
      return { value }
    } catch (error) {
      const { executed = "maybe" } = error as Partial<AgentOSError>
      this.tell({ did: "failed", m, code: codeOf(error), executed, text: textOf(error) })
      return { error }
    }
  }

  // --- definitions -------------------------------------------------------------------------------------------------

  #define(kind: Kind, n: number): AnyDefinition {
    const receive: Record<string, (ctx: never, message: never) => unknown> = {}
    kind.handlers.forEach((handler, h) => {
      receive[handlerName(h)] = (ctx: Ctx, message: Message) => this.#handle(n, h, handler, ctx, message)
    })
    const builtIn = (name: string, steps: readonly Step[]): void => {
      receive[name] = (ctx: Ctx, message: Message) => this.#handle(n, -1, { steps }, ctx, message, name)
    }
    builtIn("answer", [{ do: "answer" }])
    builtIn("unstash", [{ do: "unstash" }])
    builtIn("failed", [])
    builtIn("read", [])
    receive["look"] = (ctx: Ctx) => {
      const { log, held, count, kept } = ctx.state as State
      return kind.role === "persistent" ? { log, rest: restOf({ held, count, kept }) } : undefined
    }
    receive["open"] = (ctx: Ctx, { s, items, ms, own }: { s: number; items: number; ms: number; own: string }) =>
      this.#opened(ctx, this.#lifeOf(ctx, own, kind), s, items, ms)
    const common = {
      ...(kind.passivateAfterMs === undefined ? {} : { passivateAfterMs: kind.passivateAfterMs }),
    }
    if (kind.role === "persistent")
      return definePersistentActor({
        name: kindName(n),
        version: 1,
        state: emptyState,
        events: folds as never,
        ...common,
        ...(kind.snapshotEvery === undefined ? {} : { snapshotEvery: kind.snapshotEvery }),
        ...(kind.keepEvents === undefined && kind.keepCommandsMs === undefined
          ? {}
          : {
              retention: {
                ...(kind.keepEvents === undefined ? {} : { keepEvents: kind.keepEvents }),
                ...(kind.keepCommandsMs === undefined ? {} : { keepCommandsMs: kind.keepCommandsMs }),
              },
            }),
      }).receive(receive as never) as unknown as AnyDefinition
    const named = (which: (handler: Handler) => boolean | undefined): string[] =>
      kind.handlers.flatMap((handler, h) => (which(handler) === true ? [handlerName(h)] : []))
    return defineActor({
      name: kindName(n),
      state: (init: { readonly own?: string; readonly tenant: string; readonly key: string }): Plain => ({
        own: init.own ?? entityText(kindName(n), init.tenant, init.key),
      }),
      receive: receive as never,
      ...common,
      reentrant: named(({ reentrant }) => reentrant) as never,
      mailbox: {
        urgent: named(({ urgent }) => urgent),
        ...(kind.capacity === undefined ? {} : { capacity: kind.capacity }),
      },
      ...(kind.handlerTimeoutMs === undefined ? {} : { handlerTimeoutMs: kind.handlerTimeoutMs }),
      ...(kind.started === undefined
        ? {}
        : { started: (ctx: ActorContext<Plain>) => this.#started(kind, n, ctx as never) }),
      ended: (ctx: ActorContext<Plain>, ref: AnyRef) => {
        const life = this.#lifeOf(ctx as never, ctx.state.own, kind)
        const child = this.#children.get(ref.address)
        if (child !== undefined) this.tell({ did: "childEnds", life: life.number, child })
      },
    }) as unknown as AnyDefinition
  }

  readonly #children = new Map<string, number>()
  /** Who an entity is, by the address of its actor: where a message does not say. */
  readonly #owns = new Map<string, string>()

  #lifeOf(ctx: Ctx, own: string, { role }: Kind): Life {
    const { signal } = ctx
    let life = this.#lives.get(signal)
    if (life === undefined) {
      life = { number: this.next(), own, deferred: [], child: undefined }
      this.#lives.set(signal, life)
      const { number } = life
      this.tell({ did: "lifeBegan", life: number, to: own, role })
      const ended = (): void => this.tell({ did: "lifeEnded", life: number })
      if (signal.aborted) ended()
      else signal.addEventListener("abort", ended, { once: true })
    }
    return life
  }

  #started(kind: Kind, n: number, ctx: Ctx): void | Promise<void> {
    const { own } = ctx.state as Plain
    if (own.includes(">")) return // a child that begins with a child never ends (I2)
    this.#owns.set(ctx.self.address, own)
    const life = this.#lifeOf(ctx, own, kind)
    const message: Message = { m: 0, to: own, fuel: 1, value: undefined, sent: "" }
    const turn = this.#turn(ctx, n, life, message, undefined)
    return drive(this.#steps(turn, kind.started ?? [])) as void | Promise<void>
  }

  #turn(ctx: Ctx, kind: number, life: Life, message: Message, commandId: string | undefined): Turn {
    const serving = this.#asked.has(message.m) ? message.m : undefined
    return {
      number: this.next(),
      ctx,
      kind,
      life,
      message,
      commandId,
      serving,
      sender: undefined,
      reply: undefined,
      stashed: false,
    }
  }

  #handle(n: number, h: number, handler: Handler, ctx: Ctx, payload: unknown, name = handlerName(h)): unknown {
    const kind = this.#program.kinds[n] as Kind
    // What is no message of the program's: the failure of a work.
    const message = (isMessage(payload) ? payload : { m: 0, to: "", fuel: 0, value: undefined, sent: "" }) as Message
    const { address } = ctx.self
    const own =
      kind.role !== "persistent"
        ? (ctx.state as Plain).own
        : message.to === "topic" || message.to === ""
          ? this.ownerOf(address)
          : message.to
    if (own !== "") this.#owns.set(address, own)
    const life = this.#lifeOf(ctx, own, kind)
    const { commandId } = ctx.cause
    const turn = this.#turn(ctx, n, life, message, commandId)
    const { m, value, sent, setIn } = message
    this.tell({
      did: "begun",
      turn: turn.number,
      m,
      to: own,
      life: life.number,
      setIn,
      handler: name,
      reentrant: handler.reentrant === true && kind.role !== "persistent",
      commandId,
      value: canon(value),
      sentValue: sent,
    })
    this.#look(turn)
    const ended = (how: "returned" | "threw" | "deferred" | "stashed", value: string): void =>
      this.tell({ did: "ended", turn: turn.number, how, value })
    const returned = (value: unknown): unknown => {
      this.#look(turn)
      ended(
        turn.stashed ? "stashed" : isDeferred(value) ? "deferred" : "returned",
        isDeferred(value) ? "" : canon(value),
      )
      return value
    }
    const threw = (error: unknown): never => {
      ended("threw", codeOf(error))
      throw error
    }
    try {
      const result = drive(this.#steps(turn, handler.steps))
      return result instanceof Promise ? result.then(returned, threw) : returned(result)
    } catch (error) {
      return threw(error)
    }
  }

  /** What the state is. */
  #look({ ctx, kind, life }: Turn): void {
    const log = this.#logOf(ctx, kind)
    if (log !== undefined)
      this.tell({ did: "state", to: life.own, life: life.number, log, rest: restOf(ctx.state as State) })
  }

  #logOf(ctx: Ctx, kind: number): readonly string[] | undefined {
    if (this.#program.kinds[kind]?.role !== "persistent") return undefined
    try {
      return [...(ctx.state as State).log]
    } catch {
      return undefined // the life has ended
    }
  }

  // --- steps -------------------------------------------------------------------------------------------------------

  /** Yields what is to be waited for; returns the reply. */
  *#steps(turn: Turn, steps: readonly Step[]): Generator<Promise<unknown>, unknown, unknown> {
    for (const step of steps) {
      const deferred = yield* this.#step(turn, step)
      if (deferred !== undefined) return deferred
      if (turn.stashed) return undefined
    }
    return turn.reply?.value
  }

  /** @returns a deferred reply */
  *#step(turn: Turn, step: Step): Generator<Promise<unknown>, unknown, unknown> {
    const { ctx, life, message } = turn
    const persistent = this.#program.kinds[turn.kind]?.role === "persistent"
    const inWork = turn.sender !== undefined
    switch (step.do) {
      case "tell":
        return this.#tellStep(turn, step)
      case "ask":
        return yield* this.#askStep(turn, step)
      case "persist":
        return persistent ? yield* this.#persist(turn, step.events, step.awaited, step.deliver) : undefined
      case "deliver":
        return persistent ? yield* this.#persist(turn, [], step.awaited, step) : undefined
      case "reply":
        turn.reply = { value: made(step.value, ctx.self) }
        return undefined
      case "defer":
        return inWork ? undefined : this.#defer(turn, step)
      case "answer":
        for (const { give } of life.deferred.splice(0)) give()
        return undefined
      case "stash":
        if (inWork || message.m === 0 || this.#stashed.has(message.m)) return undefined
        this.#stashed.add(message.m)
        ctx.stash()
        turn.stashed = true
        return undefined
      case "unstash":
        return ctx.unstashAll()
      case "sleep":
        yield this.sleep(step.ms)
        return undefined
      case "run":
        return inWork ? undefined : this.#run(turn, step)
      case "after":
      case "every":
        return this.#timer(turn, step)
      case "spawn":
        return this.#spawn(turn, step.kind)
      case "stopChild":
        return life.child === undefined ? undefined : ctx.stop(life.child.ref)
      case "watch": {
        const { child } = life
        if (child === undefined || persistent) return undefined
        this.tell({ did: "watched", life: life.number, child: child.number })
        ctx.watch(child.ref)
        if (step.link) ctx.link(child.ref)
        return undefined
      }
      case "stop":
        return !isEntity(life.own) && !persistent ? ctx.stop() : undefined
      case "stream":
        return this.#stream(turn, step)
      case "subscribe":
        return yield* this.#subscribe(turn, step.handler)
      case "publish":
        // Many hear it: what those publish, nobody hears who publishes in turn.
        return this.publish(life.own, life.number, Math.min(message.fuel, 1) - 1, made(step.value, ctx.self), turn)
      case "remind":
        yield this.remind(life.own, life.number, step, message.fuel - 1, made(step.value, ctx.self))
        return undefined
      case "forget":
        yield this.forget(step.to, step.name)
        return undefined
      case "throw":
        throw throwable(step.what)
    }
  }

  /** To whom: the ref and its text. */
  #to(
    { ctx, life, kind }: Turn,
    { to }: Send,
  ): { readonly ref: Ref; readonly own: string; readonly kind: number } | undefined {
    if (to === "child") return life.child
    if (to !== "self") return { ref: this.ref(to), own: ownOf(this.#program, to), kind: to.kind }
    if (!isEntity(life.own)) return { ref: ctx.self as unknown as Ref, own: life.own, kind }
    const [, tenant, key] = JSON.parse(life.own) as [string, string, string]
    return { ref: ctx.system.entity(this.definitions[kind] as never, key, { tenant }), own: life.own, kind }
  }

  #withOptions(ref: Ref, { commandId, timeoutMs }: Asked): Ref {
    const options: SendOptions = {
      ...(commandId === undefined ? {} : { commandId }),
      ...(timeoutMs === undefined ? {} : { timeoutMs }),
    }
    return Object.keys(options).length === 0 ? ref : ref.with(options)
  }

  #known(kind: number, handler: number): boolean {
    return (this.#program.kinds[kind]?.handlers.length ?? 0) > handler
  }

  #tellStep(turn: Turn, step: Send): undefined {
    const { fuel } = turn.message
    const to = fuel > 0 ? this.#to(turn, step) : undefined
    if (to === undefined || !this.#known(to.kind, step.handler)) return undefined
    const type = handlerName(step.handler)
    const message = this.message(to.own, type, made(step.value, turn.ctx.self), fuel - 1, {
      how: "tell",
      by: turn.life.own,
      life: turn.life.number,
      commandId: step.commandId,
    })
    this.told(message, () => (turn.sender ?? turn.ctx).tell(this.#withOptions(to.ref, step), type, message))
    return undefined
  }

  *#askStep(turn: Turn, step: Extract<Step, { do: "ask" }>): Generator<Promise<unknown>, undefined, unknown> {
    const { fuel } = turn.message
    const to = fuel > 0 ? this.#to(turn, step) : undefined
    if (to === undefined || !this.#known(to.kind, step.handler)) return undefined
    const type = handlerName(step.handler)
    const serving = turn.sender === undefined ? (turn.serving ?? 0) : undefined
    const message = this.message(to.own, type, made(step.value, turn.ctx.self), fuel - 1, {
      how: "ask",
      by: turn.life.own,
      life: turn.life.number,
      commandId: step.commandId,
      timeoutMs: step.timeoutMs,
      serving: step.awaited ? serving : undefined,
    })
    const outcome = this.asked(
      message.m,
      () => (turn.sender ?? turn.ctx).ask(this.#withOptions(to.ref, step), type, message) as Promise<unknown>,
    )
    if (!step.awaited) return undefined
    const settled = (yield outcome) as Awaited<typeof outcome>
    if ("error" in settled && !step.caught) throw settled.error
    return undefined
  }

  *#persist(
    turn: Turn,
    events: readonly Event[],
    awaited: boolean,
    deliver: Send | undefined,
  ): Generator<Promise<unknown>, undefined, unknown> {
    const { ctx, message, life, kind } = turn
    const p = this.next()
    const to = deliver !== undefined && message.fuel > 0 ? this.#to(turn, deliver) : undefined
    const delivers =
      to !== undefined && deliver !== undefined && isEntity(to.own) && this.#known(to.kind, deliver.handler)
    if (events.length === 0 && !delivers) return undefined
    const refused = events.some(({ value }) => isRefused(value)) || (delivers && isRefused(deliver.value))
    const inWork = turn.sender !== undefined
    const payloads = events.map((event, n) => ({
      name: event.fold as string,
      payload: payloadOf(event, `${p}.${n}`, turn),
    }))
    this.tell({
      did: "persisting",
      p,
      m: message.m,
      turn: turn.number,
      to: life.own,
      life: life.number,
      command: turn.commandId !== undefined,
      inWork,
      refused,
      noted: events.filter(({ fold }) => fold === "noted").length,
      given: payloads.flatMap(({ name, payload }) =>
        name === "noted" ? [canon((payload as { value: unknown }).value)] : [],
      ),
    })
    let sent: Delivery | undefined
    if (delivers) {
      const type = handlerName(deliver.handler)
      const carried = this.message(to.own, type, made(deliver.value, ctx.self), message.fuel - 1, {
        how: "deliver",
        by: life.own,
        life: life.number,
        p,
      })
      try {
        sent = delivery(to.ref, type, carried)
        spoil(carried) // I3
      } catch (error) {
        this.tell({ did: "refused", m: carried.m, code: codeOf(error) })
        this.#notPersisted(p, error)
        throw error
      }
    }
    const [first] = payloads
    let persist: Promise<void>
    try {
      persist =
        payloads.length === 1 && sent === undefined && first !== undefined
          ? ctx.persist(first.name, first.payload)
          : ctx.persistAll(payloads, ...(sent === undefined ? [] : [sent]))
      for (const { name, payload } of payloads) if (name === "noted") (payload as { p: string }).p = "changed" // I3
    } catch (error) {
      this.#notPersisted(p, error)
      throw error
    }
    const seen = persist.then(
      () => this.tell({ did: "persisted", p, log: this.#logOf(ctx, kind) }),
      (error: unknown) => this.#notPersisted(p, error),
    )
    if (!awaited) return undefined
    yield seen
    yield persist
    return undefined
  }

  #notPersisted(p: number, error: unknown): void {
    this.tell({
      did: "notPersisted",
      p,
      code: codeOf(error),
      retryable: error instanceof ErrorClass && error.retryable,
    })
  }

  #defer(turn: Turn, { value, by, ms, fails }: Extract<Step, { do: "defer" }>): unknown {
    const { ctx, life, message } = turn
    if (turn.serving === undefined) return undefined
    const deferred = ctx.defer<unknown>()
    const give = (): void => {
      const reply = made(value, ctx.self)
      this.tell({ did: "answered", m: message.m, fails, value: canon(reply) })
      if (fails) deferred.fail(new Error(`deferred ${message.m}`))
      else deferred.reply(reply)
    }
    if (by === "work")
      ctx.run(async () => {
        await this.sleep(ms)
        give()
        return { m: 0, to: life.own, fuel: 0, value: undefined, sent: "" }
      }, "read")
    else {
      life.deferred.push({ m: message.m, give })
      if (by === "timer") ctx.after(ms, "answer", this.#toItself(turn, "answer", "timer"))
    }
    return deferred
  }

  /** A message that no other life may hear. */
  #toItself({ life, message }: Turn, type: string, how: "timer" | "every" | "work"): Message {
    return this.message(
      life.own,
      type,
      undefined,
      message.fuel - 1,
      { how, by: life.own, life: life.number },
      { setIn: life.number },
    )
  }

  #run(turn: Turn, { ms, steps, handler, failed, detached = false }: Extract<Step, { do: "run" }>): undefined {
    const { ctx, life, message, kind } = turn
    if (message.fuel <= 0) return undefined
    const type = this.#known(kind, handler) ? handlerName(handler) : "read"
    const result = this.#toItself(turn, type, "work")
    ctx.run(
      async (_signal, sender) => {
        await this.sleep(ms)
        const work: Turn = { ...turn, sender: sender as never, reply: undefined }
        await drive(this.#steps(work, steps))
        this.tell({ did: "worked", m: result.m, life: life.number })
        return result
      },
      type,
      failed ? "failed" : undefined,
      { detached },
    )
    return undefined
  }

  #timer(turn: Turn, step: Extract<Step, { do: "after" | "every" }>): undefined {
    const { ctx, message, kind } = turn
    if (message.fuel <= 0 || !this.#known(kind, step.handler)) return undefined
    const type = handlerName(step.handler)
    if (step.do === "after") ctx.after(step.ms, type, this.#toItself(turn, type, "timer"))
    else {
      const tick = this.#toItself(turn, type, "every")
      const ticking = ctx.every(step.ms, type, tick)
      void this.sleep(step.ms * (step.times + 0.5)).then(() => ticking.cancel())
    }
    return undefined
  }

  #spawn({ ctx, life }: Turn, kind: number): undefined {
    const of = this.#program.kinds[kind]
    if (life.child !== undefined || of?.role !== "plain") return undefined
    const number = this.next()
    const own = `${kindName(kind)}>${number}`
    const ref = ctx.spawn(this.definitions[kind] as never, { init: { own } } as never) as unknown as Ref
    this.#children.set(ref.address, number)
    life.child = { ref, own, kind, number }
    return undefined
  }

  // --- streams, topics, reminders ----------------------------------------------------------------------------------

  #opened(ctx: Ctx, life: Life, s: number, items: number, ms: number): StreamRef<number> {
    this.tell({ did: "opened", s, to: life.own, life: life.number, items })
    return openStream(ctx, this.#items(s, items, ms), { buffer: 2 })
  }

  async *#items(s: number, items: number, ms: number): AsyncGenerator<number> {
    try {
      for (let n = 0; n < items; n++) {
        if (ms > 0) await this.sleep(ms)
        yield n
      }
    } finally {
      this.tell({ did: "closed", s })
    }
  }

  #stream(turn: Turn, { items, ms, take, batch }: Extract<Step, { do: "stream" }>): undefined {
    const { ctx, life } = turn
    if (turn.sender !== undefined || turn.message.fuel <= 0) return undefined
    const s = this.next()
    const ref = this.#opened(ctx, life, s, items, ms)
    const system = this.system as ActorSystem
    const end = { m: 0, to: life.own, fuel: 0, value: undefined, sent: "" }
    ctx.run(async () => this.read(system, ref, s, take, batch, life.number).then(() => end), "read")
    return undefined
  }

  /** Reads a stream as far as `take`. */
  async read(
    reader: ActorSystem,
    ref: StreamRef<number>,
    s: number,
    take: number,
    batch: number,
    life: number,
  ): Promise<void> {
    let left = take
    const read = (how: "all" | "left" | "failed", code = ""): void => this.tell({ did: "read", s, how, code, life })
    try {
      for await (const n of readStream(reader, ref, { batch })) {
        this.tell({ did: "item", s, n })
        if (--left <= 0) return read("left")
      }
      read("all")
    } catch (error) {
      read("failed", codeOf(error))
    }
  }

  *#subscribe({ ctx, life, kind }: Turn, handler: number): Generator<Promise<unknown>, undefined, unknown> {
    if (this.topic === undefined || (handler === noHandler ? !isEntity(life.own) : !this.#known(kind, handler)))
      return undefined
    const type = handlerName(handler)
    yield subscribe(this.topic as never, ctx.self as never, type as never, ctx as never)
    this.tell({ did: "subscribed", to: life.own, handler: type })
    return undefined
  }

  /** An entity, that is; it may be subscribed by a name that it does not understand. */
  async subscribe(to: Target, handler: number): Promise<void> {
    if (this.topic === undefined || !isEntityRole(this.#program.kinds[to.kind] as Kind)) return
    if (handler !== noHandler && !this.#known(to.kind, handler)) return
    const type = handlerName(handler)
    try {
      await subscribe(this.topic as never, this.ref(to) as never, type as never)
      this.tell({ did: "subscribed", to: ownOf(this.#program, to), handler: type })
    } catch {
      // its name is none
    }
  }

  publish(by: string, life: number, fuel: number, value: unknown, turn?: Turn): undefined {
    const { topic } = this
    if (topic === undefined || fuel < 0) return undefined
    const message = this.message("topic", "publish", value, fuel, { how: "publish", by, life })
    const sender = turn === undefined ? undefined : (turn.sender ?? turn.ctx)
    this.told(message, () =>
      sender === undefined ? topic.tell("publish", message) : sender.tell(topic, "publish", message),
    )
    return undefined
  }

  async remind(
    by: string,
    life: number,
    { to, name, ms, handler }: Remind,
    fuel: number,
    value: unknown,
  ): Promise<void> {
    if (fuel < 0 || !isEntityRole(this.#program.kinds[to.kind] as Kind) || !this.#known(to.kind, handler)) return
    const own = ownOf(this.#program, to)
    const type = handlerName(handler)
    const message = this.message(own, type, value, fuel, { how: "remind", by, life, name: reminderName(name) })
    try {
      const ref = this.ref(to)
      const at = ms < 0 ? beginning - ms : this.#host.clock.wallTime() + ms
      const set = (await startReminders(this.system as ActorSystem)).set(ref, reminderName(name), { at }, type, message)
      spoil(message) // I3
      await set
      this.tell({
        did: "reminded",
        m: message.m,
        to: own,
        name: reminderName(name),
        at: Math.max(this.#host.now(), ms < 0 ? -ms : this.#host.now() + ms),
      })
    } catch (error) {
      this.tell({ did: "refused", m: message.m, code: codeOf(error) })
    }
  }

  async forget(to: Target, name: number): Promise<void> {
    if (!isEntityRole(this.#program.kinds[to.kind] as Kind)) return
    const forgotten = (): void =>
      this.tell({ did: "forgotten", to: ownOf(this.#program, to), name: reminderName(name) })
    forgotten() // from when it is asked for, nobody can say
    try {
      await (await startReminders(this.system as ActorSystem)).cancel(this.ref(to), reminderName(name))
    } catch {
      // it may come
    }
  }
}

function payloadOf({ fold, value }: Event, p: string, { ctx, message, life }: Turn): unknown {
  const payload = made(value, ctx.self)
  if (fold === "noted") return { p, m: message.m, own: life.own, value: payload }
  if (fold === "put") return { pieces: Number(p) }
  return fold === "more" ? undefined : payload
}

const spoil = (message: Message): void => void ((message as { sent: string }).sent = "changed afterwards")

export const codeOf = (error: unknown): string => (error instanceof ErrorClass ? error.code : "thrown")

const isMessage = (value: unknown): boolean =>
  typeof value === "object" && value !== null && "m" in value && "sent" in value

const isDeferred = (value: unknown): boolean =>
  typeof value === "object" && value !== null && "reply" in value && "fail" in value

/** Runs steps, in the same turn for as long as none waits. */
function drive(steps: Generator<Promise<unknown>, unknown, unknown>): unknown {
  const first: IteratorResult<Promise<unknown>, unknown> = steps.next()
  if (first.done === true) return first.value
  return (async () => {
    let next = first as IteratorResult<Promise<unknown>, unknown>
    while (next.done !== true) {
      let value: unknown
      try {
        value = await next.value
      } catch (error) {
        next = steps.throw(error)
        continue
      }
      next = steps.next(value)
    }
    return next.value
  })()
}
