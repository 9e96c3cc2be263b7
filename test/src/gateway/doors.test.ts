import t from "tap"
import { createClient, type AnswerEvent, type AskOptions, type Client } from "#src/client/index.js"
import { runOfKey } from "#src/runs/idempotency-key.js"
import { openNode } from "#test/support/open-node.js"
import { scriptedModel } from "#test/support/scripted-model.js"
import { until } from "#test/support/until.js"

/** What every transport promises. */
function clientContract(name: string, connect: (node: { rest: string; grpc: string }) => Client): void {
  t.test(`${name}: an agent and a topology answer, with usage and provenance`, async (t) => {
    const node = await openNode()
    const client = connect(node)
    const run = await client.run("echo", "hello there", { includeContext: true })
    t.match(run, { target: "echo", output: "hello there", usage: { completionTokens: 2 }, sources: [] })
    t.match(run.context, { version: 1, messages: [{ role: "user", content: "hello there" }, { role: "assistant" }] })
    t.notOk("context" in (await client.run("echo", "again")), "the context comes only when asked for")
    t.equal((await client.run("twice", "once")).output, "once")
    await client.close()
    await node.stop()
  })

  t.test(`${name}: a stream tells start, steps, tokens, tools and the end`, async (t) => {
    const node = await openNode()
    const client = connect(node)
    const events: AnswerEvent[] = []
    for await (const event of client.stream("sums", "6 * 7")) events.push(event)
    const kinds = events.map((event) => ("status" in event ? `${event.type} ${event.status}` : event.type))
    t.strictSame(kinds.filter((kind, i) => kind !== kinds[i - 1]), ["start", "step started", "tool called", "tool ok", "token", "step finished", "end"]) // prettier-ignore
    t.match(events.find((event) => event.type === "tool"), { tool: "calculator", agent: "sums", arguments: { expression: "6 * 7" } }) // prettier-ignore
    t.match(events.at(-1), { type: "end", output: "It is 42." })
    await client.close()
    await node.stop()
  })

  t.test(`${name}: a failure has the same code as inside, and says whether to try again`, async (t) => {
    const node = await openNode({
      security: { policy: [{ caller: "local", may: "call", target: "fails", effect: "deny" }] },
    })
    const client = connect(node)
    await t.rejects(client.run("nobody", "hello"), { code: "UNKNOWN_TARGET", retryable: false, executed: "no" })
    await t.rejects(client.run("echo", ""), { code: "INVALID_REQUEST", message: /input/ })
    await t.rejects(client.run("fails", "hello"), { code: "FORBIDDEN" })
    await t.rejects(client.agent("nobody"), { code: "UNKNOWN_AGENT" })
    await t.rejects(client.topology("nothing"), { code: "UNKNOWN_TOPOLOGY" })
    await t.rejects(client.status("00000000"), { code: "UNKNOWN_RUN" })
    await t.rejects(client.stream("nobody", "hello")[Symbol.asyncIterator]().next(), { code: "UNKNOWN_TARGET" })
    await client.close()
    await node.stop()
  })

  t.test(`${name}: a deadline and a cancellation reach the agent`, async (t) => {
    const node = await openNode()
    const client = connect(node)
    const began = Date.now()
    await t.rejects(client.run("slow", "hello", { timeoutMs: 100 }))
    const control = new AbortController()
    const run = client.run("slow", "hello", { signal: control.signal })
    while (node.model.requests.length < 2) await new Promise((done) => setTimeout(done, 5))
    control.abort()
    await t.rejects(run, { code: "CANCELLED" })
    const request = node.model.requests[1]
    while (request?.signal?.aborted !== true) await new Promise((done) => setTimeout(done, 5))
    t.ok(Date.now() - began < 5_000)
    await client.close()
    await node.stop()
  })

  t.test(`${name}: the same idempotency key gives the first answer, and another run has another`, async (t) => {
    const node = await openNode()
    const client = connect(node)
    const first = await client.run("echo", "hello", { idempotencyKey: "k1" })
    const again = await client.run("echo", "hello", { idempotencyKey: "k1" })
    t.equal(again.runId, first.runId)
    t.equal(node.model.requests.length, 1, "the model was asked once")
    t.not((await client.run("echo", "hello", { idempotencyKey: "k2" })).runId, first.runId)
    t.match(await client.status(first.runId), { state: "finished", output: "hello", target: "echo" })
    t.equal(await client.cancel(first.runId), false)
    await client.close()
    await node.stop()
  })

  t.test(`${name}: a run with an idempotency key goes on without its caller, until it is cancelled`, async (t) => {
    let answer = (): void => undefined
    const answers = new Promise<void>((done) => (answer = done))
    const model = scriptedModel(async () => {
      await answers
      return "at last"
    })
    const node = await openNode({ models: { scripted: model } })
    const client = connect(node)
    const ways = {
      run: (options: AskOptions): Promise<unknown> => client.run("echo", "hello", options),
      async stream(options: AskOptions) {
        for await (const event of client.stream("echo", "hello", options)) t.ok(event)
      },
    }
    const leave = async (way: keyof typeof ways, idempotencyKey?: string) => {
      const control = new AbortController()
      const before = model.requests.length
      const call = ways[way]({ signal: control.signal, idempotencyKey })
      await until(() => model.requests.length > before, `a ${way} to reach the model`)
      control.abort()
      await t.rejects(call, { code: "CANCELLED" })
      return model.requests[before]?.signal
    }
    const kept = [await leave("run", "a"), await leave("stream", "b"), await leave("stream", "c")]
    for (const way of ["run", "stream"] as const) {
      const signal = await leave(way)
      await until(() => signal?.aborted === true, `the ${way} without a key to be called off`)
    }
    t.strictSame(kept.map((signal) => signal?.aborted), [false, false, false]) // prettier-ignore
    t.equal(await client.cancel(runOfKey("default", "local", "c")), true)
    t.strictSame(kept.map((signal) => signal?.aborted), [false, false, true]) // prettier-ignore
    answer()
    for (const idempotencyKey of ["a", "b"]) {
      t.equal((await client.run("echo", "hello", { idempotencyKey })).output, "at last")
    }
    t.equal(model.requests.length, 5, "nothing was asked twice")
    await client.close()
    await node.stop()
  })

  t.test(`${name}: a client that was closed says so of every call, also of those that went on`, async (t) => {
    const node = await openNode()
    const client = connect(node)
    await client.run("echo", "hello")
    const next = (events: AsyncIterable<AnswerEvent>) => events[Symbol.asyncIterator]().next()
    const watched = client.follow("WatchRuns", {})[Symbol.asyncIterator]()
    await watched.next()
    const run = client.run("slow", "hello")
    await until(() => node.model.requests.length === 2, "the run to reach the model")
    const watching = (async () => {
      while ((await watched.next()).done !== true) t.ok(true)
    })()
    const cut = [run, watching].map((call) =>
      t.rejects(Promise.resolve<unknown>(call), { code: "CLIENT_CLOSED", executed: "maybe" }),
    )
    await client.close()
    await Promise.all(cut)
    const calls: (() => Promise<unknown>)[] = [
      () => client.run("echo", "hello"),
      () => client.agents(),
      () => next(client.stream("echo", "hello")),
    ]
    for (const call of calls)
      await t.rejects(call, { code: "CLIENT_CLOSED", retryable: false, executed: "no", message: /createClient/ })
    await client.close()
    await node.stop()
  })

  t.test(`${name}: agents are listed and steered, knowledge is added and found`, async (t) => {
    const node = await openNode()
    const client = connect(node)
    t.match((await client.agents()).find(({ name }) => name === "echo"), { state: "running", replicas: 1, model: "scripted" }) // prettier-ignore
    t.match(await client.stopAgent("echo"), { state: "stopped" })
    await t.rejects(client.run("echo", "hello"), { code: "AGENT_STOPPED", retryable: true })
    t.match(await client.startAgent("echo"), { state: "running" })
    t.match(await client.replicateAgent("echo", 3), { replicas: 3 })
    await t.rejects(client.replicateAgent("echo", 0), { code: "INVALID_REQUEST" })
    t.match(await client.restartAgent("echo"), { state: "running" })
    t.equal((await client.run("echo", "hello")).output, "hello")
    t.match(await client.topology("twice"), { agents: ["echo"], definition: { kind: "chain" } })
    t.ok((await client.models()).some(({ id, kind }) => id === "twice" && kind === "topology"))

    const tree = await client.actors()
    t.match(tree, { definition: "guardian", more: 0 })
    t.equal(tree.children.filter(({ name }) => /^echo-\d+$/.test(name)).length, 3, "its replicas are in the tree")
    const cut = await client.actors({ mostChildren: 1 })
    t.equal(cut.children.length, 1)
    t.equal(cut.more, tree.children.length - 1)
    await t.rejects(client.actors({ mostChildren: 0 }), { code: "INVALID_REQUEST" })

    t.match(await client.addDocument({ id: "keys.md", format: "markdown", content: "# Keys\n\nThe spare key hangs behind the clock." }), { chunks: 1, unchanged: false }) // prettier-ignore
    t.match((await client.search("where is the spare key", { limit: 1 }))[0], { source: "keys.md", text: /clock/ })
    await client.close()
    await node.stop()
  })
}

clientContract("REST", ({ rest }) => createClient({ url: rest }))
clientContract("gRPC", ({ grpc }) => createClient({ url: `grpc://${grpc}` }))

t.test("a client without a node says so, over both transports", async (t) => {
  for (const url of ["http://127.0.0.1:1", "grpc://127.0.0.1:1"]) {
    const client = createClient({ url })
    await t.rejects(client.run("echo", "hello"), { code: "UNREACHABLE" }, url)
    await client.close()
  }
  t.throws(() => createClient({ url: "ftp://somewhere" }), { code: "INVALID_REQUEST" })
  t.throws(() => createClient({ url: "somewhere" }), { code: "INVALID_REQUEST" })
})
