import { connect } from "node:net"
import t from "tap"
import { openNode } from "#test/support/open-node.js"

/** What comes back for bytes, until the connection ends. */
function sent(rest: string, bytes: string): Promise<{ status: number; head: string; body: string }> {
  return new Promise((resolve, reject) => {
    let text = ""
    const socket = connect(Number(new URL(rest).port), "127.0.0.1", () => socket.write(bytes))
    socket.on("data", (chunk: Buffer) => (text += chunk.toString()))
    socket.on("error", reject)
    socket.on("close", () => {
      const [head = "", body = ""] = text.split("\r\n\r\n", 2)
      resolve({ status: Number(/^HTTP\/1\.1 (\d+)/.exec(head)?.[1]), head: head.toLowerCase(), body })
    })
  })
}

const host = "Host: 127.0.0.1\r\nConnection: close\r\n"

t.test("bytes that are no request are refused in the form of every error", async (t) => {
  const node = await openNode()
  const cases: readonly (readonly [string, number, string])[] = [
    ["nonsense\r\n\r\n", 400, "INVALID_REQUEST"],
    [`GET /v1/agents HTTP/9.9\r\n${host}\r\n`, 400, "INVALID_REQUEST"],
    [`GET /v1/agents HTTP/1.1\r\n${host}No colon\r\n\r\n`, 400, "INVALID_REQUEST"],
    [`POST /v1/runs HTTP/1.1\r\n${host}Content-Length: -1\r\n\r\n`, 400, "INVALID_REQUEST"],
    [
      `POST /v1/runs HTTP/1.1\r\n${host}Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n`,
      400,
      "INVALID_REQUEST",
    ],
    [`GET /v1/agents HTTP/1.1\r\n${host}X: ${"x".repeat(20_000)}\r\n\r\n`, 431, "HEADERS_TOO_LARGE"],
    [`GET /v1/agents/%zz HTTP/1.1\r\n${host}\r\n`, 400, "INVALID_REQUEST"],
    [`GET /v1/agents/%C3%28 HTTP/1.1\r\n${host}\r\n`, 400, "INVALID_REQUEST"],
    ["GET /v1/agents HTTP/1.1\r\nConnection: close\r\n\r\n", 403, "FOREIGN_HOST"],
    [`GET /v1/agents/ HTTP/1.1\r\n${host}\r\n`, 400, "INVALID_REQUEST"],
    [`POST /v1/agents//stop HTTP/1.1\r\n${host}Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{}`, 400, "INVALID_REQUEST"], // prettier-ignore
    [`CONNECT example.com:443 HTTP/1.1\r\n${host}\r\n`, 404, "UNKNOWN_OPERATION"],
    [`GET http://[/ HTTP/1.1\r\n${host}\r\n`, 400, "INVALID_REQUEST"],
    [`GET /v1/nothing/at/all HTTP/1.1\r\n${host}\r\n`, 404, "UNKNOWN_OPERATION"],
    [`GET /v1/agents?x=1 HTTP/1.1\r\n${host}\r\n`, 400, "INVALID_REQUEST"],
    [`GET /v1/actors?mostChildren=many HTTP/1.1\r\n${host}\r\n`, 400, "INVALID_REQUEST"],
    [`GET /v1/actors?mostChildren=1&mostChildren=2 HTTP/1.1\r\n${host}\r\n`, 400, "INVALID_REQUEST"],
    [`POST /v1/agents/echo/stop HTTP/1.1\r\n${host}Content-Type: application/json\r\nContent-Length: 2\r\n\r\n[]`, 400, "INVALID_REQUEST"], // prettier-ignore
    [`POST /v1/runs HTTP/1.1\r\n${host}Content-Type: application/jsonp\r\nContent-Length: 2\r\n\r\n{}`, 415, "UNSUPPORTED_MEDIA_TYPE"], // prettier-ignore
  ]
  for (const [bytes, status, code] of cases) {
    const answer = await sent(node.rest, bytes)
    const what = bytes.slice(0, 60).replaceAll("\r\n", " ")
    t.equal(answer.status, status, what)
    t.match(answer.head, /content-type: application\/json/, what)
    t.match(answer.head, /traceparent: 00-[0-9a-f]{32}-/, what)
    const { error } = JSON.parse(answer.body) as { error: Record<string, unknown> }
    t.match(error, { code, message: String, retryable: false, executed: "no", traceId: /^[0-9a-f]{32}$/ }, what)
  }
  const expects = `GET /v1/agents HTTP/1.1\r\n${host}Expect: a miracle\r\n\r\n`
  t.equal((await sent(node.rest, expects)).status, 200, "what is expected beside may be ignored")
  await node.stop()
})

