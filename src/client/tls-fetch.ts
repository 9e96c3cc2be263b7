/**
 * `fetch` with certificates of one's own: the platform's takes none. What it gives and throws is the same, as far as
 * the transport over REST asks for it.
 */
import { Agent, request, type AgentOptions } from "node:https"
import { Readable } from "node:stream"
import type { ReadableStream } from "node:stream/web"

export interface TlsFetch {
  readonly fetch: (url: string, init?: RequestInit) => Promise<Response>
  /** Ends idle connections. */
  close(): void
}

export function tlsFetch(options: AgentOptions): TlsFetch {
  const agent = new Agent({ keepAlive: true, ...options })
  return {
    fetch: (url, { method = "GET", headers, body, signal } = {}) =>
      new Promise((resolve, reject) => {
        const given = Object.fromEntries(new Headers(headers))
        const sent = request(
          url,
          { agent, method, headers: given, ...(signal == null ? {} : { signal }) },
          (answer) => {
            const told = new Headers()
            for (const [name, value] of Object.entries(answer.headers)) told.set(name, String(value))
            const content = Readable.toWeb(answer) as ReadableStream<Uint8Array>
            resolve(
              new Response(content as ConstructorParameters<typeof Response>[0], {
                status: answer.statusCode ?? 500,
                headers: told,
              }),
            )
          },
        )
        sent.on("error", reject)
        sent.end(body ?? undefined)
      }),
    close: () => agent.destroy(),
  }
}
