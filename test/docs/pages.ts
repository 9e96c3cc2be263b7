/** The pages that are written by code: `npm run docs` writes them, a test holds them to the code. */
import { format } from "prettier"
import { actorErrors } from "#actors/errors.js"
import { configurationReference } from "#src/config.js"
import { systemErrors } from "#src/errors.js"
import { gatewayErrors } from "#src/gateway/errors.js"
import { knowledgeErrors } from "#src/knowledge/errors.js"
import { modelErrors } from "#src/models/errors.js"
import { securityErrors } from "#src/security/errors.js"
import { toolErrors } from "#src/tools/errors.js"
import { runErrors } from "#src/topologies/errors.js"

const tables = {
  "Actors and persistence": actorErrors,
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
    "",
    ...parts,
  ].join("\n")
}

/** Text by path. */
export async function generatedPages(): Promise<Readonly<Record<string, string>>> {
  const markdown = (text: string): Promise<string> => format(text, { parser: "markdown", printWidth: 120 })
  return {
    "docs/configuration.md": await markdown(configurationReference()),
    "docs/errors.md": await markdown(errorsReference()),
  }
}
