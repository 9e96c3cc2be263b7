import { request as httpRequest } from "node:http"
import { connect as tcpConnect } from "node:net"
import { credentials, Metadata } from "@grpc/grpc-js"
import t from "tap"
import { createClient } from "#src/client/index.js"
import { openNode } from "#test/support/open-node.js"

/** A request with any headers at all; fetch would not let a test forge `Host`. */
function raw(url: string, options: { method?: string; headers?: Record<string, string>; body?: string } = {}) {
  return new Promise<{
    status: number
    headers: Record<string, unknown>
    body: { error?: { code?: string; traceId?: string } } & Record<string, unknown>
  }>((resolve, reject) => {
    const request = httpRequest(
      url,
      { method: options.method ?? "GET", headers: options.headers ?? {} },
      (response) => {
        let text = ""
        response.on("data", (chunk: Buffer) => (text += chunk.toString()))
        response.on("end", () => {
          const json = response.headers["content-type"]?.includes("json") === true
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            body: json ? JSON.parse(text) : { text },
          })
        })
      },
    )
    request.on("error", reject)
    request.end(options.body)
  })
}

const ask = { method: "POST", body: JSON.stringify({ target: "echo", input: "hello" }) }
const json = { "content-type": "application/json" }

t.test("a web page on a foreign origin is refused, the node's own page is not", async (t) => {
  const node = await openNode()
  for (const origin of ["https://evil.example", "http://localhost:3000", "null", "file://"]) {
    const { status, body } = await raw(`${node.rest}/v1/runs`, { ...ask, headers: { ...json, origin } })
    t.equal(status, 403, origin)
    t.equal(body.error?.code, "FOREIGN_ORIGIN")
  }
  t.equal(node.model.requests.length, 0, "no agent heard of it")
  t.equal((await raw(`${node.rest}/v1/runs`, { ...ask, headers: { ...json, origin: node.rest } })).status, 200)
  await node.stop()
})

t.test("a name rebound to this machine is refused on every path", async (t) => {
  const node = await openNode()
  for (const path of ["/", "/v1/agents", "/metrics", "/docs/json", "/healthz", "/nothing"]) {
    const { status, body } = await raw(node.rest + path, { headers: { host: "evil.example:7420" } })
    t.equal(status, 403, path)
    t.equal(body.error?.code, "FOREIGN_HOST")
  }
  await node.stop()
})

t.test("a form's content type is refused, so no page can post without asking first", async (t) => {
  const node = await openNode()
  for (const type of ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", ""]) {
    const { status, body } = await raw(`${node.rest}/v1/runs`, { ...ask, headers: { "content-type": type } })
    t.equal(status, 415, type)
    t.equal(body.error?.code, "UNSUPPORTED_MEDIA_TYPE")
  }
  await node.stop()
})

t.test("off loopback, and wherever keys are asked for, no key means no answer on either door", async (t) => {
  for (const options of [{ gateway: { host: "0.0.0.0" } }, { security: { requireKeys: "always" as const } }]) {
    const node = await openNode(options)
    const [rest, grpc] = [node.rest.replace("0.0.0.0", "127.0.0.1"), node.grpc.replace("0.0.0.0", "127.0.0.1")]
    for (const url of [rest, `grpc://${grpc}`]) {
      for (const more of [{}, { apiKey: "lao_0123456789abcdef_nothing" }]) {
        const client = createClient({ url, ...more })
        await t.rejects(client.run("echo", "hello"), { code: "UNAUTHENTICATED" }, url)
        await t.rejects(client.agents(), { code: "UNAUTHENTICATED" }, url)
        await client.close()
      }
    }
    t.equal((await raw(`${rest}/metrics`)).status, 401)
    t.equal((await raw(`${rest}/healthz`)).status, 200, "a load balancer needs no key")
    t.equal(node.model.requests.length, 0)
    await node.stop()
  }
})

t.test("a key opens both doors for its role only, and not after it was revoked", async (t) => {
  const node = await openNode({
    data: t.testdir(),
    security: { requireKeys: "always" },
    monitoring: { level: "silent" },
  })
  const { readTokenFile } = await import("#src/security/token-file.js")
  const token = (await readTokenFile(`${node.os.data}/token`)) ?? ""
  const admin = { ...json, authorization: `Bearer ${token}` }
  const made = await raw(`${node.rest}/v1/keys`, {
    method: "POST",
    headers: admin,
    body: JSON.stringify({ name: "robot" }),
  })
  t.equal(made.status, 200)
  const apiKey = String(made.body["key"])
  const { id } = made.body["record"] as { id: string }

  for (const url of [node.rest, `grpc://${node.grpc}`]) {
    const client = createClient({ url, apiKey })
    t.equal((await client.run("echo", "hello")).output, "hello")
    await t.rejects(client.stopAgent("echo"), { code: "FORBIDDEN" })
    await t.rejects(client.addDocument({ id: "x", format: "text", content: "x" }), { code: "FORBIDDEN" })
    await client.close()
  }
  const own = { ...json, authorization: `Bearer ${apiKey}` }
  t.equal((await raw(`${node.rest}/v1/keys`, { headers: own })).status, 403)
  t.notMatch(JSON.stringify((await raw(`${node.rest}/v1/keys`, { headers: admin })).body), /hash/)
  t.equal((await raw(`${node.rest}/v1/keys/${id}`, { method: "DELETE", headers: admin })).status, 200)
  t.equal((await raw(`${node.rest}/v1/agents`, { headers: own })).status, 401)
  await node.stop()
})

