/**
 * A program as data: definitions whose handlers are lists of steps, what clients do, and what goes wrong. It can be
 * made from a seed (`generator.ts`), run (`interpreter.ts`), judged (`model.ts`), made short (`shorter.ts`) and
 * printed (`print.ts`).
 */
import type { Fault } from "#actors/simulation/index.js"
import type { ClusterFault } from "#cluster/simulation/cluster-faults.js"
import type { StateIs } from "#cluster/placement.js"
import type { Thrown, Value } from "./values.js"

/** How a definition is made. `plain`: spawned once at the root; the others are entities. */
export type Role = "plain" | "entity" | "persistent"

export interface Kind {
  readonly role: Role
  readonly handlers: readonly Handler[]
  /** Not of persistent ones. */
  readonly started?: readonly Step[]
  readonly passivateAfterMs?: number
  readonly snapshotEvery?: number
  readonly keepEvents?: number
  readonly keepCommandsMs?: number
  readonly handlerTimeoutMs?: number
  readonly capacity?: number
}

export interface Handler {
  readonly reentrant?: boolean
  readonly urgent?: boolean
  readonly steps: readonly Step[]
}

/** Whose mailbox: an actor of a kind; of entities by one of the program's names. */
export interface Target {
  readonly kind: number
  readonly name: number
}

export interface Name {
  readonly tenant: string
  readonly key: string
}

/** Which message to whom. */
export interface Send {
  readonly to: Target | "self" | "child"
  readonly handler: number
  readonly value: Value
  readonly commandId?: string
}

export interface Asked extends Send {
  readonly timeoutMs?: number
}

/** What an event does to the state: see `events` of the interpreter. */
export type Fold = "noted" | "raw" | "inc" | "defaulted" | "put" | "more"

export interface Event {
  readonly fold: Fold
  readonly value: Value
}

/** remind: after `ms`; at as many after the beginning, if negative. */
export type Step =
  | ({ readonly do: "tell" } & Send)
  | ({ readonly do: "ask"; readonly awaited: boolean; readonly caught: boolean } & Asked)
  | { readonly do: "persist"; readonly events: readonly Event[]; readonly awaited: boolean; readonly deliver?: Send }
  | ({ readonly do: "deliver"; readonly awaited: boolean } & Send)
  | { readonly do: "reply"; readonly value: Value }
  /** Answered after so long by a timer, by work, or by the message `answer` of somebody. */
  | { readonly do: "defer"; readonly value: Value; readonly by: "timer" | "work" | "message"; readonly ms: number; readonly fails: boolean }
  | { readonly do: "answer" }
  /** Once for each message. */
  | { readonly do: "stash" }
  | { readonly do: "unstash" }
  /** Holds the mailbox. */
  | { readonly do: "sleep"; readonly ms: number }
  | { readonly do: "run"; readonly ms: number; readonly steps: readonly Step[]; readonly handler: number; readonly failed: boolean; readonly detached?: boolean }
  | { readonly do: "after"; readonly ms: number; readonly handler: number }
  | { readonly do: "every"; readonly ms: number; readonly times: number; readonly handler: number }
  | { readonly do: "spawn"; readonly kind: number }
  | { readonly do: "stopChild" }
  | { readonly do: "watch"; readonly link: boolean }
  | { readonly do: "stop" }
  /** Opens a stream, which somebody reads as far as `take`. */
  | { readonly do: "stream"; readonly items: number; readonly ms: number; readonly reader: Target; readonly take: number; readonly batch: number }
  | { readonly do: "subscribe"; readonly handler: number }
  | { readonly do: "publish"; readonly value: Value }
  | { readonly do: "remind"; readonly to: Target; readonly name: number; readonly ms: number; readonly handler: number; readonly value: Value }
  | { readonly do: "forget"; readonly to: Target; readonly name: number }
  | { readonly do: "throw"; readonly what: Thrown } // prettier-ignore

/** What a client does, at a time. */
export type Act = { readonly at: number; readonly client: number } & (
  | ({ readonly do: "tell" } & Send)
  /** Sent again as often as that, while it gets no answer. */
  | ({ readonly do: "ask"; readonly again: number; readonly cancelAfterMs?: number; readonly patient?: boolean } & Asked)
  /** Reads the stream that a handler opens. */
  | { readonly do: "read"; readonly to: Target; readonly items: number; readonly ms: number; readonly take: number; readonly batch: number }
  | { readonly do: "remind"; readonly to: Target; readonly name: number; readonly ms: number; readonly handler: number; readonly value: Value }
  | { readonly do: "forget"; readonly to: Target; readonly name: number }
  | { readonly do: "publish"; readonly value: Value }
  | { readonly do: "subscribe"; readonly to: Target; readonly handler: number }
  /**
   * Until the acts are over, what the journal holds of it cannot be read: nothing is wrong with a life that goes on.
   */
  | { readonly do: "damage"; readonly to: Target }
  /** The system is stopped in order, and started again. */
  | { readonly do: "restart" }
) // prettier-ignore

export type Adapter = "memory" | "level"

/** Into so many are the entities of a cluster dealt. */
export const shards = 8

/** Where a program runs that does not run on one node. */
export interface Place {
  readonly nodes: readonly string[]
  /** They come and go. */
  readonly guests: readonly string[]
  readonly state: StateIs
  readonly faults: readonly ClusterFault[]
}

export interface Program {
  readonly adapter: Adapter
  /** Then it has entities only, and `adapter` and `faults` mean nothing. */
  readonly cluster?: Place
  readonly maxResident?: number
  /** Payloads are copied and frozen. */
  readonly isolated?: boolean
  readonly kinds: readonly Kind[]
  readonly names: readonly Name[]
  readonly acts: readonly Act[]
  readonly faults: readonly Fault[]
}

export const kindName = (kind: number): string => `k${kind}`
export const handlerName = (handler: number): string => `h${handler}`
/** The number of a handler that no kind has. */
export const noHandler = 99
export const reminderName = (name: number): string => `reminder-${name}`
