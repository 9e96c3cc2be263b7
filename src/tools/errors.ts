import { defineErrors } from "#actors/errors.js"

/** The codes of tools. */
export const toolErrors = defineErrors({
  UNKNOWN_TOOL: {
    retryable: false,
    executed: "no",
    meaning: "No tool of this name is registered, or the agent may not use it.",
  },
  INVALID_TOOL: { retryable: false, executed: "no", meaning: "A tool's definition is not usable." },
  INVALID_ARGUMENTS: {
    retryable: false,
    executed: "no",
    meaning: "A tool was called with arguments that its schema refuses.",
  },
  INVALID_EXPRESSION: {
    retryable: false,
    executed: "no",
    meaning: "The calculator cannot read or compute the expression.",
  },
  NOTHING_FOUND: { retryable: false, executed: "yes", meaning: "The documents say nothing about the query." },
  TOOL_TIMEOUT: { retryable: true, executed: "maybe", meaning: "A tool did not finish in its time." },
  TOOL_FAILED: { retryable: true, executed: "maybe", meaning: "A tool threw." },
  HOST_REFUSED: {
    retryable: false,
    executed: "no",
    meaning: "An HTTP tool was about to reach a host that its allow-list lacks.",
  },
})
