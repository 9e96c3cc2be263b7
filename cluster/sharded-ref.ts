/**
 * A ref to an entity of the cluster, wherever it lives now. Made often, so it does nothing before it is used; while
 * its shard is on this node, it costs one look into an array more than a ref to an entity here.
 *
 * Invariants
 *   E1. An answer that an entity of this node has made leaves only as `mayAnswer` of `lease.ts` says, asked after it
 *       was made. One that another node has made has passed there.
 *   E2. It is not waited for longer than the ask has time.
 */
import { AgentOSError } from "#actors/errors.js"
import type { Ask, AskDoor } from "#actors/ask.js"
import type { Cause } from "#actors/cause.js"
import type { EntityRef } from "#actors/entities.js"
import { AddressedRef, type AskOptions, type OpenAsk, type Ref } from "#actors/ref.js"
import type { PersistenceId } from "#actors/persistence/journal.js"
import "./errors.js"
import type { Message } from "./held.js"
import type { NodeId } from "./node.js"

/** What refs ask of the shards of their node. */
export interface ShardedRefs {
  /** 1 for a shard whose messages go straight to its entities here. */
  readonly straight: Uint8Array
  /** Counts links that opened or closed: a ref to an entity at a peer ends with its link. */
  readonly links: number
  /** Passes an ask on for another node, and keeps count of it until it ends. */
  relay(ref: Ref, type: string, payload: unknown, cause: Cause | undefined, options: AskOptions | undefined, serving: OpenAsk | undefined, asker: object | undefined): Promise<never> // prettier-ignore
  here(id: PersistenceId): EntityRef
  /** The peer that a message may be sent to at once, if that is its way. */
  peerFor(shard: number, from: NodeId | undefined): NodeId | undefined
  entityAt(peer: NodeId, id: PersistenceId): Ref | undefined
  /** @returns false when nobody takes it */
  dispatch(message: Message, from: NodeId | undefined): boolean
  /** E1, E2 @returns the answer, or a promise of it; throws `SHARD_MOVED` */
  answered(shard: number, answer: unknown, ask: Ask | undefined): unknown
  /** The same for an ask that failed. */
  failed(shard: number, error: unknown, ask: Ask | undefined): never | Promise<never>
}

/** An answer, or a failure, that came from another node. */
export class Elsewhere {
  readonly told: unknown
  constructor(told: unknown) {
    this.told = told
  }
}

/** Passes an ask on to a door, and knows it from then on. */
class KnownAsk implements AskDoor {
  readonly #door: AskDoor
  ask: Ask | undefined = undefined

  constructor(door: AskDoor) {
    this.#door = door
  }

  putAsk(type: string, payload: unknown, ask: Ask): boolean {
    this.ask = ask
    return this.#door.putAsk(type, payload, ask)
  }
}

export class ShardedRef extends AddressedRef implements AskDoor {
  readonly #shards: ShardedRefs
  readonly #id: PersistenceId
  readonly #shard: number
  /** The peer whose messages it stands for; undefined for this node's own. */
  readonly #from: NodeId | undefined
  #here: EntityRef | undefined
  #peer: NodeId | undefined
  #links = -1
  #remote: Ref | undefined

  constructor(shards: ShardedRefs, id: PersistenceId, shard: number, from: NodeId | undefined) {
    super()
    this.#shards = shards
    this.#id = id
    this.#shard = shard
    this.#from = from
  }

  get tenant(): string {
    return this.#id.tenant
  }

  get type(): string {
    return this.#id.type
  }

  get key(): string {
    return this.#id.key
  }

  get address(): string {
    return this.#entity().address
  }

  send(type: string, payload: unknown, cause: Cause | undefined): boolean {
    const shards = this.#shards
    if (shards.straight[this.#shard] === 1) return this.#entity().send(type, payload, cause)
    const remote = this.#remoteNow()
    if (remote !== undefined) return remote.send(type, payload, cause)
    this.#entity().checkType(type)
    return shards.dispatch({ id: this.#id, type, payload, meta: cause }, this.#from)
  }

  request(
    type: string,
    payload: unknown,
    cause: Cause | undefined,
    options: AskOptions | undefined,
    serving: OpenAsk | undefined,
    asker: object | undefined,
  ): Promise<never> {
    const shards = this.#shards
    if (shards.straight[this.#shard] === 1)
      return this.#gated(type, payload, cause, options, serving, asker, this.#entity())
    const remote = this.#remoteNow()
    if (remote !== undefined)
      return this.#from === undefined
        ? remote.request(type, payload, cause, options, serving, asker)
        : shards.relay(remote, type, payload, cause, options, serving, asker)
    return this.#gated(type, payload, cause, options, serving, asker, this)
  }

  putAsk(type: string, payload: unknown, ask: Ask): boolean {
    this.#entity().checkType(type)
    return this.#shards.dispatch({ id: this.#id, type, payload, meta: ask }, this.#from)
  }

  override check(type: string, payload: unknown): unknown {
    return this.#entity().check(type, payload)
  }

  #entity(): EntityRef {
    return (this.#here ??= this.#shards.here(this.#id))
  }

  /** The ref at the peer that messages may be sent to at once. */
  #remoteNow(): Ref | undefined {
    const peer = this.#shards.peerFor(this.#shard, this.#from)
    if (peer === undefined) return undefined
    if (peer !== this.#peer || this.#links !== this.#shards.links) {
      this.#links = this.#shards.links
      this.#remote = this.#shards.entityAt(peer, this.#id)
      this.#peer = this.#remote === undefined ? undefined : peer
    }
    return this.#remote
  }

  #gated(
    type: string,
    payload: unknown,
    cause: Cause | undefined,
    options: AskOptions | undefined,
    serving: OpenAsk | undefined,
    asker: object | undefined,
    door: AskDoor,
  ): Promise<never> {
    const shards = this.#shards
    const shard = this.#shard
    const known = new KnownAsk(door)
    const answer = this.#entity().open(type, payload, cause, options, serving, asker, known)
    return answer.then(
      (told) => shards.answered(shard, told, known.ask) as never,
      (error: unknown) => {
        if (known.ask === undefined) throw error // it was not even sent
        return shards.failed(shard, error, known.ask) as never
      },
    )
  }
}

export const shardMoved = (shard: number): AgentOSError =>
  new AgentOSError("SHARD_MOVED", `shard ${shard} is owned by another node by now, or by nobody; what was answered here does not count`) // prettier-ignore

/** Codes that say nothing about what an entity holds: of asks that ended on the way to it, or were given up. */
const ofTheWay = new Set([
  "ACTOR_STOPPED",
  "ASK_CYCLE",
  "ASK_TIMEOUT",
  "CANCELLED",
  "INVALID_PAYLOAD",
  "MAILBOX_FULL",
  "NODE_LOST",
  "NODE_UNREACHABLE",
  "SHARD_MOVED",
  "SYSTEM_STOPPED",
  "UNAVAILABLE",
  "UNKNOWN_DEFINITION",
  "UNKNOWN_MESSAGE",
])

/** Whether an error was made by the entity, so that it counts as an answer. */
export const isAnswer = (error: unknown): boolean => !(error instanceof AgentOSError) || !ofTheWay.has(error.code)
