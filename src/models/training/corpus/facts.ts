/** Sentences that state a fact, and questions whose answer is a stretch of the sentence. */
import { capitalize, fill, type Lexicon } from "./lexicon.js"

/** `{e}` an entity, `{a}` an attribute or topic, `{v}` the value asked for. */
interface Relation {
  readonly says: readonly string[]
  readonly asks: readonly string[]
  readonly value: (lexicon: Lexicon) => string
}

const anyValue = (lexicon: Lexicon): string => lexicon.value()
const place = (lexicon: Lexicon): string => lexicon.place()
const name = (lexicon: Lexicon): string => lexicon.name()
const identifier = (lexicon: Lexicon): string => lexicon.identifier()
const quantity = (lexicon: Lexicon): string => lexicon.quantity()
const duration = (lexicon: Lexicon): string =>
  `${lexicon.number()} ${lexicon.dice.pick(["seconds", "minutes", "hours", "days", "milliseconds"])}`

const storing = ["kept", "stored", "saved", "held", "found", "located", "placed"]
const whereAsks = [
  "where is {a} {p}",
  "where is the {a} {p}",
  "where are {a} {p}",
  "in what place is {a} {p}",
  "where can i find {a}",
  "where does {a} live",
  "where do we keep {a}",
  "what holds {a}",
  "in which place is the {a} {p}",
]

const relations: readonly Relation[] = [
  { says: ["{a} is {p} in {v}", "the {a} is {p} in {v}", "{a} are {p} in {v}", "the {a} lies in {v}", "we keep {a} in {v}", "{v} holds the {a}", "you find the {a} in {v}", "{a} lives in {v}"], asks: whereAsks, value: place },
  { says: ["{a} is {p} under {v}", "the {a} is {p} at {v}", "the {a} is {p} on {v}", "{a} is {p} by {v}"], asks: whereAsks, value: place },
  { says: ["the {a} of {e} is {v}", "{e} has the {a} {v}", "for {e}, the {a} is {v}", "in {e}, the {a} is {v}", "{v} is the {a} of {e}"], asks: ["what is the {a} of {e}", "which {a} does {e} have", "tell me the {a} of {e}", "what {a} has {e}", "what is the {a} for {e}"], value: anyValue },
  { says: ["the default {a} is {v}", "by default the {a} is {v}", "the {a} defaults to {v}", "unless told otherwise, the {a} is {v}"], asks: ["what is the default {a}", "what does the {a} default to", "which {a} is the default", "what {a} is used by default"], value: anyValue },
  { says: ["the {a} is {v}", "the {a} was {v}", "{v} is the {a}", "its {a} is {v}"], asks: ["what is the {a}", "which {a} is it", "tell me the {a}", "what was the {a}"], value: anyValue },
  { says: ["{e} was created by {v}", "{v} created {e}", "{v} is the creator of {e}", "{e} was made by {v}"], asks: ["who created {e}", "who made {e}", "who is the creator of {e}", "by whom was {e} created"], value: name },
  { says: ["{e} is owned by {v}", "{v} owns {e}", "the owner of {e} is {v}", "{e} belongs to {v}"], asks: ["who owns {e}", "who is the owner of {e}", "whose is {e}", "to whom does {e} belong"], value: name },
  { says: ["{e} was released in {v}", "{e} came out in {v}", "in {v} {e} was released"], asks: ["when was {e} released", "in which year was {e} released", "when did {e} come out"], value: (lexicon) => lexicon.number(4) },
  { says: ["{e} uses {v} for {a}", "for {a}, {e} uses {v}", "{e} relies on {v} for {a}", "{e} takes {v} for its {a}"], asks: ["what does {e} use for {a}", "which thing does {e} use for {a}", "on what does {e} rely for {a}", "what is used for {a} by {e}"], value: anyValue },
  { says: ["{e} listens on port {v}", "the port of {e} is {v}", "{e} can be reached on port {v}"], asks: ["which port does {e} listen on", "what port does {e} use", "what is the port of {e}", "on which port is {e}"], value: (lexicon) => lexicon.number(4) },
  { says: ["set {v} to change the {a}", "{v} sets the {a}", "the {a} is set with {v}", "use {v} to choose the {a}"], asks: ["how do i change the {a}", "what sets the {a}", "how can i set the {a}", "what should i set to change the {a}"], value: identifier },
  { says: ["the file {v} defines the {a}", "the {a} is defined in {v}", "{v} describes the {a}", "the {a} is documented in {v}"], asks: ["which file defines the {a}", "where is the {a} defined", "what describes the {a}", "where is {a} documented"], value: identifier },
  { says: ["{e} stops after {v}", "{e} ends after {v}", "{e} takes {v}", "{e} lasts {v}", "{e} waits {v}"], asks: ["how long does {e} take", "how long does {e} wait", "after how long does {e} stop", "when does {e} end", "how long is {e}"], value: duration },
  { says: ["the {a} has a limit of {v}", "the limit of the {a} is {v}", "at most {v} fit the {a}", "the {a} holds {v}"], asks: ["what is the limit of the {a}", "how many fit the {a}", "how big is the {a}", "how much does the {a} hold"], value: quantity },
  { says: ["{e} costs {v}", "the price of {e} is {v}", "{v} is the price of {e}"], asks: ["how much does {e} cost", "what is the price of {e}", "what does {e} cost"], value: (lexicon) => `${lexicon.number()} ${lexicon.dice.pick(["dollars", "euros", "coins"])}` },
  { says: ["the meeting about {a} is at {v}", "{a} begins at {v}", "the {a} opens at {v}"], asks: ["when is the meeting about {a}", "when does {a} begin", "at what time does the {a} open", "when does the {a} start"], value: ({ dice }) => `${dice.integer(1, 23)}:${dice.integer(10, 59)}` },
  { says: ["{e} works with {v}", "{e} works together with {v}", "{v} works with {e}"], asks: ["who works with {e}", "with whom does {e} work", "what does {e} work with"], value: name },
  { says: ["{e} lives in {v}", "the home of {e} is {v}", "{e} has moved to {v}", "you meet {e} in {v}"], asks: ["where does {e} live", "in which place does {e} live", "where is the home of {e}", "where is {e}"], value: name },
  { says: ["in {e}, the {a} is called {v}", "{e} calls the {a} {v}", "the {a} of {e} is named {v}"], asks: ["what is the {a} called in {e}", "how does {e} call the {a}", "what is the name of the {a} of {e}"], value: name },
  { says: ["{e} sends {a} to {v}", "{v} gets {a} from {e}", "{e} gives its {a} to {v}"], asks: ["where does {e} send {a}", "to whom does {e} send {a}", "who gets the {a} of {e}", "who gets {a} from {e}"], value: name },
  { says: ["{e} has {v}", "there are {v} in {e}", "{e} consists of {v}"], asks: ["what does {e} have", "how many are in {e}", "of what does {e} consist"], value: (lexicon) => `${lexicon.number()} ${lexicon.word()}s` },
] // prettier-ignore

