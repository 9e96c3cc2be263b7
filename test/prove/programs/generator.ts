/**
 * Programs by chance, from a seed. Each uses some of the verbs only: what is rare among many is often among few.
 * Some are devoted to a theme.
 *
 * @see Groce et al., Swarm testing, 2012
 */
import { SeededRandom, type Fault } from "#actors/simulation/index.js"
import { clusterFaultKinds, type ClusterFault, type ClusterFaultKind } from "#cluster/simulation/cluster-faults.js"
import type { StateIs } from "#cluster/placement.js"
import { clusterThemes, plotOf, type Plot, type Sending } from "./cluster-themes.js"
import {
  noHandler,
  type Act,
  type Asked,
  type Event,
  type Fold,
  type Handler,
  type Kind,
  type Name,
  type Place,
  type Program,
  type Role,
  type Send,
  type Step,
  type Target,
} from "./program.js"
import { themes, verbs, type Theme, type Verb } from "./themes.js"
import { randomValue, thrownKinds, type Value } from "./values.js"

const alike: readonly Name[] = [
  { tenant: "default", key: "a" },
  { tenant: "default", key: "b" },
  { tenant: "default", key: "constructor" },
  { tenant: "default", key: "__proto__" },
  { tenant: "default", key: "a/b" },
  { tenant: "default", key: "a#1" },
  { tenant: "default", key: "a%2Fb" },
  { tenant: "default/k0", key: "a" },
  { tenant: "default/k1", key: "a" },
  { tenant: "default", key: "k0/a" },
  { tenant: "default", key: "k1/a" },
  { tenant: "a-b", key: "c" },
  { tenant: "a", key: "b-c" },
  { tenant: "default", key: "ключ 🙂 é" },
  { tenant: "default", key: "e\u0301" },
  { tenant: "default", key: "é" },
  { tenant: "default", key: "x".repeat(500) },
  { tenant: "default", key: `${"x".repeat(499)}y` },
]

/** Which become one, if nothing stands between the parts but a slash or a dash. */
const pairs: readonly (readonly Name[])[] = [
  [
    { tenant: "default/k0", key: "a" },
    { tenant: "default", key: "k0/a" },
  ],
  [
    { tenant: "a-b", key: "c" },
    { tenant: "a", key: "b-c" },
  ],
]

/** What is no name: to be refused, wherever it comes. */
const none: readonly Name[] = [
  { tenant: "default", key: "" },
  { tenant: "default", key: "\ud800" },
  { tenant: "default", key: "\udfff" },
  { tenant: "default", key: "a\u0000b" },
  { tenant: "default\u0000k0", key: "a" },
  { tenant: "default", key: "x".repeat(600) },
]

export const isNone = ({ tenant, key }: Name): boolean =>
  none.some((name) => name.tenant === tenant && name.key === key)

const weights: { readonly [V in Verb]: number } = { tell: 4, ask: 4, persist: 8, persistAll: 2, deliver: 4, defer: 4, stash: 4, sleep: 3, run: 5, after: 3, every: 1, spawn: 2, watch: 1, stop: 1, stream: 3, publish: 2, remind: 2, throw: 2 } // prettier-ignore

/** How many programs are devoted to a theme. */
const themed = 0.4

export function programOf(seed: number | string): Program {
  const random = new SeededRandom(`theme ${seed}`)
  const theme = random.chance(themed) ? random.pick(themes) : undefined
  return new Generator(new SeededRandom(`program ${seed}`), undefined, theme).program()
}

/** For two to four nodes. */
export function clusterProgramOf(seed: number | string): Program {
  const chance = new SeededRandom(`cluster theme ${seed}`)
  const theme = chance.chance(themed) ? chance.pick(clusterThemes) : undefined
  const random = new SeededRandom(`cluster program ${seed}`)
  if (theme === undefined) return new Generator(random, ["entity", "persistent", "persistent"]).inCluster()
  const nodes = nodeNames.slice(0, chance.pick(theme.nodes))
  return new Generator(random, undefined, theme).inPlot(nodes, plotOf(theme, nodes, chance))
}

/** Such faults as the mesh makes good; the others end nodes, part them, or take from them what they share. */
const gentle: readonly ClusterFaultKind[] = ["slowLink", "drain", "leave", "join", "clockJump"]
const ofStore: readonly ClusterFaultKind[] = ["pauseAtMint", "storeCut", "storeOutage"]
const moving: readonly ClusterFaultKind[] = ["drain", "leave", "join"]
const nodeNames = ["ada", "bob", "cyd", "dan"] as const
const guest = "guest"

