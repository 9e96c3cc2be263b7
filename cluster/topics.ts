/**
 * Publish and subscribe over the cluster. On each node that uses a topic an actor stands for it; the one that has
 * subscribers is registered with the receptionist, and what is published anywhere goes to it once, however many they
 * are.
 *
 * Invariants
 *   U1. A subscriber gets what was published while it was subscribed, from each publisher in order, and loses messages
 *       to its own full mailbox alone (T1 of the actors' topics). "Subscribed" begins when `subscribe` resolves, for
 *       publishers on all nodes that had a link then.
 *   U2. Over a link goes one message for each thing published, when and only when there is a subscriber at its other
 *       end.
 *   U3. At most once: what is published while the link to a node is away does not reach its subscribers.
 *   U4. What is published is as it was at the call, whatever its publisher changes afterwards; what is no plain data
 *       is refused there.
 *   U5. A topic that is started again keeps its subscribers (T3 of the actors' topics): they lie in what it is started
 *       with.
 *   U6. An entity is subscribed at the node where it subscribed last, and at no other: it moves, and subscribes again.
 *       What is published while its subscription changes nodes may pass it by (U3). A node that cannot be reached
 *       meanwhile does not let go of it.
 */
import { defineActor, type ActorContext, type ActorDefinition, type Sender } from "#actors/actor.js"
import { asName, checkName, joined } from "#actors/names.js"
import { AddressedRef, type ActorRef, type Deferred, type Ref, type SelfRef } from "#actors/ref.js"
import type { ActorSystem } from "#actors/system.js"
import {
  isTaken,
  refusing,
  Subscribers,
  type Subscription,
  type TopicProtocol,
  type TopicStatistics,
} from "#actors/topics.js"
import type { Receptionist, ServiceName } from "./receptionist.js"

/** What the actor of a topic knows, over all of its lives (U5). */
interface Topic {
  readonly name: string
  readonly receptionist: Receptionist
  /** Those of other nodes that have subscribers. */
  others: readonly Ref[]
  readonly subscribers: Subscribers
  /** Messages that no link took, by the address of the topic over there. */
  readonly lost: Map<string, number>
  published: number
  /** That this node has subscribers is known everywhere. */
  known: Promise<void>
  /** Entities that other nodes are asked to let go of (U6). */
  joining: readonly Subscription[]
}

type OtherTopic = ActorRef<{ readonly letGo: (subscription: Subscription) => void }>

/** A subscriber that is to be taken in, and who waits for it. */
interface Joined {
  readonly subscription: Subscription
  readonly reply: Deferred<void>
}

const registeredAs = (topic: string): ServiceName => ["topic", topic]

function left({ state: { name, receptionist, subscribers }, self }: ActorContext<Topic>): void {
  if (subscribers.size === 0) void receptionist.unregister(registeredAs(name), self)
}

/** U6 */
const isEntity = (subscription: Subscription | undefined): boolean => subscription?.ref instanceof AddressedRef

const isSame = (one: Subscription, other: Subscription): boolean =>
  one.ref.address === other.ref.address && one.type === other.type

/** Takes a subscriber in, and answers when that is known everywhere (U1). */
function join(ctx: ActorContext<Topic>, { subscription, reply }: Joined): void {
  const { state } = ctx
  const first = state.subscribers.size === 0
  try {
    state.subscribers.add(ctx, subscription)
  } catch (error) {
    return reply.fail(error)
  }
  if (first)
    state.known = state.receptionist.register(registeredAs(state.name), ctx.self as unknown as ActorRef<unknown>)
  state.known.then(
    () => reply.reply(),
    (error: unknown) => reply.fail(error),
  )
}

function leave(ctx: ActorContext<Topic>, subscription: Subscription): void {
  const { state } = ctx
  state.subscribers.remove(ctx, subscription) // first, as it refuses what is none
  state.joining = state.joining.filter((other) => !isSame(other, subscription))
  left(ctx)
}

