import { createServer, type IncomingMessage, type ServerResponse } from "node:http"
import type { AddressInfo } from "node:net"

/** How a server answers one request. */
export type Answer = (response: ServerResponse, request: IncomingMessage) => void

export interface ModelServer {
  readonly baseUrl: string
  /** What it was sent, oldest first. */
  readonly requests: Record<string, unknown>[]
  readonly authorizations: (string | undefined)[]
  /** What it answers next; the last one stays. */
  answers(...answers: readonly Answer[]): void
  close(): void
}

/** The other side of OpenAI's chat completions, made by hand from its documentation: it answers what a test says, well or badly. */
export async function modelServer(): Promise<ModelServer> {
  const requests: Record<string, unknown>[] = []
  const authorizations: (string | undefined)[] = []
  let next: Answer[] = []
  const server = createServer((request, response) => {
    let body = ""
    request.on("data", (chunk: Buffer) => (body += chunk.toString()))
    request.on("end", () => {
      requests.push(JSON.parse(body) as Record<string, unknown>)
      authorizations.push(request.headers.authorization)
      const answer = next.length > 1 ? next.shift() : next[0]
      answer?.(response, request)
    })
  })
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done))
  return {
    baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    requests,
    authorizations,
    answers: (...answers) => (next = [...answers]),
    close() {
      server.closeAllConnections()
      server.close()
    },
  }
}

/** A piece of a streamed answer. */
export const chunk = (delta: unknown, finish: string | null = null, usage?: unknown) => ({
  id: "c1",
  object: "chat.completion.chunk",
  created: 1,
  model: "some-model",
  choices: [{ index: 0, delta, finish_reason: finish }],
  ...(usage === undefined ? {} : { usage }),
})

/** A piece that calls a tool, or goes on with a call. */
export const calling = (index: number, name: string | undefined, text: string) =>
  chunk({
    tool_calls: [
      name === undefined
        ? { index, function: { arguments: text } }
        : { index, id: `call-${index}`, type: "function", function: { name, arguments: text } },
    ],
  })

/** Answers with these pieces, whatever they are, and ends as it should. */
export const stream =
  (...pieces: readonly unknown[]): Answer =>
  (response) => {
    response.writeHead(200, { "content-type": "text/event-stream" })
    const events = [...pieces.map((piece) => (typeof piece === "string" ? piece : JSON.stringify(piece))), "[DONE]"]
    response.end(events.map((data) => `data: ${data}\n\n`).join(""))
  }

/** Answers a text. */
export const saying = (text: string, finish = "stop"): Answer =>
  stream(chunk({ role: "assistant", content: text }), chunk({}, finish))

/** Answers with a status instead. */
export const refusing =
  (
    status: number,
    body: unknown = { error: { message: `it is ${status}` } },
    headers: Record<string, string> = {},
  ): Answer =>
  (response) => {
    const type = typeof body === "string" ? "text/html" : "application/json"
    response.writeHead(status, { "content-type": type, ...headers })
    response.end(typeof body === "string" ? body : JSON.stringify(body))
  }