const anyRoles: readonly Role[] = ["plain", "entity", "persistent", "persistent"]

/** When a system is started again: from when, and within how long. */
const restartTimes = {
  anyTime: (lengthMs: number) => [0, lengthMs + 300],
  meanwhile: (lengthMs: number) => [0, lengthMs],
  afterwards: (lengthMs: number) => [lengthMs + 100, lengthMs],
} as const satisfies Record<string, (lengthMs: number) => readonly [number, number]>

class Generator {
  readonly #random: SeededRandom
  readonly #verbs: readonly Verb[]
  readonly #roles: readonly Role[]
  readonly #names: readonly Name[]
  readonly #handlers: number
  readonly #commands: boolean
  /** How many of a hundred values are refused. */
  readonly #odd: number
  readonly #valued: boolean
  readonly #theme: Theme | undefined

  constructor(random: SeededRandom, roles: readonly Role[] = anyRoles, theme?: Theme) {
    this.#random = random
    this.#theme = theme
    const chosen = verbs.filter(() => random.chance(0.3))
    const some = Array.from({ length: 1 + random.int(3) }, () => random.pick(roles))
    this.#roles = theme?.roles ?? some
    const persists = some.includes("persistent") ? (["persist"] as const) : []
    const others = [random.pick(verbs), random.pick(["tell", "ask"] as const)]
    this.#verbs = theme?.verbs ?? [...new Set<Verb>([...chosen, ...persists, ...others])]
    this.#names = this.#someNames()
    this.#handlers = 2 + random.int(3)
    this.#commands = random.chance(0.5) || theme?.commandIds !== undefined
    this.#odd = random.chance(0.12) ? 15 : 0
    this.#valued = random.chance(0.4) || theme?.valued === true
  }

