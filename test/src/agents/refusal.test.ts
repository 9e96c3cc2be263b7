import fc from "fast-check"
import t from "tap"
import { defineAgent } from "#src/agents/agent.js"
import { shippedRefusal } from "#src/agents/shipped.js"
import { isRefused, type Refusal } from "#src/agents/refusal.js"
import { expressionIn, routeOf, sumsIn } from "#src/agents/sums.js"
import { embeddedFolder, readCalibration } from "#src/models/calibration.js"
import { mayBeSaid } from "#src/agents/small-talk.js"
import type { Message, Model } from "#src/models/model.js"
import { Dice, Lexicon } from "#src/models/training/corpus/lexicon.js"
import { sum, written } from "#src/models/training/corpus/math.js"
import { canAnswer } from "#src/agents/look-up.js"
import { createAgentOS } from "#src/os.js"
import type { RunEvent } from "#src/run.js"
import { chain, parallel } from "#src/topologies/topology.js"
import { asked, scriptedModel } from "#test/support/scripted-model.js"

const { words, talk: smallTalk } = readCalibration(embeddedFolder)
const turn = (question: string, more: Partial<Parameters<typeof isRefused>[1]> = {}) => ({
  question,
  text: "",
  calls: [],
  found: [],
  ...more,
})

t.test("a sum is found in every form of the corpus, with words around it that belong to one", async () => {
  const own = new Set(words.math)
  fc.assert(
    fc.property(fc.nat(1e6), fc.constantFrom("train", "seen", "held-out"), (seed, split) => {
      const lexicon = new Lexicon(new Dice(seed), split)
      const { question, expression } = sum(lexicon)
      const found = sumsIn(written(lexicon, question)).filter((sum) => sum.expression === expression)
      return found.some(({ around }) => around.every((word) => own.has(word)))
    }),
    { numRuns: 300 },
  )
})

t.test("what a question asks beside a plain sum makes it another question", async (t) => {
  const refusal: Refusal = { text: "no", words: words.math, besides: "sum" }
  const refused = (question: string, expression: string) =>
    isRefused(refusal, turn(question, { calls: [{ id: "1", tool: "calculator", arguments: { expression } }] }))
  for (const [question, expression] of [
    ["What is 48 * 17?", "48 * 17"],
    ["what's 48x17", "48 * 17"],
    ["How much is 3.5 plus 2?", "3.5 + 2"],
    ["Please subtract 5 from 12.", "12 - 5"],
    ["2 + 3 * 4", "2 + 3 * 4"],
    ["Where is the lamp kept, and what is 6 divided by 3?", "6 / 3"],
    ["What is 48 * 17, and where is actor state kept?", "48*17"],
  ] as const)
    t.notOk(refused(question, expression), question)
  for (const [question, expression] of [
    ["What is 15% of 240?", "15 - 15"],
    ["What is 15% of 240?", "15 * 240"],
    ["What is 5 + 3 percent?", "5 + 3"],
    ["What is 5 plus 3 squared?", "5 + 3"],
    ["What is -5 + 3?", "5 + 3"],
    ["What is 1,000 + 5?", "000 + 5"],
    ["Is 2 + 2 = 5?", "2 + 2"],
    ["What is 3 times 4 and 5?", "3 * 4"],
    ["multiply 3 by 4 and add 5", "3 * 4"],
    ["What is 3 times 4, then minus 2?", "3 * 4"],
    ["I have 3 apples plus 4 pears. How many?", "3 + 4"],
    ["How many more than 12 is 15?", "12 + 15"],
    ["What happened on 9/11?", "9 / 11"],
    ["Convert 12 + 4 to binary.", "12 + 4"],
    ["What is 12 - 5?", "5 - 12"],
    ["What is the capital of France?", "1 + 1"],
  ] as const)
    t.ok(refused(question, expression), question)
})

