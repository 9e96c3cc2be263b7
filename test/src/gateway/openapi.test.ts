import { join } from "node:path"
import t from "tap"
import { readTokenFile } from "#src/security/token-file.js"
import { openNode } from "#test/support/open-node.js"
import { walkOpenApi } from "#test/support/walk-openapi.js"

t.test(
  "every answer is one that the OpenAPI document describes, whoever asks and whatever is asked",
  { timeout: 120_000 },
  async (t) => {
    const data = join(t.testdir({ node: {} }), "node")
    const node = await openNode({
      data,
      monitoring: { level: "silent" },
      security: { requestsPerMinute: 1_000_000_000 },
    })
    t.teardown(() => node.stop())
    const token = (await readTokenFile(join(data, "token"))) ?? ""
    const admin = await walkOpenApi(node.rest, { runs: 20, seed: 5, headers: { authorization: `Bearer ${token}` } })
    t.strictSame(admin.faults, [])
    t.ok(admin.requests > 700, String(admin.requests))
    t.strictSame((await walkOpenApi(node.rest, { runs: 4, seed: 6 })).faults, [], "a program of this machine")
    const stranger = { authorization: "Bearer lao_0123456789abcdef_nothing" }
    t.strictSame((await walkOpenApi(node.rest, { runs: 2, seed: 7, headers: stranger })).faults, [], "a stranger")
  },
)

t.test("the document names what it uses, and describes errors and answers of every operation", async (t) => {
  const node = await openNode()
  const text = await (await fetch(`${node.rest}/docs/json`)).text()
  const document = JSON.parse(text) as { components: { schemas: object }; paths: Record<string, Record<string, { responses: object; operationId: string }>> } // prettier-ignore
  for (const [, name = ""] of text.matchAll(/"#\/components\/schemas\/(\w+)"/g))
    t.ok(name in document.components.schemas, name)
  t.notMatch(text, /#\/definitions/)
  for (const { responses, operationId } of Object.values(document.paths).flatMap((path) => Object.values(path)))
    t.ok("200" in responses && "400" in responses && "401" in responses && "500" in responses, operationId)
  await node.stop()
})
