/** What the clients of a program do, whatever it runs on. */
import type { ActorSystem, ProjectionHandle } from "#actors/index.js"
import type { History } from "./history.js"
import { codeOf, ownOf, type Host, type Interpreter } from "./interpreter.js"
import { handlerName, type Act, type Program, type Step, type Target } from "./program.js"
import { made } from "./values.js"

/** A process that runs a program, in one of its lives. */
export class Running {
  readonly interpreter: Interpreter
  readonly host: Host
  /** Its process stands still: nothing in it does anything. */
  readonly standsStill: () => boolean
  system: ActorSystem | undefined
  up = false
  readonly projections: {
    readonly kind: string
    readonly tenant: string
    readonly handle: ProjectionHandle<{ seen: string[] }>
  }[] = []

  constructor(interpreter: Interpreter, host: Host, standsStill = (): boolean => false) {
    this.interpreter = interpreter
    this.host = host
    this.standsStill = standsStill
  }
}

/** The processes that clients reach. */
export interface Places {
  readonly now: number
  wait(milliseconds: number): Promise<void>
  /** Where a client is, unless that cannot do anything now. */
  placeOf(client: number): Running | undefined
  /** Where a client goes, when something is there. */
  whenUp(client: number): Promise<Running>
  restart(): Promise<void>
  /** From now on what the journal holds of an entity cannot be read; where that can be. */
  damage?(to: string): void
}

/** What clients send. */
const fuel = 3

/** What of the runtime a program needs beside its definitions. */
export const uses = (program: Program, verbs: readonly (Step["do"] | Act["do"])[]): boolean => {
  const inSteps = (steps: readonly Step[]): boolean =>
    steps.some((step) => (verbs as readonly string[]).includes(step.do) || (step.do === "run" && inSteps(step.steps)))
  return (
    program.acts.some((act) => (verbs as readonly string[]).includes(act.do)) ||
    program.kinds.some(({ handlers, started = [] }) => inSteps(started) || handlers.some(({ steps }) => inSteps(steps)))
  )
}

export class Clients {
  readonly #program: Program
  readonly #places: Places
  /** How long one waits before it sends again. */
  readonly #againMs: number

  constructor(program: Program, places: Places, againMs: number) {
    this.#program = program
    this.#places = places
    this.#againMs = againMs
  }

