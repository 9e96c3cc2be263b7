/**
 * Who is there under a name, on any node: actors are registered where they are, and every node knows them all. A router over a name has routees that come and go.
 *
 * What one node says of its actors is kept as long as the link to it, and every new link begins with all of it; so nothing is agreed on and nothing is left over. Two nodes
 * may see different lists for as long as a message takes.
 *
 * Invariants
 *   C1. A registered actor is known on every node that has a link to its node, until it ends, is taken off, or that link is lost.
 *   C2. The first that a node says on a link is all that is registered there; what follows are changes, in order (P2).
 *   C3. `register` resolves when every node that had a link has heard of it, or has lost the link; so what is sent from anywhere afterwards finds it.
 */
import { AgentOSError } from "#actors/errors.js"
import { cellOf } from "#actors/context.js"
import { checkName, joined } from "#actors/names.js"
import type { ActorRef, Ref } from "#actors/ref.js"
import { router as routerOver, type Broadcast, type Router, type Routing } from "#actors/router.js"
import type { Random } from "#actors/clock.js"
import type { NodeId } from "./node.js"
import type { Peers } from "./peers.js"

const service = "receptionist"

/** What an actor is registered under: a name, or the names of one of the cluster's own services, which no name of a user's is ever taken for. */
export type ServiceName = string | readonly [service: string, name: string]

/** @throws {AgentOSError} `INVALID_NAME` */
function keyOf(name: ServiceName): string {
  if (typeof name !== "string") return joined(...name)
  return joined(checkName("the name of an actor", name))
}

interface Registration {
  /** As `keyOf` makes it. */
  readonly name: string
  readonly ref: Ref
}

/** Registered refs by name, and under it by address. */
class Register {
  readonly #names = new Map<string, Map<string, Ref>>()

  add({ name, ref }: Registration): boolean {
    let refs = this.#names.get(name)
    if (refs === undefined) this.#names.set(name, (refs = new Map()))
    if (refs.has(ref.address)) return false
    refs.set(ref.address, ref)
    return true
  }

  remove(name: string, address: string): boolean {
    const refs = this.#names.get(name)
    if (refs?.delete(address) !== true) return false
    if (refs.size === 0) this.#names.delete(name)
    return true
  }

  of(name: string): Iterable<Ref> {
    return this.#names.get(name)?.values() ?? []
  }

  get names(): Iterable<string> {
    return this.#names.keys()
  }

  get all(): readonly Registration[] {
    return [...this.#names].flatMap(([name, refs]) => [...refs.values()].map((ref) => ({ name, ref })))
  }
}

/** A router whose routees are those that are registered. */
export type NameRouter<P, Q = P> = ActorRef<Q> & Pick<Router<P, Q>, "routees">

export class Receptionist {
  readonly #peers: Peers
  readonly #random: Random
  readonly #here = new Register()
  readonly #far = new Map<NodeId, Register>()
  readonly #followers = new Map<string, Set<(refs: readonly Ref[]) => void>>()

