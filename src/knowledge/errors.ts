import { defineErrors } from "#actors/errors.js"

/** The codes of the knowledge base. */
export const knowledgeErrors = defineErrors({
  DOCUMENT_UNREADABLE: { retryable: false, executed: "no", meaning: "A document cannot be read or parsed." },
  DOCUMENT_TOO_LARGE: {
    retryable: false,
    executed: "no",
    meaning: "A document is larger than the knowledge base takes.",
  },
  INVALID_FACT: {
    retryable: false,
    executed: "no",
    meaning: "A part of a fact is lacking, or no text that can be one; or a fact has no part of this name.",
  },
  INVALID_RECORD: {
    retryable: false,
    executed: "no",
    meaning: "A record, or what is asked of it, is not of the form that its type has; or no store keeps that form.",
  },
})
