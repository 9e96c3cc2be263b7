import t from "tap"
import { createAgentOS } from "#src/os.js"

t.test("a system that cannot be made leaves its folder free", async (t) => {
  const data = t.testdir()
  const agents = [{ name: "clerk", model: "nobody", instructions: "count" }]
  await t.rejects(createAgentOS({ data, agents }), { code: "UNKNOWN_MODEL", message: /clerk wants the model "nobody"/ })
  const os = await createAgentOS({ data })
  await t.rejects(createAgentOS({ data }), { code: "LEVEL_LOCKED" })
  await os.stop()
  await (await createAgentOS({ data })).stop()
})

t.test("the shipped documents are known, unless they are not wanted", async (t) => {
  const os = await createAgentOS({ data: "memory" })
  t.match(await os.knowledge.search("where is actor state kept", { unit: "sentence", limit: 1 }), [
    { text: "Actor state is kept in LevelDB.", source: "llmagentos/facts.md" },
  ])
  await os.stop()
  const without = await createAgentOS({ data: "memory", knowledge: { shipped: false } })
  t.same(await without.knowledge.documents(), [])
  await without.stop()
})

t.test("creating a system opens no door, and stopping twice is stopping once", async (t) => {
  const os = await createAgentOS({ data: "memory", gateway: { port: 0, grpcPort: 0 } })
  const doors = await os.listen()
  t.same(await os.listen(), doors, "the doors are opened once")
  t.equal((await fetch(`${doors.rest}/healthz`)).status, 200)
  await Promise.all([os.stop(), os.stop()])
  await t.rejects(fetch(`${doors.rest}/healthz`))
})