  constructor(peers: Peers, random: Random) {
    this.#peers = peers
    this.#random = random
    peers.serve(service, { handle: (type, payload: never, from) => this.#heard(type, payload, from) })
    peers.follow((event) => {
      if (event.kind === "opened") this.#greet(event.peer)
      else this.#forget(event.peer)
    })
    for (const peer of peers.open()) this.#greet(peer)
  }

  /**
   * Makes an actor known under a name on all nodes, until it ends (C1); several actors may have one.
   * @throws {AgentOSError} (as rejection) `INVALID_NAME`, `NOT_WATCHABLE` for an entity, which can be reached from everywhere anyway; `ACTOR_STOPPED`
   */
  async register<P>(name: ServiceName, ref: ActorRef<P>): Promise<void> {
    const key = keyOf(name)
    const cell = cellOf(ref)
    if (cell === undefined) {
      const message = `${ref.address} cannot be registered as ${JSON.stringify(name)}: only an actor can, whose end can be seen; an entity is reached by its key from everywhere`
      throw new AgentOSError("NOT_WATCHABLE", message)
    }
    if (!cell.alive) throw new AgentOSError("ACTOR_STOPPED", `${ref.address} has stopped, and cannot be registered`)
    const registration: Registration = { name: key, ref: ref as unknown as Ref }
    if (!this.#here.add(registration)) return
    cell.family.onStopped(() => void this.unregister(name, ref))
    this.#changed(key)
    await this.#tell("registered", registration) // C3
  }

  /** Takes it off again. Resolves as `register` does. */
  async unregister(name: ServiceName, { address }: { readonly address: string }): Promise<void> {
    const key = keyOf(name)
    if (!this.#here.remove(key, address)) return
    this.#changed(key)
    await this.#tell("left", { name: key, address })
  }

  /** Those that are known now, in no order; each once. */
  lookup<P>(name: ServiceName): readonly ActorRef<P>[] {
    return this.#lookup(keyOf(name)) as unknown as readonly ActorRef<P>[]
  }

  /** Calls back with all of a name whenever they change. @returns ends it */
  follow<P>(name: ServiceName, listener: (refs: readonly ActorRef<P>[]) => void): () => void {
    const key = keyOf(name)
    const followers = this.#followers.get(key) ?? new Set()
    this.#followers.set(key, followers)
    const follower = listener as unknown as (refs: readonly Ref[]) => void
    followers.add(follower)
    return () => {
      followers.delete(follower)
      if (followers.size === 0 && this.#followers.get(key) === followers) this.#followers.delete(key)
    }
  }

  /**
   * One ref before all that are registered under a name, wherever they are; the choice is as in `router` of the actors. With none a tell answers false and an ask
   * rejects with `NO_ROUTEE`. `least-loaded` knows of an actor on another node what this node has sent it and has not been taken yet.
   */
  router<P>(name: string, routing: "broadcast"): NameRouter<P, Broadcast<P>>
  router<P>(name: string, routing: Exclude<Routing, "broadcast">): NameRouter<P>
  router<P>(name: string, routing: Routing): NameRouter<P, Broadcast<P>> | NameRouter<P> {
    const made = routerOver(this.lookup<P>(name), routing as "random", { random: this.#random })
    // Whoever uses the router holds it; the receptionist does not.
    const weak = new WeakRef(made)
    const unfollow = this.follow<P>(name, (refs) => {
      const router = weak.deref()
      if (router === undefined) return unfollow()
      const wanted = new Set(refs.map(({ address }) => address))
      const known = new Set(router.routees.map(({ address }) => address))
      for (const routee of router.routees) if (!wanted.has(routee.address)) router.remove(routee)
      for (const ref of refs) if (!known.has(ref.address)) router.add(ref)
    })
    return made
  }

  #lookup(key: string): readonly Ref[] {
    const found = new Map<string, Ref>()
    for (const register of [this.#here, ...this.#far.values()])
      for (const ref of register.of(key)) if (!found.has(ref.address)) found.set(ref.address, ref)
    return [...found.values()]
  }

  #changed(key: string): void {
    const followers = this.#followers.get(key)
    if (followers === undefined) return
    const refs = this.#lookup(key)
    for (const follower of [...followers]) follower(refs)
  }

  async #tell(type: string, payload: unknown): Promise<void> {
    const told = [...this.#peers.open()].map((peer) =>
      // A link that was lost meanwhile begins anew with all (C2).
      this.#peers.call(peer, service, type, payload).catch(() => undefined),
    )
    await Promise.all(told)
  }

  /** C2 */
  #greet(peer: NodeId): void {
    this.#peers.tell(peer, service, "all", this.#here.all)
  }

  #heard(type: string, payload: unknown, from: NodeId): void {
    let register = this.#far.get(from)
    if (type === "all") {
      const before = register
      this.#far.set(from, (register = new Register()))
      for (const registration of payload as readonly Registration[]) register.add(registration)
      for (const name of new Set([...(before?.names ?? []), ...register.names])) this.#changed(name)
      return
    }
    if (register === undefined) this.#far.set(from, (register = new Register()))
    const { name } = payload as { readonly name: string }
    const changed =
      type === "registered"
        ? register.add(payload as Registration)
        : register.remove(name, (payload as { readonly address: string }).address)
    if (changed) this.#changed(name)
  }

  #forget(peer: NodeId): void {
    const names = this.#far.get(peer)?.names
    if (names === undefined) return
    this.#far.delete(peer)
    for (const name of names) this.#changed(name)
  }
}