  #someNames(): readonly Name[] {
    const random = this.#random
    const pool = random.chance(0.3) ? alike : alike.slice(0, 2)
    const names = Array.from({ length: 1 + random.int(4) }, () => random.pick(pool))
    if (random.chance(0.15) || this.#theme?.pair === true) names.push(...random.pick(pairs))
    if (random.chance(0.06)) names.push(random.pick(none))
    names.push(...alike.slice(0, this.#theme?.leastNames ?? 0))
    return [...new Map(names.map((name) => [JSON.stringify(name), name])).values()]
  }

  program(): Program {
    const random = this.#random
    const theme = this.#theme
    const kinds = this.#roles.map((role) => this.#kind(role))
    const count = 3 + random.int(25)
    const lengthMs = theme?.lengthMs ?? random.pick([30, 200, 1000])
    const acts = Array.from({ length: count }, () => this.#act(random.int(lengthMs))).sort((a, b) => a.at - b.at)
    const restarts = random.chance(this.#verbs.includes("deliver") ? 0.5 : 0.2) || theme?.restarts !== undefined
    const [earliest, within] = restartTimes[theme?.restarts ?? "anyTime"](lengthMs)
    const restart = { at: earliest + random.int(within), client: 0, do: "restart" } as const
    const adapter = random.pick(["memory", "level", "level"] as const)
    const room = random.chance(0.5) ? (random.chance(0.7) ? 1 : 2) : undefined
    const maxResident = theme?.maxResident ?? room
    return {
      adapter,
      ...(maxResident === undefined ? {} : { maxResident }),
      ...(random.chance(0.15) ? { isolated: true } : {}),
      kinds,
      names: this.#names,
      acts: (restarts ? [...acts, restart] : acts).sort((a, b) => a.at - b.at),
      faults: random.chance(0.35) && theme === undefined ? this.#faults(adapter, lengthMs) : [],
    }
  }

  inCluster(): Program {
    const random = this.#random
    const kinds = this.#roles.map((role) => this.#kind(role))
    const lengthMs = random.pick([2000, 10_000, 30_000])
    const acts = Array.from({ length: 5 + random.int(45) }, () => this.#act(random.int(lengthMs)))
    const cluster = this.#place(lengthMs)
    for (const { kind, at } of cluster.faults)
      if (moving.includes(kind) && random.chance(0.7)) acts.push(...this.#burst(at))
    return {
      adapter: "memory",
      cluster,
      ...(random.chance(0.3) ? { maxResident: 1 + random.int(2) } : {}),
      kinds,
      names: this.#names,
      acts: acts.sort((a, b) => a.at - b.at),
      faults: [],
    }
  }

  inPlot(nodes: readonly string[], { state, faults, sendings }: Plot): Program {
    const random = this.#random
    const kinds = this.#roles.map((role) => this.#kind(role))
    const lengthMs = Math.max(...faults.map(({ at }) => at))
    const acts = [
      ...Array.from({ length: random.int(15) }, () => this.#act(random.int(lengthMs))),
      ...sendings.map((sending) => this.#sent(sending, kinds)),
    ]
    const cluster = { nodes, guests: [guest], state, faults }
    return { adapter: "memory", cluster, kinds, names: this.#names, acts: acts.sort((a, b) => a.at - b.at), faults: [] }
  }

  #sent({ at, client, do: does }: Sending, kinds: readonly Kind[]): Act {
    const random = this.#random
    const to = this.#target()
    const all = [...(kinds[to.kind] as Kind).handlers.entries()]
    const reading = all.filter(([, { steps }]) => !steps.some((step) => step.do === "persist"))
    const [handler] = random.pick(does === "read" && reading.length > 0 ? reading : all)
    const sent = { at, client, to, handler, value: this.#value() }
    return does === "tell" ? { ...sent, do: does } : { ...sent, do: "ask", again: 0, timeoutMs: 1000 }
  }

  /** What one sends to one other while its shard moves. */
  #burst(from: number): Act[] {
    const random = this.#random
    const [to, client, handler] = [this.#target(), random.int(3), random.int(this.#handlers)]
    return Array.from({ length: 12 }, () => ({
      at: from + random.int(120),
      client,
      do: "tell",
      to,
      handler,
      value: this.#value(),
    }))
  }

  #place(lengthMs: number): Place {
    const random = this.#random
    const nodes = nodeNames.slice(0, 2 + random.int(3))
    const state: StateIs = random.chance(0.6) ? "shared" : "on-the-node"
    const all = random.chance(0.3) ? gentle : clusterFaultKinds.filter((kind) => state === "shared" || !ofStore.includes(kind)) // prettier-ignore
    const kinds = all.filter(() => random.chance(0.4))
    const count = kinds.length === 0 ? 0 : 1 + random.int(12)
    const faults = Array.from({ length: count }, () => this.#clusterFault(random.pick(kinds), nodes, lengthMs))
    return { nodes, guests: [guest], state, faults: faults.sort((a, b) => a.at - b.at) }
  }

  #clusterFault(kind: ClusterFaultKind, nodes: readonly string[], lengthMs: number): ClusterFault {
    const random = this.#random
    const one = random.pick(nodes)
    const befallen: Partial<Record<ClusterFaultKind, readonly string[]>> = { pauseAtMint: [], quorumLoss: [], wipe: [], storeOutage: [], join: [guest], streamCut: [one, random.pick(nodes.filter((other) => other !== one))] } // prettier-ignore
    const among = befallen[kind === "slowLink" ? "streamCut" : kind] ?? [one]
    const byMs = kind === "clockJump" ? random.int(20_000) - 10_000 : random.int(300)
    return { kind, at: random.int(lengthMs), nodes: among, forMs: random.pick([200, 2000, 8000, 14_000]), byMs }
  }

  #faults(adapter: Program["adapter"], lengthMs: number): Fault[] {
    const random = this.#random
    const all = adapter === "memory" ? (["crash"] as const) : (["crash", "tornWrite", "fullDisk", "slowDisk", "slowDisk"] as const) // prettier-ignore
    const kinds = all.filter(() => random.chance(0.5))
    return Array.from({ length: kinds.length === 0 ? 0 : 1 + random.int(3) }, (): Fault => ({ kind: random.pick(kinds), at: random.int(lengthMs + 200), nodes: ["ada"], forMs: 20 + random.int(200), byMs: 5 + random.int(60), part: random.float() })) // prettier-ignore
  }

  #kind(role: Role): Kind {
    const random = this.#random
    const persistent = role === "persistent"
    const sleeps = role !== "plain" && random.chance(0.35) ? { passivateAfterMs: random.pick([1, 8, 20, 60]) } : {}
    return {
      role,
      ...sleeps,
      ...(persistent && random.chance(0.4) ? { snapshotEvery: 1 + random.int(4) } : {}),
      ...(persistent && random.chance(0.2) ? { keepEvents: random.int(3) } : {}),
      ...(persistent && random.chance(this.#verbs.includes("deliver") ? 0.3 : 0.1)
        ? { keepCommandsMs: random.pick([10, 300]) }
        : {}),
      ...(!persistent && random.chance(0.1) ? { capacity: 1 + random.int(4) } : {}),
      ...(!persistent && random.chance(0.1) ? { handlerTimeoutMs: random.pick([10, 60]) } : {}),
      ...(!persistent && random.chance(0.12) ? { started: this.#steps(role, 2, true) } : {}),
      ...(role === "plain" ? {} : this.#theme?.options),
      handlers: Array.from({ length: this.#handlers }, (_, h) => this.#handler(role, h)),
    }
  }

  #shape(role: Role, h: number): readonly Verb[] | undefined {
    const shapes = this.#theme?.shapes[role]
    if (shapes === undefined) return undefined
    if (this.#theme?.inTurn === true) return shapes[h % shapes.length]
    return this.#random.chance(0.5) ? this.#random.pick(shapes) : undefined
  }

  #handler(role: Role, h: number): Handler {
    const random = this.#random
    const steps =
      this.#shape(role, h)?.flatMap((verb) => this.#step(role, false, verb)) ?? this.#steps(role, 1 + random.int(5))
    if (random.chance(0.5)) steps.push({ do: "reply", value: this.#replyValue() })
    return {
      ...(role !== "persistent" && random.chance(0.08) ? { reentrant: true } : {}),
      ...(role !== "persistent" && random.chance(0.05) ? { urgent: true } : {}),
      steps,
    }
  }

  #replyValue(): Value {
    const random = this.#random
    if (random.chance(0.2)) return { is: "undefined" }
    return this.#valued ? randomValue(random, 2, this.#odd) : random.int(1000)
  }

  #value(): Value {
    const random = this.#random
    return this.#valued && random.chance(0.6) ? randomValue(random, 2, this.#odd) : random.int(10)
  }

  #steps(role: Role, most: number, begins = false): Step[] {
    const steps: Step[] = []
    for (let n = 0; n < most; n++) steps.push(...this.#step(role, begins))
    return steps
  }

  #verb(role: Role): Verb {
    const random = this.#random
    const fits = this.#verbs.filter((verb) => role === "persistent" || !["persist", "persistAll", "deliver"].includes(verb)) // prettier-ignore
    const all = fits.length === 0 ? (["tell"] as const) : fits
    let drawn = random.float() * all.reduce((sum, verb) => sum + weights[verb], 0)
    return all.find((verb) => (drawn -= weights[verb]) < 0) ?? (all[0] as Verb)
  }

  #step(role: Role, begins: boolean, verb = this.#verb(role)): Step[] {
    const random = this.#random
    const ms = random.pick([0, 0, 1, 5, 20, 80])
    const handler = random.int(this.#handlers)
    switch (verb) {
      case "tell":
        return [{ do: "tell", ...this.#send() }]
      case "ask":
        return [{ do: "ask", ...this.#asked(), awaited: random.chance(0.7), caught: random.chance(0.7) }]
      case "persist":
        return [{ do: "persist", events: [this.#event()], awaited: random.chance(0.8) }]
      case "persistAll":
        return [{ do: "persist", events: Array.from({ length: 1 + random.int(3) }, () => this.#event()), awaited: random.chance(0.8), ...(random.chance(0.3) ? { deliver: this.#send() } : {}) }] // prettier-ignore
      case "deliver":
        return [{ do: "deliver", ...this.#send(), awaited: random.chance(0.8) }]
      case "defer":
        return random.chance(0.2) ? [{ do: "answer" }] : [{ do: "defer", value: this.#replyValue(), by: random.pick(["timer", "work", "message"] as const), ms: random.pick([0, 5, 30, 150]), fails: random.chance(0.15) }] // prettier-ignore
      case "stash":
        return random.chance(0.4) ? [{ do: "unstash" }] : [{ do: "stash" }]
      case "sleep":
        return [{ do: "sleep", ms }]
      case "run":
        if (begins) return []
        return [
          {
            do: "run",
            ms,
            steps: this.#workSteps(role),
            handler,
            failed: random.chance(0.4),
            ...(random.chance(0.2) ? { detached: true } : {}),
          },
        ]
      case "after":
        return [{ do: "after", ms, handler }]
      case "every":
        return [{ do: "every", ms: random.pick([5, 20]), times: 1 + random.int(4), handler }]
      case "spawn":
        return random.chance(0.7) ? [{ do: "spawn", kind: random.int(this.#roles.length) }] : [{ do: "stopChild" }]
      case "watch":
        return [{ do: "spawn", kind: random.int(this.#roles.length) }, { do: "watch", link: random.chance(0.3) }, ...(random.chance(0.4) ? [{ do: "stopChild" } as const] : [])] // prettier-ignore
      case "stop":
        return random.chance(0.3) ? [{ do: "stop" }] : []
      case "stream":
        return [{ do: "stream", items: random.int(6), ms: random.pick([0, 5, 30]), reader: this.#target(), take: random.pick([1, 3, 100]), batch: 1 + random.int(3) }] // prettier-ignore
      case "publish":
        return random.chance(0.5)
          ? [{ do: "subscribe", handler: random.chance(0.15) ? noHandler : handler }]
          : [{ do: "publish", value: this.#value() }]
      case "remind":
        if (random.chance(0.2)) return [{ do: "forget", to: this.#target(), name: random.int(2) }]
        return [{ do: "remind", to: this.#target(), name: random.int(2), ms: random.pick([0, 20, 200, -20]), handler, value: this.#value() }] // prettier-ignore
      case "throw":
        return [{ do: "throw", what: random.pick(thrownKinds) }]
    }
  }

  #workSteps(role: Role): Step[] {
    const random = this.#random
    const steps: Step[] = []
    if (role === "persistent" && this.#verbs.includes("persist") && random.chance(0.7)) steps.push({ do: "persist", events: [this.#event()], awaited: true }) // prettier-ignore
    if (random.chance(0.4)) steps.push({ do: "tell", ...this.#send() })
    if (random.chance(0.2)) steps.push({ do: "ask", ...this.#asked(), awaited: true, caught: true })
    if (this.#verbs.includes("throw") && random.chance(0.3)) steps.push({ do: "throw", what: random.pick(thrownKinds) })
    return steps
  }

  #event(): Event {
    const random = this.#random
    const any: Fold = random.chance(0.5) ? "noted" : random.pick(["raw", "inc", "defaulted", "put", "more"] as const)
    const fold = this.#theme?.folds === undefined ? any : random.pick(this.#theme.folds)
    if (fold === "inc" || fold === "defaulted")
      return { fold, value: random.chance(0.5) ? { is: "undefined" } : 1 + random.int(5) }
    if (fold === "put" || fold === "more") return { fold, value: { is: "undefined" } }
    return { fold, value: this.#value() }
  }

  #target(): Target {
    const random = this.#random
    return { kind: random.int(this.#roles.length), name: random.int(this.#names.length) }
  }

  #send(): Send {
    const random = this.#random
    const to = random.chance(0.15) ? "self" : random.chance(this.#theme?.toChild ?? 0.1) ? "child" : this.#target()
    const command = this.#commands && random.chance(0.4) ? { commandId: `c${random.int(4)}` } : {}
    return { to, handler: random.int(this.#handlers), value: this.#value(), ...command }
  }

  #asked(): Asked {
    const random = this.#random
    return { ...this.#send(), ...(random.chance(0.4) ? { timeoutMs: random.pick([20, 100, 400, 2000]) } : {}) }
  }

  #act(at: number): Act {
    const random = this.#random
    const client = random.int(3)
    const to = this.#target()
    const handler = random.int(this.#handlers)
    const value = this.#value()
    const { commandIds: ids, damages = 1 } = this.#theme ?? {}
    const commandId =
      this.#commands && random.chance(ids === undefined ? 0.6 : 0.9) ? { commandId: `c${random.int(ids ?? 6)}` } : {}
    const drawn = random.float()
    if (drawn < 0.3) return { at, client, do: "tell", to, handler, value, ...commandId }
    if (drawn < 0.34 && this.#verbs.includes("stream"))
      return {
        at,
        client,
        do: "read",
        to,
        items: random.int(8),
        ms: random.pick([0, 5, 40]),
        take: random.pick([1, 3, 100]),
        batch: random.chance(0.1) ? NaN : 1 + random.int(4),
      }
    if (drawn < 0.4 && this.#verbs.includes("remind")) return random.chance(0.2) ? { at, client, do: "forget", to, name: random.int(2) } : { at, client, do: "remind", to, name: random.int(2), ms: random.pick([0, 20, 200, -20]), handler, value } // prettier-ignore
    if (drawn < 0.45 && this.#verbs.includes("publish")) return { at, client, do: "publish", value }
    if (drawn < 0.5 && this.#verbs.includes("publish"))
      return { at, client, do: "subscribe", to, handler: random.chance(0.25) ? noHandler : handler }
    if (drawn > 1 - damages / 100 && this.#roles.includes("persistent")) return { at, client, do: "damage", to }
    return {
      at,
      client,
      do: "ask",
      to,
      handler,
      value,
      ...commandId,
      again: "commandId" in commandId ? random.int(3) : 0,
      ...(random.chance(0.4)
        ? { timeoutMs: random.pick([20, 100, 400, 2000]) }
        : random.chance(0.03)
          ? { timeoutMs: random.pick([NaN, -1]) }
          : {}),
      ...(random.chance(0.08) ? { cancelAfterMs: random.pick([0, 5, 40]) } : {}),
      ...(random.chance(0.1) ? { patient: true } : {}),
    }
  }
}
