/**
 * Requests of at most a megabyte that cost as much as they can: repeated, nested, long, compressed, unfinished; on both
 * doors, by every role, on every operation that the node describes. None may hold the event loop, take memory for long,
 * or stay without an answer.
 *
 * What holds the loop once may be the machine's doing; what holds it three times is the node's.
 */
import { connect } from "node:net"
import { gzipSync } from "node:zlib"
import { Client, credentials, Metadata } from "@grpc/grpc-js"
import { loadSync, type MethodDefinition, type ServiceDefinition } from "@grpc/proto-loader"
import { fileURLToPath } from "node:url"
import type { Watched } from "./watched-node.js"
import { startWatched, type WatchedNode } from "./watched.js"

/** What one request did to the node. */
export interface Heavy extends Watched {
  readonly name: string
  /** What came back; undefined when nothing came in time. */
  readonly answer: string | undefined
  readonly elapsedMs: number
}

export interface HeavyOutcome {
  readonly requests: number
  readonly idleRssMb: number
  /** Those that held the loop longer than they may, took too much memory, or stayed without an answer. */
  readonly faults: readonly Heavy[]
  readonly worstHeldMs: number
  readonly worstRssMb: number
  /** Resident memory ten seconds after the last of them. */
  readonly restRssMb: number
}

/** The event loop is never held longer, memory never grows further; every request is answered so soon. */
export const bounds = { heldMs: 50, growthMb: 100, answerMs: 30_000 }

const most = 1_000_000
const fill = (piece: string): string => piece.repeat(Math.floor((most - 20_000) / Buffer.byteLength(piece)))

/** Texts of nearly a megabyte that some parser, matcher or index finds hard. */
export const heavyTexts: Readonly<Record<string, string>> = {
  letters: fill("a"),
  "short words": fill("a "),
  "different words": Array.from({ length: 130_000 }, (_, i) => i.toString(36)).join(" "),
  spaces: fill(" "),
  lines: fill("\n"),
  digits: fill("7"),
  sentences: fill("Why? "),
  quotes: fill('"'),
  backslashes: fill("\\"),
  "nested quotes of Markdown": fill(">"),
  "quotes on lines": fill("> > > > > > > > > > > > > > > > x\n"),
  "nested list": Array.from({ length: 900 }, (_, i) => `${" ".repeat(i * 2)}- x\n`).join(""),
  brackets: fill("["),
  "links of Markdown": fill("[a]("),
  emphasis: fill("*_"),
  backticks: Array.from({ length: 1300 }, (_, i) => "`".repeat(i)).join(" "),
  table: `|${fill("a|")}\n|${"-|".repeat(1000)}`,
  divs: fill("<div>"),
  "open tags": fill("<a b="),
  comments: fill("<!--"),
  entities: fill("&amp;"),
  "reference definitions": fill("[a]: b\n"),
  parentheses: fill("("),
  "order number": fill("order number "),
  "almost words": `${fill("aaaa ")}!`,
  Chinese: fill("数据库备份每日进行一次"),
  Thai: fill("ฐานข้อมูลสำรองทุกวัน"),
  Arabic: fill("قاعدة البيانات "),
  "combining marks": `a${fill("\u0301")}`,
  emoji: fill("👩‍👩‍👧‍👦"),
  "bidirectional marks": fill("\u202e\u2066"),
  "lone surrogates": fill("\ud800"),
  "control characters": fill("\u0001"),
  JSON: fill('{"a":'),
  "JSON array": fill("[1,"),
  base64: fill("AAAA"),
  "a PDF's head": Buffer.from(`%PDF-1.7\n${"1 0 obj<</Length 9>>stream\n".repeat(9000)}`).toString("base64"),
  expression: `1${fill("+1")}`,
  "nested expression": `${"(".repeat(490_000)}1${")".repeat(490_000)}`,
  powers: fill("9^"),
}

let packed: Buffer | undefined
/** Half a gigabyte of nothing. */
const bomb = (): Buffer => (packed ??= gzipSync(Buffer.alloc(500_000_000)))

interface Sent {
  readonly name: string
  readonly send: () => Promise<string | undefined>
}

interface Doors {
  readonly rest: string
  readonly grpc: string
  readonly keys: Readonly<Record<string, string>>
}

