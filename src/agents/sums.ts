/** Sums that a question asks for, in the words of the embedded model's corpus. Pure. */

export interface AskedSum {
  /** As the calculator takes it: "48 * 17". */
  readonly expression: string
  /** What else stands in its clause, word by word; what is no word stands for itself: "%". */
  readonly around: readonly string[]
}

const number = String.raw`\d+(?:\.\d+)?`
const infix: Readonly<Record<string, string>> = {
  "+": "+", plus: "+", "added to": "+",
  "-": "-", minus: "-", less: "-",
  "*": "*", x: "*", "×": "*", times: "*", "multiplied by": "*",
  "/": "/", "÷": "/", "divided by": "/", over: "/",
} // prettier-ignore
const operator = `(?:${Object.keys(infix).map((text) => text.replace(/[+*/]/, String.raw`\$&`)).join("|")})` // prettier-ignore

const begin = String.raw`(?<![\p{L}\p{N}.,]|[-+*/×÷^$€]\s?)`
const end = String.raw`(?![\p{L}\p{N}]|[.,]\p{N})`

/** A way to ask: `$1` and `$2` are its numbers, in the order of the expression. */
const forms: readonly (readonly [pattern: RegExp, expression: string])[] = [
  [form(`sum of {1} and {2}`), "$1 + $2"],
  [form(`difference (?:between|of) {1} and {2}`), "$1 - $2"],
  [form(`product of {1} and {2}`), "$1 * $2"],
  [form(`quotient of {1} and {2}`), "$1 / $2"],
  [form(`(?:add|sum) {1} (?:and|to) {2}`), "$1 + $2"],
  [form(`subtract {2} from {1}`), "$1 - $2"],
  [form(`take {2} away from {1}`), "$1 - $2"],
  [form(`multiply {1} (?:by|and|with) {2}`), "$1 * $2"],
  [form(`divide {1} by {2}`), "$1 / $2"],
  [form(`split {1} into {2} parts`), "$1 / $2"],
]
const row = new RegExp(String.raw`${begin}${number}(?:\s*${operator}\s*${number})+${end}`, "giu")

export function sumsIn(text: string): AskedSum[] {
  const question = text.replace(/\s+/g, " ")
  const sums: AskedSum[] = []
  const add = (found: RegExpExecArray, expression: string): void => {
    const from = found.index
    const before = clauses(question.slice(0, from)).at(-1) ?? ""
    const after = clauses(question.slice(from + found[0].length))[0] ?? ""
    sums.push({ expression, around: [...partsOf(before), ...partsOf(after)] })
  }
  for (const found of question.matchAll(row)) if (!isCode.test(found[0])) add(found, spacedSum(found[0]))
  for (const [pattern, expression] of forms)
    for (const found of question.matchAll(pattern))
      add(
        found,
        expression.replace(/\$(\d)/g, (_, gap: string) => found.groups?.[`n${gap}`] ?? ""),
      )
  return sums
}

/** A date, an address or a number to call, rather than a sum: "12/30/2026", "10.0.0.1/24", "0800-123456". */
const isCode = /\d([-/])\d+\1\d|\d\.\d+\.\d|(?<![\d.])0\d/
const callOrYears = /(?<!\d)\d{3,4}-\d{4}(?!\d)/
const toCalculate =
  /\b(?:how much|total|result|sum|difference|minus|comput|calculat|evaluat|equal|work out|figure out)/i

/** Whether what looks like a sum is rather a number to call, or years: "What is 555-1234?", and not "Calculate 555-1234". */
export const isNoSum = (question: string): boolean =>
  otherBase.test(question) || (callOrYears.test(question) && !toCalculate.test(question))

/** 0x10 is no 0 times 10. */
const otherBase = /\b0[xob][\da-f]/i

