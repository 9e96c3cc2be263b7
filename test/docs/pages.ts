/** The pages that are written by code: `npm run docs` writes them, a test holds them to the code. */
import { readFile } from "node:fs/promises"
import { fileURLToPath } from "node:url"
import { format, resolveConfig } from "prettier"
import { actorErrors } from "#actors/errors.js"
import { clusterErrors } from "#cluster/errors.js"
import { configurationReference } from "#src/config.js"
import { systemErrors } from "#src/errors.js"
import { chatFields, type ChatField } from "#src/gateway/chat-fields.js"
import { gatewayErrors } from "#src/gateway/errors.js"
import { jsonSchema, type JsonSchema } from "#src/gateway/json-schema.js"
import { contracts } from "#src/gateway/openapi.js"
import { knowledgeErrors } from "#src/knowledge/errors.js"
import { modelErrors } from "#src/models/errors.js"
import { securityErrors } from "#src/security/errors.js"
import { toolErrors } from "#src/tools/errors.js"
import { runErrors } from "#src/topologies/errors.js"

const root = fileURLToPath(new URL("../../../", import.meta.url))

const tables = {
  "Actors and persistence": actorErrors,
  Cluster: clusterErrors,
  "Agents, topologies and runs": runErrors,
  Models: modelErrors,
  Tools: toolErrors,
  "Knowledge base": knowledgeErrors,
  Security: securityErrors,
  Gateway: gatewayErrors,
  System: systemErrors,
}

function errorsReference(): string {
  const parts = Object.entries(tables).map(([title, table]) =>
    [
      `## ${title}`,
      "",
      "| code | meaning | retryable | work done |",
      "|---|---|---|---|",
      ...Object.entries(table).map(
        ([code, { meaning, retryable, executed }]) =>
          `| \`${code}\` | ${meaning} | ${retryable ? "yes" : "no"} | ${executed} |`,
      ),
      "",
    ].join("\n"),
  )
  return [
    "# Errors",
    "",
    "<!-- Generated from the tables of codes by `npm run docs`; a test holds it to them. -->",
    "",
    "Every refusal and failure is an `AgentOSError` with a code. *Retryable* says whether the same call may succeed later with nothing changed;",
    "*work done* whether the call was carried out. Retry by yourself only what was not, or what carries an idempotency key.",
    "Both are what a code says by itself; an error says more of its own call where more is known, and then that holds.",
    "",
    ...parts,
  ].join("\n")
}

interface Evaluation {
  readonly items: number
  readonly intact: Readonly<Record<string, { readonly seen: number; readonly "held-out": number }>>
  readonly shuffled: Evaluation["intact"]
}

/** Tasks of the embedded model as people call them. */
const tasks: Readonly<Record<string, string>> = {
  route: "routing a request",
  "math-call": "writing a calculator call",
  "math-answer": "stating its result",
  "docs-query": "turning a question into a search",
  "docs-answer": "answering from one sentence",
  "docs-answer-long": "answering from two or three sentences",
  "time-answer": "telling the time",
  chat: "small talk",
  merge: "joining two answers",
}

function evaluationTable({ items, intact, shuffled }: Evaluation): string {
  return [
    "| task | seen phrasing | held out | shuffled |",
    "|---|---:|---:|---:|",
    ...Object.entries(tasks).map(
      ([task, title]) =>
        `| ${title} | ${intact[task]?.seen} | ${intact[task]?.["held-out"]} | ${shuffled[task]?.seen} |`,
    ),
    "",
    `${items} items a task and column.`,
  ].join("\n")
}

/** The table of operations, as people look for one. */
function operationsTable(): string {
  return [
    "| operation | what it does | REST | role |",
    "|---|---|---|---|",
    ...contracts.map(
      ([name, { summary, rest, role }]) =>
        `| \`${name}\` | ${summary} | \`${rest.method} ${rest.path}\` | ${role ?? ""} |`,
    ),
  ].join("\n")
}

/** What becomes of the fields of OpenAI's chat request. */
function chatFieldsTable(): string {
  const becomes = ({ fate, form, says }: ChatField): string => {
    if (fate === "honoured") return says
    if (fate === "decoding") return `${says} For an agent, over its own; refused for a topology.`
    if (fate === "taken") return `Taken, and changes no answer. ${says}`
    return fate === "refused" ? `Refused: ${says}.` : `Refused, but for ${valuesOf(jsonSchema(form))}: ${says}.`
  }
  return [
    "| field | what becomes of it |",
    "|---|---|",
    ...Object.entries<ChatField>(chatFields).map(([name, field]) => `| \`${name}\` | ${becomes(field)} |`),
  ].join("\n")
}

/** The values that a form takes, of one that takes few. */
function valuesOf(schema: JsonSchema): string {
  const values = schema.enum ?? [valueOf(schema)]
  return values.map((value) => `\`${JSON.stringify(value)}\``).join(" and ")
}

function valueOf({ const: only, type, properties = {}, items, minItems = 0 }: JsonSchema): unknown {
  if (type === "array") return minItems === 0 ? [] : [valueOf(items ?? {})]
  if (type === "object") return Object.fromEntries(Object.entries(properties).map(([name, of]) => [name, valueOf(of)]))
  return only
}

/** A page with what stands between its marks replaced. */
async function filled(path: string, texts: Readonly<Record<string, string>>): Promise<string> {
  let page = await readFile(root + path, "utf8")
  for (const [mark, text] of Object.entries(texts)) {
    const [before = "", rest = ""] = page.split(`<!-- ${mark} -->`)
    page = `${before}<!-- ${mark} -->\n\n${text}\n\n<!-- /${mark} -->${rest.split(`<!-- /${mark} -->`)[1] ?? ""}`
  }
  return page
}

/** Text by path. */
export async function generatedPages(): Promise<Readonly<Record<string, string>>> {
  const evaluation = JSON.parse(
    await readFile(`${root}src/models/embedded/scribe/evaluation.json`, "utf8"),
  ) as Evaluation
  const options = await resolveConfig(`${root}README.md`)
  const markdown = (text: string): Promise<string> => format(text, { ...options, parser: "markdown" })
  return {
    "docs/configuration.md": await markdown(configurationReference()),
    "docs/protocol.md": await markdown(
      await filled("docs/protocol.md", { operations: operationsTable(), "chat fields": chatFieldsTable() }),
    ),
    "docs/errors.md": await markdown(errorsReference()),
    "docs/training.md": await markdown(await filled("docs/training.md", { evaluation: evaluationTable(evaluation) })),
    "README.md": await markdown(await filled("README.md", { evaluation: evaluationTable(evaluation) })),
  }
}
