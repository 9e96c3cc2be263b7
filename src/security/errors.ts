import { defineErrors } from "#actors/errors.js"

/** What the doors refuse before any work is done. */
export const securityErrors = defineErrors({
  UNAUTHENTICATED: {
    retryable: false,
    executed: "no",
    meaning:
      "The request carries no API key where one is required, or one that is unknown or revoked. A bearer text without the form of a key counts as none.",
  },
  FORBIDDEN: {
    retryable: false,
    executed: "no",
    meaning: "This caller may not do this; a rule of the policy or the role of its key says so.",
  },
  FOREIGN_HOST: {
    retryable: false,
    executed: "no",
    meaning: "The request names a host that this node is not; a rebound DNS name does so.",
  },
  FOREIGN_ORIGIN: {
    retryable: false,
    executed: "no",
    meaning: "The request was sent by a web page of another origin.",
  },
  RATE_LIMITED: {
    retryable: true,
    executed: "no",
    meaning: "The key has made more requests in this minute than it may.",
  },
  UNKNOWN_KEY: { retryable: false, executed: "no", meaning: "No API key has this id." },
})
