/** The codes of this floor: what goes wrong between nodes, and between a node and its registry. */
import { defineErrors } from "#actors/errors.js"

export const clusterErrors = defineErrors({
  INVALID_NODE: {
    retryable: false,
    executed: "no",
    meaning: "What a node says about itself cannot be registered; the message names the field.",
  },
})
