import { Client, credentials, Metadata, status, type ServiceError } from "@grpc/grpc-js"
import t from "tap"
import { AgentOSError } from "#actors/errors.js"
import { llmagentos } from "#proto/agent.generated.js"
import { createClient } from "#src/client/index.js"
import { openClusterDoor } from "#test/support/cluster-door.js"
import { openNode } from "#test/support/open-node.js"
import { scriptedModel } from "#test/support/scripted-model.js"
import { ScriptedCluster } from "#test/support/scripted-cluster.js"

const { v1 } = llmagentos

/** A call of a stranger: what it gets beside a reply. */
function strange(
  channel: Client,
  method: string,
  bytes: Uint8Array,
  options: { readonly deadline?: number; readonly metadata?: Metadata } = {},
): Promise<ServiceError | undefined> {
  return new Promise((resolve) =>
    channel.makeUnaryRequest(
      method.startsWith("/") ? method : `/llmagentos.v1.AgentService/${method}`,
      () => Buffer.from(bytes),
      (reply: Buffer) => reply,
      null,
      options.metadata ?? new Metadata(),
      options.deadline === undefined ? {} : { deadline: options.deadline },
      (error) => resolve(error ?? undefined),
    ),
  )
}

/** A door behind which every look at the cluster fails. */
async function failing(folder: string, error: AgentOSError) {
  const cluster = new ScriptedCluster()
  cluster.status = () => Promise.reject(error)
  const door = await openClusterDoor(folder, cluster)
  const clients = [door.rest, `grpc://${door.grpc}`].map((url) => createClient({ url, apiKey: door.token }))
  return { door, clients }
}

t.test("a client hears of an error what the node knows of it, not what its code says, over both doors", async (t) => {
  const details = { retryAfterMs: 1500, wanted: "ein Schlüssel für 数据库", many: ["a", "b"] }
  for (const told of [
    { code: "MODEL_UNAVAILABLE", executed: "maybe", retryable: true },
    { code: "MODEL_UNAVAILABLE", executed: "yes", retryable: false },
    { code: "CODE_OF_A_PLUGIN", executed: "no", retryable: true },
  ] as const) {
    const { door, clients } = await failing(t.testdir(), new AgentOSError(told.code, "not now", { ...told, details }))
    for (const client of clients) await t.rejects(client.cluster(), { ...told, message: "not now", details })
    await Promise.all([...clients.map((client) => client.close()), door.close()])
  }
})

t.test("an error is told whole enough and short enough, whatever it quotes", async (t) => {
  const quotes = ["x".repeat(200_000), "é数".repeat(100_000), "\ud800".repeat(5_000), "a\u0000b\r\nc\u2028%".repeat(9_000), "😀".repeat(60_000)] // prettier-ignore
  for (const quote of quotes) {
    const { door, clients } = await failing(
      t.testdir(),
      new AgentOSError("UNKNOWN_NODE", `no node is called ${quote}`, { details: { quote, retryAfterMs: 7, n: 1n } }),
    )
    for (const client of clients)
      for (let times = 0; times < 3; times++)
        await t.rejects(client.cluster(), { code: "UNKNOWN_NODE", message: /^no node is called /, details: { retryAfterMs: 7 } }) // prettier-ignore
    await Promise.all([...clients.map((client) => client.close()), door.close()])
  }
})

t.test("a long or odd name is refused alike at both doors, and the connection serves on", async (t) => {
  const node = await openNode()
  for (const url of [node.rest, `grpc://${node.grpc}`]) {
    const client = createClient({ url })
    for (const name of ["x".repeat(201), "x".repeat(4_000), "a\u0000b", "line\nbreak", "\u0085"]) {
      await t.rejects(client.topology(name), { code: "INVALID_REQUEST", executed: "no", message: /name/ })
      await t.rejects(client.agent(name), { code: "INVALID_REQUEST" })
      await t.rejects(client.run(name, "hello"), { code: "INVALID_REQUEST" })
      await t.rejects(client.run("echo", "hello", { conversation: name }), { code: "INVALID_REQUEST" })
      await t.rejects(client.addDocument({ id: name, format: "text", content: "x" }), { code: "INVALID_REQUEST" })
      await t.rejects(client.status(name), { code: "INVALID_REQUEST" })
    }
    for (const name of ["ü".repeat(200), "数据库/备份", "a b", "%2e%2e", "..."])
      await t.rejects(client.topology(name), { code: "UNKNOWN_TOPOLOGY" }, name)
    await client.close()
  }
  const channel = new Client(node.grpc, credentials.createInsecure())
  const bytes = v1.Name.encode({ name: "x".repeat(200_000) }).finish()
  for (let times = 0; times < 3; times++)
    t.match((await strange(channel, "DescribeTopology", bytes))?.metadata.get("error-code"), ["INVALID_REQUEST"])
  channel.close()
  await node.stop()
})

