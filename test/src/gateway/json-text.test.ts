import fc from "fast-check"
import t from "tap"
import { checkJsonText, mostValues } from "#src/gateway/json-text.js"
import { openNode } from "#test/support/open-node.js"

t.test("a request of too many values is refused before it is parsed, whatever its form", async (t) => {
  const node = await openNode()
  const forms = {
    objects: `{"model":"echo","messages":[],"tools":[${"{},".repeat(300_000).slice(0, -1)}]}`,
    arrays: `{"x":${"[".repeat(480_000)}${"]".repeat(480_000)}}`,
    fields: `{${Array.from({ length: 70_000 }, (_, i) => `"k${i}":1`).join(",")}}`,
    numbers: `[${"1,".repeat(400_000)}1]`,
  }
  for (const [name, body] of Object.entries(forms)) {
    const headers = { "content-type": "application/json" }
    const response = await fetch(`${node.rest}/v1/chat/completions`, { method: "POST", headers, body })
    t.equal(response.status, 400, name)
    t.match(await response.json(), { error: { code: "INVALID_REQUEST", message: /more than 50000 values/ } })
  }
  await node.stop()
})

t.test("letters are no values: a long text of any letters passes", (t) => {
  for (const piece of ["a", ",", "{[", '"', "\\", '\\"', "\u2028"])
    t.doesNotThrow(() => checkJsonText(JSON.stringify({ input: piece.repeat(400_000 / piece.length) })), piece)
  t.end()
})

t.test("values are counted as a parser finds them", (t) => {
  const countOf = (value: unknown): number =>
    typeof value !== "object" || value === null
      ? 1
      : Object.values(value).reduce<number>((sum, part) => sum + countOf(part), 1)
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 6 }), fc.integer({ min: -2, max: 2 }), (value, around) => {
      // Filled up so that it is near the limit from either side.
      const filled = [value, ...Array.from({ length: mostValues - countOf(value) + around }, () => 7)]
      const refused = (() => {
        try {
          checkJsonText(JSON.stringify(filled))
          return false
        } catch {
          return true
        }
      })()
      // An empty object and an empty array count as one more than they are.
      return refused === countOf(filled) > mostValues || /\{\}|\[\]/.test(JSON.stringify(value))
    }),
    { numRuns: 50 },
  )
  t.end()
})
