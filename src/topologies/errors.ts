import { defineErrors } from "#actors/errors.js"

/** The codes of agents, topologies and their runs. */
export const runErrors = defineErrors({
  INVALID_AGENT: { retryable: false, executed: "no", meaning: "An agent's definition is not usable." },
  INVALID_TOPOLOGY: {
    retryable: false,
    executed: "no",
    meaning: "A topology is not usable; the message names every fault and where it stands.",
  },
  UNKNOWN_AGENT: { retryable: false, executed: "no", meaning: "No agent of this name is registered." },
  UNKNOWN_TOPOLOGY: { retryable: false, executed: "no", meaning: "No topology of this name is registered." },
  UNKNOWN_FUNCTION: {
    retryable: false,
    executed: "no",
    meaning: "A topology names a function that was not registered.",
  },
  AGENT_STOPPED: { retryable: true, executed: "no", meaning: "The agent is stopped; start it first." },
  NO_NODE_FOR_AGENT: {
    retryable: true,
    executed: "no",
    meaning: "No node of the cluster that can be reached runs the agent and has its model.",
  },
  KEY_REUSED: {
    retryable: false,
    executed: "no",
    meaning: "The idempotency key belongs to a run that was asked something else: another target, input or options.",
  },
  RUN_MOVED: {
    retryable: true,
    executed: "maybe",
    meaning: "Another node goes on with the run: its answer is there, under its id or idempotency key.",
  },
  SHARE_SPENT: {
    retryable: true,
    executed: "no",
    meaning:
      "This caller, tenant or agent has its share of the requests that a node holds open; others still find places.",
  },
  MEMORY_FULL: {
    retryable: true,
    executed: "no",
    meaning: "The process uses more memory than it may; it takes no more requests for now.",
  },
  BUDGET_EXCEEDED: {
    retryable: false,
    executed: "yes",
    meaning:
      "The tokens, steps or memory that a run or node may use are used up. A run says what was done before: nothing, or steps that may have had effects.",
  },
  NO_ROUTE: { retryable: false, executed: "maybe", meaning: "A select found no branch for its input." },
  OUTPUT_REJECTED: {
    retryable: true,
    executed: "yes",
    meaning: "What the model wrote failed its check, again after a retry.",
  },
  INVALID_CONTEXT: { retryable: false, executed: "no", meaning: "A context vector is malformed or too large." },
  RUN_FAILED: {
    retryable: true,
    executed: "maybe",
    meaning: "A run ended with an error that carries no code of its own.",
  },
})
