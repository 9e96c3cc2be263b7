/** The codes of this floor: what goes wrong between nodes, and between a node and its registry. */
import { defineErrors } from "#actors/errors.js"

export const clusterErrors = defineErrors({
  INVALID_NODE: {
    retryable: false,
    executed: "no",
    meaning: "What a node says about itself cannot be registered; the message names the field.",
  },
  UNAVAILABLE: {
    retryable: true,
    executed: "no",
    meaning: "Nobody serves the entity at the moment: its node is away, or another one is about to take over.",
  },
  SHARD_MOVED: {
    retryable: true,
    executed: "maybe",
    meaning: "The node that worked on the message owns the entity no more; what it answered does not count.",
  },
  NODE_UNREACHABLE: {
    retryable: true,
    executed: "no",
    meaning: "There is no connection to the node of the actor; nothing was sent.",
  },
  NODE_LOST: {
    retryable: true,
    executed: "maybe",
    meaning: "The connection to the node was lost for good while the answer was waited for.",
  },
  NODE_REMOVED: {
    retryable: false,
    executed: "no",
    meaning: "The cluster has removed this incarnation of the node; it may start anew.",
  },
  NOT_ADMITTED: {
    retryable: false,
    executed: "no",
    meaning:
      "The other node refuses the connection: of another cluster, of an incarnation that was replaced, or without a version in common.",
  },
  SETTINGS_DIFFER: {
    retryable: false,
    executed: "no",
    meaning:
      "The node is set up otherwise than its cluster: another count of shards, or another kind of state. The message says which.",
  },
  UNKNOWN_NODE: {
    retryable: false,
    executed: "no",
    meaning: "The cluster has no node of this name.",
  },
  NODE_ALIVE: {
    retryable: false,
    executed: "no",
    meaning: "The node is not lost: it is a member, and answers.",
  },
  FRAME_REFUSED: {
    retryable: false,
    executed: "no",
    meaning: "Bytes from another node are not a frame of the protocol, or not the next one.",
  },
  INVALID_CERTIFICATE: {
    retryable: false,
    executed: "no",
    meaning:
      "The certificate of this node, its key or the authority of the cluster cannot be read, or do not fit together.",
  },
  UNAVAILABLE_ADDRESS: {
    retryable: false,
    executed: "no",
    meaning: "The address that the node is to listen at cannot be had.",
  },
})