t.test(
  "a question that is an expression is calculated as it stands, and nothing that only looks like one",
  async (t) => {
    for (const [question, expression] of [
      ["(3+4)*5", "(3 + 4) * 5"],
      ["12 plus 30 minus 2", "12 + 30 - 2"],
      ["2+2=", "2 + 2"],
      ["Calculate 12 * 12", "12 * 12"],
      ["what's 0.1+0.2", "0.1 + 0.2"],
      ["What is -5 + 3?", "-5 + 3"],
      ["5 - -3", "5 - -3"],
      ["1,234,567 + 1", "1234567 + 1"],
      ["48x17", "48 * 17"],
      ["48 × 17 =", "48 * 17"],
      ["How much is 2^10?", "2 ^ 10"],
      ["１２ + ３０", "12 + 30"],
      ["What is (2 + 3) * 4, and where is the lamp kept?", "(2 + 3) * 4"],
    ] as const)
      t.equal(expressionIn(question), expression, question)
    for (const question of [
      "Is 2 + 2 = 5?",
      "What is 15% of 240?",
      "12/30/2026",
      "2026-12-30",
      "call 555-1234",
      "What is 3 times 4 and 5?",
      "What is 3 times 4, then squared minus 2?",
      "What is 2 * 3 and what is 4 * 5?",
      "What is 2 * 3 and the sum of 3 and 4?",
      "What is 12 apples + 3?",
      "1,23 + 4",
      "12 13 + 4",
      "42",
      "-5",
      "",
    ])
      t.equal(expressionIn(question), undefined, question)
    t.equal(routeOf("What is 5 + 5 * 2?", words.math), "math")
    t.equal(routeOf("What time is it and what is 2 * 3?", words.math), "both")
    t.equal(routeOf("What happened on 9/11?", words.math), undefined)
  },
)

t.test("sums as they are written are done, and half of a question is not answered as the whole", async (t) => {
  const os = await createAgentOS({ data: "memory" })
  for (const [question, answer] of [
    ["(3+4)*5", "(3 + 4) * 5 = 35"],
    ["What's 3.5 * 2?", "3.5 * 2 = 7"],
    ["1,234 + 1", "1234 + 1 = 1235"],
    ["What is 6 / 0?", "cannot calculate this: division by zero"],
    ["What time is it and what is 2 * 3?", shippedRefusal],
    ["What is 2 * 3 and what is 4 * 5?", shippedRefusal],
    ["12/30/2026", shippedRefusal],
    ["Where is actor state kept, and where are documents stored?", shippedRefusal],
  ] as const)
    t.equal((await os.run("ask", question)).output, answer, question)
  await os.stop()
})

t.test("a stretch of a sentence answers what was asked, and not its opposite or another question", async (t) => {
  const drawer = "The spare key is kept in the blue drawer."
  const two = "The red bicycle is kept in the garage and the blue bicycle is kept in the cellar."
  for (const [question, sentence, answer] of [
    ["Where is the spare key kept?", drawer, "the blue drawer"],
    ["Where is the gold not kept?", "The gold is not kept in the red safe.", "the red safe"],
    ["Where is the lamp kept?", "The lamp is kept in Roma and not in the cellar.", "Roma"],
    ["Where is the blue bicycle kept?", two, "the cellar"],
    ["Who owns the shop?", "The shop is owned by Ada.", "Ada"],
    ["When was Roma released?", "Roma was released in 2019.", "2019"],
    ["How much does the lamp cost?", "The lamp costs 20 euros.", "20 euros"],
    ["What are API keys stored as?", "API keys are stored as SHA-256 hashes in LevelDB.", "SHA-256 hashes"],
    ["Which port does Roma listen on?", "Roma listens on port 7420.", "7420"],
    ["What is 2 times 3, and where is the spare key kept?", drawer, "the blue drawer"],
    ["How do I change the limit?", "Set max_size to change the limit.", "max_size"],
  ] as const)
    t.ok(canAnswer(question, sentence, answer), question)
  for (const [question, sentence, answer] of [
    ["Where is the journal kept?", "The journal is kept in the folder.", "the journal"],
    ["What is the default data folder?", "The default data folder is `data`.", "data folder"],
    ["Where is the gold kept?", "The gold is not kept in the red safe.", "the red safe"],
    ["Where is the gold kept?", "The red safe does not hold the gold.", "The red safe"],
    ["Where are passwords stored?", "Do not store passwords in the wiki.", "the wiki"],
    ["Where is the lamp kept?", "The lamp isn't kept in the cellar.", "the cellar"],
    ["Where is the spare key not kept?", drawer, "the blue drawer"],
    ["Where is the blue bicycle kept?", two, "the garage"],
    ["Who keeps the spare key?", drawer, "the blue drawer"],
    ["Is the spare key kept in the red drawer?", drawer, "the blue drawer"],
    ["What are API keys stored as?", "API keys are stored as SHA-256 hashes in LevelDB.", "LevelDB"],
    ["what is twelve times twelve", "A dozen is 1 times twelve.", "1"],
    ["Why is the spare key kept in the drawer?", drawer, "the blue drawer"],
    ["How is the spare key kept?", drawer, "the blue drawer"],
    ["When is the spare key kept?", drawer, "the blue drawer"],
    ["How many keys are kept?", drawer, "the blue drawer"],
  ] as const)
    t.notOk(canAnswer(question, sentence, answer), question)
})

