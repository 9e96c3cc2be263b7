/** What the client does when the other side is no Consul, or one that dies in the middle of an answer. */
import { once } from "node:events"
import { createServer, type Server, type Socket } from "node:net"
import type { AddressInfo } from "node:net"
import { setTimeout as sleep } from "node:timers/promises"
import t, { type Test } from "tap"
import { systemClock } from "#actors/clock.js"
import { consulClient } from "#cluster/consul-client.js"

const { signal } = new AbortController()
const limits = { limitMs: 300, signal }

/** A client of a server that does with each request what it is told. */
async function clientOf(t: Test, answer: (socket: Socket, request: string) => void) {
  const sockets = new Set<Socket>()
  const server: Server = createServer((socket) => {
    sockets.add(socket)
    socket.on("error", () => undefined)
    socket.on("data", (chunk) => answer(socket, chunk.toString()))
  }).listen(0, "127.0.0.1")
  await once(server, "listening")
  const client = consulClient({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` }, systemClock)
  t.teardown(() => {
    client.close()
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return { client, sockets }
}

const reply = (status: string, body: string, type = "application/json"): string =>
  `HTTP/1.1 ${status}\r\nContent-Type: ${type}\r\nX-Consul-Index: 7\r\nContent-Length: ${body.length}\r\n\r\n${body}`

t.test("whatever comes back, a call ends within its limit and never throws", async (t) => {
  const half = reply("200 OK", '["half of it"]').slice(0, -5)
  const cases: readonly [string, (socket: Socket) => void, object][] = [
    ["nothing", () => undefined, { kind: "unreachable", reason: /no answer within 300 ms/ }],
    ["half an answer, then silence", (socket) => socket.write(half), { kind: "unreachable", reason: /no answer/ }],
    ["half an answer, then the end", (socket) => socket.end(half), { kind: "unreachable" }],
    ["the end", (socket) => socket.destroy(), { kind: "unreachable" }],
    ["no HTTP", (socket) => socket.end("hello\r\n\r\n"), { kind: "unreachable" }],
    ["no JSON", (socket) => socket.write(reply("200 OK", "[{")), { kind: "unreachable" }],
    ["another JSON", (socket) => socket.write(reply("200 OK", "[1]")), { kind: "unreachable", reason: /not what Consul answers/ }], // prettier-ignore
    ["a refusal", (socket) => socket.write(reply("500 Internal Server Error", "No cluster leader", "text/plain")), { kind: "refused", status: 500, reason: "No cluster leader" }], // prettier-ignore
  ]
  for (const [what, answer, expected] of cases) {
    const { client } = await clientOf(t, answer)
    const began = systemClock.monotonic()
    t.match(await client.health("service", { index: 0, waitMs: 0, ...limits }), expected, what)
    t.ok(systemClock.monotonic() - began < 2000, what)
  }
})

t.test("a call that is called off ends at once, and its connection too", async (t) => {
  const { client, sockets } = await clientOf(t, () => undefined)
  const control = new AbortController()
  const call = client.under("prefix", { index: 5, waitMs: 10_000, limitMs: 12_000, signal: control.signal })
  while (sockets.size === 0) await sleep(5)
  control.abort()
  t.same(await call, { kind: "unreachable", reason: "called off" })
  const [socket] = sockets
  if (socket?.destroyed === false) await once(socket, "close")
  t.match(await client.pass("check", { limitMs: 300, signal: control.signal }), { kind: "unreachable" })
  t.equal(sockets.size, 1, "nothing is sent that is called off already")
})

t.test("hundreds of locks queue for a few connections, and a sign of life does not queue behind them", async (t) => {
  const open = new Set<Socket>()
  const { client } = await clientOf(t, (socket, request) => {
    if (request.includes("/agent/check/pass/")) return void socket.write(reply("200 OK", ""))
    open.add(socket)
    setTimeout(() => socket.write(reply("200 OK", "true")), 20)
  })
  const calls = Array.from({ length: 300 }, (_, i) =>
    client.acquire(`lock/${i}`, "ann@1", "s", { limitMs: 10_000, signal }),
  )
  const first = await Promise.race([Promise.all(calls).then(() => "locks"), client.pass("check", limits).then(() => "sign of life")]) // prettier-ignore
  t.equal(first, "sign of life")
  t.ok((await Promise.all(calls)).every((answer) => answer.kind === "ok" && answer.value))
  t.ok(open.size <= 8, `${open.size} connections`)
})

t.test("what is no address of an agent is refused", (t) => {
  t.throws(() => consulClient({ url: "ftp://consul" }, systemClock), TypeError)
  t.throws(() => consulClient({ url: "consul" }, systemClock), TypeError)
  t.end()
})

t.test("an agent that knows no servers any more is asked to join those that it knew", async (t) => {
  const requests: string[] = []
  const members = JSON.stringify([
    { Name: "s1", Addr: "10.0.0.1", Port: 8301, Tags: { role: "consul" }, Status: 4 },
    { Name: "s2", Addr: "fd00::2", Port: 8301, Tags: { role: "consul" }, Status: 4 },
    { Name: "a", Addr: "10.0.0.3", Port: 8301, Tags: { role: "node" }, Status: 1 },
  ])
  const { client } = await clientOf(t, (socket, request) => {
    const path = request.split(" ")[1] as string
    requests.push(decodeURIComponent(path))
    if (path.startsWith("/v1/agent/members")) socket.write(reply("200 OK", members))
    else if (path.startsWith("/v1/agent/join")) socket.write(reply("200 OK", ""))
    else socket.write(reply("500 Internal Server Error", "No known Consul servers", "text/plain"))
  })
  for (let n = 0; n < 3; n++)
    t.match(await client.get("key", limits), { kind: "refused", reason: "No known Consul servers" })
  while (requests.filter((path) => path.startsWith("/v1/agent/join")).length < 2) await sleep(5)
  await sleep(50)
  const searches = requests.filter((path) => path.startsWith("/v1/agent/")).sort()
  t.same(searches, ["/v1/agent/join/10.0.0.1:8301", "/v1/agent/join/[fd00::2]:8301", "/v1/agent/members"])
})
