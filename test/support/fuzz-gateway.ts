/**
 * Malformed requests for both doors, made from a seed. A request that was right is broken in one to three places: bytes are changed,
 * cut, repeated or replaced by what parsers trip over.
 */
import { connect } from "node:net"
import { Client, credentials } from "@grpc/grpc-js"
import { llmagentos } from "#proto/agent.generated.js"

/** What became of the inputs. Every input ends in one of these. */
export interface FuzzOutcome {
  readonly inputs: number
  /** Answered with a status. */
  readonly answered: number
  /** The connection was closed: what HTTP itself does with bytes that are no request. */
  readonly closed: number
  /** Nothing came within the limit. */
  readonly hung: number
  /** Answered with an internal error, which a malformed input must never be. */
  readonly internal: number
  readonly worstMs: number
}

/** mulberry32: small, and the same everywhere. */
export function seeded(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let x = Math.imul(state ^ (state >>> 15), 1 | state)
    x = (x + Math.imul(x ^ (x >>> 7), 61 | x)) ^ x
    return ((x ^ (x >>> 14)) >>> 0) / 4_294_967_296
  }
}

const nasty = ["\u0000", "\r\n", "\r\n\r\n", '{"__proto__":{"x":1}}', "[".repeat(500), "1e999", "\ud800", "%", "%00", "..%2f..", '"', "Content-Length: -1\r\n", "Transfer-Encoding: chunked\r\n", "\u00ff\u00fe", "null", "9".repeat(400), "a".repeat(20_000)] // prettier-ignore

/** Bytes broken in one to three places. */
export function broken(bytes: Uint8Array, random: () => number): Buffer {
  let result = Buffer.from(bytes)
  const pick = (limit: number): number => Math.floor(random() * limit)
  for (let times = 1 + pick(3); times > 0; times--) {
    const at = pick(result.length + 1)
    const kind = pick(5)
    if (kind === 0 && result.length > 0) result[Math.min(at, result.length - 1)] = pick(256)
    else if (kind === 1) result = result.subarray(0, at)
    else if (kind === 2)
      result = Buffer.concat([
        result.subarray(0, at),
        Buffer.from(nasty[pick(nasty.length)] ?? ""),
        result.subarray(at),
      ])
    else if (kind === 3)
      result = Buffer.concat([result.subarray(0, at), result.subarray(Math.min(result.length, at + 1 + pick(40)))])
    else result = Buffer.concat([result.subarray(0, at), result.subarray(Math.max(0, at - pick(40)))])
  }
  return result
}

function httpRequests(host: string): Buffer[] {
  const post = (path: string, body: string) => Buffer.from(`POST ${path} HTTP/1.1\r\nHost: ${host}\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`) // prettier-ignore
  return [
    post(
      "/v1/runs",
      JSON.stringify({ target: "echo", input: "hello", conversation: "c", timeoutMs: 1000, budgetTokens: 100 }),
    ),
    post(
      "/v1/chat/completions",
      JSON.stringify({ model: "echo", messages: [{ role: "user", content: "hello" }], stream: true }),
    ),
    post("/v1/knowledge/search", JSON.stringify({ query: "where", limit: 3 })),
    post("/v1/agents/echo/replicate", JSON.stringify({ count: 1 })),
    Buffer.from(
      `GET /v1/runs/abc HTTP/1.1\r\nHost: ${host}\r\nTraceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01\r\nConnection: close\r\n\r\n`,
    ),
    Buffer.from(
      `DELETE /v1/runs/abc HTTP/1.1\r\nHost: ${host}\r\nAuthorization: Bearer lao_0123456789abcdef_x\r\nIdempotency-Key: k\r\nConnection: close\r\n\r\n`,
    ),
  ]
}

type Result =
  { readonly kind: "answered"; readonly internal: boolean } | { readonly kind: "closed" } | { readonly kind: "hung" }

