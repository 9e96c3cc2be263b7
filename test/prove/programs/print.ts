/** A program as a test for a file of its own, which fails for as long as the promise is broken. */
import type { Violation } from "./model.js"
import type { Kind, Program } from "./program.js"

const width = 116

/** As lines of TypeScript. */
export function printed(program: Program, seed: number, { promise, text }: Violation): readonly string[] {
  const { kinds, acts, ...place } = program
  return [
    'import t from "tap"',
    'import { runProgram } from "#test/prove/programs/seeds.js"',
    "",
    `t.test(${JSON.stringify(`${promise}: ${text}`.slice(0, 80))}, async (t) => {`,
    ...wrapped(`  const { violations } = await runProgram({ ${fields(place)}, kinds: [`),
    ...kinds.flatMap(kindLines),
    "  ], acts: [",
    ...acts.flatMap((act) => wrapped(`    ${literal(act)},`)),
    `  ] }, ${seed})`,
    "  t.same(violations, [])",
    "})",
  ]
}

function kindLines(kind: Kind): string[] {
  const whole = `    ${literal(kind)},`
  if (whole.length <= width) return [whole]
  const { handlers, ...options } = kind
  return [
    ...wrapped(`    { ${fields(options)}, handlers: [`),
    ...handlers.flatMap((handler) => wrapped(`      ${literal(handler)},`)),
    "    ] },",
  ]
}

/** Goes on in another line where an object ends, or at least one of its parts. */
function wrapped(line: string, indent = " ".repeat(line.search(/\S/) + 2)): string[] {
  const endOf = (mark: string): number => line.lastIndexOf(mark, width - 2) + mark.length - 1
  const end = line.length <= width ? 0 : endOf("}, ") > 2 ? endOf("}, ") : endOf(", ")
  return end <= indent.length ? [line] : [line.slice(0, end), ...wrapped(`${indent}${line.slice(end + 1)}`, indent)]
}

const fields = (of: object): string =>
  Object.entries(of)
    .map(([name, part]) => `${name}: ${literal(part)}`)
    .join(", ")

function literal(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(literal).join(", ")}]`
  if (typeof value === "object" && value !== null) return `{ ${fields(value)} }`
  return typeof value === "string" ? JSON.stringify(value) : String(value)
}
