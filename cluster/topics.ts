/**
 * Publish and subscribe over the cluster. On each node that uses a topic an actor stands for it; the one that has subscribers is registered with the receptionist, and what is
 * published anywhere goes to it once, however many they are.
 *
 * Invariants
 *   U1. A subscriber gets what was published while it was subscribed, from each publisher in order, and loses messages to its own full mailbox alone (T1 of the actors' topics).
 *       "Subscribed" begins when `subscribe` resolves, for publishers on all nodes that had a link then.
 *   U2. Over a link goes one message for each thing published, when and only when there is a subscriber at its other end.
 *   U3. At most once: what is published while the link to a node is away does not reach its subscribers.
 *   U4. What is published is as it was at the call, whatever its publisher changes afterwards; what is no plain data is refused there.
 *   U5. A topic that is started again keeps its subscribers (T3 of the actors' topics): they lie in what it is started with.
 */
import { defineActor, type ActorContext, type ActorDefinition } from "#actors/actor.js"
import { asName, checkName, joined } from "#actors/names.js"
import type { ActorRef, Ref } from "#actors/ref.js"
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
}

const registeredAs = (topic: string): ServiceName => ["topic", topic]

function left({ state: { name, receptionist, subscribers }, self }: ActorContext<Topic>): void {
  if (subscribers.size === 0) void receptionist.unregister(registeredAs(name), self)
}

const topicDefinition = defineActor({
  name: "cluster-topic",
  state: (topic: Topic) => topic,
  started: (ctx) => ctx.state.subscribers.watchAgain(ctx), // U5
  receive: {
    subscribe(ctx, subscription: Subscription) {
      const { state } = ctx
      const reply = ctx.defer<void>()
      const first = state.subscribers.size === 0
      try {
        state.subscribers.add(ctx, subscription)
      } catch (error) {
        reply.fail(error)
        return reply
      }
      if (first) state.known = state.receptionist.register(registeredAs(state.name), ctx.self as unknown as ActorRef<unknown>) // prettier-ignore
      state.known.then(
        () => reply.reply(),
        (error: unknown) => reply.fail(error),
      ) // U1
      return reply
    },
    unsubscribe: (ctx, subscription: Subscription) =>
      refusing(ctx, () => {
        ctx.state.subscribers.remove(ctx, subscription)
        left(ctx)
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
   * A topic that reaches all nodes. Subscribe by `subscribe` of the actors; `publish` answers how many mailboxes of this node took it, and to how many other nodes it went;
   * `statistics` tells of this node, and by `lost` of the nodes that were too slow, too.
   * @throws {AgentOSError} `INVALID_NAME`
   */
  topic<T>(name: string): ActorRef<TopicProtocol<T>> {
    let topic = this.#topics.get(name)
    if (topic === undefined) {
      checkName("the name of a topic", name)
      const receptionist = this.#receptionist
      const known: Topic = { name, receptionist, others: [], subscribers: new Subscribers(), lost: new Map(), published: 0, known: Promise.resolve() } // prettier-ignore
      const carried = { ...topicDefinition, spec: { ...topicDefinition.spec, carried: true } } // U4
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
