/** What was seen while a program ran: one list, in order. The model judges it afterwards. */

/** How a message was sent. */
export type How = "tell" | "ask" | "deliver" | "timer" | "every" | "work" | "remind" | "publish"

export type Seen =
  | {
      readonly did: "sent"
      readonly m: number
      /** Whom, as text; see `entityText`. */
      readonly to: string
      readonly handler: string
      /** Who: a client, or an actor. */
      readonly by: string
      /** The life that sent it. */
      readonly life: number
      readonly how: How
      readonly commandId: string | undefined
      readonly timeoutMs: number | undefined
      /** The ask that its sender serves and lets wait meanwhile: its number. */
      readonly serving: number | undefined
      readonly patient: boolean
      /** deliver: what it is stored with. */
      readonly p?: number
      /** remind: its name. */
      readonly name?: string
    }
  | { readonly did: "taken"; readonly m: number; readonly taken: boolean }
  | { readonly did: "refused"; readonly m: number; readonly code: string }
  | { readonly did: "settled"; readonly m: number; readonly value: string }
  | {
      readonly did: "failed"
      readonly m: number
      readonly code: string
      readonly executed: string
      readonly text: string
    }
  | { readonly did: "cancelled"; readonly m: number }
  | {
      readonly did: "begun"
      readonly turn: number
      readonly m: number
      readonly to: string
      readonly life: number
      readonly setIn: number | undefined
      readonly handler: string
      readonly reentrant: boolean
      readonly commandId: string | undefined
      readonly value: string
      readonly sentValue: string
    }
  | {
      readonly did: "ended"
      readonly turn: number
      readonly how: "returned" | "threw" | "deferred" | "stashed"
      readonly value: string
    }
  /** A deferred answer was given. */
  | { readonly did: "answered"; readonly m: number; readonly fails: boolean; readonly value: string }
  | {
      readonly did: "persisting"
      readonly p: number
      readonly m: number
      readonly turn: number
      readonly to: string
      readonly life: number
      readonly command: boolean
      readonly inWork: boolean
      readonly refused: boolean
      readonly noted: number
      /** As text, those of noted ones. */ readonly given: readonly string[]
    }
  | { readonly did: "persisted"; readonly p: number; readonly log: readonly string[] | undefined }
  | { readonly did: "notPersisted"; readonly p: number; readonly code: string; readonly retryable: boolean }
  /** State as a handler sees it. */
  | {
      readonly did: "state"
      readonly to: string
      readonly life: number
      readonly log: readonly string[]
      readonly rest: string
    }
  | { readonly did: "lifeBegan"; readonly life: number; readonly to: string; readonly role: string }
  | { readonly did: "lifeEnded"; readonly life: number }
  | { readonly did: "worked"; readonly m: number; readonly life: number }
  | { readonly did: "taskCancelled"; readonly m: number }
  | { readonly did: "deadLetter"; readonly to: string; readonly type: string; readonly reason: string }
  | { readonly did: "reminded"; readonly m: number; readonly to: string; readonly name: string; readonly at: number }
  | { readonly did: "forgotten"; readonly to: string; readonly name: string }
  | { readonly did: "subscribed"; readonly to: string; readonly handler: string }
  | { readonly did: "damaged"; readonly to: string }
  | { readonly did: "opened"; readonly s: number; readonly to: string; readonly life: number; readonly items: number }
  | { readonly did: "item"; readonly s: number; readonly n: number }
  | {
      readonly did: "read"
      readonly s: number
      readonly how: "all" | "left" | "failed"
      readonly code: string
      readonly life: number
    }
  | { readonly did: "closed"; readonly s: number }
  | { readonly did: "watched"; readonly life: number; readonly child: number }
  | { readonly did: "childEnds"; readonly life: number; readonly child: number }
  | { readonly did: "crashed"; readonly actor: string; readonly text: string }
  | { readonly did: "hostUp" }
  | { readonly did: "hostStopping" }
  | { readonly did: "hostStopped"; readonly actors: number; readonly tenants: number; readonly hangs: boolean }
  | { readonly did: "hostDown" }
  | { readonly did: "unhandled"; readonly text: string }
  | { readonly did: "quiet" }
  /** A node believes that another cannot be reached. */
  | { readonly did: "away"; readonly node: string }
  /** A node says that its store and the registry are of two lives of the cluster. */
  | { readonly did: "parted" }
  /** At the end, after the last restart. */
  | { readonly did: "final"; readonly to: string; readonly log: readonly string[]; readonly rest: string }
  | { readonly did: "finalFailed"; readonly to: string; readonly code: string; readonly text: string }
  | { readonly did: "journal"; readonly to: string; readonly log: readonly string[] }
  | {
      readonly did: "projected"
      readonly kind: string
      readonly tenant: string
      readonly seen: readonly string[]
      readonly missed: number
      readonly ordered: readonly string[]
    }

/** @template T which kind of it */
export type SeenAs<T extends Seen["did"]> = Extract<Seen, { readonly did: T }> & {
  readonly at: number
  readonly host: string
}

const mostEntries = 40_000

export class History {
  readonly #entries: (Seen & { readonly at: number; readonly host: string })[] = []
  #numbers = 0

  /** Another number for a message, a turn, a life. */
  next(): number {
    return ++this.#numbers
  }

  get full(): boolean {
    return this.#entries.length > mostEntries
  }

  /** @throws RangeError when there are too many */
  add(at: number, host: string, seen: Seen): void {
    if (this.full) throw new RangeError("more has happened than any program leads to")
    this.#entries.push({ ...seen, at, host })
  }

  get all(): readonly SeenAs<Seen["did"]>[] {
    return this.#entries as readonly SeenAs<Seen["did"]>[]
  }

  of<T extends Seen["did"]>(did: T): SeenAs<T>[] {
    return this.#entries.filter((seen): seen is SeenAs<T> => seen.did === did)
  }
}

/** An entity as text; a root actor is its kind's name, a child has a number besides. */
export const entityText = (kind: string, tenant: string, key: string): string => JSON.stringify([kind, tenant, key])
export const isEntity = (text: string): boolean => text.startsWith("[")
