import { createServer, type IncomingMessage, type ServerResponse } from "node:http"
import type { AddressInfo } from "node:net"
import t from "tap"
import { systemClock } from "#actors/clock.js"
import "#src/errors.js"
import { httpTool } from "#src/tools/http-tool.js"
import { ToolKit } from "#src/tools/toolkit.js"

interface Seen {
  readonly method: string
  readonly url: string
  readonly headers: IncomingMessage["headers"]
  readonly body: string
}

/** A server on loopback that keeps what it was asked and answers as it is told. */
async function server(
  t: { teardown(end: () => unknown): unknown },
  answer: (request: Seen, response: ServerResponse) => void = (_, response) => response.end("good"),
) {
  const seen: Seen[] = []
  const http = createServer(async (request, response) => {
    let body = ""
    for await (const chunk of request) body += String(chunk)
    const given = { method: request.method ?? "", url: request.url ?? "", headers: request.headers, body }
    seen.push(given)
    answer(given, response)
  })
  await new Promise<void>((done) => http.listen(0, "127.0.0.1", done))
  t.teardown(() => {
    http.closeAllConnections()
    return new Promise((done) => http.close(done))
  })
  const { port } = http.address() as AddressInfo
  return { seen, port, host: `127.0.0.1:${port}` }
}

const call = (config: object, args: object, environment: Record<string, string> = {}, context = {}) =>
  new ToolKit(systemClock, [httpTool({ name: "api", description: "An API.", ...config }, environment)]).call(
    "api",
    args,
    context,
  )
const text = { type: "string" } as const

t.test("gaps are filled URL-encoded, what is left goes into the query", async (t) => {
  const { seen, host } = await server(t)
  const outcome = await call(
    {
      url: `http://${host}/cities/{city}/weather`,
      allow: [host],
      parameters: { city: text, unit: { ...text, optional: true }, days: { type: "number", optional: true } },
    },
    { city: "São/Paulo ?&#", days: 3 },
  )
  t.match(outcome, { kind: "ok", text: "good" })
  t.match(seen, [{ method: "GET", url: "/cities/S%C3%A3o%2FPaulo%20%3F%26%23/weather?days=3", body: "" }])
})

t.test("an argument cannot lead to another path", async (t) => {
  const { seen, host } = await server(t)
  for (const city of ["..", "."])
    t.match(
      await call({ url: `http://${host}/open/{city}/x`, allow: [host], parameters: { city: text } }, { city }),
      { code: "INVALID_ARGUMENTS", text: /city is "\.+", which would lead to another path/ },
      city,
    )
  t.equal(seen.length, 0)
})

t.test(
  "an argument that is empty, or climbs with its neighbours, is refused; in a query it may be empty",
  async (t) => {
    const { seen, host } = await server(t)
    const parameters = { a: text, b: { ...text, optional: true } }
    for (const [path, args] of [
      ["open/{a}", { a: "" }],
      ["open/{a}/x", { a: "" }],
      ["open/{b}/x", { a: "y" }],
      ["open/{a}{b}/x", { a: ".", b: "." }],
      ["open/{a}./x", { a: "." }],
      ["open/.{a}", { a: "" }],
    ] as const)
      t.match(
        await call({ url: `http://${host}/${path}`, allow: [host], parameters }, args),
        { code: "INVALID_ARGUMENTS", text: /which would lead to another path/ },
        path,
      )
    t.match(await call({ url: `http://${host}/find?q={a}`, allow: [host], parameters }, { a: "" }), { kind: "ok" })
    t.strictSame(seen.map(({ url }) => url), ["/find?q="]) // prettier-ignore
  },
)

t.test("a secret that a server echoes does not reach the model, in a result or an error", async (t) => {
  const key = 'k3y/with"quotes&more'
  const headers = {
    authorization: "Bearer $KEY",
    "x-api-key": "literal-key-1",
    cookie: "sid=session-id-42; theme=dark",
    "proxy-authorization": `Basic ${Buffer.from("ada:lovelace").toString("base64")}`,
    accept: "text/plain",
  }
  const secrets = [key, encodeURIComponent(key), JSON.stringify(key).slice(1, -1), Buffer.from(key).toString("base64"), "literal-key-1", "session-id-42", "lovelace", "pa55word", Buffer.from("me:pa55word").toString("base64"), "from-url"] // prettier-ignore
  for (const status of [200, 401]) {
    const { host } = await server(t, (request, response) => {
      const { authorization = "", ...others } = request.headers
      const [, given = ""] = authorization.split(" ")
      response.writeHead(status).end(
        [authorization, JSON.stringify({ authorization, ...others }), request.url, encodeURIComponent(given), Buffer.from(given).toString("base64"), "ada:lovelace pa55word is right"].join("\n").slice(status === 200 ? 0 : -299), // prettier-ignore
      )
    })
    const url = `http://me:pa55word@${host}/?api_key=from-url`
    const { text } = await call({ url, allow: [host], headers }, {}, { KEY: key })
    for (const secret of secrets) t.notOk(text.includes(secret), `${status}: ${secret}`)
    t.match(text, /\[secret\] is right/)
    if (status === 200) t.match(text, /"accept":"text\/plain"/, "what is no secret stays")
  }
})

t.test("with a body, arguments without a gap are JSON", async (t) => {
  const { seen, host } = await server(t)
  await call(
    {
      url: `http://${host}/orders/{id}`,
      method: "POST",
      allow: [host],
      parameters: { id: text, count: { type: "number" }, express: { type: "boolean" } },
    },
    { id: "7", count: 2, express: true },
    {},
    { callId: "run-1/0/call-1" },
  )
  t.match(seen, [{ method: "POST", url: "/orders/7" }])
  t.same(JSON.parse(seen[0]?.body ?? ""), { count: 2, express: true })
  t.equal(seen[0]?.headers["content-type"], "application/json")
  t.equal(seen[0]?.headers["idempotency-key"], "run-1/0/call-1", "a call that is run again can be known again")
})

