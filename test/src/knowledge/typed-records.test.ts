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

t.test("a condition is a value or bounds; what is neither is refused and finds nothing", async (t) => {
  const knowledge = new KnowledgeBase(memoryRecords()).of("default")
  const form = z.object({ price: z.number(), tags: z.array(z.string()), size: z.object({ high: z.number() }) })
  const wares = knowledge.records("ware", form)
  await wares.put("rope", { price: 4, tags: ["long"], size: { high: 1 } })
  await wares.put("lamp", { price: 90, tags: ["warm", "red"], size: { high: 2 } })
  const ids = async (where: object) => (await wares.find(where)).map(([id]) => id)
  for (const price of [{ gt: 5 }, {}, [1], { min: null }, { min: 1, more: 2 }, { max: true }])
    await t.rejects(ids({ price }), { code: "INVALID_RECORD", message: /price: .* is no condition/ })
  t.same(await ids({ price: { min: "4" } }), [], "a number is no text")
  t.same(await ids({ tags: ["warm", "red"] }), ["lamp"])
  t.same(await ids({ size: { high: 1 } }), ["rope"])
  t.same(await ids({ size: { high: 3 } }), [])
})

t.test("facts are asserted of texts, and asked for by any part of them or by none", async (t) => {
  const knowledge = new KnowledgeBase(memoryRecords()).of("default")
  for (const fact of [{ subject: 1, relation: "r", object: "o" }, { subject: "s" }, {}])
    await t.rejects(knowledge.assert(fact as never), { code: "INVALID_FACT" })
  await knowledge.assert({ subject: "s", relation: "r", object: "o" })
  t.same(await knowledge.facts(), [{ subject: "s", relation: "r", object: "o" }])
})

t.test(
  "what no record or fact has is refused where it is asked for, and what no store keeps where it is given",
  async (t) => {
    const knowledge = new KnowledgeBase(memoryRecords()).of("default")
    for (const pattern of [{ subjct: "Ada" }, { subject: "Ada", toString: "x" }])
      await t.rejects(knowledge.facts(pattern as never), { code: "INVALID_FACT", message: /a fact has no/ })
    const fact = { subject: "s", relation: "r", object: "o", source: "talk" }
    for (const field of Object.keys(fact))
      for (const bad of ["A\u0000da", "\u001b[2J", "a\nb", "\u0085", "x".repeat(1_000_000), "\ud800", 7])
        await t.rejects(knowledge.assert({ ...fact, [field]: bad } as never), { code: "INVALID_FACT" })
    await t.rejects(knowledge.assert({ ...fact, more: "x" } as never), { code: "INVALID_FACT", message: /"more"/ })
    for (const form of [city, city.strict(), city.extend({ note: z.string().optional() })])
      await t.rejects(knowledge.records("city", form).find({ peple: 1 } as never), {
        code: "INVALID_RECORD",
        message: /a city has no "peple"; it has country, people/,
      })
    t.same(await knowledge.records("city", city.loose()).find({ mayor: "x" }), [])
    for (const form of [z.date(), z.coerce.date(), z.bigint(), z.map(z.string(), z.int()), z.set(z.string())])
      for (const held of [form, form.optional(), z.array(form), z.object({ at: form }), z.union([z.string(), form])])
        t.throws(() => knowledge.records("event", z.object({ when: held })), {
          code: "INVALID_RECORD",
          message: /when/,
        })
    const dated = knowledge.records(
      "event",
      z.object({ when: z.iso.datetime().transform((text) => text.slice(0, 10)) }),
    )
    await dated.put("e", { when: "2026-01-01T00:00:00Z" })
    t.same(await dated.find({ when: { max: "2026-02-01" } }), [["e", { when: "2026-01-01" }]])
  },
)

t.test("a document that is not read when its node stops is told as that", async (t) => {
  const base = new KnowledgeBase(memoryRecords())
  const adding = Promise.allSettled(
    Array.from({ length: 20 }, (_, n) =>
      base.of("default").add({ id: `d${n}`, format: "markdown", content: "- one\n".repeat(20_000) }),
    ),
  )
  await base.close()
  for (const added of await adding)
    if (added.status === "rejected") t.match(added.reason, { code: "SYSTEM_STOPPED", executed: "no" })
  await t.rejects(base.of("default").add({ id: "late", format: "text", content: "x" }), { code: "SYSTEM_STOPPED" })
})