t.test("an answer from documents is about what was asked", async (t) => {
  const refusal: Refusal = { text: "no", words: words.docs, besides: "subject" }
  const refused = (question: string, found: string) =>
    isRefused(refusal, turn(question, { text: "it", found: [found] }))
  t.notOk(refused("Where is actor state kept?", "The state of actors is kept in LevelDB."))
  t.notOk(refused("What is 48 * 17, and where is the spare key kept?", "The spare key is kept in the drawer."))
  t.ok(refused("Where is the spare key kept?", "Actor state is kept in LevelDB."))
  t.ok(refused("Who wrote Hamlet?", "Ada wrote the handbook."))
  t.ok(refused("What is the capital of France?", "The capital of the shop is 200 euros."))
  t.ok(refused("What is it?", "It is kept in LevelDB."), "it asks for nothing")
  t.ok(refused("Where is the spare key kept?", ""), "nothing was found")
})

t.test("what was, may be, depends, or is only said, is no answer to what is", async (t) => {
  const question = "Where is the tent kept?"
  for (const sentence of [
    "The tent used to be kept in the attic, but now it is kept in the shed.",
    "Before 2020 the tent was kept in the attic.",
    "The tent was kept in the attic until yesterday.",
    "The tent might be kept in the attic.",
    "Perhaps the tent is kept in the attic.",
    "If it rains, the tent is kept in the attic.",
    "Anna said that the tent is kept in the attic.",
    "It is a myth that the tent is kept in the attic.",
    "The tent is kept in the attic, which is wrong.",
  ])
    t.notOk(canAnswer(question, sentence, "the attic"), sentence)
  t.ok(canAnswer(question, "The tent is kept in the attic.", "the attic"))
  t.ok(canAnswer("Where was the tent kept?", "The tent was kept in the attic.", "the attic"))
  t.ok(canAnswer("Where might the tent be kept?", "The tent might be kept in the attic.", "the attic"))
  t.notOk(canAnswer("Where does his sister live?", "Paul lives in Rome with his sister.", "Rome with his sister"))
})

t.test("a name, a liking or a home is told in a form of its own, and is not what was taken back", async (t) => {
  const said = (question: string, text: string, history: Message[] = []) =>
    mayBeSaid(smallTalk, text, question, history)
  for (const [question, reply] of [
    ["my sister's name is Eve", "Nice to meet you, Eve."],
    ["my name is not Bob", "Nice to meet you, not Bob."],
    ["I am tired", "Nice to meet you, tired."],
    ["I like nothing", "I will remember that you like nothing."],
    ["My name is Ada. I live in Rome.", "Nice to meet you, Ada."],
  ] as const)
    t.notOk(said(question, reply), question)
  for (const question of ["Hello, I am Ada", "I'm Ada!", "hi, my name is Ada", "Call me Ada."])
    t.ok(said(question, "Nice to meet you, Ada."), question)
  const lives: Message[] = [
    { role: "user", content: "I live in Paris" },
    { role: "assistant", content: "Paris sounds nice." },
  ]
  t.ok(said("where do I live?", "You live in Paris.", lives))
  const gone: Message[] = [
    { role: "user", content: "I no longer live in Paris" },
    { role: "assistant", content: "no" },
  ]
  t.notOk(said("where do I live?", "You live in Paris.", [...lives, ...gone]))
})