/** Asks over HTTP, with bytes as they are. @returns the first line of the answer */
function raw(doors: Doors, head: string, body: Buffer | string = "", finished = true): Promise<string | undefined> {
  const { hostname, port } = new URL(doors.rest)
  return new Promise((resolve) => {
    const socket = connect(Number(port), hostname)
    const timer = setTimeout(() => end(undefined), bounds.answerMs)
    const end = (answer: string | undefined): void => {
      clearTimeout(timer)
      socket.destroy()
      resolve(answer)
    }
    let text = ""
    socket.on("data", (chunk: Buffer) => {
      if (text.length < 200) text += chunk.toString("latin1")
      if (finished && /\r\n\r\n/.test(text) && !/text\/event-stream/.test(text)) end(text.split("\r\n")[0])
    })
    socket.on("error", () => end(text.split("\r\n")[0] || "closed"))
    socket.on("close", () => end(text.split("\r\n")[0] || "closed"))
    socket.write(head)
    socket.write(body)
  })
}

const headOf = (method: string, path: string, key: string | undefined, bytes: number, more = ""): string =>
  `${method} ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: ${bytes}\r\n` +
  `${key === undefined ? "" : `Authorization: Bearer ${key}\r\n`}Connection: close\r\n${more}\r\n`

interface JsonSchema {
  readonly type?: string
  readonly enum?: readonly unknown[]
  readonly const?: unknown
  readonly properties?: Readonly<Record<string, JsonSchema>>
  readonly required?: readonly string[]
  readonly items?: JsonSchema
  readonly anyOf?: readonly JsonSchema[]
  readonly oneOf?: readonly JsonSchema[]
  readonly minimum?: number
  readonly maxLength?: number
}

/** Values that are fine, by the name of a field; a name that is not here gets one by its type. */
const fine: Readonly<Record<string, unknown>> = { target: "echo", model: "echo", format: "markdown", timeoutMs: 20_000 }

function plain(schema: JsonSchema, name: string): unknown {
  if (name in fine) return fine[name]
  const variant = schema.anyOf?.[0] ?? schema.oneOf?.[0]
  if (variant !== undefined) return plain(variant, name)
  if (schema.const !== undefined) return schema.const
  if (schema.enum !== undefined) return schema.enum[0]
  if (schema.type === "object") return objectOf(schema)
  if (schema.type === "array") return [plain(schema.items ?? {}, "")]
  if (schema.type === "integer" || schema.type === "number") return schema.minimum ?? 1
  if (schema.type === "boolean") return true
  return "x"
}

const objectOf = ({ properties = {}, required = [] }: JsonSchema): Record<string, unknown> =>
  Object.fromEntries(required.map((key) => [key, plain(properties[key] ?? {}, key)]))

/** A body with one text in each place where a text may stand, and the shapes that a schema invites. */
function* bodies(schema: JsonSchema, texts: readonly string[]): Generator<readonly [string, string]> {
  const whole = objectOf(schema)
  for (const [key, field] of Object.entries(schema.properties ?? {})) {
    const takes = [field, ...(field.anyOf ?? []), ...(field.oneOf ?? [])]
    const variants = (field.enum ?? [undefined]).slice(0, 8)
    if (takes.some(({ type }) => type === "string") && field.enum === undefined)
      for (const name of texts) {
        const text = (heavyTexts[name] ?? "").slice(0, takes.find(({ maxLength }) => maxLength)?.maxLength)
        yield [`${key} of ${name}`, JSON.stringify({ ...whole, [key]: text })]
      }
    if (takes.some(({ type }) => type === "array")) yield [`${key}, long`, `{"${key}":[${fill("{},").slice(0, -1)}]}`]
    if (key === "format")
      for (const format of variants)
        for (const name of texts)
          yield [`${String(format)} of ${name}`, JSON.stringify({ ...whole, format, content: heavyTexts[name] })]
    if (key === "target" || key === "model")
      for (const target of ["ask", "rules", "mathematician", "librarian", "timekeeper", "writer"])
        for (const name of texts)
          yield [`${target} of ${name}`, JSON.stringify({ ...whole, [key]: target, ...said(key, heavyTexts[name]) })]
  }
  yield ["nested arrays", `{"x":${"[".repeat(490_000)}${"]".repeat(490_000)}}`]
  yield ["nested objects", fill('{"a":')]
  yield ["many fields", `{${Array.from({ length: 70_000 }, (_, i) => `"k${i}":1`).join(",")}}`]
  yield ["the same field again and again", `{${fill('"a":1,')}"a":1}`]
  yield ["a long number", `{"a":${fill("9")}}`]
  yield ["escapes", `{"a":"${fill("\\u0041")}"}`]
}

