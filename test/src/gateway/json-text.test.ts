import { Client, credentials, type ServiceError } from "@grpc/grpc-js"
import fc from "fast-check"
import t from "tap"
import { llmagentos } from "#proto/agent.generated.js"
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

t.test("a body that names a prototype, or is no JSON, hears which and where, at both doors", async (t) => {
  const node = await openNode()
  const headers = { "content-type": "application/json" }
  for (const [body, message] of [
    ['{"__proto__":{"x":1}}', /"__proto__", which no field/],
    ['{"target":"echo","input":"x","\\u005f_proto__":1}', /"__proto__"/],
    ['{"a":[{"b":1},{"b":{"__proto__":1}}]}', /"a\.1\.b\.__proto__"/],
    ['{"constructor":{"prototype":{}}}', /"constructor\.prototype"/],
    ["{", /the body is not JSON: .*1/],
    ['{"a":1,}', /the body is not JSON: .*7/],
    ["undefined", /the body is not JSON/],
  ] as const) {
    for (const url of [`${node.rest}/v1/runs`, `${node.rest}/v1/chat/completions`]) {
      const response = await fetch(url, { method: "POST", headers, body })
      t.equal(response.status, 400, body)
      t.match(await response.json(), { error: { code: "INVALID_REQUEST", message, executed: "no" } }, body)
    }
  }
  for (const input of ["what is __proto__?", "constructor.prototype", "\u005f_proto__"]) {
    const body = `\ufeff${JSON.stringify({ target: "echo", input })}`
    t.equal((await fetch(`${node.rest}/v1/runs`, { method: "POST", headers, body })).status, 200, "it is no name")
  }
  const channel = new Client(node.grpc, credentials.createInsecure())
  for (const [whereJson, message] of [
    ["{", /whereJson is not JSON/],
    ['{"__proto__":1}', /whereJson holds "__proto__"/],
  ] as const) {
    const bytes = Buffer.from(llmagentos.v1.RecordsRequest.encode({ type: "note", whereJson }).finish())
    const error = await new Promise<ServiceError | null>((done) =>
      channel.makeUnaryRequest(
        "/llmagentos.v1.AgentService/FindRecords",
        (all: Buffer) => all,
        (all) => all,
        bytes,
        done,
      ),
    )
    t.match(error?.details, message)
    t.strictSame(error?.metadata.get("error-code"), ["INVALID_REQUEST"])
  }
  channel.close()
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
