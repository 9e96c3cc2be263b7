/** Small talk, with history and recall of a name, a liking and a home given earlier. */
import { fill, type Lexicon } from "./lexicon.js"
import { smallTalk } from "./questions.js"
import { written } from "./math.js"

interface Turn {
  readonly user: string
  readonly reply: string
}

/** What the user told so far. */
interface Told {
  name?: string
  liking?: string
  home?: string
}

const tellings: readonly { readonly says: readonly string[]; readonly reply: string; readonly keep: "name" | "liking" | "home" }[] = [
  { says: ["my name is {v}", "i am {v}", "call me {v}", "this is {v}", "hello, i am {v}", "hi, my name is {v}", "people call me {v}", "you can call me {v}"], reply: "Nice to meet you, {v}.", keep: "name" },
  { says: ["i like {v}", "i love {v}", "my favorite thing is {v}", "i enjoy {v}", "i am fond of {v}", "i really like {v}"], reply: "I will remember that you like {v}.", keep: "liking" },
  { says: ["i live in {v}", "my home is {v}", "i am from {v}", "i come from {v}", "i moved to {v}", "my home is in {v}"], reply: "{v} sounds nice.", keep: "home" },
] // prettier-ignore

const recalls: readonly { readonly asks: readonly string[]; readonly reply: string; readonly keep: "name" | "liking" | "home" }[] = [
  { asks: ["what is my name", "do you remember my name", "who am i", "tell me my name", "say my name", "what am i called", "how am i called"], reply: "Your name is {v}.", keep: "name" },
  { asks: ["what do i like", "what do i love", "do you remember what i like", "what am i fond of", "tell me what i like", "what is my favorite thing"], reply: "You like {v}.", keep: "liking" },
  { asks: ["where do i live", "where am i from", "where is my home", "do you know where i live", "tell me where i live", "where do i come from"], reply: "You live in {v}.", keep: "home" },
] // prettier-ignore

const untold = "You have not told me yet."

/** Replies by what the user's words begin with or contain; the first match counts. */
const replies: readonly (readonly [RegExp, string])[] = [
  [/^(thank|thanks|ok thanks|cheers|i appreciate)/, "You are welcome."],
  [/^(bye|see you|good night|have a nice day)/, "Goodbye!"],
  [/how are you|how is it going|how is your day|what is up/, "I am well, thank you."],
  [
    /who are you|your name|are you a robot|are you human|who made you|where are you from/,
    "I am Scribe, a small model of LLMAgentOS.",
  ],
  [/^(hello|hi|hey|good morning|good afternoon|good evening|greetings|i just wanted)/, "Hello! How can I help?"],
  [/tired|bad day|sad|bored|miss|not nice/, "I am sorry to hear that."],
  [/great|amazing|wow|well done|happy|funny|nice|made my day|fun talking/, "That is good to hear."],
  [/./, "I can calculate, look things up and tell the time."],
]

/** What small talk is answered with, where there is something to say. */
export const smallTalkReplies = {
  replies: [...replies.slice(0, -1).map(([, reply]) => reply), untold],
  told: tellings.map(({ says, reply, keep }) => ({
    says,
    reply,
    recall: recalls.find((recall) => recall.keep === keep)?.reply ?? "",
  })),
}

export function replyTo(said: string): string {
  return replies.find(([pattern]) => pattern.test(said.toLowerCase()))?.[1] ?? ""
}

export function talk(lexicon: Lexicon): {
  readonly history: readonly Turn[]
  readonly said: string
  readonly reply: string
} {
  const { dice } = lexicon
  const history: Turn[] = []
  const told: Told = {}
  const turns = dice.pick([0, 0, 1, 1, 2, 2, 3])
  for (let n = 0; n < turns; n++) history.push(turn(lexicon, told, dice.chance(0.7)))
  if (history.length > 0 && dice.chance(0.65)) {
    const recall = dice.pick(recalls)
    const value = told[recall.keep]
    return {
      history,
      said: written(lexicon, choose(lexicon, recall.asks)),
      reply: value === undefined ? untold : fill(recall.reply, { v: value }),
    }
  }
  const last = turn(lexicon, told, dice.chance(0.4))
  return { history, said: last.user, reply: last.reply }
}

function turn(lexicon: Lexicon, told: Told, telling: boolean): Turn {
  const { dice } = lexicon
  if (telling) {
    const kind = dice.pick(tellings)
    const value =
      kind.keep === "liking"
        ? dice.chance(0.5)
          ? lexicon.word()
          : `${lexicon.word()} ${lexicon.word()}`
        : dice.chance(0.5)
          ? lexicon.personOrPlace()
          : lexicon.name()
    told[kind.keep] = value
    return {
      user: written(lexicon, fill(choose(lexicon, kind.says), { v: value })),
      reply: fill(kind.reply, { v: value }),
    }
  }
  const said = fill(
    choose(
      lexicon,
      smallTalk.filter(
        (text) =>
          !/^(what is my|what do i|where do i|do you remember|i live|my name|i like|i love|hello, i am)/.test(text),
      ),
    ),
    { n: lexicon.personOrPlace(), w: lexicon.word() },
  )
  return { user: written(lexicon, said), reply: replyTo(said) }
}

/** Every fifth of a list is kept for the held-out split. */
export function choose(lexicon: Lexicon, list: readonly string[]): string {
  return lexicon.dice.pick(list.filter((_, i) => (i % 5 === 3) === (lexicon.split === "held-out")))
}
