import fc from "fast-check"
import t from "tap"
import { evaluateExpression } from "#src/tools/expression.js"

/** What is written, how tightly it binds, and what it is worth; undefined where no whole number is. */
interface Written {
  readonly text: string
  readonly rank: number
  readonly value: bigint | undefined
}

const ranks = { "+": 1, "-": 1, "*": 2, "/": 2, "%": 2, "^": 4 }
type Operator = keyof typeof ranks

function meaning(operator: Operator, a: bigint, b: bigint): bigint | undefined {
  if (operator === "+") return a + b
  if (operator === "-") return a - b
  if (operator === "*") return a * b
  if (operator === "%") return b === 0n ? undefined : a % b
  if (operator === "/") return b === 0n || a % b !== 0n ? undefined : a / b
  return b < 0n || b > 5n || a > 1_000_000n || a < -1_000_000n ? undefined : a ** b
}

/** Parentheses only where the rules ask for them, so that the rules are what is tested. */
const within = ({ text, rank }: Written, least: number): string => (rank < least ? `(${text})` : text)

const { written } = fc.letrec<{ written: Written }>((tie) => ({
  written: fc.oneof(
    { maxDepth: 5, depthSize: "medium" },
    fc.bigInt({ min: 0n, max: 9999n }).map((value): Written => ({ text: String(value), rank: 9, value })),
    tie("written").map((inner): Written => ({
      text: `-${within(inner, 3)}`,
      rank: 3,
      value: inner.value === undefined ? undefined : -inner.value,
    })),
    fc
      .tuple(fc.constantFrom(...(Object.keys(ranks) as Operator[])), tie("written"), tie("written"), fc.boolean())
      .map(([operator, left, right, spaced]): Written => {
        const rank = ranks[operator]
        const toTheRight = operator === "^"
        const gap = spaced ? " " : ""
        return {
          text: `${within(left, toTheRight ? rank + 1 : rank)}${gap}${operator}${gap}${within(right, toTheRight ? rank : rank + 1)}`,
          rank,
          value:
            left.value === undefined || right.value === undefined
              ? undefined
              : meaning(operator, left.value, right.value),
        }
      }),
  ),
}))

t.test("an expression of whole numbers is worth what BigInt says, by the usual precedence", async (t) => {
  let compared = 0
  fc.assert(
    fc.property(written, ({ text, value }) => {
      fc.pre(value !== undefined && text.length <= 1000 && value.toString(2).length < 1000)
      compared += 1
      return evaluateExpression(text) === String(value)
    }),
    { numRuns: 2000 },
  )
  t.ok(compared >= 2000)
})

t.test("^ binds to the right and before a minus, the others to the left", async (t) => {
  t.equal(evaluateExpression("2^3^2"), "512")
  t.equal(evaluateExpression("-2^2"), "-4")
  t.equal(evaluateExpression("2^-1"), "0.5")
  t.equal(evaluateExpression("100-10-1"), "89")
  t.equal(evaluateExpression("100/10/5"), "2")
  t.equal(evaluateExpression("-7 % 3"), "-1")
})

t.test("signs as people type them are read, and what is no whole number has ten digits", async (t) => {
  t.equal(evaluateExpression("6 × 7 ÷ 2 − 1"), "20")
  t.equal(evaluateExpression("0.1 + 0.2"), "0.3")
  t.equal(evaluateExpression("1/3"), "0.3333333333")
  t.equal(evaluateExpression(".5 * 4"), "2")
  t.equal(evaluateExpression("+5"), "5")
  t.equal(evaluateExpression("123456789123456789 * 987654321987654321"), "121932631356500531347203169112635269")
})

t.test("what cannot be read is told with its position and what was expected there", async (t) => {
  for (const [text, told] of [
    ["2 + * 3", /"\*" at 5 stands where a number is expected/],
    ["1 2", /"2" at 3 stands where an operator or the end is expected/],
    ["4)", /"\)" at 2 stands where an operator or the end is expected/],
    ["(1 2)", /"2" at 4 stands where an operator or "\)" is expected/],
    ["3 * (4 + 5", /the parenthesis at 5 is not closed/],
    ["48 *", /it ends where a number is expected/],
    ["", /it ends where a number is expected/],
    ["2 + x", /"x" at 5 is not arithmetic: use numbers/],
    ["process.exit()", /"process.exit\(\)" at 1 is not arithmetic/],
  ] as const)
    t.throws(() => evaluateExpression(text), { code: "INVALID_EXPRESSION", message: told }, text)
})

t.test("what is no number or too large is refused, also where it is not the result", async (t) => {
  for (const [text, told] of [
    ["1/0", /division by zero/],
    ["5 % (3-3)", /division by zero/],
    ["1/0.0", /division by zero/],
    ["0^-1", /too large, or is none/],
    ["1e400", /too large, or is none/],
    ["1/1e999", /too large, or is none/],
    ["(-8)^0.5", /too large, or is none/],
    ["10^400/3", /too large, or is none/],
    ["2^5000", /too large/],
    ["9^9^9", /too large/],
    ["2^2^2^2^2^2", /too large/],
    ["1+".repeat(500) + "1", /1001 characters; at most 1000/],
  ] as const)
    t.throws(() => evaluateExpression(text), { code: "INVALID_EXPRESSION", message: told }, text.slice(0, 20))
})

t.test("the largest whole result is exact", async (t) => {
  t.equal(evaluateExpression("2^4095"), String(2n ** 4095n))
  t.throws(() => evaluateExpression("2^4096"), { code: "INVALID_EXPRESSION" })
  t.equal(evaluateExpression("1^100000"), "1", "a power of one is small, whatever its exponent")
  t.equal(evaluateExpression("(-1)^100001"), "-1")
})

t.test("any text at all either has a value or is refused as an expression", async (t) => {
  const symbols = fc.constantFrom(..."0123456789.+-*/%^()eE ×÷−x\n".split(""))
  fc.assert(
    fc.property(fc.array(symbols, { maxLength: 40 }), (parts) => {
      try {
        return /^-?\d+(\.\d+)?(e[+-]\d+)?$/.test(evaluateExpression(parts.join("")))
      } catch (error) {
        return (error as { code?: string }).code === "INVALID_EXPRESSION"
      }
    }),
    { numRuns: 2000 },
  )
  t.pass()
})