t.test("a key that asks too often is told when to come back, on both doors", async (t) => {
  const node = await openNode({ security: { requestsPerMinute: 20 } })
  const get = () => raw(`${node.rest}/v1/agents`)
  t.strictSame([(await get()).status, (await get()).status], [200, 200])
  const { status, headers, body } = await get()
  t.equal(status, 429)
  t.equal(body.error?.code, "RATE_LIMITED")
  t.equal(headers["retry-after"], "3")
  const client = createClient({ url: `grpc://${node.grpc}` })
  await t.rejects(client.agents(), { code: "RATE_LIMITED" })
  await client.close()
  await node.stop()
})

t.test("every answer carries the caller's trace id, also an error's body", async (t) => {
  const node = await openNode()
  const traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
  const good = await raw(`${node.rest}/v1/agents`, { headers: { traceparent } })
  t.match(good.headers["traceparent"], /^00-4bf92f3577b34da6a3ce929d0e0e4736-/)
  const bad = await raw(`${node.rest}/v1/runs`, { method: "POST", headers: { ...json, traceparent }, body: "{}" })
  t.equal(bad.body.error?.traceId, "4bf92f3577b34da6a3ce929d0e0e4736")
  t.match(
    (await raw(`${node.rest}/v1/agents`, { headers: { traceparent: "nonsense" } })).headers["traceparent"],
    /^00-[0-9a-f]{32}-/,
  )
  await node.stop()
})

t.test("a body that is too large or malformed is refused with what is wrong", async (t) => {
  const node = await openNode({ gateway: { bodyLimitBytes: 2048 } })
  const post = (body: string) => raw(`${node.rest}/v1/runs`, { method: "POST", headers: json, body })
  t.match(await post(JSON.stringify({ target: "echo", input: "x".repeat(4096) })), {
    status: 413,
    body: { error: { code: "PAYLOAD_TOO_LARGE" } },
  })
  t.match(await post("{"), { status: 400, body: { error: { code: "INVALID_REQUEST" } } })
  t.match(await post('{"target":"echo"}'), { status: 400, body: { error: { message: /input/ } } })
  t.match(await post('{"target":"echo","input":"x","extra":1}'), {
    status: 400,
    body: { error: { message: /additional properties/ } },
  })
  t.match(await post('{"target":7,"input":"x"}'), { status: 400, body: { error: { message: /target/ } } })
  t.match(await raw(`${node.rest}/v1/nothing`), { status: 404, body: { error: { code: "UNKNOWN_OPERATION" } } })
  const client = createClient({ url: `grpc://${node.grpc}` })
  await t.rejects(client.run("echo", "x".repeat(4096)), { code: "PAYLOAD_TOO_LARGE" })
  await client.close()
  await node.stop()
})

t.test("a gRPC message that cannot be decoded is the caller's mistake", async (t) => {
  const node = await openNode()
  const { Client } = await import("@grpc/grpc-js")
  const channel = new Client(node.grpc, credentials.createInsecure())
  const bytes = Buffer.from([0x0a, 0xff, 0xff, 0xff, 0xff, 0x0f])
  const error = await new Promise<{ metadata: Metadata }>(
    (resolve) =>
    channel.makeUnaryRequest("/llmagentos.v1.AgentService/Run", () => bytes, (x: Buffer) => x, null, (failure) => resolve(failure ?? { metadata: new Metadata() })), // prettier-ignore
  )
  t.strictSame(error.metadata.get("error-code"), ["INVALID_REQUEST"])
  channel.close()
  await node.stop()
})

t.test("the status page and the API page are served, and run no script but their own", async (t) => {
  const node = await openNode()
  const page = await raw(`${node.rest}/`)
  t.equal(page.status, 200)
  t.match(page.headers["content-security-policy"], /default-src 'none'; script-src 'sha256-/)
  const document = await raw(`${node.rest}/docs/json`)
  const paths = Object.keys(document.body["paths"] as object)
  for (const path of ["/v1/runs", "/v1/chat/completions", "/v1/agents/{name}/start", "/v1/knowledge/search"])
    t.ok(paths.includes(path), path)
  t.equal((await raw(`${node.rest}/docs/`)).status, 200)
  await node.stop()
})

t.test(
  "a head that never ends does not hold the door open, and others are served meanwhile",
  { timeout: 20_000 },
  async (t) => {
    const node = await openNode()
    const socket = tcpConnect(Number(new URL(node.rest).port), "127.0.0.1")
    socket.on("error", () => {})
    const closed = new Promise((done) => socket.once("close", done))
    socket.write("GET /v1/agents HTTP/1.1\r\nHost: 127.0.0.1\r\n")
    const drip = setInterval(() => socket.write("X-Slow: 1\r\n"), 500)
    t.equal((await raw(`${node.rest}/v1/agents`)).status, 200)
    await closed
    clearInterval(drip)
    t.pass("the slow connection was closed")
    await node.stop()
  },
)
