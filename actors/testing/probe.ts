/**
 * An actor that a test plays itself: it takes any message, keeps it, and answers when told to.
 *
 * Invariants
 *   P1. Messages are seen in the order in which they came; each is expected once.
 *   P2. Whoever waits for one lets virtual time pass, and no more of it than it takes.
 */
import { defineActor } from "../actor.js"
import type { Cause } from "../cause.js"
import { AgentOSError } from "../errors.js"
import {
  RefBefore,
  type ActorRef,
  type AnyRef,
  type AskOptions,
  type Deferred,
  type MessageType,
  type OpenAsk,
  type PayloadOf,
  type Ref,
  type ReplyOf,
} from "../ref.js"
import type { Exit } from "../supervision.js"
import type { ActorSystem } from "../system.js"
import type { VirtualClock } from "../simulation/virtual-clock.js"

/** What a probe understands unless it is told a protocol: everything. */
export type AnyProtocol = { readonly [type: string]: (payload?: unknown) => unknown }

/** A message as a probe got it. */
export interface ProbeMessage<P, K extends MessageType<P> = MessageType<P>> {
  readonly type: K
  readonly payload: PayloadOf<P, K> extends readonly [(infer Payload)?] ? Payload : undefined
  readonly cause: Cause
}

interface Kept {
  readonly type: string
  readonly payload: unknown
  readonly cause: Cause
  readonly deferred: Deferred<unknown>
}

const expectMs = 3000
const settleMs = 31 * 24 * 3_600_000

interface ProbeState {
  readonly kept: Kept[]
  readonly ended: { readonly address: string; readonly reason: Exit }[]
}

const ProbeActor = defineActor({
  name: "probe",
  state: (state: ProbeState) => state,
  receive: {
    message(ctx, { type, payload }: { readonly type: string; readonly payload: unknown }) {
      const deferred = ctx.defer<unknown>()
      ctx.state.kept.push({ type, payload, cause: ctx.cause, deferred })
      return deferred
    },
    watch(ctx, ref: AnyRef) {
      ctx.watch(ref)
    },
  },
  ended(ctx, ref, reason) {
    ctx.state.ended.push({ address: ref.address, reason })
  },
})

export class Probe<P = AnyProtocol> {
  /** To be given to the actors under test. */
  readonly ref: ActorRef<P>
  readonly #clock: VirtualClock
  readonly #name: string
  readonly #state: ProbeState = { kept: [], ended: [] }
  readonly #actor: { tell(type: "watch", ref: AnyRef): boolean }
  /** How many messages were expected so far. */
  #seen = 0
  readonly #unanswered: Kept[] = []
  #gathered = 0

  constructor(system: ActorSystem, clock: VirtualClock, name: string) {
    this.#clock = clock
    this.#name = name
    const actor = system.spawn(ProbeActor, { name, init: this.#state })
    this.#actor = actor
    this.ref = new ProbeRef(actor as unknown as Ref) as unknown as ActorRef<P>
  }

  /** All messages it ever got. */
  get messages(): readonly ProbeMessage<P>[] {
    return this.#state.kept as unknown as readonly ProbeMessage<P>[]
  }

  /**
   * The next message, which must be of this type.
   * @param withinMs virtual milliseconds; default 3,000
   * @throws Error when another comes, or none
   */
  async expect<K extends MessageType<P>>(type: K, withinMs = expectMs): Promise<ProbeMessage<P, K>> {
    const { kept } = this.#state
    await this.#clock.advanceUntil(() => kept.length > this.#seen, withinMs)
    const next = kept[this.#seen]
    if (next === undefined)
      throw new Error(`${this.#name} expected ${type}, but no message came within ${withinMs} virtual ms`)
    this.#seen += 1
    if (next.type !== type)
      throw new Error(`${this.#name} expected ${type}, but got ${next.type} ${JSON.stringify(next.payload)}`)
    return next as unknown as ProbeMessage<P, K>
  }

  /** Lets so much time pass. @throws Error when a message comes that was not expected yet */
  async expectNone(milliseconds: number): Promise<void> {
    const { kept } = this.#state
    await this.#clock.advanceUntil(() => kept.length > this.#seen, milliseconds)
    const next = kept[this.#seen]
    if (next !== undefined)
      throw new Error(`${this.#name} expected no message, but got ${next.type} ${JSON.stringify(next.payload)}`)
  }

  /**
   * Answers the oldest message that was not answered; one that was told and not asked hears nothing of it.
   * @throws Error when there is none
   */
  reply<K extends MessageType<P>>(value: ReplyOf<P, K>): void {
    this.#oldest().deferred.reply(value)
  }

  /** The same with an error. */
  fail(error: unknown): void {
    this.#oldest().deferred.fail(error)
  }

  /** Asks to be told when this actor has ended. */
  watch(ref: AnyRef): void {
    this.#actor.tell("watch", ref)
  }

  /** @returns why it has ended @throws Error when it has not by then */
  async expectEnded(ref: AnyRef, withinMs = expectMs): Promise<Exit> {
    const { ended } = this.#state
    const find = () => ended.find(({ address }) => address === ref.address)
    await this.#clock.advanceUntil(() => find() !== undefined, withinMs)
    const found = find()
    if (found === undefined)
      throw new Error(`${this.#name} expected ${ref.address} to end within ${withinMs} virtual ms; was it watched?`)
    return found.reason
  }

  #oldest(): Kept {
    const { kept } = this.#state
    while (this.#gathered < kept.length) this.#unanswered.push(kept[this.#gathered++] as Kept)
    const oldest = this.#unanswered.shift()
    if (oldest === undefined) throw new Error(`${this.#name} has no message to answer`)
    return oldest
  }
}

/** Lets time pass until a promise settles. @throws what it rejects with; `ASK_TIMEOUT` when it does not settle */
export async function settled<T>(clock: VirtualClock, promise: PromiseLike<T>, withinMs = settleMs): Promise<T> {
  let done = false
  const over = (): void => void (done = true)
  promise.then(over, over)
  if (!(await clock.advanceUntil(() => done, withinMs)))
    throw new AgentOSError("ASK_TIMEOUT", `the promise did not settle within ${withinMs} virtual ms`)
  return promise
}

/** Puts every message, whatever its type, into the one that the probe understands. */
class ProbeRef extends RefBefore {
  constructor(probe: Ref) {
    super(probe)
  }

  /** It understands whatever comes. */
  override check(_type: string, payload: unknown): unknown {
    return payload
  }

  override send(type: string, payload: unknown, cause: Cause | undefined): boolean {
    return this.target.send("message", { type, payload }, cause)
  }

  override request(
    type: string,
    payload: unknown,
    cause: Cause | undefined,
    options: AskOptions | undefined,
    serving: OpenAsk | undefined,
    asker: object | undefined,
  ): Promise<never> {
    return this.target.request("message", { type, payload }, cause, options, serving, asker)
  }
}