const topicDefinition = defineActor({
  name: "cluster-topic",
  state: (topic: Topic) => topic,
  started(ctx) {
    ctx.state.joining = []
    ctx.state.subscribers.watchAgain(ctx) // U5
  },
  receive: {
    subscribe(ctx, subscription: Subscription) {
      const { state } = ctx
      const reply = ctx.defer<void>()
      const { others } = state
      if (others.length === 0 || !isEntity(subscription)) join(ctx, { subscription, reply })
      else {
        state.joining = [...state.joining, subscription]
        const letGo = async (_signal: AbortSignal, sender: Sender): Promise<Joined> => {
          await Promise.allSettled(
            others.map((other) => sender.ask(other as unknown as OtherTopic, "letGo", subscription)),
          )
          return { subscription, reply }
        }
        ctx.run(letGo, "joined", undefined, { detached: true })
      }
      return reply
    },
    /** Other nodes have let go of an entity. It may have left meanwhile. */
    joined(ctx, { subscription, reply }: Joined) {
      const { state } = ctx
      const stays = state.joining.includes(subscription)
      state.joining = state.joining.filter((other) => other !== subscription)
      if (stays) join(ctx, { subscription, reply })
      else reply.reply()
    },
    /** From the actor of another node: the entity has subscribed there, or left. */
    letGo: (ctx, subscription: Subscription) => refusing(ctx, () => leave(ctx, subscription)),
    unsubscribe: (ctx, subscription: Subscription) =>
      refusing(ctx, () => {
        leave(ctx, subscription)
        if (isEntity(subscription))
          for (const other of ctx.state.others) ctx.tell(other as SelfRef, "letGo", subscription)
      }),
    publish(ctx, payload: unknown) {
      const { state } = ctx
      state.published += 1
      let taken = state.subscribers.publish(ctx, payload)
      for (const other of state.others)
        if (isTaken(ctx, { ref: other, type: "arrived" }, payload)) taken += 1
        else state.lost.set(other.address, (state.lost.get(other.address) ?? 0) + 1)
      return taken
    },
    /** From the actor of another node. */
    arrived: (ctx, payload: unknown) => void ctx.state.subscribers.publish(ctx, payload),
    statistics: ({ state: { subscribers, published, lost } }): TopicStatistics => ({
      published,
      subscribers: subscribers.size,
      lost: { ...subscribers.lost, ...Object.fromEntries(lost) },
    }),
  },
  ended(ctx, ref) {
    ctx.state.subscribers.ended(ref)
    left(ctx)
  },
})

/** The topics of one node. */
export class Topics {
  readonly #system: ActorSystem
  readonly #receptionist: Receptionist
  readonly #topics = new Map<string, ActorRef<TopicProtocol<unknown>>>()

  constructor(system: ActorSystem, receptionist: Receptionist) {
    this.#system = system
    this.#receptionist = receptionist
  }

  /**
   * A topic that reaches all nodes. Subscribe by `subscribe` of the actors; `publish` answers how many mailboxes of
   * this node took it, and to how many other nodes it went; `statistics` tells of this node, and by `lost` of the
   * nodes that were too slow, too.
   * @throws {AgentOSError} `INVALID_NAME`
   */
  topic<T>(name: string): ActorRef<TopicProtocol<T>> {
    let topic = this.#topics.get(name)
    if (topic === undefined) {
      checkName("the name of a topic", name)
      const receptionist = this.#receptionist
      const known: Topic = {
        name,
        receptionist,
        others: [],
        subscribers: new Subscribers(),
        lost: new Map(),
        published: 0,
        known: Promise.resolve(),
        joining: [],
      }
      const carried = { ...topicDefinition, spec: { ...topicDefinition.spec, carried: true, handsOn: true } } // U4, T4
      const definition = carried as unknown as ActorDefinition<TopicProtocol<unknown>, Topic>
      topic = this.#system.spawn(definition, { name: asName(joined("topic", name)), init: known })
      const { address } = topic
      const know = (refs: readonly ActorRef<unknown>[]): void => {
        known.others = refs.filter((ref) => ref.address !== address) as unknown as readonly Ref[]
      }
      receptionist.follow(registeredAs(name), know)
      know(receptionist.lookup(registeredAs(name)))
      this.#topics.set(name, topic)
    }
    return topic as ActorRef<TopicProtocol<T>>
  }
}