const thirdPerson = (verb: string): string =>
  /(s|sh|ch|x)$/.test(verb) ? `${verb}es` : /[^aeiou]y$/.test(verb) ? `${verb.slice(0, -1)}ies` : `${verb}s`

/** A relation made of a verb, so that there are hundreds. */
function verbRelation(lexicon: Lexicon): Relation {
  const verb = lexicon.verb()
  const preposition = lexicon.dice.chance(0.3)
    ? ` ${lexicon.dice.pick(["to", "from", "in", "with", "at", "for", "by", "on"])}`
    : ""
  const subject = lexicon.dice.chance(0.6) ? "{e}" : "the {a}"
  return {
    says: [
      `${subject} ${thirdPerson(verb)}${preposition} {v}`,
      `${subject} will ${verb}${preposition} {v}`,
      `${subject} can ${verb}${preposition} {v}`,
    ],
    asks: [
      `what does ${subject} ${verb}${preposition}`,
      `whom does ${subject} ${verb}${preposition}`,
      `what will ${subject} ${verb}${preposition}`,
      `what can ${subject} ${verb}${preposition}`,
    ],
    value: anyValue,
  }
}

const openings = [
  "",
  "",
  "",
  "",
  "in the {w}, ",
  "by default, ",
  "as a rule, ",
  "for every {w}, ",
  "since {n}, ",
  "according to the {w}, ",
  "on each {w}, ",
  "note that ",
  "as of version {n}, ",
  "today ",
  "in our {w}, ",
]
const closings = [
  "",
  "",
  "",
  "",
  ", one {w} per {x}",
  " and not in the {w}",
  ", and the {w} stays {x}",
  " since {n}",
  ", so the {w} can {y} it",
  ", as the {w} says",
  ", next to the {w}",
  " until {n}",
  ", which {y}s the {w}",
  ", because the {w} is {x}",
]

export interface Fact {
  readonly sentence: string
  readonly question: string
  readonly value: string
}

function entity(lexicon: Lexicon): string {
  const { dice } = lexicon
  if (dice.chance(0.5)) return lexicon.name()
  return dice.chance(0.6)
    ? `the ${dice.chance(0.4) ? `${lexicon.word()} ` : ""}${lexicon.word()}`
    : lexicon.identifier()
}

const isCode = (word: string): boolean => /[\w-][A-Z_/\d-]|[\w]\.\w/.test(word)

/** One fact in a sentence of five to thirty words, with a question about it. */
export function fact(lexicon: Lexicon): Fact {
  const { dice } = lexicon
  // How the sentence is put and what is asked go together: a held-out phrasing is a pair that training never saw.
  let relation: Relation = relations[0] as Relation
  const pair = lexicon.phrasing(() => {
    relation = dice.chance(0.3) ? verbRelation(lexicon) : dice.pick(relations)
    return `${dice.pick(relation.says)}|${dice.pick(relation.asks)}`
  })
  const [says = "", asks = ""] = pair.split("|")
  const value = relation.value(lexicon)
  const gaps = {
    a: dice.chance(0.5) ? lexicon.word() : lexicon.topic(),
    e: entity(lexicon),
    v: value,
    p: dice.pick(storing),
    w: lexicon.word(),
    x: lexicon.word(),
    y: lexicon.verb(),
    n: lexicon.number(),
  }
  const text = fill(dice.pick(openings) + says + (dice.chance(0.6) ? "" : dice.pick(closings)), gaps)
  const asked = { ...gaps, p: dice.chance(0.6) ? gaps.p : dice.pick(storing) }
  // A name of code keeps its letters at the beginning of a sentence; whatever the value looks like there is the answer.
  const sentence = `${isCode(text.split(" ", 1)[0] ?? "") ? text : capitalize(text)}.`
  return {
    sentence,
    question: fill(asks, asked),
    value: text.startsWith(value) ? sentence.slice(0, value.length) : value,
  }
}