  /** All that they do, each at its time from now. */
  async act(): Promise<void> {
    const places = this.#places
    const from = places.now
    const acts = [...this.#program.acts].sort((a, b) => a.at - b.at)
    const work: Promise<unknown>[] = []
    for (const act of acts) {
      if (from + act.at > places.now) await places.wait(from + act.at - places.now)
      const done = this.#act(act)
      if (act.do === "restart") await done
      else work.push(done)
    }
    await Promise.all(work)
  }

  /** Waits for what may never settle, as its process may have ended. */
  orEnd<T>({ host }: Running, promise: Promise<T>): Promise<T | undefined> {
    const ended = async (): Promise<undefined> => {
      let over = false
      const end = (): void => void (over = true)
      promise.then(end, end)
      while (host.alive() && !over) await this.#places.wait(25)
      return undefined
    }
    return Promise.race([promise, ended().then(() => (host.alive() ? promise : undefined))])
  }

  async #act(act: Act): Promise<void> {
    const running = this.#places.placeOf(act.client)
    if (running === undefined) return
    const { interpreter } = running
    const client = `client-${act.client}@${running.host.name}`
    switch (act.do) {
      case "tell":
        return this.#tell(running, client, act)
      case "ask":
        return this.#ask(act)
      case "read":
        return void (await this.orEnd(running, this.#read(running, act)))
      case "remind":
        return void (await this.orEnd(running, interpreter.remind(client, 0, act, 2, made(act.value, null))))
      case "forget":
        return void (await this.orEnd(running, interpreter.forget(act.to, act.name)))
      case "publish":
        return interpreter.publish(client, 0, 2, made(act.value, null))
      case "subscribe":
        if (this.#program.cluster !== undefined) return
        return void (await this.orEnd(running, interpreter.subscribe(act.to, act.handler)))
      case "damage": {
        const to = ownOf(this.#program, act.to)
        if (this.#places.damage === undefined || this.#program.kinds[act.to.kind]?.role !== "persistent") return
        this.#places.damage(to)
        return interpreter.tell({ did: "damaged", to })
      }
      case "restart":
        return this.#places.restart()
    }
  }

  #known(target: Target, handler: number): boolean {
    return (this.#program.kinds[target.kind]?.handlers.length ?? 0) > handler
  }

  #tell({ interpreter }: Running, by: string, { to, handler, value, commandId }: Extract<Act, { do: "tell" }>): void {
    if (typeof to === "string" || !this.#known(to, handler)) return
    const type = handlerName(handler)
    const message = interpreter.message(ownOf(this.#program, to), type, made(value, null), fuel, {
      how: "tell",
      by,
      life: 0,
      commandId,
    })
    interpreter.told(message, () => {
      const ref = interpreter.ref(to)
      return (commandId === undefined ? ref : ref.with({ commandId })).tell(type, message)
    })
  }

  async #ask(act: Extract<Act, { do: "ask" }>): Promise<void> {
    const { to, handler, value, commandId, timeoutMs, again, cancelAfterMs, patient = false } = act
    if (typeof to === "string" || !this.#known(to, handler)) return
    const type = handlerName(handler)
    for (let attempt = 0; attempt <= again; attempt++) {
      const running = await this.#places.whenUp(act.client)
      const { interpreter, host } = running
      const by = `client-${act.client}@${host.name}`
      const message = interpreter.message(ownOf(this.#program, to), type, made(value, null), fuel, {
        how: "ask",
        by,
        life: 0,
        commandId,
        timeoutMs,
        patient,
      })
      const cancel = new AbortController()
      if (cancelAfterMs !== undefined)
        void interpreter.sleep(cancelAfterMs).then(() => {
          interpreter.tell({ did: "cancelled", m: message.m })
          cancel.abort()
        })
      const asked = interpreter.asked(message.m, async () =>
        interpreter
          .ref(to)
          .with({
            commandId,
            timeoutMs,
            ...(patient ? { whenFull: "wait" } : {}),
            ...(cancelAfterMs === undefined ? {} : { signal: cancel.signal }),
          })
          .ask(type, message),
      )
      const outcome = await this.orEnd(running, asked)
      if (outcome !== undefined && "value" in outcome) return
      if (attempt < again) await this.#places.wait(this.#againMs)
    }
  }

  async #read({ interpreter, system }: Running, act: Extract<Act, { do: "read" }>): Promise<void> {
    const own = ownOf(this.#program, act.to)
    const s = interpreter.next()
    try {
      const ref = interpreter.ref(act.to)
      const stream = await ref.ask("open", { s, items: act.items, ms: act.ms, own })
      await interpreter.read(system as ActorSystem, stream as never, s, act.take, act.batch, 0)
    } catch (error) {
      interpreter.tell({ did: "read", s, how: "failed", code: codeOf(error), life: 0 })
    }
  }

  /**
   * Everybody answers what is owed, and takes again what was put aside; also what that leads to, as far as its fuel
   * goes.
   */
  async settle(targets: readonly Target[], history: History): Promise<void> {
    const aside = (): number => history.of("ended").filter(({ how }) => how === "stashed").length
    await this.#tellAll(targets, "answer")
    for (let [round, before] = [0, -1]; round <= fuel && before < aside(); round++) {
      before = aside()
      await this.#tellAll(targets, "unstash")
      await this.#tellAll(targets, "answer")
    }
  }

  async #tellAll(targets: readonly Target[], type: "answer" | "unstash"): Promise<void> {
    const { interpreter } = await this.#places.whenUp(0)
    for (const target of targets) {
      const own = ownOf(this.#program, target)
      const message = interpreter.message(own, type, undefined, 0, { how: "tell", by: `end-${type}`, life: 0 })
      interpreter.told(message, () => interpreter.ref(target).tell(type, message))
    }
    await this.#places.wait(1500)
  }

  /** Whom anything was sent to. */
  targets(history: History): readonly Target[] {
    const sentTo = new Set(history.of("sent").map(({ to }) => to))
    const { kinds, names } = this.#program
    return kinds.flatMap(({ role }, kind) =>
      (role === "plain" ? [0] : names.map((_, n) => n))
        .map((name): Target => ({ kind, name }))
        .filter((target) => sentTo.has(ownOf(this.#program, target))),
    )
  }
}
