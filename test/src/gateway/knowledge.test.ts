import t from "tap"
import { z } from "zod"
import { createClient } from "#src/client/index.js"
import { openNode } from "#test/support/open-node.js"

t.test("documents, facts and records are added, listed, found and removed at every door", async (t) => {
  const node = await openNode({ knowledge: { shipped: false } })
  t.teardown(() => node.stop())
  const articles = node.os.knowledge.records("article", z.object({ name: z.string(), price: z.number() }))
  await articles.put("a1", { name: "lamp", price: 40 })
  await articles.put("a2", { name: "desk", price: 90 })
  for (const url of [node.rest, `grpc://${node.grpc}`]) {
    const client = createClient({ url })
    t.teardown(() => client.close())
    const id = "notes/a b%2F?#/ü.md"
    await client.addDocument({ id, format: "text", content: Buffer.from("Die Möwe ist alt.", "latin1") })
    t.match(await client.documents(), [{ id, chunks: 1, bytes: 17, notes: [/Windows-1252/] }])
    t.match(await client.search("Möwe"), [{ source: id, text: "Die Möwe ist alt." }])
    t.ok(await client.removeDocument(id))
    t.notOk(await client.removeDocument(id))
    t.same(await client.documents(), [])
    const fact = { subject: "Ada", relation: "owns", object: "a/b & c", source: "a talk" }
    await client.assertFact(fact)
    await client.assertFact({ subject: "Bob", relation: "owns", object: "tea" })
    t.same(await client.facts({ subject: "Ada" }), [fact])
    t.equal((await client.facts({ relation: "owns", limit: 1 })).length, 1)
    t.equal((await client.facts()).length, 2)
    t.ok(await client.retractFact(fact))
    t.notOk(await client.retractFact(fact))
    t.ok(await client.retractFact({ subject: "Bob", relation: "owns", object: "tea" }))
    await t.rejects(client.assertFact({ subject: " ", relation: "is", object: "x" }), { code: "INVALID_REQUEST" })
    t.same(await client.records("article", { where: { price: { max: 50 } } }), [
      { id: "a1", record: { name: "lamp", price: 40 } },
    ])
    t.equal((await client.records("article")).length, 2)
    t.same(await client.records("nothing"), [])
  }
})

t.test("agents look up facts and records of their own tenant", async (t) => {
  const node = await openNode({ knowledge: { shipped: false } })
  t.teardown(() => node.stop())
  await node.os.knowledge.assert({ subject: "Ada", relation: "owns", object: "the key" })
  await node.os.knowledgeOf("other").assert({ subject: "Ada", relation: "owns", object: "the lamp" })
  await node.os
    .knowledgeOf("other")
    .records("city", z.object({ people: z.number() }))
    .put("oslo", { people: 1 })
  const { tools } = node.os
  t.match(await tools.call("knowledge.facts", { subject: "Ada" }), { text: "Ada owns the key" })
  t.match(await tools.call("knowledge.facts", { object: "the lamp" }), { kind: "error", code: "NOTHING_FOUND" })
  t.match(await tools.call("knowledge.facts", { object: "the lamp" }, { tenant: "other" }), { kind: "ok" })
  t.match(await tools.call("knowledge.records", { type: "city", where: { people: 1 } }, { tenant: "other" }), {
    kind: "ok",
    value: [{ id: "oslo", people: 1 }],
  })
  t.match(await tools.call("knowledge.records", { type: "city" }), { kind: "error", code: "NOTHING_FOUND" })
})
