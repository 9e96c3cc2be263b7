/** The agents that every node has, on the embedded model; `topologies/shipped/ask.yaml` says how they work together. */
import { embeddedFolder, readCalibration } from "../models/calibration.js"
import { defineAgent } from "./agent.js"

/** What the embedded model says to a question that is none of its own. */
export const shippedRefusal =
  "I am a small model that does sums of a few numbers, looks things up in this node's documents, tells date and time and makes small talk; " +
  "for anything else, ask an agent on a larger model, such as one that Ollama serves: `models:` in llmagentos.yaml, " +
  'as docs/guide.md shows under "Point an agent at a larger model".'

const { least, words, talk } = readCalibration(embeddedFolder)

export const shippedAgents = [
  defineAgent({
    name: "router",
    description: "Tells what kind of question it is.",
    instructions: "route",
    memory: false,
    sums: words.math,
    // No label is likelier than all the others together.
    refusal: { text: shippedRefusal, least: 0.5 },
  }),
  defineAgent({
    name: "mathematician",
    description: "Answers sums with the calculator.",
    instructions: "math",
    tools: ["calculator"],
    memory: false,
    verify: "sum",
    fallback: "result",
    refusal: { text: shippedRefusal, words: words.math, besides: "sum" },
  }),
  defineAgent({
    name: "librarian",
    description: "Answers from the documents of this node.",
    instructions: "docs",
    tools: ["knowledge.search"],
    grounding: "sentence",
    memory: false,
    verify: "extract",
    refusal: {
      text: shippedRefusal,
      least: least["docs-answer"],
      words: words.docs,
      besides: "subject",
    },
  }),
  defineAgent({
    name: "timekeeper",
    description: "Tells date and time.",
    instructions: "time",
    tools: ["clock"],
    memory: false,
    refusal: { text: shippedRefusal, least: least["time-answer"], words: words.time, besides: "nothing" },
  }),
  defineAgent({
    name: "companion",
    description: "Makes small talk and remembers what it is told.",
    instructions: "chat",
    refusal: {
      text: shippedRefusal,
      least: least.chat,
      words: words.chat,
      besides: "names",
      talk,
    },
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
