/** Questions for documents, the clock and small talk, by combination, so that there are thousands of phrasings. */
import { fill, type Lexicon } from "./lexicon.js"

const openings = [
  "",
  "",
  "",
  "",
  "please, ",
  "hey, ",
  "ok, ",
  "so ",
  "do you know ",
  "can you tell me ",
  "tell me ",
  "i wonder ",
  "quick question: ",
  "remind me ",
]
const places = [
  "kept",
  "stored",
  "saved",
  "defined",
  "documented",
  "described",
  "located",
  "handled",
  "declared",
  "registered",
  "configured",
  "loaded",
  "logged",
  "created",
  "written",
  "cached",
  "found",
  "held",
  "placed",
  "set",
]
const doing = [
  "configure",
  "set",
  "change",
  "enable",
  "disable",
  "use",
  "find",
  "start",
  "stop",
  "reset",
  "update",
  "install",
  "remove",
  "debug",
  "test",
  "read",
  "write",
  "create",
  "delete",
  "check",
  "limit",
  "move",
  "rename",
  "share",
]
const happening = [
  "work",
  "live",
  "do",
  "fail",
  "start",
  "run",
  "go",
  "change",
  "end",
  "happen",
  "come from",
  "stand for",
  "look like",
  "cost",
  "mean",
]
const parts = ["file", "module", "page", "section", "part", "chapter", "class", "service", "folder", "document"]
const telling = [
  "defines",
  "describes",
  "covers",
  "explains",
  "contains",
  "handles",
  "owns",
  "creates",
  "holds",
  "mentions",
]
const books = ["guide", "manual", "docs", "readme", "reference", "wiki", "notes", "handbook"]
const showing = [
  "explain",
  "describe",
  "look up",
  "search for",
  "find",
  "show me",
  "summarize",
  "tell me about",
  "give me details on",
  "read about",
  "open the page on",
  "find the notes about",
  "point me to",
  "search the docs for",
  "what do we know about",
  "any notes on",
]
const aspects = [
  "happens to",
  "happens with",
  "is wrong with",
  "are the rules for",
  "is the purpose of",
  "is the default",
  "is the limit of",
  "are the options for",
  "is the meaning of",
  "is the format of",
  "is the owner of",
  "is the price of",
  "is the name of",
  "is the port of",
  "is the size of",
]
const suffixes = [
  "",
  "",
  "",
  " by default",
  " in production",
  " on restart",
  " after a crash",
  " in the docs",
  " in our guide",
  " for me",
  " at night",
  " right now",
]

/** A question about `{t}`, as a phrasing. The subject is everything of its noun phrase but the article. */
function documentPhrasing({ dice }: Lexicon): string {
  const the = dice.chance(0.4) ? "the " : ""
  const open = dice.pick(openings)
  const close = dice.pick(suffixes)
  switch (dice.integer(0, 9)) {
    case 0:
      return `${open}${dice.pick(["how do i", "how can i", "how to", "how should i", "is there a way to", "can i", "how would you", "when should i", "why should i", "do i have to"])} ${dice.pick(doing)} ${the}{t}${close}`
    case 1:
    case 2:
      return `${open}${dice.pick(["where is", "where are", "how is", "how are", "when is", "why is", "where was", "by whom is", "where exactly is", "in what place is"])} ${the}{t} ${dice.pick(places)}${close}`
    case 3:
      return `${open}${dice.pick(["which", "what"])} ${dice.pick(parts)} ${dice.pick(telling)} ${the}{t}${close}`
    case 4:
      return `what ${dice.pick(["does", "do"])} the ${dice.pick(books)} say ${dice.pick(["about", "on", "regarding"])} ${the}{t}${close}`
    case 5:
    case 6:
      return `${dice.pick(["", "", "please ", "could you ", "can you ", "hey, "])}${dice.pick(showing)} ${the}{t}${close}`
    case 7:
      return `${open}what ${dice.pick(aspects)} ${the}{t}${close}`
    case 8:
      return `${open}${dice.pick(["how does", "what does", "where does", "when does", "why does"])} ${the}{t} ${dice.pick(happening)}${close}`
    default:
      return `${open}${dice.pick(["who owns", "who made", "who keeps", "who uses", "who runs", "what is", "what are", "where is", "where are", "how many items has", "how long is", "how big is", "which port has", "what uses", "what limits"])} ${the}{t}${close}`
  }
}