const said = (key: string, text = ""): object =>
  key === "target" ? { input: text } : { messages: [{ role: "user", content: text }] }

interface OpenApi {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>
}
interface Operation {
  readonly operationId?: string
  readonly requestBody?: { readonly content: Readonly<Record<string, { readonly schema: JsonSchema }>> }
}

async function* overRest(doors: Doors, texts: readonly string[]): AsyncGenerator<Sent> {
  const headers = { authorization: `Bearer ${doors.keys["admin"]}` }
  const { paths } = (await (await fetch(`${doors.rest}/docs/json`, { headers })).json()) as OpenApi
  for (const [template, methods] of Object.entries(paths)) {
    for (const [method, { operationId = template, requestBody }] of Object.entries(methods)) {
      const path = template.replace(/\{\w+\}/g, "x")
      if (/leave|forget/i.test(operationId)) continue // they end the node
      for (const role of ["", "admin"]) {
        const who = role === "" ? "nobody" : role
        const key = role === "" ? undefined : doors.keys[role]
        const one = (what: string, head: string, body: Buffer | string = "", finished = true): Sent => ({
          name: `REST ${operationId} by ${who}: ${what}`,
          send: () => raw(doors, head, body, finished),
        })
        const verb = method.toUpperCase()
        yield one("a long path", headOf(verb, template.replace(/\{\w+\}/g, "x".repeat(14_000)), key, 0))
        yield one("a long query", headOf(verb, `${path}?${"a=1&".repeat(3500)}`, key, 0))
        yield one(
          "many headers",
          headOf(verb, path, key, 0, Array.from({ length: 900 }, (_, i) => `a${i}: 1\r\n`).join("")),
        )
        yield one("a long key", headOf(verb, path, "lao_".padEnd(14_000, "x"), 0))
        const schema = Object.values(requestBody?.content ?? {})[0]?.schema
        if (schema === undefined) continue
        yield one("half a body", headOf(verb, path, key, 900_000), heavyTexts["letters"]?.slice(0, 450_000), false)
        yield one("compressed", headOf(verb, path, key, bomb().length, "Content-Encoding: gzip\r\n"), bomb())
        if (role !== "")
          // who is nobody is refused from the head
          for (const [what, body] of bodies(schema, texts)) {
            const bytes = Buffer.from(body)
            yield one(what, headOf(verb, path, key, bytes.length), bytes)
          }
      }
    }
  }
}

/** Bytes of a message that no schema knows: fields without end, groups within groups, lengths that lie. */
const strangeMessages: Readonly<Record<string, Buffer>> = {
  "unknown fields": Buffer.from(fill("\u0078\u0001")),
  "nested groups": Buffer.concat([Buffer.alloc(490_000, 0x7b), Buffer.alloc(490_000, 0x7c)]),
  "a length that lies": Buffer.from([0x0a, 0xff, 0xff, 0xff, 0xff, 0x07, 0x41]),
  zeroes: Buffer.alloc(900_000),
}

