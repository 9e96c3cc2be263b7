import { mkdtemp, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { connect } from "node:net"
import { join } from "node:path"
import { setImmediate as turn } from "node:timers/promises"
import { fileURLToPath } from "node:url"
import { Client as Channel, credentials } from "@grpc/grpc-js"
import t from "tap"
import { systemRandom } from "#actors/clock.js"
import { createClient } from "#src/client/index.js"
import { parseConfig } from "#src/config.js"
import type { GatewayBackend } from "#src/gateway/backend.js"
import { openGateway } from "#src/gateway/gateway.js"
import { openLog } from "#src/monitoring/log.js"
import { HandClock } from "#test/support/hand-clock.js"
import { startNode, type NodeProcess } from "#test/support/node-process.js"
import { openNode } from "#test/support/open-node.js"
import { until } from "#test/support/until.js"

const plugin = fileURLToPath(new URL("../../support/paced-plugin.js", import.meta.url))

async function paced(t: { teardown(end: () => Promise<void>): unknown }, drainMs: number) {
  const home = await mkdtemp(join(tmpdir(), "closing-"))
  const config = join(home, "llmagentos.yaml")
  await writeFile(
    config,
    `gateway: { drainMs: ${drainMs} }\nknowledge: { shipped: false }\nplugins: [${JSON.stringify(plugin)}]\n`,
  )
  const start = (): Promise<NodeProcess> => startNode(join(home, "data"), ["--config", config])
  const node = await start()
  t.teardown(async () => {
    await node.kill()
    await rm(home, { recursive: true, force: true })
  })
  return { node, start }
}

const post = (node: NodeProcess, path: string, body: unknown, headers: Record<string, string> = {}) =>
  fetch(node.rest + path, {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body: JSON.stringify(body),
  })

/** What became of a call: its whole answer came, it was refused before anything was done, or it was cut. */
type Outcome = "ok" | "refused" | `cut: ${string}`

async function outcomeOf(
  node: NodeProcess,
  path: string,
  body: object,
  isWhole: RegExp,
  headers = {},
): Promise<Outcome> {
  try {
    const response = await post(node, path, body, headers)
    const text = await response.text()
    if (response.status === 503 && text.includes("NODE_STOPPING"))
      return response.headers.get("connection") === "close" ? "refused" : "cut: refused on a connection that stays"
    return response.status === 200 && isWhole.test(text) ? "ok" : `cut: ${response.status} ${text}`
  } catch (error) {
    const { cause } = error as { cause?: { code?: string } }
    return cause?.code === "ECONNREFUSED" ? "refused" : `cut: ${String(cause?.code ?? error)}`
  }
}

/** A stream without end, as load balancers have one. */
function watchHealth(address: string) {
  const bytes = (): Buffer => Buffer.alloc(0)
  const call = new Channel(address, credentials.createInsecure()).makeServerStreamRequest(
    "/grpc.health.v1.Health/Watch",
    bytes,
    bytes,
    undefined,
  )
  call.on("error", () => undefined).resume()
  return call
}

t.test("a node that is told to stop finishes every call it took, on each door, and refuses new ones", async (t) => {
  const { node } = await paced(t, 20_000)
  const client = createClient({ url: `grpc://${node.grpc}` })
  let stopping = false
  const overGrpc = async (call: () => Promise<boolean>): Promise<Outcome> => {
    const late = stopping
    try {
      return (await call()) ? "ok" : "cut: not whole"
    } catch (error) {
      const { code } = error as { code?: string }
      return code === "NODE_STOPPING" || (late && code === "UNREACHABLE") ? "refused" : `cut: ${String(error)}`
    }
  }
  const watch = watchHealth(node.grpc)
  const question = { target: "paced", input: "hello" }
  const chat = { model: "paced", messages: [{ role: "user", content: "hello" }] }
  const kinds: Record<string, () => Promise<Outcome>> = {
    run: () => outcomeOf(node, "/v1/runs", question, /"output":"0 1 2 3 4 5 ?"/),
    stream: () => outcomeOf(node, "/v1/runs", question, /event: end\n/, { accept: "text/event-stream" }),
    chat: () => outcomeOf(node, "/v1/chat/completions", chat, /0 1 2 3 4 5/),
    "chat stream": () => outcomeOf(node, "/v1/chat/completions", { ...chat, stream: true }, /\[DONE\]/),
    "idempotent run": () =>
      outcomeOf(node, "/v1/runs", question, /"output"/, { "idempotency-key": String(Math.random()) }),
    grpc: () => overGrpc(async () => /^0 1 2 3 4 5/.test((await client.run("paced", "hello")).output)),
    "grpc stream": () =>
      overGrpc(async () => {
        let last = ""
        for await (const event of client.stream("paced", "hello")) last = event.type
        return last === "end"
      }),
  }
  const seen: Record<string, Outcome[]> = {}
  const load = Object.entries(kinds).flatMap(([kind, call]) =>
    Array.from({ length: 4 }, async () => {
      const outcomes = (seen[kind] ??= [])
      for (let last: Outcome = "ok"; last === "ok"; outcomes.push(last)) last = await call()
    }),
  )
  const ok = (outcomes: Outcome[] = []) => outcomes.filter((outcome) => outcome === "ok").length
  await until(() => Object.keys(kinds).every((kind) => ok(seen[kind]) > 4), "the load to be on its way")
  stopping = true
  const began = performance.now()
  const exit = node.stop()
  await Promise.all(load)
  t.equal(await exit, 0)
  t.ok(performance.now() - began < 15_000, "who watches its health does not hold it back")
  watch.cancel()
  for (const [kind, outcomes] of Object.entries(seen)) {
    t.strictSame(
      outcomes.filter((outcome) => outcome.startsWith("cut")),
      [],
      `${kind}: nothing is cut`,
    )
    t.equal(outcomes.filter((outcome) => outcome === "refused").length, 4, `${kind}: who asks again is refused`)
  }
  await client.close()
})

t.test(
  "while a call is being finished, probes say not ready and requests are refused; then what is late is cut",
  async (t) => {
    const { node, start } = await paced(t, 1_500)
    const open = await post(node, "/v1/runs", { target: "endless-chain", input: "a" }, { accept: "text/event-stream" })
    const watched = await fetch(`${node.rest}/v1/runs/live`)
    const asked = post(node, "/v1/runs", { target: "endless", input: "a" })
    const grpc = createClient({ url: `grpc://${node.grpc}` })
    const overGrpc = grpc.run("endless", "a").catch((error: unknown) => error)
    await until(async () => {
      const { runs } = (await (await fetch(`${node.rest}/v1/runs`)).json()) as { runs: { state: string }[] }
      return runs.filter(({ state }) => state === "running").length === 3
    }, "three runs")
    const exit = node.stop()
    await until(async () => (await fetch(`${node.rest}/readyz`)).status === 503, "the node not to be ready")
    t.equal((await fetch(`${node.rest}/healthz`)).status, 200, "it is alive")
    const refused = await post(node, "/v1/runs", { target: "paced", input: "a" })
    t.equal(refused.status, 503)
    t.equal(refused.headers.get("connection"), "close")
    t.equal(refused.headers.get("retry-after"), "1")
    t.match(await refused.json(), { error: { code: "NODE_STOPPING", retryable: true, executed: "no" } })
    t.match(await watched.text(), /event: error\ndata: .*NODE_STOPPING/, "what has no end of its own ends at once")

    const told = await open.text()
    t.match(told, /event: error\ndata: .*SYSTEM_STOPPED.*"executed":"maybe"/, "the stream says why it is cut")
    const late = await asked
    t.equal(late.status, 503)
    t.match(await late.json(), { error: { code: "SYSTEM_STOPPED", executed: "maybe" } })
    t.match(await overGrpc, { code: "SYSTEM_STOPPED" })
    t.equal(await exit, 0)
    await grpc.close()

    const again = await start()
    const status = await fetch(`${again.rest}/v1/runs/${/"runId":"([^"]+)"/.exec(told)?.[1]}`)
    t.match(await status.json(), { target: "endless-chain", state: "running" }, "what is journalled goes on")
    await again.kill()
  },
)

t.test("while a node finishes its calls, and shortly after, each door says that it is stopping", async (t) => {
  let end = (): void => undefined
  const ends = new Promise<void>((done) => (end = done))
  const backend: Partial<GatewayBackend> = {
    kindOf: () => "agent",
    async *stream(target) {
      yield { type: "start", runId: "1", target, resumed: false }
      await ends
    },
  }
  const clock = new HandClock()
  const gateway = await openGateway({
    backend: backend as GatewayBackend,
    config: parseConfig({ gateway: { port: 0, grpcPort: 0 } }),
    clock,
    random: systemRandom,
    logger: openLog({ level: "silent", file: "-", rotation: { megabytes: 1, files: 1 }, node: "door" }),
  })
  const pass = async (milliseconds: number): Promise<void> => {
    for (let passed = 0; passed < milliseconds; passed += 10, clock.wind(10)) for (let turns = 0; turns < 5; turns++) await turn() // prettier-ignore
  }
  let read = ""
  const socket = connect(Number(new URL(gateway.rest).port), "127.0.0.1")
  socket.on("data", (chunk: Buffer) => (read += chunk.toString())).on("error", (error) => (read += String(error)))
  const body = JSON.stringify({ target: "a", input: "b" })
  const head = "HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: text/event-stream\r\nContent-Type: application/json\r\n"
  socket.write(`POST /v1/runs ${head}Content-Length: ${body.length}\r\n\r\n${body}`)
  await until(() => read.includes("event: start"), "the stream to begin")

  const clients = [gateway.rest, `grpc://${gateway.grpc}`].map((url) => createClient({ url }))
  let closed = false
  const closing = gateway.close().then(() => (closed = true))
  const refused = { code: "NODE_STOPPING", retryable: true, executed: "no", details: { retryAfterMs: 1000 } }
  await pass(1_000)
  for (const client of clients) await t.rejects(client.agents(), refused, "while a call goes on")
  end()
  await until(() => read.endsWith("0\r\n\r\n"), "the stream to end")
  await pass(60)
  for (const client of clients) await t.rejects(client.agents(), refused, "shortly after")
  socket.write(`GET /v1/agents ${head}\r\n`)
  await until(() => /HTTP\/1.1 503[^]*NODE_STOPPING|Error/.test(read) || socket.destroyed, "an answer")
  t.match(read, /HTTP\/1.1 503[^]*connection: close[^]*NODE_STOPPING/, "on the connection that the stream left open")
  await until(() => pass(100).then(() => closed), "the doors to close")
  await closing
  await Promise.all(clients.map((client) => client.close()))
})

t.test("a connection on which nothing was asked does not hold a node that stops", async (t) => {
  const node = await openNode({ gateway: { drainMs: 60_000 } })
  const silent = connect(Number(new URL(node.rest).port), "127.0.0.1")
  const ended = new Promise((done) => silent.on("close", done).resume())
  await new Promise((done) => silent.once("connect", done))
  await fetch(`${node.rest}/healthz`)
  const began = performance.now()
  await node.stop()
  await ended
  t.ok(performance.now() - began < 30_000)
})