export interface TopicQuestion {
  readonly question: string
  readonly topic: string
}

export function documentQuestion(lexicon: Lexicon): TopicQuestion {
  const topic = lexicon.topic()
  return {
    question: fill(
      lexicon.phrasing(() => documentPhrasing(lexicon)),
      { t: topic },
    ),
    topic,
  }
}

/** What a time question wants to know of "Monday, 23 November 2026, 18:20". */
export type Moment = "hour" | "date" | "day" | "month" | "year"

export function timeQuestion(lexicon: Lexicon): { readonly question: string; readonly moment: Moment } {
  const { dice } = lexicon
  const moment = dice.pick<Moment>(["hour", "hour", "date", "day", "month", "year"])
  const noun = {
    hour: dice.pick(["time", "hour", "clock time"]),
    date: dice.pick(["date", "full date"]),
    day: dice.pick(["day", "day of the week", "weekday"]),
    month: "month",
    year: "year",
  }[moment]
  const now = dice.pick(["", "", " now", " today", " right now", " currently", " at the moment", " here"])
  const question = lexicon.phrasing(() => {
    const open = dice.pick(openings)
    switch (dice.integer(0, 3)) {
      case 0:
        return `${open}${dice.pick(["what", "which"])} ${noun} is it${now}`
      case 1:
        return `${dice.pick(["tell me", "give me", "show me", "say", "i want", "can you tell me", "do you know", "please tell me", "i need"])} the ${dice.pick(["", "current ", "local ", "exact ", "present "])}${noun}${now}`
      case 2:
        return `${open}what is the ${dice.pick(["", "current ", "local ", "exact ", "present "])}${noun}${now}`
      default:
        return `${dice.pick(["current", "local", "exact", "the", "today's"])} ${noun}${dice.pick(["", " please", now])}`
    }
  })
  return { question, moment }
}

/** Small talk that needs no tool; `{n}` a name, `{w}` a word. */
export const smallTalk: readonly string[] = [
  "hello", "hi there", "hello, i am {n}", "thanks a lot", "how are you", "good morning", "who are you", "tell me a joke", "nice to meet you", "what is your name", "i like {w}", "you are great",
  "thank you {n}", "bye", "see you later", "my name is {n}", "do you like {w}", "i feel tired", "that was funny", "can we talk about {w}", "are you a robot", "i love {w}", "what is your favorite {w}",
  "good night {n}", "haha nice", "sing me a song", "i am bored", "how is your day", "say something about {w}", "hey {n}", "good afternoon", "hey", "hi {n}, how is it going", "what are you doing",
  "do you have friends", "where are you from", "you are so funny", "i had a bad day", "i am happy today", "well done", "that is not nice", "i do not like {w}", "let us chat", "what is up", "who made you",
  "are you human", "do you sleep", "happy birthday {n}", "have a nice day", "good evening", "you too", "sorry about that", "no problem", "great job {n}", "what do you think about {w}", "i think {w} is boring",
  "my dog is called {n}", "can you sing", "tell me a story about {w}", "i miss {n}", "that is amazing", "wow", "ok thanks", "never mind", "how old are you", "do you dream of {w}", "make me laugh", "yes", "no thanks",
  "maybe later", "what is my name", "what do i like", "where do i live", "do you remember my name", "i live in {n}", "greetings", "i appreciate your help", "you made my day", "what is your hobby", "i feel sad",
  "cheers {n}", "it was fun talking to you", "can you be my friend", "do you enjoy {w}", "i just wanted to say hi",
] // prettier-ignore
