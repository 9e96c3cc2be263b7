import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import t from "tap"
import { systemClock, systemRandom } from "#actors/clock.js"
import { createClient } from "#src/client/index.js"
import { ApiKeys, type KeyRecord, type NewKey } from "#src/security/keys.js"
import { readTokenFile } from "#src/security/token-file.js"
import { openNode } from "#test/support/open-node.js"
import { until } from "#test/support/until.js"

/** A node that wants keys, and an administrator's hand on them. */
async function openKeyed(t: { teardown(end: () => Promise<void>): unknown }) {
  const data = await mkdtemp(join(tmpdir(), "keyed-"))
  const node = await openNode({ data, security: { requireKeys: "always" }, knowledge: { shipped: false } })
  t.teardown(async () => {
    await node.stop()
    await rm(data, { recursive: true })
  })
  const token = await readTokenFile(join(data, "token"))
  const administer = async (method: string, path: string, body?: unknown): Promise<unknown> => {
    const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" }
    const response = await fetch(node.rest + path, {
      method,
      headers,
      ...(body !== undefined && { body: JSON.stringify(body) }),
    })
    return response.json()
  }
  return {
    node,
    create: (wanted: { name: string; role?: string }) => administer("POST", "/v1/keys", wanted) as Promise<NewKey>,
    revoke: ({ record }: NewKey) => administer("DELETE", `/v1/keys/${record.id}`),
  }
}

for (const door of ["rest", "grpc"] as const)
  t.test(`${door}: calls and streams of a key end when it is revoked, alone or joined`, async (t) => {
    const { node, create, revoke } = await openKeyed(t)
    const [robot, other] = [await create({ name: "robot" }), await create({ name: "other" })]
    const url = door === "rest" ? node.rest : `grpc://${node.grpc}`
    const client = createClient({ url, apiKey: robot.key })
    const bystander = createClient({ url, apiKey: other.key })
    const read = async (stream: AsyncIterable<unknown>): Promise<void> => {
      for await (const _event of stream);
    }
    const kept = bystander.run("slow", "hello")
    const refused = [
      read(client.stream("slow", "a")),
      client.run("slow", "b"),
      client.run("slow", "d", { idempotencyKey: "d" }),
      read(client.stream("slow", "c", { idempotencyKey: "c" })),
      read(client.stream("slow", "c", { idempotencyKey: "c" })),
      client.run("slow", "c", { idempotencyKey: "c" }),
    ].map((call) => t.rejects(Promise.resolve<unknown>(call), { code: "UNAUTHENTICATED" }))
    await until(() => node.model.requests.length === 5, "every run to reach the model")
    await revoke(robot)
    await Promise.all(refused)
    await t.rejects(client.run("echo", "e"), { code: "UNAUTHENTICATED" })
    const calledOff = () => node.model.requests.filter(({ signal }) => signal?.aborted === true).length
    await until(() => calledOff() === 4, "its work to be called off")
    t.equal((await bystander.run("echo", "still here")).output, "still here")
    await revoke(other)
    await t.rejects(kept, { code: "UNAUTHENTICATED" })
    await Promise.all([client.close(), bystander.close()])
  })

t.test("whoever watches runs sees no more of them once its key is revoked", async (t) => {
  const { node, create, revoke } = await openKeyed(t)
  const watcher = await create({ name: "watcher", role: "operator" })
  const watch = await fetch(`${node.rest}/v1/runs/live`, { headers: { authorization: `bearer ${watcher.key}` } })
  t.equal(watch.status, 200)
  await revoke(watcher)
  t.match(await watch.text(), /event: error\ndata: .*UNAUTHENTICATED/)
})

t.test("a revocation on another node of a shared store is heard once, also after a failed look", async (t) => {
  const records = new Map<string, KeyRecord>()
  let heard = (): void => undefined
  let broken = false
  const store = {
    all: async () => {
      if (broken) throw new Error("the database is away")
      return [...records.values()]
    },
    put: async (record: KeyRecord) => void records.set(record.id, record),
    follow: async (listener: () => void) => {
      heard = listener
      return () => undefined
    },
  }
  let again = (): void => undefined
  const clock = { ...systemClock, timer: (_ms: number, call: () => void) => ((again = call), () => undefined) }
  const there = await ApiKeys.open(store, systemClock, systemRandom)
  const made = await there.create("robot")
  const here = await ApiKeys.open(store, clock, systemRandom)
  const told: string[] = []
  here.onRevoked((id) => told.push(id))
  await there.revoke(made.record.id)
  broken = true
  heard()
  await new Promise((done) => setImmediate(done))
  t.ok(here.authenticate(made.key), "it is not known yet")
  broken = false
  again()
  await until(() => told.length > 0, "the revocation to be heard")
  heard()
  await new Promise((done) => setImmediate(done))
  t.same(told, [made.record.id])
  t.equal(here.authenticate(made.key), undefined)
})
