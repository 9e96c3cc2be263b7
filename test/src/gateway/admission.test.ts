import { readFile, writeFile } from "node:fs/promises"
import { connect, type ClientHttp2Session, type ClientHttp2Stream } from "node:http2"
import { connect as connectTcp, type Socket } from "node:net"
import { join } from "node:path"
import t from "tap"
import { systemClock } from "#actors/clock.js"
import { createClient } from "#src/client/index.js"
import { Inflow, patienceMs } from "#src/gateway/inflow.js"
import { startNode, type NodeProcess } from "#test/support/node-process.js"
import { until } from "#test/support/until.js"

const megabyte = 2 ** 20

async function residentMb({ pid }: NodeProcess): Promise<number> {
  const [, kilobytes = "0"] = /VmRSS:\s+(\d+)/.exec(await readFile(`/proc/${pid}/status`, "utf8")) ?? []
  return Number(kilobytes) / 1024
}

async function small(t: { testdir(): string; teardown(end: () => Promise<void>): unknown }, security = "") {
  const home = t.testdir()
  const config = join(home, "llmagentos.yaml")
  await writeFile(config, `knowledge: { shipped: false }\ngateway: { drainMs: 100 }\n${security}`)
  const node = await startNode(join(home, "data"), ["--config", config])
  t.teardown(() => node.kill())
  return node
}

/** A call whose message never ends: it says that a megabyte comes, and a byte is missing. */
class Unfinished {
  code: string | undefined
  closed = false
  constructor(session: ClientHttp2Session, path: string, headers: Record<string, string>) {
    const stream: ClientHttp2Stream = session.request(
      { ":method": "POST", ":path": path, "content-type": "application/grpc", te: "trailers", ...headers },
      { endStream: false },
    )
    stream.on("response", (head) => (this.code = String(head["error-code"] ?? "none")))
    stream.on("error", () => undefined)
    stream.on("close", () => (this.closed = true))
    stream.resume()
    const head = Buffer.alloc(5)
    head.writeUInt32BE(megabyte, 1)
    stream.write(head)
    stream.write(Buffer.alloc(megabyte - 1, 1))
  }
}

async function flood(node: NodeProcess, path: string, headers: Record<string, string>) {
  const sessions = Array.from({ length: 8 }, () => connect(`http://${node.grpc}`, { maxSessionMemory: 1000 }))
  for (const session of sessions) session.on("error", () => undefined)
  const calls = sessions.flatMap((session) => Array.from({ length: 100 }, () => new Unfinished(session, path, headers)))
  return { calls, end: () => sessions.forEach((session) => session.destroy()) }
}

const skip = process.platform === "linux" ? false : "reads /proc"

for (const [who, security, headers] of [
  ["strangers where a key is needed", "security: { requireKeys: always }\n", {}],
  ["callers with a wrong key", "security: { requireKeys: always }\n", { authorization: "Bearer lao_wrong" }],
] as const)
  t.test(`nothing is held of the messages of ${who}, and they hear why`, { skip }, async (t) => {
    const node = await small(t, security)
    const idle = await residentMb(node)
    const { calls, end } = await flood(node, "/llmagentos.v1.AgentService/Run", headers)
    let most = 0
    await until(async () => {
      most = Math.max(most, await residentMb(node))
      return calls.every(({ closed }) => closed)
    }, "every stream to be closed")
    t.strictSame([...new Set(calls.map(({ code }) => code))], ["UNAUTHENTICATED"])
    t.ok(most - idle < 100, `${Math.round(most - idle)} MB more`)
    end()
  })

for (const path of ["/llmagentos.v1.AgentService/Run", "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo"])
  t.test(`800 unfinished messages to ${path} cost bounded memory, and others are served`, { skip }, async (t) => {
    const node = await small(t)
    const idle = await residentMb(node)
    const { calls, end } = await flood(node, path, {})
    let most = 0
    await until(async () => {
      most = Math.max(most, await residentMb(node))
      return calls.filter(({ closed }) => closed).length > 760
    }, "what is too much to be refused")
    const codes = new Set(calls.filter(({ closed }) => closed).map(({ code }) => code))
    t.ok(codes.has("UPLOADS_FULL"), [...codes].join())
    t.ok(most - idle < 100, `${Math.round(most - idle)} MB more`)
    const client = createClient({ url: `grpc://${node.grpc}` })
    t.ok((await client.agents()).length > 0, "a call that is complete is answered")
    end()
    const began = performance.now()
    t.ok((await client.search("anything at all")).length >= 0)
    await until(async () => {
      const again = await flood(node, path, {})
      await until(() => again.calls.filter(({ closed }) => closed).length > 760, "the second flood to be refused")
      const held = again.calls.filter(({ closed }) => !closed).length
      again.end()
      return held >= 5
    }, "the bytes to be given back")
    t.ok(performance.now() - began < 10_000)
    await until(async () => (await residentMb(node)) - idle < 100, "the memory to be bounded again", 10_000)
    await client.close()
  })

t.test("bodies over REST that do not come are counted by what they announce, and bounded", { skip }, async (t) => {
  const node = await small(t)
  const { hostname, port } = new URL(node.rest)
  const answers: string[] = []
  const sockets: Socket[] = []
  for (let i = 0; i < 100; i++) {
    const socket = connectTcp(Number(port), hostname)
    socket.on("error", () => undefined)
    socket.on("data", (data: Buffer) => answers.push(data.toString()))
    const length = i % 2 === 0 ? `content-length: ${megabyte - 1}` : "transfer-encoding: chunked"
    socket.write(
      `POST /v1/runs HTTP/1.1\r\nhost: ${hostname}:${port}\r\ncontent-type: application/json\r\n${length}\r\n\r\n`,
    )
    sockets.push(socket)
  }
  await until(() => answers.length >= 80, "what is too much to be refused")
  t.match(answers[0], /^HTTP\/1\.1 429 [\s\S]*UPLOADS_FULL/)
  t.equal((await fetch(`${node.rest}/v1/agents`)).status, 200)
  for (const socket of sockets) socket.destroy()
  await until(async () => {
    const body = JSON.stringify({ target: "nobody", input: "x".repeat(500_000) })
    const answer = await fetch(`${node.rest}/v1/runs`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body,
    })
    await answer.arrayBuffer()
    return answer.status === 404
  }, "a large request to be taken again")
})

t.test("what does not arrive in time is called late, and what ends in time is not", async (t) => {
  let [now, call] = [0, (): void => undefined]
  const clock = {
    ...systemClock,
    monotonic: () => now,
    timer: (_ms: number, work: () => void) => ((call = work), () => undefined),
  }
  const inflow = new Inflow(100, clock)
  const late: string[] = []
  const one = inflow.begin("a", () => late.push("one"))
  const two = inflow.begin("b", () => late.push("two"))
  one.add(50)
  t.throws(() => two.add(60), { code: "UPLOADS_FULL", retryable: true, executed: "no" })
  two.add(20)
  t.equal(inflow.held, 70)
  two.end()
  two.end()
  two.add(5)
  t.equal(inflow.held, 50)
  now = patienceMs - 1
  call()
  t.strictSame(late, [])
  now = patienceMs
  call()
  t.strictSame(late, ["one"])
  one.end()
  t.equal(inflow.held, 0)
})