async function* overGrpc(doors: Doors, texts: readonly string[]): AsyncGenerator<Sent> {
  const file = fileURLToPath(new URL("../../../../proto/agent.proto", import.meta.url))
  const service = loadSync(file, { keepCase: false })["llmagentos.v1.AgentService"] as ServiceDefinition
  const call = (path: string, bytes: Buffer, key: string | undefined, more: Metadata = new Metadata()) =>
    new Promise<string | undefined>((resolve) => {
      const channel = new Client(doors.grpc, credentials.createInsecure())
      if (key !== undefined) more.set("authorization", `Bearer ${key}`)
      const timer = setTimeout(() => end(undefined), bounds.answerMs)
      const stream = channel.makeServerStreamRequest(
        path,
        () => bytes,
        (reply: Buffer) => reply,
        null,
        more,
        {},
      )
      const end = (answer: string | undefined): void => {
        clearTimeout(timer)
        stream.cancel()
        channel.close()
        resolve(answer)
      }
      stream.on("data", () => undefined)
      stream.on("error", () => undefined)
      stream.on("status", ({ code }: { code: number }) => end(`status ${code}`))
    })
  for (const [operation, method] of Object.entries(service)) {
    if (/Leave|Forget/.test(operation)) continue
    const { path, requestType, requestSerialize } = method as MethodDefinition<object, object>
    const fields = (requestType as unknown as { type: { field: { name: string; type: string; label: string }[] } }).type
      .field
    const admin = doors.keys["admin"]
    const one = (what: string, bytes: Buffer, key: string | undefined = admin, more?: Metadata): Sent => ({
      name: `gRPC ${operation}: ${what}`,
      send: () => call(path, bytes, key, more),
    })
    for (const [what, bytes] of Object.entries(strangeMessages)) yield one(what, bytes)
    yield one("a megabyte from nobody", Buffer.alloc(900_000), "")
    const compressed = new Metadata()
    compressed.set("grpc-encoding", "gzip")
    yield one("a bomb", bomb(), admin, compressed)
    const whole = Object.fromEntries(fields.filter(({ name }) => name in fine).map(({ name }) => [name, fine[name]]))
    for (const { name, type, label } of fields) {
      if (label === "LABEL_REPEATED")
        yield one(`${name}, long`, requestSerialize({ ...whole, [name]: Array(90_000).fill("x") }))
      else if (type === "TYPE_STRING" || type === "TYPE_BYTES")
        for (const text of texts) {
          const long = heavyTexts[text] ?? ""
          const value = type === "TYPE_BYTES" ? Buffer.from(long) : long
          yield one(`${name} of ${text}`, requestSerialize({ ...whole, [name]: value }))
          if (name === "content")
            for (const format of ["text", "html"])
              yield one(`${format} of ${text}`, requestSerialize({ ...whole, format, [name]: value }))
          if (type === "TYPE_STRING")
            yield one(`${name} of 200 ${text}`, requestSerialize({ ...whole, [name]: long.slice(0, 200) }))
          if (name === "query")
            yield one(`${name} of 10,000 ${text}`, requestSerialize({ ...whole, [name]: long.slice(0, 10_000) }))
        }
    }
  }
}

/**
 * @param share of all requests that are sent: 1 for all, 0.1 for a tenth of them, spread evenly
 * @param tries of a request that seems to be a fault
 */
export async function sendHeavy(
  folder: string,
  {
    share = 1,
    tries = 3,
    only,
    progress = () => {},
  }: { share?: number; tries?: number; only?: RegExp; progress?: (text: string) => void },
): Promise<HeavyOutcome> {
  const node = await startWatched(folder)
  const texts = Object.keys(heavyTexts)
  const faults: Heavy[] = []
  let [requests, worstHeldMs, worstRssMb, number] = [0, 0, 0, 0]
  try {
    for (let n = 0; n < 200; n++) {
      const answer = await raw(node, headOf("GET", "/v1/cluster", node.keys["admin"], 0))
      if (answer !== "HTTP/1.1 409 Conflict") throw new Error(`the node does not answer: ${answer}`)
    }
    await node.settle(0, 3000)
    const { rssMb: idleRssMb } = await node.look()
    const mostMb = idleRssMb + bounds.growthMb
    for (const requestsOf of [overRest, overGrpc])
      for await (const request of requestsOf(node, texts)) {
        if (only?.test(request.name) === false) continue
        if (Math.floor(number++ * share) === Math.floor((number - 1) * share + share)) continue
        progress(`${++requests}: ${request.name}`)
        let seen = await tried(node, request)
        for (let again = 0; again < tries - 1 && isFault(seen, mostMb); again++) {
          await node.settle(mostMb)
          const other = await tried(node, request)
          if (other.heldMs < seen.heldMs || !isFault(other, mostMb)) seen = other
        }
        worstHeldMs = Math.max(worstHeldMs, seen.heldMs)
        worstRssMb = Math.max(worstRssMb, seen.worstRssMb)
        if (isFault(seen, mostMb)) faults.push(seen)
      }
    await node.settle(mostMb)
    const { rssMb: restRssMb } = await node.look()
    return { requests, idleRssMb, faults, worstHeldMs, worstRssMb, restRssMb }
  } finally {
    await node.stop()
  }
}

const isFault = ({ heldMs, worstRssMb, answer }: Heavy, mostMb: number): boolean =>
  heldMs > bounds.heldMs || worstRssMb > mostMb || answer === undefined

async function tried(node: WatchedNode, { name, send }: Sent): Promise<Heavy> {
  await node.look()
  const began = performance.now()
  const answer = await send()
  const elapsedMs = performance.now() - began
  return { name, answer, elapsedMs, ...(await node.look()) }
}
