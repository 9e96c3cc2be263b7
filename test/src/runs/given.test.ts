import t from "tap"
import "#src/errors.js"
import { createClient } from "#src/client/index.js"
import { openNode } from "#test/support/open-node.js"

t.test("what a program asks with is checked before the run begins", async (t) => {
  const { os, model, stop } = await openNode({ knowledge: { shipped: false } })
  t.teardown(stop)
  for (const input of [42, null, undefined, {}])
    await t.rejects(os.run("echo", input as never), { code: "INVALID_OPTION", executed: "no" }, String(input))
  for (const context of [
    { version: 2 },
    { version: 1 },
    7,
    null,
    { version: 1, messages: [{ role: "king" }], values: {}, provenance: [] },
  ])
    await t.rejects(os.run("echo", "hi", { context } as never), { code: "INVALID_CONTEXT" }, JSON.stringify(context))
  for (const decoding of [
    { maxTokens: 0 },
    { maxTokens: 1.5 },
    { temperature: -1 },
    { temperature: Number.NaN },
    { topK: -1 },
    { stop: "end" },
    { banned: [7] },
    { seed: "x" },
    { heat: 1 },
    7,
  ])
    await t.rejects(os.run("echo", "hi", { decoding } as never), { code: "INVALID_OPTION" }, JSON.stringify(decoding))
  t.equal(model.requests.length, 0, "no model was asked")
  t.match(await os.run("echo", "hi", { decoding: { temperature: 0.5, stop: ["x"], seed: -3 } }), { output: "hi" })
})

t.test("who joins a run's stream is told first which run it is", async (t) => {
  const node = await openNode({ knowledge: { shipped: false } })
  t.teardown(() => node.stop())
  for (const [i, url] of [node.rest, `grpc://${node.grpc}`].entries()) {
    const client = createClient({ url })
    t.teardown(() => client.close())
    const options = { idempotencyKey: `key ${i}` }
    const first = client.stream("slow", "hi", options)[Symbol.asyncIterator]()
    const start = await first.next()
    t.match(start.value, { type: "start", resumed: false })
    const second = client.stream("slow", "hi", options)[Symbol.asyncIterator]()
    const { runId } = start.value as { readonly runId: string }
    t.match((await second.next()).value, { type: "start", runId, target: "slow", resumed: true })
    t.ok(await client.cancel(runId))
    await t.rejects(
      (async () => {
        for (;;) if ((await second.next()).done === true) return
      })(),
      { code: "CANCELLED" },
    )
    await first.return?.()
  }
})
