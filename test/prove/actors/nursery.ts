/**
 * A supervisor whose children crash, beside somebody who knows what it has to do: the limit on restarts, worked out once more from what is told about crashes.
 */
import { defineActor, type ActorSystem, type Supervision, type Telemetry } from "#actors/index.js"

const limit = { max: 3, withinMs: 5000 }
const size = 3

/** Crashes now and then, by chance. */
const Fragile = defineActor({
  name: "fragile",
  state: () => undefined,
  started: (ctx) => void ctx.after(8000 * ctx.system.random.float() ** 2, "crash"),
  receive: {
    crash() {
      throw new Error("as planned")
    },
  },
})

const Nursery = defineActor({
  name: "nursery",
  state: () => undefined,
  supervision: { intensity: limit },
  started(ctx) {
    for (let n = 0; n < size; n++) ctx.spawn(Fragile, { name: String(n) })
  },
  receive: {},
})

const Ward = defineActor({
  name: "ward",
  state: (supervision: Partial<Supervision>) => ({ supervision }),
  supervision: { intensity: { max: Infinity, withinMs: 1 } },
  started: (ctx) => void ctx.spawn(Nursery, { name: "nursery", supervision: ctx.state.supervision }),
  receive: {},
})

/** What is known about the nursery of one life of a node. */
export class Watchman {
  readonly #wrong: (what: string) => void
  #system: ActorSystem | undefined
  /** When the nursery restarted children, or must do so now, since it was started itself. */
  #restarts: number[] = []
  /** What must happen next, in order. */
  readonly #expected: ("restart" | "escalation")[] = []
  /** Until the supervisor is started again. */
  #givesUp = false

  constructor(wrong: (what: string) => void) {
    this.#wrong = wrong
  }

  /** To be given to the system. */
  readonly telemetry: Telemetry = {
    crashed: (actor) => {
      if (!isChild(actor)) return
      if (this.#givesUp) return // the supervisor is about to crash, and its children to stop
      if (this.#expected.length >= size) this.#wrong(`crashes led to nothing`)
      const now = this.#system?.clock.monotonic() ?? 0
      this.#restarts = this.#restarts.filter((at) => now - at < limit.withinMs)
      this.#givesUp = this.#restarts.length >= limit.max
      if (!this.#givesUp) this.#restarts.push(now)
      this.#expected.push(this.#givesUp ? "escalation" : "restart")
    },
    restarted: (actor) => {
      if (isChild(actor)) this.#happened("restart")
      else if (actor.includes("/ward/nursery")) {
        this.#restarts = []
        this.#givesUp = false
      }
    },
    escalated: (supervisor) => {
      if (supervisor.includes("/ward/nursery")) this.#happened("escalation")
    },
  }

  /** @param supervision instead of what was promised */
  open(system: ActorSystem, supervision: Partial<Supervision> = {}): void {
    this.#system = system
    system.spawn(Ward, { name: "ward", init: supervision })
  }

  #happened(what: "restart" | "escalation"): void {
    if (this.#expected.shift() !== what)
      this.#wrong(`a supervisor answered a crash with ${what === "restart" ? "a restart too many" : "an escalation too early"}`) // prettier-ignore
  }
}

const isChild = (actor: string): boolean => /\/ward\/nursery\/\d/.test(actor)
