import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import t from "tap"
import { createClient, type Client } from "#src/client/index.js"
import type { NewKey } from "#src/security/keys.js"
import { readTokenFile } from "#src/security/token-file.js"
import { openNode } from "#test/support/open-node.js"

for (const door of ["rest", "grpc"] as const)
  t.test(`${door}: runs, conversations and keys are those of a caller, and operators see their tenant's`, async (t) => {
    const data = await mkdtemp(join(tmpdir(), "scopes-"))
    const node = await openNode({ data, security: { requireKeys: "always" }, knowledge: { shipped: false } })
    const clients: Client[] = []
    t.teardown(async () => {
      await Promise.all(clients.map((client) => client.close()))
      await node.stop()
      await rm(data, { recursive: true })
    })
    const token = await readTokenFile(join(data, "token"))
    const clientOf = async (name: string, tenant: string, role: string): Promise<Client> => {
      const response = await fetch(`${node.rest}/v1/keys`, {
        method: "POST",
        headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
        body: JSON.stringify({ name, tenant, role }),
      })
      const { key } = (await response.json()) as NewKey
      const client = createClient({ url: door === "rest" ? node.rest : `grpc://${node.grpc}`, apiKey: key })
      clients.push(client)
      return client
    }
    const [ada, bob, boss] = [await clientOf("ada", "acme", "user"), await clientOf("bob", "acme", "user"), await clientOf("boss", "acme", "operator")] // prettier-ignore
    const [eve, chief] = [await clientOf("eve", "else", "user"), await clientOf("chief", "else", "operator")]

    const options = { conversation: "c", idempotencyKey: "k", includeContext: true }
    const run = await ada.run("echo", "secret of ada", options)
    for (const other of [bob, boss, eve, chief]) {
      const own = await other.run("echo", "hello", options)
      t.not(own.runId, run.runId, "the key of another is another")
      t.notMatch(JSON.stringify(own), /secret/, "and so is its conversation")
    }
    t.match(JSON.stringify(node.model.requests.slice(1)), /hello/)
    t.notMatch(JSON.stringify(node.model.requests.slice(1)), /secret/, "no model was told of it")
    for (const other of [bob, eve, chief]) {
      await t.rejects(other.status(run.runId), { code: "UNKNOWN_RUN" })
      await t.rejects(other.cancel(run.runId), { code: "UNKNOWN_RUN" })
    }
    t.match(await boss.status(run.runId), { state: "finished", output: "secret of ada" })
    t.match(await ada.status(run.runId), { state: "finished" })
    await t.rejects(ada.run("echo", "something else", options), { code: "KEY_REUSED", executed: "no" })
    await t.rejects(ada.run("twice", "secret of ada", options), { code: "KEY_REUSED" })

    const listed = async (client: Client) => {
      const { runs } = (await client.call("ListRuns", {})) as { readonly runs: readonly { readonly runId?: string }[] }
      return runs.map(({ runId }) => runId)
    }
    t.equal((await listed(boss)).length, 3, "those of its tenant; what was refused with a used key began none")
    t.ok((await listed(boss)).includes(run.runId))
    t.notOk((await listed(chief)).includes(run.runId))
    const watched: unknown[] = []
    for await (const activity of chief.follow("WatchRuns", {})) if (watched.push(activity) >= 2) break
    t.notMatch(JSON.stringify(watched), new RegExp(run.runId))
  })