t.test("a name that a URL would read as a step up, or as nothing, is not sent", async (t) => {
  const node = await openNode()
  const client = createClient({ url: node.rest })
  for (const name of ["", ".", ".."]) {
    await t.rejects(client.agent(name), { code: "INVALID_REQUEST", executed: "no" }, JSON.stringify(name))
    await t.rejects(client.stopAgent(name), { code: "INVALID_REQUEST" })
    await t.rejects(client.cancel(name), { code: "INVALID_REQUEST" })
  }
  t.ok(
    (await client.agents()).every(({ state }) => state === "running"),
    "nothing else was meant by it",
  )
  await client.close()
  await node.stop()
})

t.test("what grpc-js refuses by itself carries a code as every error does", async (t) => {
  const node = await openNode({ gateway: { bodyLimitBytes: 2048 } })
  const channel = new Client(node.grpc, credentials.createInsecure())
  const metadata = new Metadata()
  metadata.set("traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")
  const large = v1.RunRequest.encode({ target: "echo", input: "x".repeat(4096) }).finish()
  const slow = v1.RunRequest.encode({ target: "slow", input: "x" }).finish()
  const cases = [
    [await strange(channel, "Run", large, { metadata }), status.RESOURCE_EXHAUSTED, "PAYLOAD_TOO_LARGE", "no"],
    ...(await Promise.all(
      [
        "Nothing",
        "",
        "Run/",
        "/llmagentos.v2.AgentService/Run",
        "/foo.Bar/Baz",
        "/grpc.health.v1.Health/Look",
        "/Run",
        "/",
      ].map(
        async (method) =>
          [
            await strange(channel, method, slow, { metadata }),
            status.UNIMPLEMENTED,
            "UNKNOWN_OPERATION",
            "no",
          ] as const,
      ),
    )),
  ] as const
  for (const [error, code, name, executed] of cases) {
    t.equal(error?.code, code, name)
    t.strictSame(error?.metadata.get("error-code"), [name])
    t.strictSame(error?.metadata.get("error-executed"), [executed])
    t.match(error?.metadata.get("traceparent")[0], /4bf92f3577b34da6a3ce929d0e0e4736/)
  }
  channel.close()
  await node.stop()
})

t.test("a time limit of a month is one, over gRPC too", async (t) => {
  const node = await openNode()
  const channel = new Client(node.grpc, credentials.createInsecure())
  const ask = v1.RunRequest.encode({ target: "echo", input: "hello" }).finish()
  for (const days of [1, 24, 25, 30, 50, 365, 11_000])
    t.equal(await strange(channel, "Run", ask, { deadline: Date.now() + days * 86_400_000 }), undefined, `${days} days`)
  channel.close()
  await node.stop()
})

t.test("an answer of any size arrives, over both doors", async (t) => {
  const size = 5_000_000
  const node = await openNode({ models: { scripted: scriptedModel(async () => "x".repeat(size)) } })
  for (const url of [node.rest, `grpc://${node.grpc}`]) {
    const client = createClient({ url })
    t.equal((await client.run("echo", "much, please", { timeoutMs: 60_000 })).output.length, size, url)
    await client.close()
  }
  await node.stop()
})

t.test("what no node told of may have been done, unless nothing was sent", async (t) => {
  for (const url of ["http://127.0.0.1:1", "grpc://127.0.0.1:1"]) {
    const client = createClient({ url })
    await t.rejects(client.run("echo", "hello"), { code: "UNREACHABLE", executed: "no", retryable: true }, url)
    await client.close()
  }
  const node = await openNode()
  const clients = [node.rest, `grpc://${node.grpc}`].map((url) => createClient({ url }))
  for (const client of clients) {
    const asked = node.model.requests.length
    const control = new AbortController()
    const run = client.run("slow", "hello", { signal: control.signal })
    while (node.model.requests.length === asked) await new Promise((done) => setTimeout(done, 5))
    control.abort()
    await t.rejects(run, { code: "CANCELLED", executed: "maybe" })
    await client.close()
  }
  await node.stop()
})
