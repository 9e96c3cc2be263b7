/**
 * Ordinary actors that talk: many messages, and three promises that are looked at in each: two actors' messages keep their order, an ask that has expired is not
 * handled any more, and what a life has begun is not brought to the next.
 */
import { defineActor, type ActorRef, type ActorSystem } from "#actors/index.js"

const talkers = 4
const tickMs = 20
const messages = 6

export interface TrafficOptions {
  /** Told what broke a promise. */
  readonly wrong: (what: string) => void
  /** Whether there is to be traffic. */
  readonly busy: () => boolean
  /** Brings results back in a way that the runtime does not know of. */
  readonly behindItsBack?: boolean
}

interface Numbered {
  readonly from: number
  readonly number: number
}

type ListenerRef = ActorRef<{ readonly hear: (message: Numbered) => void }>

const Listener = defineActor({
  name: "listener",
  state: ({ wrong }: TrafficOptions) => ({ wrong, last: [] as number[] }),
  receive: {
    hear({ state }, { from, number }: Numbered) {
      const expected = (state.last[from] ?? 0) + 1
      if (number !== expected) state.wrong(`message ${number} of a pair came as number ${expected}`)
      state.last[from] = number
    },
  },
})

const Talker = defineActor({
  name: "talker",
  state: (init: { readonly from: number; readonly to: readonly ListenerRef[]; readonly busy: () => boolean }) => ({ ...init, sent: init.to.map(() => 0) }),
  started: (ctx) => void ctx.every(tickMs, "tick"),
  receive: {
    tick(ctx) {
      const { from, to, sent, busy } = ctx.state
      for (let n = 0; n < messages && busy(); n++) {
        const receiver = Math.floor(ctx.system.random.float() * to.length)
        sent[receiver]! += 1
        ctx.tell(to[receiver]!, "hear", { from, number: sent[receiver]! })
      }
    },
  },
}) // prettier-ignore

const later = (system: ActorSystem, milliseconds: number): Promise<void> =>
  new Promise((done) => void system.clock.timer(milliseconds, done))

/** Its `slow` holds the mailbox longer than those wait who want a stamp. */
const Clerk = defineActor({
  name: "clerk",
  state: ({ wrong }: TrafficOptions) => ({ wrong, expired: new Set<number>() }),
  receive: {
    slow: (ctx) => later(ctx.system, 50),
    stamp({ state }, number: number) {
      if (state.expired.has(number)) state.wrong("an ask was handled after it had expired")
    },
    expired: ({ state }) => state.expired,
  },
})

type ClerkRef = ActorRef<{
  readonly slow: () => Promise<void>
  readonly stamp: (number: number) => void
  readonly expired: () => Set<number>
}>

const Asker = defineActor({
  name: "asker",
  state: (clerk: ClerkRef) => ({ clerk, number: 0 }),
  started: (ctx) => void ctx.every(200, "tick"),
  receive: {
    async tick(ctx) {
      const { clerk } = ctx.state
      const expired = await ctx.ask(clerk, "expired")
      const slow = ctx.ask(clerk, "slow")
      const number = ++ctx.state.number
      await ctx.ask(clerk.with({ timeoutMs: 20 }), "stamp", number).catch(() => expired.add(number))
      await slow
    },
  },
})

/** Begins work and crashes now and then before it is done. */
const Worker = defineActor({
  name: "worker",
  state: (init: TrafficOptions & { lives: number }) => ({ init, life: ++init.lives }),
  started: (ctx) => void ctx.every(100, "begin"),
  receive: {
    begin(ctx) {
      const { life, init } = ctx.state
      const { system, self } = ctx
      if (init.behindItsBack === true) void later(system, 30).then(() => self.tell("done", life))
      else ctx.run(() => later(system, 30).then(() => life), "done")
      if (system.random.float() < 0.1) ctx.after(10, "crash")
    },
    done({ state }, life: number) {
      if (life !== state.life) state.init.wrong("the result of a life came to the next")
    },
    crash() {
      throw new Error("as planned")
    },
  },
})

const Crowd = defineActor({
  name: "crowd",
  state: (options: TrafficOptions) => options,
  supervision: { intensity: { max: Infinity, withinMs: 1 } },
  started(ctx) {
    const init = ctx.state
    const to = Array.from({ length: talkers }, () => ctx.spawn(Listener, { init }) as ListenerRef)
    for (let from = 0; from < talkers; from++) ctx.spawn(Talker, { init: { from, to, busy: init.busy } })
    ctx.spawn(Asker, { init: ctx.spawn(Clerk, { init }) as ClerkRef })
    ctx.spawn(Worker, { init: { ...init, lives: 0 } })
  },
  receive: {},
})

export function startTraffic(system: ActorSystem, options: TrafficOptions): void {
  system.spawn(Crowd, { name: "crowd", init: options })
}
