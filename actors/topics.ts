/**
 * Publish and subscribe inside the process. A topic is an ordinary actor: supervised, and reached by its ref.
 *
 * Invariants
 *   T1. A subscriber gets what was published while it was subscribed, in order; one whose mailbox is full, or that
 *       refuses a payload, loses messages for itself alone.
 *   T2. A subscriber that has ended leaves, wherever it lived.
 *   T3. Who has subscribed stays so over a restart of the topic. Nothing that a topic is sent makes it crash: what
 *       makes no sense is refused.
 *   T4. What was published from outside (`untrusted`) is held against the schema of each subscriber.
 */
import { defineActor, type ActorContext, type ActorDefinition, type AnyDefinition, type Sender } from "./actor.js"
import { cellOf } from "./context.js"
import { AgentOSError } from "./errors.js"
import { checking, Ref, type ActorRef, type AnyRef, type Deferred, type MessageType, type PayloadOf } from "./ref.js"

/** Who gets the messages, and under which name. `subscribe` makes sure that it understands them. */
export interface Subscription {
  readonly ref: AnyRef
  readonly type: string
}

export interface TopicStatistics {
  readonly published: number
  /**
   * Messages that were not taken, as the mailbox was full or the payload was refused, by the address of the
   * subscriber.
   */
  readonly lost: Readonly<Record<string, number>>
  readonly subscribers: number
}

export type TopicProtocol<T> = {
  readonly subscribe: (subscription: Subscription) => void
  readonly unsubscribe: (subscription: Subscription) => void
  /** Answers how many mailboxes took it. */
  readonly publish: (payload: T) => number
  readonly statistics: () => TopicStatistics
}

/** Whoever has subscribed, in the order in which they did. */
export class Subscribers {
  #list: { readonly ref: AnyRef; readonly type: string; readonly address: string; lost: number }[] = []

  get size(): number {
    return this.#list.length
  }

  /** Messages that were not taken, by address. */
  get lost(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#list.map(({ address, lost }) => [address, lost]))
  }

  /** @throws {AgentOSError} `INVALID_PAYLOAD`, `UNKNOWN_MESSAGE` */
  add(ctx: Watches, subscription: Subscription): void {
    const { ref, type } = checked(subscription)
    cellOf(ref)?.compiled.number(type)
    const { address } = ref
    if (this.#list.some((other) => other.address === address && other.type === type)) return
    this.#list.push({ ref, type, address, lost: 0 })
    // An entity never ends, so there is nothing to watch.
    if (cellOf(ref) !== undefined) ctx.watch(ref)
  }

  /** @throws {AgentOSError} `INVALID_PAYLOAD` */
  remove(ctx: Watches, subscription: Subscription): void {
    const { ref, type } = checked(subscription)
    const { address } = ref
    this.#list = this.#list.filter((other) => other.address !== address || other.type !== type)
    const remains = this.#list.some((other) => other.address === address)
    if (!remains && cellOf(ref) !== undefined) ctx.unwatch(ref)
  }

  /** A new life of the topic has begun: its watches ended with the last one (T3). */
  watchAgain(ctx: Watches): void {
    for (const { ref } of this.#list) if (cellOf(ref) !== undefined) ctx.watch(ref)
  }

  /** T2 */
  ended({ address }: AnyRef): void {
    this.#list = this.#list.filter((other) => other.address !== address)
  }

  /** @returns how many mailboxes took it */
  publish(sender: Sender, payload: unknown): number {
    let taken = 0
    for (const subscriber of this.#list)
      if (isTaken(sender, subscriber, payload)) taken += 1
      else subscriber.lost += 1 // T1
    return taken
  }
}

/** T1 */
export function isTaken(sender: Sender, { ref, type }: Subscription, payload: unknown): boolean {
  try {
    return sender.tell(checking(ref as Ref, sender.cause), type, payload) // T4
  } catch {
    return false // its payload cannot go there, or is not understood
  }
}

/** Topics are sent subscriptions from anywhere. @throws {AgentOSError} `INVALID_PAYLOAD` */
function checked(subscription: Subscription | undefined): Subscription {
  if (subscription?.ref instanceof Ref && typeof subscription.type === "string") return subscription
  throw new AgentOSError("INVALID_PAYLOAD", "a subscription is { ref, type }: the ref of an actor, and a message that it understands") // prettier-ignore
}

/** The answer of a handler that refuses rather than crashes (T3). */
export function refusing<T>(ctx: Pick<ActorContext<unknown>, "defer">, work: () => T): Deferred<T> {
  const reply = ctx.defer<T>()
  try {
    reply.reply(work())
  } catch (error) {
    reply.fail(error)
  }
  return reply
}

/** T4 */
export const handingOn = <D extends AnyDefinition>(definition: D): D => ({
  ...definition,
  spec: { ...definition.spec, handsOn: true },
})

class TopicState {
  readonly subscribers = new Subscribers()
  published = 0
}

/** The state of topics that were started before, by the actor (T3). */
const kept = new WeakMap<object, TopicState>()

/** The part of a context that subscribers are watched by. */
type Watches = Pick<ActorContext<unknown>, "watch" | "unwatch">

/**
 * Its name is that of a definition: a letter, then up to 99 letters, digits, dots, dashes or underscores. A kind of
 * actor that hands on what is published to it: `system.spawn(defineTopic<Price>("prices"))`.
 */
export function defineTopic<T>(name: string): ActorDefinition<TopicProtocol<T>> {
  const definition = defineActor({
    name,
    state: () => new TopicState(),
    started(ctx) {
      ctx.state = kept.get(ctx.self) ?? ctx.state
      kept.set(ctx.self, ctx.state)
      ctx.state.subscribers.watchAgain(ctx)
    },
    receive: {
      subscribe: (ctx, subscription: Subscription) => refusing(ctx, () => ctx.state.subscribers.add(ctx, subscription)),
      unsubscribe: (ctx, subscription: Subscription) =>
        refusing(ctx, () => ctx.state.subscribers.remove(ctx, subscription)),
      publish(ctx, payload: unknown) {
        ctx.state.published += 1
        return ctx.state.subscribers.publish(ctx, payload)
      },
      statistics: ({ state: { subscribers, published } }): TopicStatistics => ({
        published,
        subscribers: subscribers.size,
        lost: subscribers.lost,
      }),
    },
    ended: ({ state }, ref) => state.subscribers.ended(ref), // T2
  })
  return handingOn(definition) as unknown as ActorDefinition<TopicProtocol<T>>
}

/** The messages of a protocol that carry such a payload. */
export type MessagesWith<P, T> = {
  [K in MessageType<P>]: [T] extends PayloadOf<P, K> ? K : never
}[MessageType<P>]

/**
 * Lets `subscriber` hear what is published, as the message `type`, which must carry such a payload. Resolves when it
 * is subscribed; inside a handler give the context as `sender`.
 */
export async function subscribe<T, P>(
  topic: ActorRef<TopicProtocol<T>>,
  subscriber: ActorRef<P>,
  type: MessagesWith<P, T>,
  sender?: Sender,
): Promise<void> {
  const subscription: Subscription = { ref: subscriber, type }
  await (sender === undefined ? topic.ask("subscribe", subscription) : sender.ask(topic, "subscribe", subscription))
}
