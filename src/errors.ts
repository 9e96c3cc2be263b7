/** Joins the tables of codes of every room, so that each code is known wherever an error is made or shown. */
import { defineErrors } from "#actors/errors.js"
import "#cluster/errors.js"
import "./gateway/errors.js"
import "./knowledge/errors.js"
import "./models/errors.js"
import "./security/errors.js"
import "./tools/errors.js"
import "./topologies/errors.js"

/** The codes of the composition itself. */
export const systemErrors = defineErrors({
  INVALID_CONFIG: {
    retryable: false,
    executed: "no",
    meaning: "A configuration or command line has faults; the message names each.",
  },
  CONSUL_MISSING: {
    retryable: false,
    executed: "no",
    meaning: "`cluster up` needs the program `consul` and there is none; the message says how to get it.",
  },
  CONSUL_FAILED: {
    retryable: false,
    executed: "no",
    meaning: "The Consul that `cluster up` started did not come up; the message has what it printed.",
  },
  NODE_FAILED: {
    retryable: false,
    executed: "no",
    meaning: "A node that `cluster up` started ended or did not become ready; the message has what it printed.",
  },
  BENCH_MISSING: { retryable: false, executed: "no", meaning: "Benchmarks are not part of the installed package." },
  INVALID_PLUGIN: {
    retryable: false,
    executed: "no",
    meaning: "A plugin cannot be loaded or contradicts its contract; the message names it.",
  },
})
