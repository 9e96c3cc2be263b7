import t from "tap"
import { z } from "zod"
import { KnowledgeBase } from "#src/knowledge/knowledge-base.js"
import { memoryRecords } from "#src/record-store.js"

const city = z.object({ country: z.string(), people: z.int() })

t.test("records of a type are found by what stands in them", async (t) => {
  const knowledge = new KnowledgeBase(memoryRecords()).of("default")
  const cities = knowledge.records("city", city)
  await cities.put("oslo", { country: "Norway", people: 720_000 })
  await cities.put("bergen", { country: "Norway", people: 290_000 })
  await cities.put("lund", { country: "Sweden", people: 130_000 })
  const ids = async (where: Parameters<typeof cities.find>[0]) => (await cities.find(where)).map(([id]) => id)
  t.same(await ids({}), ["bergen", "lund", "oslo"])
  t.same(await ids({ country: "Norway" }), ["bergen", "oslo"])
  t.same(await ids({ people: { min: 200_000 } }), ["bergen", "oslo"])
  t.same(await ids({ country: "Norway", people: { max: 290_000 } }), ["bergen"])
  t.same((await cities.find({}, { limit: 1 })).length, 1)
  t.ok(await cities.remove("lund"))
  t.notOk(await cities.remove("lund"))
  t.equal(await cities.get("lund"), undefined)
  t.same(await cities.get("oslo"), { country: "Norway", people: 720_000 })
})

t.test("a record of another form is refused, and the one before stays", async (t) => {
  const cities = new KnowledgeBase(memoryRecords()).of("default").records("city", city)
  await cities.put("oslo", { country: "Norway", people: 1 })
  const wrong = { country: "Norway", people: "many" } as unknown as z.output<typeof city>
  await t.rejects(cities.put("oslo", wrong), { code: "INVALID_RECORD", message: /city "oslo".*people/s })
  t.same(await cities.get("oslo"), { country: "Norway", people: 1 })
})

t.test("types and tenants are apart", async (t) => {
  const base = new KnowledgeBase(memoryRecords())
  const knowledge = base.of("default")
  await knowledge.records("city", city).put("a", { country: "x", people: 1 })
  await knowledge.records("cit", city).put("ya", { country: "y", people: 2 })
  t.same(await knowledge.records("city", city).find(), [["a", { country: "x", people: 1 }]])
  t.same(await base.of("other").records("city", city).find(), [])
})
