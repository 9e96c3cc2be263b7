/**
 * What two actor systems say to each other, whatever carries it: threads today, a mesh of nodes tomorrow. A batch is
 * one flat array: an operation, then as many fields as it has, then the next operation.
 *
 *   name    text                                 from now on this text is sent as its number, counted from 0
 *   kind    FarDefinition                        from now on this definition is sent as its number, counted from 0
 *   tell    to type payload
 *   send    to type payload Beside               a tell with a cause, or with refs in its payload
 *   ask     id to type payload left Beside       `left`: milliseconds until nobody waits for the answer any more
 *   reply   id value Parts
 *   fail    id Failure
 *   credit  to count                             so many messages were taken out of that mailbox
 *   abort   signal Failure                       the signal of a cause that was sent before
 *   forget  signal                               nobody holds that signal any more
 *   fate    what name data                       of an actor known by its name: see Fate
 *   seat    what seat data                       of an actor of this side that lives on the other: see SeatNews
 *
 * `to` is a seat (a number) or the name of an actor (its address). `type` is a number where it has been named, else
 * text.
 *
 * Invariants
 *   W1. What one side sends arrives in that order, or the channel is lost and nothing more arrives.
 *   W2. Names, never numbers of handlers; times as what is left of them, never as moments.
 *   W3. A sender has at most a window of messages to one mailbox under way that were not taken, and another one of
 *       those that overtake: no queue is without a bound.
 */
import type { Failure, FarExit } from "./failure.js"
import type { Part } from "./payload.js"

export const op = {
  name: 0,
  kind: 1,
  tell: 2,
  send: 3,
  ask: 4,
  reply: 5,
  fail: 6,
  credit: 7,
  abort: 8,
  forget: 9,
  fate: 10,
  seat: 11,
} as const

/** How many fields of a batch an operation takes, itself among them; by its number. */
export const lengths: readonly number[] = [2, 2, 4, 5, 7, 4, 3, 3, 3, 2, 4, 4]

/** What carries batches to the other side. Batches and what they hold are plain data. */
export interface Channel {
  post(batch: readonly unknown[]): void
  /**
   * Posts one message that has nothing beside it, without a batch: there where batches are written to bytes as they
   * are posted.
   */
  tell?(to: string, type: number | string, payload: unknown): void
}

export type Recipient = number | string

/** What travels in place of a ref: its name, and the definition it speaks, where that is known. */
export type FarPart = { readonly ref: string; readonly kind: number | undefined } | { readonly failure: Failure }

export type Parts = readonly Part<FarPart>[] | undefined

export interface FarCause {
  readonly traceId?: string | undefined
  readonly caller?: string | undefined
  readonly tenant: string
  /** Milliseconds. */
  readonly left?: number | undefined
  readonly signal?: number | undefined
  readonly commandId?: string | undefined
  /** Of a message from outside that was not checked; else it is not there. */
  readonly untrusted?: true
  readonly chain: readonly string[]
}

/** What goes beside a payload. */
export interface Beside {
  readonly parts?: Parts
  readonly cause?: FarCause | undefined
  /** Names of the actors that wait for each other, the one that asks first. */
  readonly askers?: readonly string[] | undefined
  /** Waits for room in a full mailbox. */
  readonly waits?: boolean | undefined
  /** Ends with its handler, whatever that defers; between two sides of one process only. */
  readonly ends?: boolean | undefined
}

/** What the other side must know of a definition to send to its actors. */
export interface FarDefinition {
  readonly name: string
  readonly types: readonly string[]
  readonly reentrant: readonly string[]
  readonly urgent: readonly string[]
  readonly capacity: number
}

/** Of an actor that the other side has a ref to. */
export type Fate =
  /** Say when it ends, and when it crashes next. */
  | { readonly what: "observe"; readonly data?: undefined }
  | { readonly what: "ended"; readonly data: FarExit }
  | { readonly what: "crashed"; readonly data: Failure }
  /** An actor it is linked to has crashed. */
  | { readonly what: "linked-crash"; readonly data: { readonly other: string; readonly failure: Failure } }
  | { readonly what: "stop"; readonly data?: undefined }

/** What an actor needs to live on the other side. */
export interface SeatRequest {
  readonly round: number
  readonly definition: string
  /** Whether it is one, whose tenant and key are what it is spawned with. */
  readonly entity: boolean
  readonly module: string
  readonly address: string
  readonly init: { readonly value: unknown; readonly parts: Parts }
  readonly options: Readonly<Record<string, unknown>>
}

/** A message that was told. */
export interface Told {
  readonly type: string
  readonly payload: { readonly value: unknown; readonly parts: Parts }
  readonly cause: FarCause | undefined
}

/** How a round has ended. */
export interface RoundEnd {
  readonly round: number
  readonly exit: FarExit
  /** It never lived, and is spawned anew rather than restarted. */
  readonly gone?: boolean
  /**
   * Of an entity: how many of the messages that were sent to it are not kept there any more, and whether it stopped
   * itself before it handled any.
   */
  readonly left?: { readonly taken: number; readonly unwilling: boolean } | undefined
}

/** Of an actor that stands in the tree of one side (near) and lives on the other (far). A round is one start of it. */
export type SeatNews =
  // near to far
  | { readonly what: "spawn"; readonly data: SeatRequest }
  | { readonly what: "restart"; readonly data: number }
  | { readonly what: "suspend"; readonly data?: undefined }
  /** With what it is to tell those to whom it owes an answer. */
  | { readonly what: "stop"; readonly data: Failure | undefined }
  | { readonly what: "end"; readonly data?: undefined }
  | { readonly what: "idle?"; readonly data?: undefined }
  // far to near
  | { readonly what: "started"; readonly data: number }
  | { readonly what: "crashed"; readonly data: RoundEnd }
  | { readonly what: "over"; readonly data?: undefined }
  /** It was told this and has not handled it, and is about to be over: it is for its next life. */
  | { readonly what: "unhandled"; readonly data: Told }
  /** It was used by itself, by a timer or work. */
  | { readonly what: "used"; readonly data?: undefined }
  /** It has nothing to do, after so many messages. */
  | { readonly what: "idle"; readonly data: number }

/** Most messages to one mailbox that are under way (W3), from the capacity of that mailbox. */
export const windowOf = (capacity: number): number => Math.max(1, Math.min(capacity >> 1, 8192))

/** How many of them are taken before the sender is told. */
export const creditOf = (window: number): number => Math.max(1, window >> 2)
