/**
 * Publish and subscribe inside the process. A topic is an ordinary actor: supervised, and reached by its ref.
 *
 * Invariants
 *   T1. A subscriber gets what was published while it was subscribed, in order; one whose mailbox is full loses messages for itself alone.
 *   T2. A subscriber that has ended leaves.
 */
import { defineActor, type ActorContext, type ActorDefinition, type Sender } from "./actor.js"
import { cellOf } from "./context.js"
import type { ActorRef, AnyRef, MessageType, PayloadOf, SelfRef } from "./ref.js"

/** Who gets the messages, and under which name. `subscribe` makes sure that it understands them. */
export interface Subscription {
  readonly ref: AnyRef
  readonly type: string
}

export interface TopicStatistics {
  readonly published: number
  /** Messages lost to full mailboxes, by the address of the subscriber. */
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

  /** Messages lost to full mailboxes, by address. */
  get lost(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#list.map(({ address, lost }) => [address, lost]))
  }

  add(ctx: Watches, { ref, type }: Subscription): void {
    const { address } = ref
    if (this.#list.some((other) => other.address === address && other.type === type)) return
    this.#list.push({ ref, type, address, lost: 0 })
    // An entity never ends, so there is nothing to watch.
    if (cellOf(ref) !== undefined) ctx.watch(ref)
  }

  remove(ctx: Watches, { ref, type }: Subscription): void {
    const { address } = ref
    this.#list = this.#list.filter((other) => other.address !== address || other.type !== type)
    const remains = this.#list.some((other) => other.address === address)
    if (!remains && cellOf(ref) !== undefined) ctx.unwatch(ref)
  }

  /** T2 */
  ended({ address }: AnyRef): void {
    this.#list = this.#list.filter((other) => other.address !== address)
  }

  /** @returns how many mailboxes took it */
  publish(sender: Sender, payload: unknown): number {
    let taken = 0
    for (const subscriber of this.#list)
      if (sender.tell(subscriber.ref as SelfRef, subscriber.type, payload)) taken += 1
      else subscriber.lost += 1 // T1
    return taken
  }
}

/** The part of a context that subscribers are watched by. */
type Watches = Pick<ActorContext<unknown>, "watch" | "unwatch">

/** A kind of actor that hands on what is published to it: `system.spawn(defineTopic<Price>("prices"))`. */
export function defineTopic<T>(name: string): ActorDefinition<TopicProtocol<T>> {
  const definition = defineActor({
    name,
    state: () => ({ subscribers: new Subscribers(), published: 0 }),
    receive: {
      subscribe: (ctx, subscription: Subscription) => ctx.state.subscribers.add(ctx, subscription),
      unsubscribe: (ctx, subscription: Subscription) => ctx.state.subscribers.remove(ctx, subscription),
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
  return definition as unknown as ActorDefinition<TopicProtocol<T>>
}

/** The messages of a protocol that carry such a payload. */
export type MessagesWith<P, T> = {
  [K in MessageType<P>]: [T] extends PayloadOf<P, K> ? K : never
}[MessageType<P>]

/**
 * Lets `subscriber` hear what is published, as the message `type`, which must carry such a payload. Resolves when it is subscribed; inside a handler
 * give the context as `sender`.
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
