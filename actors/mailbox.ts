/**
 * What waits for an actor. No object is made for a message: its handler's number lies in a byte array, its payload
 * beside it, and beside that, only once somebody needs it, its meta: the cause it belongs to, or the ask that waits
 * for its answer.
 *
 * Invariants
 *   M1. Messages leave in the order they came; stashed ones that are put back come first.
 *   M2. At most `capacity` messages wait, save those that an actor sends itself (results, timers): they were promised.
 *   M3. A slot that was left holds no reference.
 *   M4. With a limit in bytes, at most so many wait, by estimate; a message larger than the limit is taken when
 *       nothing else waits.
 */
import { bytesOf } from "./plain.js"

/** What happens to one message too many. */
export type Overflow = "reject" | "drop-oldest" | "drop-newest"
export const OVERFLOWS: readonly Overflow[] = ["reject", "drop-oldest", "drop-newest"]

export const DEFAULT_CAPACITY = 65_536
const FIRST_SLOTS = 8
/** A mailbox that grew beyond this is let go when it is empty. */
export const KEPT_SLOTS = 1024

export class Mailbox<Meta> {
  readonly capacity: number
  readonly #bytesLimit: number
  #handlers = new Uint8Array(FIRST_SLOTS)
  #payloads: unknown[] = new Array<unknown>(FIRST_SLOTS).fill(undefined)
  #metas: (Meta | undefined)[] | undefined
  /** Bytes of each payload, only with a limit in bytes. */
  #sizes: number[] | undefined
  #bytes = 0
  #mask = FIRST_SLOTS - 1
  #head = 0
  #tail = 0
  /** Of the message taken last. */
  payload: unknown = undefined
  meta: Meta | undefined = undefined

  constructor(capacity: number, bytesLimit = Infinity) {
    this.capacity = capacity
    this.#bytesLimit = bytesLimit
    if (bytesLimit !== Infinity) this.#sizes = new Array<number>(FIRST_SLOTS).fill(0)
  }

  get size(): number {
    return this.#tail - this.#head
  }

  get slots(): number {
    return this.#mask + 1
  }

  /** Bytes that wait, by estimate; counted only with a limit in bytes. */
  get bytes(): number {
    return this.#bytes
  }

  /** The payload of the message that is next. */
  get first(): unknown {
    return this.#payloads[this.#head & this.#mask]
  }

  /** Whether there is room for one more (M2, M4). */
  takes(payload: unknown): boolean {
    const waiting = this.#tail - this.#head
    if (this.#sizes === undefined) return waiting < this.capacity
    return waiting === 0 || (waiting < this.capacity && this.#bytes + bytesOf(payload) <= this.#bytesLimit)
  }

  put(handler: number, payload: unknown, meta: Meta | undefined): void {
    if (this.#tail - this.#head > this.#mask) this.#grow()
    const slot = this.#tail++ & this.#mask
    this.#handlers[slot] = handler
    this.#payloads[slot] = payload
    if (meta !== undefined) this.#metasMade()[slot] = meta
    if (this.#sizes !== undefined) this.#weigh(this.#sizes, slot, bytesOf(payload))
  }

  /** Puts a message before all others. */
  putFirst(handler: number, payload: unknown, meta: Meta | undefined): void {
    if (this.#tail - this.#head > this.#mask) this.#grow()
    this.#head--
    const slot = this.#head & this.#mask
    this.#handlers[slot] = handler
    this.#payloads[slot] = payload
    if (meta !== undefined) this.#metasMade()[slot] = meta
    if (this.#sizes !== undefined) this.#weigh(this.#sizes, slot, bytesOf(payload))
  }

  #weigh(sizes: number[], slot: number, bytes: number): void {
    sizes[slot] = bytes
    this.#bytes += bytes
  }

  /**
   * Takes the first message: answers its handler's number, 0 when there is none, and leaves the rest in `payload` and
   * `meta`.
   */
  take(): number {
    if (this.#head === this.#tail) return 0
    const slot = this.#head++ & this.#mask
    this.payload = this.#payloads[slot]
    this.#payloads[slot] = undefined // M3
    const metas = this.#metas
    if (metas !== undefined) {
      this.meta = metas[slot]
      metas[slot] = undefined
    }
    if (this.#sizes !== undefined) this.#bytes -= this.#sizes[slot] as number
    return this.#handlers[slot] ?? 0
  }

  /** Moves the messages whose handlers are chosen to another mailbox, in their order. */
  part(chosen: (handler: number) => boolean, to: Mailbox<Meta>): void {
    const [handlers, payloads, metas, sizes, mask] = [
      this.#handlers,
      this.#payloads,
      this.#metas,
      this.#sizes,
      this.#mask,
    ]
    let end = this.#head
    for (let at = this.#head; at < this.#tail; at++) {
      const slot = at & mask
      const handler = handlers[slot] as number
      const [payload, meta, size] = [payloads[slot], metas?.[slot], sizes?.[slot]]
      payloads[slot] = undefined // M3
      if (metas !== undefined) metas[slot] = undefined
      if (chosen(handler)) {
        to.put(handler, payload, meta)
        this.#bytes -= size ?? 0
        continue
      }
      const place = end++ & mask
      handlers[place] = handler
      payloads[place] = payload
      if (metas !== undefined) metas[place] = meta
      if (sizes !== undefined) sizes[place] = size as number
    }
    this.#tail = end
  }

  /** Forgets what `take` left. */
  forget(): void {
    this.payload = undefined
    this.meta = undefined
  }

  #metasMade(): (Meta | undefined)[] {
    return (this.#metas ??= new Array<Meta | undefined>(this.#mask + 1).fill(undefined))
  }

  #grow(): void {
    const slots = this.#mask + 1
    const start = this.#head & this.#mask
    const handlers = new Uint8Array(slots * 2)
    handlers.set(this.#handlers.subarray(start))
    handlers.set(this.#handlers.subarray(0, start), slots - start)
    this.#handlers = handlers
    this.#payloads = turned(this.#payloads, start)
    if (this.#metas !== undefined) this.#metas = turned(this.#metas, start)
    if (this.#sizes !== undefined) this.#sizes = turned(this.#sizes, start) as number[]
    this.#tail -= this.#head
    this.#head = 0
    this.#mask = slots * 2 - 1
  }
}

/** Twice the ring, beginning with the slot `start`. */
function turned<T>(ring: readonly (T | undefined)[], start: number): (T | undefined)[] {
  const slots = ring.length
  const grown = new Array<T | undefined>(slots * 2).fill(undefined)
  for (let i = 0; i < slots; i++) grown[i] = ring[(start + i) & (slots - 1)]
  return grown
}
