import { defineErrors } from "#actors/errors.js"

/** The codes of models and their engine. */
export const modelErrors = defineErrors({
  INVALID_CHECKPOINT: {
    retryable: false,
    executed: "no",
    meaning: "A checkpoint's files are missing, malformed or do not fit each other.",
  },
  INVALID_TOKENIZER: {
    retryable: false,
    executed: "no",
    meaning: "The tokenizer file is not one that this system reads.",
  },
  CONTEXT_TOO_LONG: { retryable: false, executed: "no", meaning: "The prompt does not fit the model's context." },
  UNKNOWN_MODEL: { retryable: false, executed: "no", meaning: "No model of this name is configured." },
  MODEL_STOPPED: {
    retryable: true,
    executed: "maybe",
    meaning: "The model was stopped while the request waited or ran.",
  },
  MODEL_UNAVAILABLE: {
    retryable: true,
    executed: "maybe",
    meaning:
      "The model's server is busy, failing or not reached (408, 429, 5xx); `details.retryAfterMs` where it said when.",
  },
  MODEL_REFUSED: {
    retryable: false,
    executed: "no",
    meaning: "The model's server does not take the request (400, 401, 404 and the like); the message has its words.",
  },
  INFERENCE_WORKER_LOST: {
    retryable: true,
    executed: "maybe",
    meaning: "The inference thread ended; a new one takes the next requests.",
  },
  BACKEND_MISSING: { retryable: false, executed: "no", meaning: "The chosen backend is not installed." },
  PROVIDER_MISSING: {
    retryable: false,
    executed: "no",
    meaning: "The packages that reach a model's server are not installed.",
  },
})