t.test("arguments are checked before anything is sent", async (t) => {
  const { seen, host } = await server(t)
  const config = { url: `http://${host}/{city}`, allow: [host], parameters: { city: text } }
  t.match(await call(config, {}), { code: "INVALID_ARGUMENTS", text: /city/ })
  t.match(await call(config, { city: "Oslo", extra: 1 }), { code: "INVALID_ARGUMENTS", text: /extra/ })
  t.equal(seen.length, 0)
})

t.test("a header takes its secret from the environment, and a missing one is told before any call", async (t) => {
  const { seen, host } = await server(t)
  const config = { url: `http://${host}/`, allow: [host], headers: { authorization: "Bearer $API_KEY" } }
  await call(config, {}, { API_KEY: "s3cret" })
  t.equal(seen[0]?.headers.authorization, "Bearer s3cret")
  t.throws(() => httpTool({ name: "api", description: "", ...config }, {}), {
    code: "INVALID_TOOL",
    message: /HTTP tool api: header authorization needs the environment variable API_KEY/,
  })
})

t.test("only hosts on the allow-list are reached", async (t) => {
  const { seen, host, port } = await server(t)
  const refused = async (url: string, allow: string[]) =>
    t.match(await call({ url, allow }, {}), { kind: "error", code: "HOST_REFUSED" }, `${url} with ${allow.join()}`)
  await refused(`http://${host}/`, ["api.example.com"])
  await refused(`http://${host}/`, [`127.0.0.1:${port + 1}`])
  await refused(`http://api.example.com@${host}/`, ["api.example.com"])
  await refused(`file:///etc/hosts`, [""])
  t.match(await call({ url: `http://{host}/`, allow: ["api.example.com"], parameters: { host: text } }, { host }), {
    kind: "error",
  })
  t.equal(seen.length, 0)
  t.match(await call({ url: `http://${host}/`, allow: ["127.0.0.1"] }, {}), { kind: "ok" }, "without a port: any")
})

t.test("a name that leads to a private address is refused unless the list names that address", async (t) => {
  const { seen, port } = await server(t)
  const url = `http://localhost:${port}/`
  t.match(await call({ url, allow: ["localhost"] }, {}), {
    code: "HOST_REFUSED",
    text: /its name leads to the private address (127\.0\.0\.1|::1); allow the address itself/,
  })
  t.equal(seen.length, 0)
  const allowed = await call({ url, allow: ["localhost", "127.0.0.1", "[::1]"] }, {})
  t.not(allowed.kind === "error" && allowed.code, "HOST_REFUSED")
})

t.test("a redirect is told, not followed", async (t) => {
  const { seen, host } = await server(t, ({ url }, response) =>
    url === "/secret" ? response.end("secret") : response.writeHead(302, { location: "/secret" }).end("elsewhere"),
  )
  t.match(await call({ url: `http://${host}/`, allow: [host] }, {}), {
    code: "TOOL_FAILED",
    text: /answered 302: elsewhere/,
  })
  t.equal(seen.length, 1)
})

t.test("an answer that is no success is told with the server's words", async (t) => {
  const { host } = await server(t, (_, response) => response.writeHead(503).end("closed on Mondays"))
  t.match(await call({ url: `http://${host}/`, allow: [host] }, {}), {
    code: "TOOL_FAILED",
    text: `api: ${host} answered 503: closed on Mondays`,
  })
})

t.test("a response longer than the limit is refused while it comes", async (t) => {
  const { host } = await server(t, (_, response) => {
    response.write("x".repeat(1000))
    // Never ends: only the limit can end the call before its time.
  })
  t.match(await call({ url: `http://${host}/`, allow: [host], responseLimitBytes: 999 }, {}), {
    code: "TOOL_FAILED",
    text: "api: the response is longer than 999 bytes",
  })
  const exact = await server(t, (_, response) => response.end("x".repeat(999)))
  t.match(await call({ url: `http://${exact.host}/`, allow: [exact.host], responseLimitBytes: 999 }, {}), {
    kind: "ok",
  })
})

t.test("a server that does not answer is given up in time, and its connection ends", async (t) => {
  let closed: (() => void) | undefined
  const gone = new Promise<void>((done) => (closed = done))
  const { host } = await server(t, (_, response) => response.on("close", () => closed?.()))
  t.match(await call({ url: `http://${host}/`, allow: [host], timeoutMs: 50 }, {}), {
    code: "TOOL_TIMEOUT",
    text: "api did not finish within 50 ms",
  })
  await gone
})

t.test("a server that hangs up is an error as text", async (t) => {
  const { host } = await server(t, (_, response) => response.destroy())
  t.match(await call({ url: `http://${host}/`, allow: [host] }, {}), { code: "TOOL_FAILED", text: /^api failed: / })
})

t.test("a wrong configuration is refused by naming the field", async (t) => {
  const right = { name: "api", description: "", url: "http://x/", allow: ["x"] }
  for (const [wrong, named] of [
    [{ ...right, allow: [] }, /allow/],
    [{ ...right, method: "PATCH" }, /method/],
    [{ ...right, headerz: {} }, /headerz/],
    [{ ...right, parameters: { a: { type: "date" } } }, /parameters/],
  ] as const)
    t.throws(() => httpTool(wrong, {}), { code: "INVALID_TOOL", message: named })
})