/** Sends bytes on a connection of their own, and the end of the stream after them. */
function sendHttp(port: number, bytes: Buffer, limitMs: number): Promise<Result> {
  return new Promise((resolve) => {
    let text = ""
    const socket = connect(port, "127.0.0.1", () => socket.end(bytes))
    const done = (result: Result): void => {
      clearTimeout(timer)
      socket.destroy()
      resolve(result)
    }
    const timer = setTimeout(() => done({ kind: "hung" }), limitMs)
    socket.on("data", (chunk: Buffer) => (text += chunk.toString("latin1")))
    socket.on("error", () => done({ kind: "closed" }))
    socket.on("close", () =>
      done(text === "" ? { kind: "closed" } : { kind: "answered", internal: /^HTTP\/1\.1 500/.test(text) }),
    )
  })
}

const { v1 } = llmagentos
const grpcRequests = [
  ["Run", v1.RunRequest.encode({ target: "echo", input: "hello", conversation: "c", budgetTokens: 10 }).finish()],
  ["StreamRun", v1.RunRequest.encode({ target: "echo", input: "hello" }).finish()],
  ["SearchKnowledge", v1.SearchRequest.encode({ query: "where", limit: 3 }).finish()],
  ["AddDocument", v1.Document.encode({ id: "", format: "text", content: Buffer.from("x") }).finish()],
  ["ReplicateAgent", v1.ReplicateRequest.encode({ name: "echo", count: 1 }).finish()],
  ["GetRun", v1.RunId.encode({ runId: "abc" }).finish()],
  ["CreateKey", v1.CreateKeyRequest.encode({ name: "x", role: "admin" }).finish()],
] as const

function sendGrpc(channel: Client, operation: string, bytes: Buffer, limitMs: number): Promise<Result> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve({ kind: "hung" }), limitMs)
    const call = channel.makeServerStreamRequest(
      `/llmagentos.v1.AgentService/${operation}`,
      () => bytes,
      (reply: Buffer) => reply,
      null,
    )
    let internal = false
    call.on("data", () => {})
    call.on(
      "error",
      (error: { metadata?: { get(name: string): unknown[] } }) =>
        (internal = error.metadata?.get("error-code")[0] === "INTERNAL"),
    )
    call.on("status", () => {
      clearTimeout(timer)
      resolve({ kind: "answered", internal })
    })
  })
}

/** Sends `count` malformed inputs, half to each door, `width` at a time, and tells what became of them. */
export async function fuzzGateway(
  doors: { readonly rest: string; readonly grpc: string },
  {
    count,
    seed,
    width = 16,
    limitMs = 15_000,
    progress = () => {},
  }: { count: number; seed: number; width?: number; limitMs?: number; progress?: (done: number) => void },
): Promise<FuzzOutcome> {
  const random = seeded(seed)
  const { host, port } = new URL(doors.rest)
  const requests = httpRequests(host)
  const channel = new Client(doors.grpc, credentials.createInsecure())
  const outcome = { inputs: 0, answered: 0, closed: 0, hung: 0, internal: 0, worstMs: 0 }
  const worker = async (): Promise<void> => {
    while (outcome.inputs < count) {
      const number = outcome.inputs++
      const began = performance.now()
      let result: Result
      if (number % 2 === 0)
        result = await sendHttp(
          Number(port),
          broken(requests[number % requests.length] ?? Buffer.alloc(0), random),
          limitMs,
        )
      else {
        const [operation, bytes] = grpcRequests[number % grpcRequests.length] ?? grpcRequests[0]
        result = await sendGrpc(channel, operation, broken(bytes, random), limitMs)
      }
      outcome.worstMs = Math.max(outcome.worstMs, performance.now() - began)
      outcome[result.kind]++
      if (result.kind === "answered" && result.internal) outcome.internal++
      if (number % 1000 === 999) progress(number + 1)
    }
  }
  await Promise.all(Array.from({ length: width }, worker))
  channel.close()
  return outcome
}
