/**
 * Arithmetic as people write it: + - * / % ^, parentheses, decimals, a leading minus. Whole numbers are exact whatever their size; other results have
 * ten significant digits.
 */
import { AgentOSError } from "#actors/errors.js"

type Value = bigint | number

const precedence: Readonly<Record<string, number>> = { "+": 1, "-": 1, "*": 2, "/": 2, "%": 2, "^": 4 }
const unaryPrecedence = 3
/** Longest expression, and most bits of a whole result: 2^4095 has 1,233 digits. */
const limits = { length: 1000, bits: 4096 }

/** @throws `INVALID_EXPRESSION` saying what stands where something else was expected */
export function evaluateExpression(text: string): string {
  if (text.length > limits.length)
    throw invalid(`the expression has ${text.length} characters; at most ${limits.length} are read`)
  const tokens = cut(text)
  let at = 0

  const expression = (least: number): Value => {
    let left = operand()
    for (;;) {
      const operator = tokens[at]?.text ?? ""
      const rank = precedence[operator]
      if (rank === undefined || rank < least) return left
      at += 1
      // "^" binds to the right, the others to the left.
      left = apply(operator, left, expression(operator === "^" ? rank : rank + 1))
    }
  }
  const operand = (): Value => {
    const token = tokens[at++]
    if (token === undefined) throw invalid("it ends where a number is expected")
    if (token.text === "-") return negate(expression(unaryPrecedence))
    if (token.text === "+") return expression(unaryPrecedence)
    if (token.text === "(") {
      const inner = expression(0)
      const close = tokens[at++]
      if (close === undefined) throw invalid(`the parenthesis at ${token.at + 1} is not closed`)
      if (close.text !== ")") throw misplaced(close, 'an operator or ")"')
      return inner
    }
    if (!/\d/.test(token.text)) throw misplaced(token, "a number")
    return /^\d+$/.test(token.text) ? BigInt(token.text) : finite(Number(token.text))
  }

  const result = expression(0)
  const rest = tokens[at]
  if (rest !== undefined) throw misplaced(rest, "an operator or the end")
  return format(result)
}

interface Token {
  readonly text: string
  /** Where it begins, from 0. */
  readonly at: number
}

function cut(text: string): Token[] {
  const tokens: Token[] = []
  const pattern = /\s*(\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|\.\d+|[-+*/%^()×÷−])/y
  let last = 0
  for (let match = pattern.exec(text); match !== null; match = pattern.exec(text)) {
    const symbol = match[1] as string
    tokens.push({ text: { "×": "*", "÷": "/", "−": "-" }[symbol] ?? symbol, at: pattern.lastIndex - symbol.length })
    last = pattern.lastIndex
  }
  const rest = text.slice(last).trimStart()
  if (rest !== "")
    throw invalid(
      `${JSON.stringify(rest.trimEnd().slice(0, 20))} at ${text.length - rest.length + 1} is not arithmetic: use numbers, + - * / % ^ and parentheses`,
    )
  return tokens
}

function apply(operator: string, a: Value, b: Value): Value {
  if ((operator === "/" || operator === "%") && Number(b) === 0) throw invalid("division by zero")
  if (typeof a === "bigint" && typeof b === "bigint") {
    switch (operator) {
      case "+":
        return small(a + b)
      case "-":
        return small(a - b)
      case "*":
        return small(a * b)
      case "%":
        return a % b
      case "/":
        return a % b === 0n ? a / b : finite(Number(a) / Number(b))
      case "^":
        if (b < 0n) return finite(Number(a) ** Number(b))
        // The result has at least so many bits, so what is begun is not much larger than what is allowed.
        if ((bits(a) - 1) * Number(b) > limits.bits) throw tooLarge()
        return small(a ** b)
    }
  }
  const [x, y] = [Number(a), Number(b)]
  const result =
    operator === "+"
      ? x + y
      : operator === "-"
        ? x - y
        : operator === "*"
          ? x * y
          : operator === "/"
            ? x / y
            : operator === "%"
              ? x % y
              : x ** y
  return finite(result)
}

function finite(value: number): number {
  if (!Number.isFinite(value)) throw invalid("a number in it is too large, or is none")
  return value
}

const bits = (value: bigint): number => (value < 0n ? -value : value).toString(2).length
const negate = (value: Value): Value => -value
const tooLarge = (): AgentOSError => invalid("the result is too large")
const invalid = (what: string): AgentOSError => new AgentOSError("INVALID_EXPRESSION", `cannot calculate this: ${what}`)

const misplaced = ({ text, at }: Token, expected: string): AgentOSError =>
  invalid(`${JSON.stringify(text)} at ${at + 1} stands where ${expected} is expected`)

function small(value: bigint): bigint {
  if (bits(value) > limits.bits) throw tooLarge()
  return value
}

function format(value: Value): string {
  return typeof value === "bigint" ? value.toString() : String(Number(value.toPrecision(10)))
}