t.test("a question for the clock or small talk holds nothing else", async (t) => {
  const clock: Refusal = { text: "no", words: words.time }
  for (const question of ["What time is it?", "what's the date today", "Tell me the current month, please."])
    t.notOk(isRefused(clock, turn(question)), question)
  for (const question of ["What time is it in Tokyo?", "What day was it in 1776?", "When does the sun set today?"])
    t.ok(isRefused(clock, turn(question)), question)
  const talk: Refusal = { text: "no", words: words.chat, besides: "names", talk: smallTalk, least: 0.4 }
  const refused = (question: string, text: string, least = 1) =>
    isRefused(talk, turn(question, { text, confidence: { least, mean: 1 } }))
  t.notOk(refused("Hello, my name is Ada", "Nice to meet you, Ada."))
  t.notOk(refused("I like cold pizza", "I will remember that you like cold pizza."))
  t.ok(refused("Give me a riddle", "That is good to hear."))
  for (const text of ["I can calculate, look things up and tell the time.", "It th.", "Nice to meet you, Ad."])
    t.ok(refused("Hello, I am Ada", text), text)
  t.ok(refused("Hallo", "Goodbye!"), "no word of it is known")
  t.ok(refused("Hello!", "Goodbye!", 0.3), "it is not sure")
})

t.test("the shipped topology says what it cannot do, names no source for it, and answers what it can", async (t) => {
  const os = await createAgentOS({ data: "memory" })
  for (const question of [
    "Who wrote Hamlet?",
    "What is 15% of 240?",
    "Write a haiku about rivers",
    "tell me a riddle",
  ]) {
    const { output, finish, context } = await os.run("ask", question)
    t.equal(output, shippedRefusal, question)
    t.equal(finish, "stop")
    t.match(context.provenance.at(-1), { refused: true, trusted: true })
    t.notOk(
      context.provenance.some(({ sources }) => sources !== undefined),
      "nothing that was found is said",
    )
  }
  t.equal((await os.run("ask", "What is 48 * 17, and where is actor state kept?")).output, "48 * 17 = 816; LevelDB.")
  t.equal((await os.run("ask", "What is 7 / 3080?")).output, "7 / 3080 = 0.002272727273", "digits are not miscopied")
  t.match((await os.run("ask", "What time is it?")).output, /^It is \d\d:\d\d\.$/)
  t.equal((await os.run("ask", "Hello, I am Ada.", { conversation: "ada" })).output, "Nice to meet you, Ada.")
  t.equal((await os.run("ask", "Who wrote Hamlet?", { conversation: "ada" })).output, shippedRefusal)
  t.equal((await os.run("ask", "What is my name?", { conversation: "ada" })).output, "Your name is Ada.")
  await os.stop()
})

t.test(
  "of this project the shipped topology answers what it knows, and guesses nothing",
  { timeout: 60_000 },
  async (t) => {
    const os = await createAgentOS({ data: "memory" })
    const answer = async (question: string) => (await os.run("ask", question)).output
    for (const [question, known] of [
      ["Where is the log written to?", "data/logs/node.log"],
      ["Where is the configuration read from?", "llmagentos.yaml"],
      ["Where is the wire contract defined?", "proto/agent.proto"],
      ["What is the license?", "Apache-2.0"],
      ["What is the lowest supported version of Node?", "20.19"],
      ["What is the default mailbox capacity?", "65,536"],
      ["What is the limit of a document?", "32 MB"],
      ["Calculate 555-1234", "555 - 1234 = -679"],
    ])
      t.equal(await answer(question as string), known)
    for (const question of [
      "Where is the token kept?",
      "What does the token do?",
      "Where are passwords stored?",
      "Where is the password kept?",
      "Where is my house?",
      "What is the time limit?",
      "What does the store hold?",
      "What is the port?",
      "What is 555-1234?",
      "What is 1984-2001?",
      "What is 0800-123456?",
      "What is 192.168.0.1/24?",
    ])
      t.equal(await answer(question), shippedRefusal, question)
    await os.stop()
  },
)

t.test(
  "what is found is cut to what the model reads, or is no answer, and never a fault of the question",
  async (t) => {
    const os = await createAgentOS({ data: "memory", knowledge: { shipped: false } })
    const kept = "walrus cape is kept in the old barn"
    for (const [content, answer] of [
      [`the ${kept}. ${"filler text. ".repeat(60)}`, "the old barn"],
      [`The ${kept} ${"2026-01-01T00:00:00 0x7ff3a9c1 ".repeat(20)}`, shippedRefusal],
    ] as const) {
      await os.knowledge.add({ id: "a", format: "text", content })
      t.equal((await os.run("ask", "Where is the walrus cape kept?")).output, answer)
    }
    await t.rejects(os.run("ask", "walrus ".repeat(500)), { code: "CONTEXT_TOO_LONG" }, "what is asked is too long")
    await os.stop()
  },
)

