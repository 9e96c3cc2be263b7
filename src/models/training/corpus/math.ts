import { capitalize, fill, type Lexicon } from "./lexicon.js"

/** A sum in words, and the expression that a calculator takes. */
export interface Sum {
  readonly question: string
  readonly expression: string
  /** Of a plain sum of two numbers: its value, rounded as the calculator rounds. */
  readonly value?: number
}

type Operator = "+" | "-" | "*" | "/"
const operators: readonly Operator[] = ["+", "-", "*", "/"]

const forms: Readonly<Record<Operator, readonly string[]>> = {
  "+": ["{a} + {b}", "{a} plus {b}", "{a}+{b}", "the sum of {a} and {b}", "{a} added to {b}"],
  "-": ["{a} - {b}", "{a} minus {b}", "{a}-{b}", "{a} less {b}", "the difference between {a} and {b}"],
  "*": [
    "{a} * {b}",
    "{a} times {b}",
    "{a}*{b}",
    "{a} multiplied by {b}",
    "the product of {a} and {b}",
    "{a} x {b}",
    "{a} * {b}",
    "{a} times {b}",
  ],
  "/": ["{a} / {b}", "{a} divided by {b}", "{a}/{b}", "{a} over {b}", "the quotient of {a} and {b}"],
}
const commands: Readonly<Record<Operator, readonly string[]>> = {
  "+": ["add {a} and {b}", "sum {a} and {b}", "add {a} to {b}"],
  "-": ["subtract {b} from {a}", "take {b} away from {a}"],
  "*": ["multiply {a} by {b}", "multiply {a} and {b}"],
  "/": ["divide {a} by {b}", "split {a} into {b} parts"],
}
const openings = ["", "", "", "please ", "hey, ", "ok, ", "so ", "now ", "tell me, ", "quick question: ", "i wonder, "]
const asks = [
  "what is {e}", "what's {e}", "how much is {e}", "what do you get for {e}", "what does {e} give", "what does {e} make", "what is the value of {e}", "what is the result of {e}",
  "can you calculate {e}", "could you compute {e}", "can you work out {e}", "do you know {e}", "would you evaluate {e}", "could you find {e}", "how much would {e} be", "{e}",
] // prettier-ignore
const orders = [
  "calculate {e}",
  "compute {e}",
  "find {e}",
  "work out {e}",
  "evaluate {e}",
  "give me {e}",
  "tell me {e}",
  "i need {e}",
  "i want {e}",
  "let me know {e}",
  "figure out {e}",
  "{e}",
]
const closings = ["", "", "", " in total", " for me", " please", " now", " exactly", " quickly"]
const commandOpenings = [
  "",
  "please ",
  "can you ",
  "could you please ",
  "i want you to ",
  "now ",
  "kindly ",
  "would you ",
]

/** A question that the calculator answers, without its final mark. */
export function sum(lexicon: Lexicon): Sum {
  const { dice } = lexicon
  for (;;) {
    const operator = dice.pick(operators)
    const a = lexicon.number()
    const b = lexicon.number()
    if (!lexicon.mine(`${a},${b}`)) continue
    if (dice.chance(0.1)) {
      const expression = `${a} ${operator} ${b} ${dice.pick(operators)} ${lexicon.number(dice.integer(1, 2))}`
      return { question: fill(ask(lexicon), { e: expression }), expression }
    }
    const gaps = { a, b }
    const question = dice.chance(0.2)
      ? fill(
          lexicon.phrasing(() => dice.pick(commandOpenings) + dice.pick(commands[operator]) + dice.pick(closings)),
          gaps,
        )
      : fill(ask(lexicon), { e: fill(dice.pick(forms[operator]), gaps) })
    return { question, expression: `${a} ${operator} ${b}`, value: evaluate(Number(a), operator, Number(b)) }
  }
}

function ask(lexicon: Lexicon): string {
  const { dice } = lexicon
  return lexicon.phrasing(() => dice.pick(openings) + dice.pick(dice.chance(0.6) ? asks : orders) + dice.pick(closings))
}

function evaluate(a: number, operator: Operator, b: number): number {
  if (operator === "+") return a + b
  if (operator === "-") return a - b
  if (operator === "*") return a * b
  return b === 0 ? 0 : Number((a / b).toPrecision(10))
}

/** With or without capital and final mark, as people write. */
export function written(lexicon: Lexicon, question: string): string {
  const { dice } = lexicon
  const mark = /^(what|how|can|could|do|would|where|which|who|when|why|is)\b/i.test(question)
    ? dice.pick(["?", "?", "?", ""])
    : dice.pick(["", "", ".", "?"])
  return (dice.chance(0.6) ? capitalize(question) : question) + mark
}
