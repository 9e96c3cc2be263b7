/**
 * What becomes of a message for an entity of a shard that is on this node: pure. A message comes from an actor of this node or from a peer.
 *
 * Invariants
 *   W1. Whoever holds it knows that it will be settled: by the end of a move, or by a takeover that this node is about.
 *   W2. What a peer sent is never guessed on: it goes where T3 of `routes.ts` lets it, and back to where it came from only if this node gave the shard there.
 */
import { giverTakes, takerTakes, type Giver, type Taker } from "./hand-off.js"
import type { NodeId } from "./node.js"
import type { Standing } from "./ownership.js"

export interface Facts {
  /** While this node is the owner. */
  readonly giver: Giver | undefined
  readonly taker: Taker
  /** The peer that gives the shard to this node. */
  readonly givenBy: NodeId | undefined
  /** The entities of the shard are being stopped still, though the move is off. */
  readonly stopping: boolean
  /** The record is this node's, and it is about to serve. */
  readonly owned: boolean
  readonly standing: Standing
  /** Whom T1 or T2 of `routes.ts` name, if it can be reached. */
  readonly known: { readonly peer: NodeId; readonly given: boolean } | undefined
  /** Whom the registry or the placement name, if it can be reached. */
  readonly likely: NodeId | undefined
}

export type Way =
  | { readonly go: "here" }
  /** `flushed`: what the giver sent; it comes before what others send (H4 of `hand-off.ts`). */
  | { readonly go: "hold"; readonly line: "flushed" | "direct" }
  | { readonly go: "peer"; readonly peer: NodeId }
  | { readonly go: "nowhere" }

const here: Way = { go: "here" }
const direct: Way = { go: "hold", line: "direct" }
const flushed: Way = { go: "hold", line: "flushed" }
const nowhere: Way = { go: "nowhere" }

/** @param from the peer that sent it; undefined for an actor of this node */
export function wayOf(facts: Facts, from: NodeId | undefined): Way {
  const { giver, taker, givenBy, known, likely } = facts
  const fromGiver = from !== undefined && from === givenBy
  if (giver !== undefined) {
    const takes = facts.stopping ? "hold" : giverTakes(giver)
    if (takes !== "send-on") return takes === "handle" ? here : direct
  } else {
    const takes = takerTakes(taker, fromGiver ? "giver" : "others")
    if (takes !== "send-on") return takes === "handle" ? here : fromGiver ? flushed : direct
  }
  if (facts.owned) return direct
  if (known !== undefined && (known.peer !== from || known.given)) return { go: "peer", peer: known.peer }
  if (facts.standing === "taking") return direct
  return from === undefined && likely !== undefined ? { go: "peer", peer: likely } : nowhere // W2
}
