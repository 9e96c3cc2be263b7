/**
 * The other nodes, as the rooms of the cluster see them: one link to each, named services on it, and the news of links that open and close. `mesh.ts` implements it over
 * sessions and streams.
 *
 * Invariants
 *   P1. A link belongs to one incarnation of a peer, and is lost with it: what comes after it is another link.
 *   P2. What is sent to one peer, by refs, tells and calls alike, arrives in the order in which it was sent, also when its stream is cut and opened anew.
 *   P3. A call is answered once. Without a link it fails with `NODE_UNREACHABLE` (not executed); when the link is lost meanwhile, with `NODE_LOST` (perhaps executed).
 */
import type { PersistenceId } from "#actors/persistence/journal.js"
import type { Ref } from "#actors/ref.js"
import type { NodeDescription, NodeId } from "./node.js"

/** What one room of a node answers to the same room of the others. Payloads and answers are plain data, and may hold refs. */
export interface Service {
  /** A promise is awaited; what it throws reaches a caller as an error of its code. The answer to a `tell` is dropped. */
  handle(type: string, payload: never, from: NodeId): unknown
}

export type PeerEvent =
  /** `node` can be talked to. */
  | { readonly kind: "opened"; readonly peer: NodeId; readonly node: NodeDescription }
  /** The link is lost. It may have brought messages without being told as opened: a peer that is believed to be away can be heard nevertheless. */
  | { readonly kind: "closed"; readonly peer: NodeId }

export interface CallOptions {
  /** Default 5,000. */
  readonly timeoutMs?: number
}

export interface Peers {
  readonly self: NodeDescription
  readonly selfId: NodeId
  /** Peers with an open link, in no order. */
  open(): Iterable<NodeId>
  /** The peer of this name that a link is open to. */
  named(name: string): NodeId | undefined
  /** The ref that an address stands for at a peer. @returns undefined without a link */
  entityAt(peer: NodeId, id: PersistenceId): Ref | undefined
  /** Names a service; each name once. */
  serve(name: string, service: Service): void
  tell(peer: NodeId, service: string, type: string, payload: unknown): boolean
  call(peer: NodeId, service: string, type: string, payload: unknown, options?: CallOptions): Promise<unknown>
  /** Called with every change from now on. @returns ends it */
  follow(listener: (event: PeerEvent) => void): () => void
}

/** Who takes the messages that peers send to entities. */
export interface EntityDoor {
  /** The ref that a message for an entity goes to, that has come from a peer. @throws {AgentOSError} `UNKNOWN_DEFINITION` */
  arrived(id: PersistenceId, from: NodeId): Ref
}
