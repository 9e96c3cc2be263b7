/**
 * What goes wrong: chosen by chance beforehand, as data, so that a run can be repeated with fewer of them.
 *
 * Invariants
 *   F1. Each kind draws from chance of its own: what is planned of one does not change what is planned of another.
 */
import type { SeededRandom } from "./seeded-random.js"

/** Faults that come at a time. */
export interface TimedPlan {
  /** Mean time between two of them, over all nodes. */
  readonly everyMs: number
  /** How long one lasts, or the node stays down, at most; at least a tenth of it. */
  readonly forMs?: number
  /** slowDisk: by how much each write is slower; clockSkew: how far wall time is off, forth or back. At most. */
  readonly byMs?: number
}

/** Faults that befall a message, or the answer to one. */
export interface MessagePlan {
  /** In which part of all messages, from 0 to 1. */
  readonly chance: number
  /** delay, reordering, duplication: by how much it comes later, at most. */
  readonly byMs?: number
}

export const timedKinds = ["crash", "tornWrite", "fullDisk", "slowDisk", "clockSkew", "partition"] as const
export const messageKinds = ["loss", "delay", "duplication", "reordering"] as const
export type TimedKind = (typeof timedKinds)[number]
export type MessageKind = (typeof messageKinds)[number]
/**
 * `crash`: a node is gone, and starts again later. `tornWrite`: it crashes in the middle of a write. `fullDisk`: writes are refused; when there is room again the node is
 * started again. `partition`: no message passes between some nodes and the others. `loss`, `delay`, `duplication`, `reordering`: of one message.
 */
export type FaultKind = TimedKind | MessageKind

export type FaultPlan = { readonly [Kind in TimedKind]?: TimedPlan } & { readonly [Kind in MessageKind]?: MessagePlan }

/** A fault as it was planned; the same list of them makes the same run. */
export type Fault =
  | {
      readonly kind: TimedKind
      readonly at: number
      /** partition: the nodes on one side. */
      readonly nodes: readonly string[]
      readonly forMs: number
      readonly byMs: number
      /** tornWrite: how much of the write reaches the disk, from 0 to 1. */
      readonly part: number
    }
  | {
      readonly kind: MessageKind
      /** Virtual time when the message was sent; for people. */
      readonly at: number
      /** Sender and receiver, and which of the messages from one to the other. */
      readonly link: string
      readonly message: number
      readonly byMs: number
    }

export type TimedFault = Extract<Fault, { kind: TimedKind }>
export type MessageFault = Extract<Fault, { kind: MessageKind }>

const defaults: { readonly [Kind in FaultKind]: { readonly forMs: number; readonly byMs: number } } = {
  crash: { forMs: 200, byMs: 0 },
  tornWrite: { forMs: 200, byMs: 0 },
  fullDisk: { forMs: 200, byMs: 0 },
  slowDisk: { forMs: 500, byMs: 50 },
  clockSkew: { forMs: 0, byMs: 10_000 },
  partition: { forMs: 500, byMs: 0 },
  loss: { forMs: 0, byMs: 0 },
  delay: { forMs: 0, byMs: 200 },
  duplication: { forMs: 0, byMs: 20 },
  reordering: { forMs: 0, byMs: 20 },
}

export const isMessageFault = (fault: Fault): fault is MessageFault => "link" in fault

/** All faults that come at a time. */
export function planned(
  plan: FaultPlan,
  nodes: readonly string[],
  durationMs: number,
  random: SeededRandom,
): TimedFault[] {
  const faults: TimedFault[] = []
  for (const kind of timedKinds) {
    const given = plan[kind]
    if (given === undefined) continue
    const own = random.fork(kind) // F1
    const { forMs = defaults[kind].forMs, byMs = defaults[kind].byMs } = given
    for (let at = own.interval(given.everyMs); at < durationMs; at += own.interval(given.everyMs)) {
      const by = byMs * (kind === "clockSkew" ? 2 * own.float() - 1 : 0.1 + 0.9 * own.float())
      const some = kind === "partition" ? someOf(nodes, own) : [own.pick(nodes)]
      faults.push({ kind, at, nodes: some, forMs: forMs * (0.1 + 0.9 * own.float()), byMs: by, part: own.float() })
    }
  }
  return faults.sort((a, b) => a.at - b.at)
}

/** At least one of them, and not all, where there are two. */
function someOf(nodes: readonly string[], random: SeededRandom): string[] {
  const some = nodes.filter(() => random.chance(0.5))
  return some.length === 0 || some.length === nodes.length ? [random.pick(nodes)] : some
}

/** Which numbers from 0 to 1 mean a kind. */
interface Part {
  readonly kind: MessageKind
  readonly upTo: number
  readonly byMs: number
}

/** Decides what befalls each message. */
export class MessageFaults {
  readonly #random: SeededRandom
  readonly #kinds: readonly Part[]
  readonly #any: number
  readonly #script: ReadonlyMap<string, MessageFault> | undefined

  constructor(plan: FaultPlan, random: SeededRandom, script: readonly Fault[] | undefined) {
    this.#random = random
    let upTo = 0
    this.#kinds = messageKinds.flatMap((kind) => {
      const given = plan[kind]
      if (given === undefined) return []
      upTo += given.chance
      return [{ kind, upTo, byMs: given.byMs ?? defaults[kind].byMs }]
    })
    this.#any = upTo
    this.#script =
      script && new Map(script.filter(isMessageFault).map((fault) => [`${fault.link}#${fault.message}`, fault]))
  }

  /** @param message which of the messages of this link */
  next(link: string, message: number, at: number): MessageFault | undefined {
    if (this.#script !== undefined) return this.#script.get(`${link}#${message}`)
    if (this.#any === 0) return undefined
    const drawn = this.#random.float()
    if (drawn >= this.#any) return undefined
    const { kind, byMs } = this.#kinds.find(({ upTo }) => drawn < upTo) as Part
    return { kind, at, link, message, byMs: byMs * (0.1 + 0.9 * this.#random.float()) }
  }
}
