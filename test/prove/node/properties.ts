/** What holds for any input, tried with a thousand of each; `npm test` tries a sample. */
import { thrownText } from "#actors/errors.js"
import { budgetHolds } from "#test/support/budget-property.js"
import { documentsAreWhole } from "#test/support/document-property.js"
import { historiesFit } from "#test/support/history-property.js"
import { languagesHold } from "#test/support/language-property.js"
import { patternsAgree } from "#test/support/pattern-property.js"
import { namesAreReadBack } from "#test/support/tool-names.js"
import { failuresAreText, plainResultsAreJson, resultsAreText } from "#test/support/tool-properties.js"
import { yamlIsRead } from "#test/support/yaml-property.js"

const properties: Readonly<Record<string, (cases: number) => void | Promise<void>>> = {
  "a tool's result is text that can be read, whatever it is": resultsAreText,
  "a tool's plain result is its JSON": plainResultsAreJson,
  "what a tool throws is text, whatever it is": failuresAreText,
  "tools keep their names on the wire": namesAreReadBack,
  "a history fits its context, in whole turns": historiesFit,
  "branches that race spend no more than their budget": budgetHolds,
  "documents in any letters are read whole": documentsAreWhole,
  "documents in any script are read, cut and found": languagesHold,
  "rules match as patterns do": patternsAgree,
  "any YAML gives a value or its faults": yamlIsRead,
}

/** @returns why each property does not hold; undefined: it does */
export async function tryProperties(
  cases: number,
  progress: (text: string) => void,
): Promise<Readonly<Record<string, string | undefined>>> {
  const found: Record<string, string | undefined> = {}
  for (const [name, holds] of Object.entries(properties)) {
    progress(`${name}, ${cases} times`)
    try {
      await holds(cases)
      found[name] = undefined
    } catch (error) {
      found[name] = thrownText(error)
    }
  }
  return found
}
