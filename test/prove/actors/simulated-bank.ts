/**
 * A bank of five nodes under all faults at once: what clients do, what must be true at the end, and the seams at which a bug can be planted.
 *
 * Checked: no acknowledged command is lost; each command is carried out once; deliveries arrive once and in order per receiver; each reminder that was set comes once;
 * supervisors restart as often as they may, and no more; messages of a pair keep their order; nothing is stuck when all is healed.
 */
import {
  createActorSystem,
  levelJournal,
  LevelStore,
  resumeDeliveries,
  startReminders,
  type Journal,
  type Supervision,
} from "#actors/index.js"
import type { Database } from "#actors/persistence/database.js"
import type { SimulatedNode, Simulation, SimulationOptions } from "#actors/simulation/index.js"
import { Account, audit, carryOut, type Command, type Statement } from "./bank.js"
import { Watchman } from "./nursery.js"
import { startTraffic } from "./traffic.js"

/** Where a bug can be planted: around the ports, in a definition, or in the runtime itself. */
export interface Seams {
  /** Around the disk of a node; called at each start. */
  readonly database?: (database: Database, node: SimulatedNode) => Database | Promise<Database>
  readonly disk?: (node: SimulatedNode) => void
  readonly journal?: (journal: Journal) => Journal
  readonly supervision?: Partial<Supervision>
  readonly behindItsBack?: boolean
  /** Changes the runtime. @returns changes it back */
  readonly patch?: () => () => void
}

export interface RunOptions extends Seams {
  readonly seed: number
  readonly durationMs: number
}

const nodes = ["ada", "bob", "cyd", "dan", "eve"] as const
const accounts = 40
const clients = 20
const thinkMs = 150
const reminderEveryMs = 300

/** What the clients of one run know. */
class World {
  readonly commands: Command[] = []
  /** Reminders that were set for sure, and for whom. */
  readonly reminders = new Map<string, string>()
  readonly wrong: string[] = []
  readonly report = (what: string): void => void this.wrong.push(what)
}

const worlds = new WeakMap<Simulation, World>()

/** A simulation may be run again from its options: each run has a world of its own. */
function worldOf(simulation: Simulation): World {
  let world = worlds.get(simulation)
  if (world === undefined) worlds.set(simulation, (world = new World()))
  return world
}

export function bankRun({ seed, durationMs, ...seams }: RunOptions): SimulationOptions {
  return {
    seed,
    nodes,
    durationMs,
    settleMs: 25_000,
    patienceMs: 20_000,
    faults: {
      crash: { everyMs: 300 },
      tornWrite: { everyMs: 250 },
      fullDisk: { everyMs: 200, forMs: 150 },
      slowDisk: { everyMs: 300, forMs: 300, byMs: 20 },
      clockSkew: { everyMs: 300, byMs: 3000 },
      partition: { everyMs: 300, forMs: 200 },
      loss: { chance: 0.012 },
      delay: { chance: 0.012 },
      duplication: { chance: 0.012 },
      reordering: { chance: 0.012 },
    },
    start: (node) => start(node, seams),
    workload,
    check,
  }
}

async function start(node: SimulatedNode, seams: Seams) {
  const { report } = worldOf(node.simulation)
  seams.disk?.(node)
  const disk = await node.disk.open()
  const database = seams.database === undefined ? disk : await seams.database(disk, node)
  const own = levelJournal(new LevelStore(database), node.clock)
  const watchman = new Watchman(report)
  const system = await createActorSystem({
    ...node.ports,
    name: "bank",
    definitions: [Account],
    journal: seams.journal?.(own) ?? own,
    telemetry: watchman.telemetry,
    entities: { ...node.ports.entities, maxResident: 6 },
  })
  watchman.open(system, seams.supervision)
  const busy = (): boolean => node.simulation.running
  startTraffic(system, { wrong: report, busy, behindItsBack: seams.behindItsBack ?? false })
  await startReminders(system)
  await resumeDeliveries(system, Account)
  return system
}

const accountOf = (simulation: Simulation): string => `account-${simulation.random.int(accounts)}`

async function workload(simulation: Simulation): Promise<void> {
  await Promise.all([...Array.from({ length: clients }, () => client(simulation)), setReminders(simulation)])
}

/** Sends commands through any node, each until it is answered. */
async function client(simulation: Simulation): Promise<void> {
  const { commands } = worldOf(simulation)
  const { random } = simulation
  while (simulation.running) {
    const account = accountOf(simulation)
    const to = accountOf(simulation)
    const number = commands.length + 1
    const command = to === account || random.chance(0.5) ? { number, account } : { number, account, to }
    commands.push(command)
    for (;;) {
      const via = random.pick(simulation.nodes)
      const ref = simulation.entity(Account, account, random.chance(0.5) ? { via } : {}).with({ timeoutMs: 400 })
      const answer = await carryOut(ref, command).catch(() => undefined)
      if (answer !== undefined) break
      await simulation.wait(20 + random.int(80))
    }
    await simulation.wait(random.interval(thinkMs))
  }
}

/** A program on a node sets reminders; whether it hears of it or not, it goes on. */
async function setReminders(simulation: Simulation): Promise<void> {
  const { reminders } = worldOf(simulation)
  for (let n = 1; simulation.running; n++) {
    const account = accountOf(simulation)
    const system = simulation.system(simulation.homeOf({ tenant: "default", type: "account", key: account }))
    if (system !== undefined) {
      const name = `reminder-${n}`
      const at = system.clock.wallTime() + simulation.random.int(3000)
      void startReminders(system)
        .then((all) => all.set(system.entity(Account, account), name, { at }, "remind", name))
        .then(
          () => reminders.set(name, account),
          () => undefined,
        )
    }
    await simulation.wait(simulation.random.interval(reminderEveryMs))
  }
}

async function check(simulation: Simulation): Promise<void> {
  const { commands, reminders, wrong } = worldOf(simulation)
  const statements: Statement[] = []
  for (let n = 0; n < accounts; n++) {
    const key = `account-${n}`
    statements.push({ key, ...(await simulation.entity(Account, key).ask("statement")) })
  }
  const found = audit(statements, commands)
  const all = [...wrong, ...found.lost, ...found.wrong, ...auditReminders(statements, reminders)]
  if (all.length > 0) throw new Error(all[0])
}

function auditReminders(statements: readonly Statement[], set: ReadonlyMap<string, string>): string[] {
  const wrong: string[] = []
  const came = new Map<string, number>()
  for (const { reminded } of statements) for (const name of reminded) came.set(name, (came.get(name) ?? 0) + 1)
  for (const [name, times] of came) if (times > 1) wrong.push(`${name} came ${times} times`)
  for (const [name, account] of set) if (!came.has(name)) wrong.push(`${name} of ${account} never came`)
  return wrong
}
