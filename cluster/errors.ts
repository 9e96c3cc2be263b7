/** The codes of this floor: what goes wrong between nodes, and between a node and its registry. */
import { defineErrors } from "#actors/errors.js"

export const clusterErrors = defineErrors({
  REGISTRY_UNAVAILABLE: {
    retryable: true,
    executed: "maybe",
    meaning: "The service registry does not answer, or this node is cut off from it.",
  },
  LEASE_LOST: {
    retryable: true,
    executed: "no",
    meaning: "The node may no longer own what it was asked for: its lease in the registry has ended.",
  },
  NODE_SUPERSEDED: {
    retryable: false,
    executed: "no",
    meaning: "A later incarnation of this node has registered under its id; this one must stop.",
  },
  INVALID_NODE: {
    retryable: false,
    executed: "no",
    meaning: "What a node says about itself cannot be registered; the message names the field.",
  },
})