const leadIn = /^\s*(?:what(?:'s| is)|calculate|how much is)?(?![\p{L}\p{N}])/iu
const anyOperator = new RegExp(`(?<!\\p{L})${operator}(?!\\p{L})`, "giu")

/** The expression that the one clause of a question which asks for a sum is, as the calculator takes it: "(3 + 4) * 5". */
export function expressionIn(question: string): string | undefined {
  if (isNoSum(question)) return undefined
  const { sums, others } = partedSums(question)
  const more = others.some((clause) => /\d/.test(clause) && (!asks.test(clause) || sumsIn(clause).length > 0))
  return more || sums.length > 1 ? undefined : sums[0]
}

function partedSums(question: string): { readonly sums: string[]; readonly others: string[] } {
  const sums: string[] = []
  const others: string[] = []
  for (const clause of clauses(question)) {
    const sum = expressionOf(clause)
    if (sum === undefined) others.push(clause)
    else sums.push(sum)
  }
  return { sums, others }
}

function expressionOf(clause: string): string | undefined {
  const plain = clause
    .normalize("NFKC")
    .replace(/[’]/g, "'")
    .replace("−", "-")
    .replace(leadIn, "")
    .replace(/[\s=.]+$/, "")
    .replace(/(?<![\d.,])\d{1,3}(?:,\d{3})+(?![\d,])/g, (thousands) => thousands.replaceAll(",", ""))
  if (isCode.test(plain)) return undefined
  const expression = plain.replace(anyOperator, (text) => infix[text.toLowerCase()] ?? text).trim()
  if (!/^[-+*/^().\d\s]+$/.test(expression) || !/[\d)]\s*[-+*/^]/.test(expression) || /\d\s+[\d.]/.test(expression))
    return undefined
  let written = ""
  for (const part of expression.match(/\d*\.?\d+|\S/g) ?? [])
    written += /[-+*/^]/.test(part) && /[\d)]$/.test(written) ? ` ${part} ` : part
  return written
}

/** A question word. */
export const asks = /\b(?:what|when|where|which|who|whom|whose|why|how)\b/i

/** The clauses of a question that ask, by a question word, for something other than a sum. */
export const askedBesides = (question: string): string[] =>
  partedSums(question).others.filter((clause) => asks.test(clause) && sumsIn(clause).length === 0)

/** What a question with a sum is for the shipped topology; absent: it has none that is asked in these words. */
export function routeOf(question: string, words: readonly string[]): "math" | "both" | undefined {
  if (isNoSum(question)) return undefined
  const plain = expressionIn(question) !== undefined
  if (!plain && !sumsIn(question).some(({ around }) => around.every((word) => words.includes(word)))) return undefined
  // "Hello", "tell me" and their like ask for nothing.
  return partedSums(question).others.every((clause) => partsOf(clause).length <= 2 || sumsIn(clause).length > 0)
    ? "math"
    : "both"
}

function form(text: string): RegExp {
  const gaps = text.replace(/\{(\d)\}/g, (_, gap: string) => `(?<n${gap}>${number})`)
  return new RegExp(`${begin}${gaps}${end}`, "giu")
}

/** Numbers and operators of a sum as the calculator takes them, a space between. */
export function spacedSum(sum: string): string {
  const parts = sum.toLowerCase().match(new RegExp(`${number}|${operator}`, "gu")) ?? []
  return parts.map((part) => infix[part] ?? part).join(" ")
}

/** A text cut where something else may be asked, which does not go on with the sum: "and add 5". */
const clauses = (text: string): string[] => text.split(cut)
const goesOn = String.raw`\s*(?:and\s|then\s)*\s*(?:\p{N}|(?:add|subtract|multiply|divide|take|split|plus|minus|times)\b)`
const cut = new RegExp(String.raw`[?!]|(?:[;:,]|\.(?!\p{N})|\b(?:and|then)\b)(?!${goesOn})`, "iu")
const partsOf = (text: string): string[] =>
  text
    .toLowerCase()
    .match(/[\p{L}\p{N}]+(?:'\p{L}+)?|[^\s\p{L}\p{N}]/gu)
    ?.map((part) => part.replace(/'s$/, "")) ?? []
