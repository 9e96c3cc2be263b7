/**
 * What clients do to a simulated cluster, and what must be true of it.
 *
 * Ledgers are persistent entities to which unique values are added; `history.ts` holds what clients were told against one order. Talkers tell listeners numbered notes, from
 * wherever they live to wherever those live: a note comes once at most; once, and in order, while there are only such faults as the mesh makes good (H3, H4 of `hand-off.ts`).
 */
import { defineActor, definePersistentActor, type AgentOSError } from "#actors/index.js"
import type { AnyDefinition } from "#actors/actor.js"
import type { EntityId } from "#actors/entities.js"
import { emptyPrint, History, printWith, type Told } from "#cluster/simulation/history.js"
import type { ClusterFaultKind } from "#cluster/simulation/cluster-faults.js"
import type { ClusterSimulation } from "#cluster/simulation/cluster-simulation.js"

const print = ({ values, print }: { readonly values: readonly number[]; readonly print: number }): Told => ({ count: values.length, print }) // prettier-ignore

export const Ledger = definePersistentActor({
  name: "ledger",
  version: 1,
  state: () => ({ values: [] as number[], print: emptyPrint }),
  events: {
    added: (state, value: number) => {
      state.values.push(value)
      state.print = printWith(state.print, value)
    },
  },
  snapshotEvery: 40,
  passivateAfterMs: 5000,
}).receive({
  async add(ctx, value: number): Promise<Told> {
    await ctx.persist("added", value)
    return print(ctx.state)
  },
  read: (ctx): Told => print(ctx.state),
  all: (ctx): readonly number[] => [...ctx.state.values],
})

interface Note {
  /** A talker from its waking to its end. */
  readonly life: number
  readonly number: number
  readonly sentAt: number
}

export const ledgers = 40
const talkers = 10
const listeners = 10

/** Faults for which no note may be lost; and those for which, besides, none may come out of order. */
const harmless: readonly ClusterFaultKind[] = ["streamCut", "slowLink", "drain", "leave", "join", "clockJump"]
const orderly: readonly ClusterFaultKind[] = ["slowLink", "drain", "leave", "join", "clockJump"]
/** For so long before and after a note there must be no other fault: what it held up is late. */
const calmMs = 10_000

export interface Load {
  readonly clients: number
  /** Mean time between two operations of a client. */
  readonly thinkMs: number
}

/** What is known of one run. */
export class World {
  readonly history = new History()
  readonly wrong: string[] = []
  readonly definitions: readonly AnyDefinition[]
  readonly Talker
  readonly #simulation: ClusterSimulation
  readonly #load: Load
  /** The last note that came, by talker's life and listener. */
  readonly #heard = new Map<string, { readonly number: number; readonly seen: Set<number> }>()
  /** Notes that must come, by talker's life and number. */
  readonly #due = new Map<string, number>()
  #values = 0
  #lives = 0
  attempts = 0
  notes = 0

  constructor(simulation: ClusterSimulation, load: Load) {
    this.#simulation = simulation
    this.#load = load
    const nextLife = (): number => ++this.#lives
    const now = (): number => simulation.now
    const heard = (key: string, note: Note): void => this.#hears(key, note)
    const said = (note: Note): void => this.#said(note)
    const Listener = defineActor({
      name: "listener",
      state: ({ key }: EntityId) => ({ key }),
      passivateAfterMs: 3000,
      receive: {
        note: (ctx, note: Note) => heard(ctx.state.key, note),
      },
    })
    this.Talker = defineActor({
      name: "talker",
      state: (_id: EntityId) => ({ life: nextLife(), sent: 0 }),
      passivateAfterMs: 3000,
      receive: {
        talk(ctx, { to, times }: { readonly to: number; readonly times: number }): number {
          const listener = ctx.system.entity(Listener, `listener-${to}`)
          for (let n = 0; n < times; n++) {
            ctx.state.sent += 1
            const note = { life: ctx.state.life, number: ctx.state.sent, sentAt: now() }
            if (ctx.tell(listener, "note", note)) said(note)
          }
          return ctx.state.sent
        },
      },
    })
    this.definitions = [Ledger, Listener, this.Talker] as unknown as readonly AnyDefinition[]
  }