t.test("probes that speak HTTP/1.0 are answered without Host, and nothing else is", async (t) => {
  const node = await openNode()
  for (const path of ["/healthz", "/readyz"]) {
    for (const method of ["GET", "HEAD"]) {
      const answer = await sent(node.rest, `${method} ${path} HTTP/1.0\r\n\r\n`)
      t.equal(answer.status, 200, `${method} ${path}`)
      t.notMatch(answer.head, /transfer-encoding/)
      t.match(answer.body, method === "GET" ? /"ok":true/ : /^$/)
    }
    for (const head of [
      "HTTP/1.0\r\nHost: evil.example",
      "HTTP/1.1\r\nHost: evil.example\r\nConnection: close",
      "HTTP/1.1\r\nConnection: close",
    ])
      t.equal((await sent(node.rest, `GET ${path} ${head}\r\n\r\n`)).status, 403, `${path} ${head}`)
  }
  for (const path of ["/v1/agents", "/metrics", "/", "/docs", "/openapi.json", "/nothing"])
    t.equal((await sent(node.rest, `GET ${path} HTTP/1.0\r\n\r\n`)).status, 403, path)
  await node.stop()
})

t.test("a method that a path has not is refused with those that it has", async (t) => {
  const node = await openNode()
  const cases: readonly (readonly [string, string, readonly string[]])[] = [
    ["PUT", "/v1/runs", ["GET", "HEAD", "POST"]],
    ["PATCH", "/v1/agents/echo", ["GET", "HEAD"]],
    ["POST", "/v1/agents", ["GET", "HEAD"]],
    ["DELETE", "/v1/agents/echo/start", ["POST"]],
    ["OPTIONS", "/v1/knowledge/search", ["POST"]],
    ["TRACE", "/v1/keys", ["GET", "HEAD", "POST"]],
    ["GET", "/v1/chat/completions", ["POST"]],
    ["POST", "/healthz", ["GET", "HEAD"]],
    ["PROPFIND", "/v1/runs/live", ["GET", "HEAD"]],
  ]
  for (const [method, path, allowed] of cases) {
    const { status, head, body } = await sent(node.rest, `${method} ${path} HTTP/1.1\r\n${host}Content-Type: application/json\r\n\r\n`) // prettier-ignore
    t.equal(status, 405, `${method} ${path}`)
    const allow = /^allow: (.*)$/m.exec(head)?.[1]?.toUpperCase().split(", ").sort()
    t.ok(
      allowed.every((one) => allow?.includes(one)),
      `${method} ${path}: ${allow}`,
    )
    t.match(JSON.parse(body), { error: { code: "METHOD_NOT_ALLOWED", executed: "no" } })
  }
  await node.stop()
})

t.test("HEAD is answered and ends on every path that has GET, a live stream too", async (t) => {
  const node = await openNode()
  for (const path of [
    "/v1/runs/live",
    "/v1/runs",
    "/v1/agents",
    "/v1/agents/echo",
    "/healthz",
    "/metrics",
    "/",
    "/docs/json",
  ]) {
    const { status, body } = await sent(node.rest, `HEAD ${path} HTTP/1.1\r\n${host}\r\n`)
    t.equal(status, 200, path)
    t.equal(body, "")
  }
  await node.stop()
})

t.test("the page of the API stands in nobody's frame, and cannot be led elsewhere by its URL", async (t) => {
  const node = await openNode()
  for (const path of ["/docs", "/docs/", "/docs/static/swagger-ui.css", "/docs/static/swagger-initializer.js", "/"])
    t.match((await fetch(node.rest + path)).headers.get("content-security-policy"), /frame-ancestors 'none'/, path)
  for (const path of ["/docs", "/docs/", "/docs/static/index.html"]) {
    const answer = await fetch(`${node.rest}${path}?url=http://evil.example/openapi.json`)
    t.equal(answer.status, 200, `${path}: no loop`)
    t.notMatch(answer.url, /evil/)
    t.match(await answer.text(), /swagger-ui-bundle\.js/)
  }
  await node.stop()
})
