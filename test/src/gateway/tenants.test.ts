import { Metadata, Client as Channel, credentials } from "@grpc/grpc-js"
import { join } from "node:path"
import t from "tap"
import { llmagentos } from "#proto/agent.generated.js"
import type { NewKey } from "#src/security/keys.js"
import { readTokenFile } from "#src/security/token-file.js"
import { openNode } from "#test/support/open-node.js"

const { v1 } = llmagentos

t.test("a key is made for a tenant; an admin names another for one call, and anybody else is refused", async (t) => {
  const data = t.testdir()
  const node = await openNode({ data, security: { requireKeys: "always" }, knowledge: { shipped: false } })
  t.teardown(() => node.stop())
  const token = (await readTokenFile(join(data, "token"))) ?? ""
  const channel = new Channel(node.grpc, credentials.createInsecure())
  t.teardown(() => channel.close())

  const rest = async (key: string, path: string, body: unknown, tenant?: string) => {
    const headers = {
      authorization: `bearer ${key}`,
      "content-type": "application/json",
      ...(tenant !== undefined && { "x-tenant": tenant }),
    }
    const answer = await fetch(node.rest + path, { method: "POST", headers, body: JSON.stringify(body) })
    return (await answer.json()) as { error?: { code: string }; hits?: readonly unknown[] } & NewKey
  }
  const search = (key: string, tenant?: string): Promise<string> =>
    new Promise((resolve) => {
      const metadata = new Metadata()
      metadata.set("authorization", `BEARER ${key}`)
      if (tenant !== undefined) metadata.set("x-tenant", tenant)
      channel.makeUnaryRequest(
        "/llmagentos.v1.AgentService/SearchKnowledge",
        (query: string) => Buffer.from(v1.SearchRequest.encode({ query }).finish()),
        (bytes) => v1.SearchReply.decode(bytes),
        "the copper lantern",
        metadata,
        (error, reply) =>
          resolve(error === null ? `${reply?.hits.length} hits` : String(error.metadata.get("error-code")[0])),
      )
    })

  const acme = await rest(token, "/v1/keys", { name: "acme", tenant: "acme", role: "operator" })
  t.equal(acme.record.tenant, "acme")
  t.equal((await rest(token, "/v1/keys", { name: "other" }, "other")).record.tenant, "other", "of the call, by default")
  t.match(await rest(token, "/v1/keys", { name: "bad", tenant: "a/b" }), { error: { code: "INVALID_REQUEST" } })
  const document = { id: "lantern.md", format: "markdown", content: "The copper lantern hangs in the hall." }
  t.match(await rest(acme.key, "/v1/knowledge/documents", document), { chunks: 1 })

  const asked = { query: "the copper lantern" }
  for (const [key, tenant, rests, grpcs] of [
    [acme.key, undefined, { hits: { length: 1 } }, "1 hits"],
    [acme.key, "acme", { hits: { length: 1 } }, "1 hits"],
    [acme.key, "default", { error: { code: "FORBIDDEN" } }, "FORBIDDEN"],
    [token, undefined, { hits: { length: 0 } }, "0 hits"],
    [token, "acme", { hits: { length: 1 } }, "1 hits"],
    [token, "a/b", { error: { code: "INVALID_NAME" } }, "INVALID_NAME"],
  ] as const) {
    t.match(await rest(key, "/v1/knowledge/search", asked, tenant), rests, `REST, ${String(tenant)}`)
    t.equal(await search(key, tenant), grpcs, `gRPC, ${String(tenant)}`)
  }
})
