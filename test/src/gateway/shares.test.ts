import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import t from "tap"
import type { NewKey } from "#src/security/keys.js"
import { readTokenFile } from "#src/security/token-file.js"
import { asked, scriptedModel } from "#test/support/scripted-model.js"
import { openNode } from "#test/support/open-node.js"
import { until } from "#test/support/until.js"

t.test(
  "a key that begins 200 runs and hangs up leaves places to others; when hardly one is left, probes say so",
  async (t) => {
    const data = await mkdtemp(join(tmpdir(), "shares-"))
    const script = scriptedModel((request) => {
      const { agent, question } = asked(request)
      return agent.includes("slow") ? new Promise<string>(() => undefined) : question
    })
    const node = await openNode({
      models: { scripted: script },
      agents: ["echo", "slow", "slower"].map((name) => ({ name, model: "scripted", instructions: name })),
      topologies: {},
      data,
      security: { requireKeys: "always" },
      limits: { maxOpen: 40 },
      gateway: { drainMs: 0 },
      knowledge: { shipped: false },
    })
    t.teardown(async () => {
      await node.stop()
      await rm(data, { recursive: true })
    })
    const send = (path: string, key: string, body: unknown, more: { signal?: AbortSignal; headers?: object } = {}) =>
      fetch(node.rest + path, {
        method: "POST",
        headers: { authorization: `Bearer ${key}`, "content-type": "application/json", ...more.headers },
        body: JSON.stringify(body),
        ...(more.signal && { signal: more.signal }),
      })
    const token = (await readTokenFile(join(data, "token"))) ?? ""
    const create = async (tenant: string): Promise<string> =>
      ((await (await send("/v1/keys", token, { name: "robot", tenant })).json()) as NewKey).key
    const [greedy, other] = [await create("a"), await create("a")]

    let keys = 0
    /** Begins runs that go on when nobody listens, and hangs up. @returns the status of those that were refused */
    const begin = async (key: string, count: number, target = "slow"): Promise<number[]> => {
      const gone = new AbortController()
      const before = node.os.agents.occupation().open
      const refused: number[] = []
      const sent = Array.from({ length: count }, () =>
        send(
          "/v1/runs",
          key,
          { target, input: "hello" },
          { signal: gone.signal, headers: { "idempotency-key": String(++keys) } },
        ).then(
          ({ status }) => void refused.push(status),
          () => undefined,
        ),
      )
      await until(
        () => node.os.agents.occupation().open - before + refused.length === count,
        "all to be taken or refused",
      )
      gone.abort()
      await Promise.all(sent)
      return refused
    }

    const refused = await begin(greedy, 200)
    t.equal(node.os.agents.occupation().open, 20, "half of the places")
    t.strictSame(refused, new Array<number>(180).fill(429))
    const again = await send("/v1/runs", greedy, { target: "slow", input: "more" })
    t.match(await again.json(), { error: { code: "SHARE_SPENT", retryable: true, executed: "no" } })
    t.equal((await fetch(`${node.rest}/readyz`)).status, 200)
    t.match(await (await send("/v1/runs", other, { target: "echo", input: "here" })).json(), { output: "here" })
    const before = script.requests.length
    await begin(other, 4)
    await until(() => script.requests.length === before + 2, "its requests to be worked on at once", 5_000)

    await begin(other, 50)
    t.equal(node.os.agents.occupation().open, 30, "three quarters are the tenant's")
    const stranger = await create("b")
    t.match(await (await send("/v1/runs", stranger, { target: "echo", input: "here" })).json(), { output: "here" })
    for (let i = 0; i < 8 && node.os.agents.occupation().open < 38; i++)
      await begin(await create(`t${i}`), 12, "slower")
    const ready = await fetch(`${node.rest}/readyz`)
    t.equal(ready.status, 503)
    t.match(await ready.json(), { ok: false, parts: { places: { ok: false, reason: /3\d requests/ } } })
  },
)