  async workload(): Promise<void> {
    const { clients } = this.#load
    await Promise.all(Array.from({ length: clients }, (_, n) => (n % 5 === 4 ? this.#chatter() : this.#client())))
  }

  /** Adds and reads, each value until it is answered, or given up. */
  async #client(): Promise<void> {
    const simulation = this.#simulation
    const { random } = simulation
    while (simulation.running) {
      const key = `ledger-${random.int(ledgers)}`
      if (random.chance(0.5)) await this.#add(key, random.chance(0.1))
      else await this.#read(key)
      await simulation.wait(random.interval(this.#load.thinkMs))
    }
  }

  /** @param timid gives up after the first failure that says that nothing was done */
  async #add(key: string, timid: boolean): Promise<void> {
    const simulation = this.#simulation
    const value = ++this.#values
    const operation = this.history.write(key, value)
    for (let uncertain = false; ;) {
      this.attempts += 1
      const ref = simulation.entity(Ledger, key).with({ timeoutMs: 2000, commandId: `add-${value}` })
      try {
        return operation.done(await ref.ask("add", value))
      } catch (error) {
        if ((error as AgentOSError).executed !== "no") uncertain = true
        else if (timid) return uncertain ? operation.unknown() : operation.notDone()
      }
      await simulation.wait(20 + simulation.random.int(180))
    }
  }

  async #read(key: string): Promise<void> {
    const operation = this.history.read(key)
    this.attempts += 1
    try {
      operation.done(await this.#simulation.entity(Ledger, key).with({ timeoutMs: 2000 }).ask("read"))
    } catch {
      operation.unknown()
    }
  }

  async #chatter(): Promise<void> {
    const simulation = this.#simulation
    const { random } = simulation
    while (simulation.running) {
      const talker = simulation.entity(this.Talker, `talker-${random.int(talkers)}`).with({ timeoutMs: 2000 })
      const talk = { to: random.int(listeners), times: 1 + random.int(4) }
      await talker.ask("talk", talk).catch(() => undefined)
      await simulation.wait(random.interval(this.#load.thinkMs))
    }
  }

  #said({ life, number, sentAt }: Note): void {
    const simulation = this.#simulation
    if (!simulation.calmSince(sentAt - calmMs, harmless)) return
    const note = `${life} ${number}`
    this.#due.set(note, sentAt)
    void simulation.wait(calmMs).then(() => {
      const lost = this.#due.delete(note) && simulation.calmSince(sentAt - calmMs, harmless)
      if (lost) simulation.fail(new Error("a note was lost, though there was no fault but such as the mesh makes good"))
    })
  }

  #hears(listener: string, { life, number, sentAt }: Note): void {
    const simulation = this.#simulation
    this.notes += 1
    this.#due.delete(`${life} ${number}`)
    const pair = `${life} ${listener}`
    const heard = this.#heard.get(pair) ?? { number: 0, seen: new Set<number>() }
    if (heard.seen.has(number)) simulation.fail(new Error("a note came twice"))
    heard.seen.add(number)
    if (number < heard.number && simulation.calmSince(sentAt - calmMs, orderly))
      simulation.fail(new Error("notes came out of order, though no stream was cut"))
    this.#heard.set(pair, { number: Math.max(number, heard.number), seen: heard.seen })
  }

  /** When all is healed: every ledger is served, through every node, and what is told fits one history. */
  async check(): Promise<void> {
    const simulation = this.#simulation
    const wrong = [...this.wrong]
    for (let n = 0; n < ledgers; n++) {
      const key = `ledger-${n}`
      const values = await this.#all(key)
      wrong.push(...this.history.check(key, values))
      for (const via of simulation.nodes) {
        const told = await simulation.entity(Ledger, key, { via }).ask("read")
        if (told.count !== values.length) wrong.push(`${key}: through ${via} it has ${told.count} values, not ${values.length}`) // prettier-ignore
      }
    }
    if (wrong.length > 0) throw new Error(wrong[0])
  }

  /** All values of a ledger, as its owner has them when it starts from what is stored. */
  async #all(key: string): Promise<readonly number[]> {
    return this.#simulation.entity(Ledger, key).ask("all")
  }
}
