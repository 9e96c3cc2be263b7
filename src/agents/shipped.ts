import { defineAgent } from "./agent.js"

/** The agents that every node has, on the embedded model; `topologies/shipped/ask.yaml` says how they work together. */
export const shippedAgents = [
  defineAgent({
    name: "router",
    description: "Tells what kind of question it is.",
    instructions: "route",
    memory: false,
  }),
  defineAgent({
    name: "mathematician",
    description: "Answers sums with the calculator.",
    instructions: "math",
    tools: ["calculator"],
    memory: false,
    verify: "request",
  }),
  defineAgent({
    name: "librarian",
    description: "Answers from the documents of this node.",
    instructions: "docs",
    tools: ["knowledge.search"],
    grounding: "sentence",
    memory: false,
    verify: "extract",
  }),
  defineAgent({
    name: "timekeeper",
    description: "Tells date and time.",
    instructions: "time",
    tools: ["clock"],
    memory: false,
  }),
  defineAgent({
    name: "companion",
    description: "Makes small talk and remembers what it is told.",
    instructions: "chat",
  }),
  defineAgent({
    name: "writer",
    description: "Joins two answers in one.",
    instructions: "merge",
    memory: false,
    verify: "faithful",
    fallback: "input",
  }),
]