t.test(
  "small talk within a conversation is what it is alone, and names in it stand whole",
  { timeout: 60_000 },
  async (t) => {
    const os = await createAgentOS({ data: "memory" })
    const said: Record<string, string> = {
      hello: "Hello! How can I help?",
      thanks: "You are welcome.",
      bye: "Goodbye!",
      "who are you?": "I am Scribe, a small model of LLMAgentOS.",
    }
    for (const before of [
      ["What is 2 * 3?"],
      ["Who wrote Hamlet?", "What is 48 * 17?"],
      ["Where is actor state kept?", "what time is it?"],
      ["hi", "hi", "hi", "hi", "hi", "hi", "What is 3 + 3?"],
    ]) {
      const conversation = before.join("|").slice(0, 60)
      for (const question of before) await os.run("ask", question, { conversation })
      for (const [question, answer] of Object.entries(said))
        t.equal((await os.run("ask", question, { conversation })).output, answer, `${conversation}: ${question}`)
    }
    const name = { conversation: "names" }
    for (const told of ["Jean-Luc Picard", "Nguyễn", "Ada", "Bartholomew Featherstonehaugh", "Zoë"]) {
      const greeting = (await os.run("companion", `My name is ${told}`, name)).output
      t.ok([shippedRefusal, `Nice to meet you, ${told}.`].includes(greeting), `${told}: ${greeting}`)
    }
    await os.run("ask", "My name is Ada", name)
    await os.run("ask", "My name is Eve", name)
    for (const question of ["What is 2 + 2?", "Where is actor state kept?", "hello"])
      await os.run("ask", question, name)
    t.equal((await os.run("ask", "What is my name?", name)).output, "Your name is Eve.")
    await os.stop()
  },
)

t.test("a refusal is the answer of the whole run, is told as one, and nothing is shown before it", async (t) => {
  const script = scriptedModel((request) => {
    const { agent, question } = asked(request)
    return agent === "echo" ? `${question}!` : "some wild guess"
  })
  const unsure: Model = {
    ...script,
    async *generate(request) {
      const least = request.messages.some(({ content }) => content.includes("well known")) ? 0.9 : 0.1
      for await (const part of script.generate(request))
        yield part.type === "finish" && request.confidence === true ? { ...part, confidence: { least, mean: 1 } } : part
    },
  }
  const agent = (name: string, more: object = {}) => defineAgent({ name, model: "unsure", instructions: name, ...more })
  const text = "I do not know that."
  const os = await createAgentOS({
    data: "memory",
    knowledge: { shipped: false },
    models: { unsure },
    agents: [agent("guesser", { refusal: { text, least: 0.5 } }), agent("echo")],
    topologies: {
      further: chain(["guesser", "echo"]),
      both: parallel(["echo", "guesser"]),
      either: parallel(["echo", "guesser"], { onError: "ignore" }),
    },
  })
  for (const target of ["guesser", "further", "both"]) {
    const events: RunEvent[] = []
    for await (const event of os.stream(target, "something strange")) events.push(event)
    const end = events.at(-1)
    t.match(end, { type: "end", run: { output: text, finish: "stop" } }, target)
    const said = events.flatMap((event) => (event.type === "token" && event.agent === "guesser" ? [event.text] : []))
    t.strictSame(said, [text], "the guess was not shown")
    t.notOk(events.some((event) => event.type === "step" && event.status === "failed"))
    const by = end?.type === "end" ? end.run.context.provenance.find(({ agent }) => agent === "guesser") : undefined
    t.match(by, { refused: true })
    t.notOk(
      script.requests.some(({ messages }) => messages.at(-1)?.content === text),
      "nobody goes on from it",
    )
  }
  t.equal((await os.run("either", "something strange")).output, "something strange!", "it is passed over")
  const sure = await os.run("further", "something well known")
  t.equal(sure.output, "some wild guess!")
  t.notOk(sure.context.provenance.some(({ refused }) => refused))

  await os.run("guesser", "something strange", { conversation: "one" })
  await os.run("guesser", "something well known", { conversation: "one" })
  t.strictSame(
    script.requests.at(-1)?.messages.map(({ content }) => content),
    ["guesser", "something well known"],
    "what was refused is not read again",
  )
  await os.stop()
})
