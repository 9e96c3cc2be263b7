import fc from "fast-check"
import { readYaml } from "#src/yaml.js"

const piece = fc.constantFrom("a: ", "b:\n", "- ", "? ", "[", "]", "{", "}", ", ", "&a ", "&b ", "*a", "*b", "*c", "\n", "\n  ", "\n    ", '"', "'", "|\n", "!!str ", "!x ", "<<: ", "---\n", "%YAML 1.2\n", "#", "7", "~", "\t", "é", "\u0000", "\u001f", "__proto__: ") // prettier-ignore
const text = fc
  .array(
    fc.oneof({ weight: 6, arbitrary: piece }, { weight: 1, arbitrary: fc.string({ unit: "binary", maxLength: 4 }) }),
    { maxLength: 60 },
  ) // prettier-ignore
  .map((parts) => parts.join(""))

/** Any text gives a value that is a tree, or faults with their places. */
export function yamlIsRead(numRuns: number): void {
  fc.assert(
    fc.property(text, (given) => {
      const { value, faults, place } = readYaml(given)
      const { line, column } = place(["a", "b", 0])
      if (value !== undefined) JSON.stringify(value)
      return (
        line >= 1 &&
        column >= 1 &&
        (faults.length === 0 || value === undefined) &&
        faults.every((fault) => fault.line >= 1 && fault.column >= 1 && fault.message !== "")
      )
    }),
    { numRuns },
  )
}
