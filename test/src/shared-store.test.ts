import { readFile } from "node:fs/promises"
import { join } from "node:path"
import t from "tap"
import { createAgentOS, type AgentOSOptions } from "#src/os.js"
import { startPostgres, type PostgresServer } from "#test/support/postgres.js"
import { until } from "#test/support/until.js"

const found = await startPostgres()
if (typeof found === "string") t.pass("skipped", { skip: found })
else await run(found)

async function run(server: PostgresServer): Promise<void> {
  t.teardown(() => server.remove())
  const open = async (schema: string, data: string, more: AgentOSOptions = {}) => {
    const store = `${server.url}?schema=${schema}`
    const os = await createAgentOS({ data, store, knowledge: { shipped: false }, gateway: { port: 0, grpcPort: 0 }, ...more }) // prettier-ignore
    t.teardown(() => os.stop())
    return os
  }

  t.test("what one node learns, another one finds", async (t) => {
    const [one, two] = [await open("known", "memory"), await open("known", "memory")]
    const said = async (os: typeof one) => (await os.knowledge.search("where is the checklist")).map(({ text }) => text)
    t.strictSame(await said(two), [], "its index is loaded")
    await one.knowledge.add({ id: "list", format: "text", content: "The checklist is in the wiki." })
    await until(async () => (await said(two)).length === 1)
    await two.knowledge.add({ id: "list", format: "text", content: "The checklist is in the drawer." })
    await until(async () => (await said(one))[0]?.includes("drawer") === true)
    t.strictSame(await said(one), ["The checklist is in the drawer."], "in place of what was there")
    await one.knowledge.remove("list")
    await until(async () => (await said(two)).length === 0)
    await until(async () => (await two.knowledge.documents()).length === 0)
  })

  t.test("a key that one node makes opens the doors of the other, and no door once it is revoked", async (t) => {
    const folders = [join(t.testdir(), "one"), join(t.testdir(), "two")]
    const security = { requireKeys: "always" } as const
    const [one, two] = [await open("keys", folders[0]!, { security }), await open("keys", folders[1]!, { security })]
    const [here, there] = [await one.listen(), await two.listen()]
    const token = (await readFile(join(folders[0]!, "token"), "utf8")).trim()
    const admin = { authorization: `Bearer ${token}`, "content-type": "application/json" }
    const made = await fetch(`${here.rest}/v1/keys`, { method: "POST", headers: admin, body: '{"name":"ada"}' })
    const { key, ...record } = (await made.json()) as { key: string; id?: string; record?: { id: string } }
    const id = record.id ?? record.record?.id
    const status = async () => (await fetch(`${there.rest}/v1/agents`, { headers: { authorization: `Bearer ${key}` } })).status // prettier-ignore
    await until(async () => (await status()) === 200, "the key to be known at the other node")
    t.equal((await fetch(`${here.rest}/v1/keys/${id}`, { method: "DELETE", headers: admin })).status, 200)
    await until(async () => (await status()) === 401, "the key to be refused at the other node")
    t.equal(await status(), 401)
  })

  t.test("events, records and conversations survive the node", async (t) => {
    const first = await open("kept", "memory", { agents: [] })
    await first.knowledge.assert({ subject: "Ada", relation: "likes", object: "sums" })
    t.match(first.store, /^PostgreSQL \(127\.0\.0\.1:/)
    await first.stop()
    const second = await open("kept", "memory")
    t.match(await second.knowledge.facts({ subject: "Ada" }), [{ object: "sums" }])
  })
}
