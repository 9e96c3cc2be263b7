/**
 * Tools that are HTTP endpoints, from configuration.
 *
 * Invariants
 *   H1. A request goes only to a host on the tool's allow-list, and never to a private or loopback address unless the
 *       list names that address.
 *   H2. The address that was checked is the address that is connected to, so a name cannot change its mind in between.
 *   H3. Redirects are not followed; a response longer than the limit is refused.
 *   H4. An argument stays in its place: it fills its gap in a path, which has the parts that are configured, and no
 *       other.
 *   H5. What the tool is given to send as a secret is struck out of what comes back, errors too.
 */
import { lookup } from "node:dns/promises"
import { request as httpRequest } from "node:http"
import { request as httpsRequest } from "node:https"
import { isIP } from "node:net"
import { z } from "zod"
import { AgentOSError, thrownText } from "#actors/errors.js"
import { specialAddress } from "./addresses.js"
import { clipped } from "./readable.js"
import { secretsOf, striking } from "./secrets.js"
import { defineTool, type Tool } from "./tool.js"

export const httpToolSchema = z
  .strictObject({
    name: z.string().describe("Name of the tool."),
    description: z.string().describe("What it does, for the model."),
    method: z.enum(["GET", "POST", "PUT", "DELETE"]).default("GET").describe("HTTP method."),
    url: z.string().describe("With gaps for arguments: `https://api.example.com/cities/{city}`."),
    headers: z.record(z.string(), z.string()).default({}).describe("`$NAME` in a value is taken from the environment."),
    parameters: z
      .record(
        z.string(),
        z.strictObject({
          type: z.enum(["string", "number", "boolean"]),
          description: z.string().optional(),
          optional: z.boolean().default(false),
        }),
      )
      .default({})
      .describe("Arguments. Those without a gap go into the query or, with a body, into JSON."),
    allow: z.array(z.string()).min(1).describe("Hosts that may be reached, `api.example.com` or `127.0.0.1:8080`."),
    timeoutMs: z.int().min(1).max(300_000).default(10_000).describe("Milliseconds before the call is given up."),
    responseLimitBytes: z.int().min(1).default(262_144).describe("Longest response that is read."),
  })
  .describe("An HTTP tool.")
export type HttpToolConfig = z.output<typeof httpToolSchema>

/** @throws `INVALID_TOOL` when the configuration is wrong */
export function httpTool(input: unknown, environment: Readonly<Record<string, string | undefined>>): Tool {
  const parsed = httpToolSchema.safeParse(input)
  if (!parsed.success)
    throw new AgentOSError("INVALID_TOOL", `an HTTP tool is configured wrongly: ${z.prettifyError(parsed.error)}`)
  const config = parsed.data
  const fromEnvironment: string[] = []
  const headers = Object.fromEntries(
    Object.entries(config.headers).map(([name, value]) => [
      name,
      value.replace(/\$([A-Za-z_]\w*)/g, (_, variable: string) => {
        const found = environment[variable]
        if (found === undefined)
          throw new AgentOSError(
            "INVALID_TOOL",
            `HTTP tool ${config.name}: header ${name} needs the environment variable ${variable}`,
          )
        fromEnvironment.push(found)
        return found
      }),
    ]),
  )
  const strike = striking(secretsOf(fromEnvironment, headers, config.url)) // H5
  const shape = Object.fromEntries(
    Object.entries(config.parameters).map(([name, { type, description, optional }]) => {
      const base = type === "string" ? z.string() : type === "number" ? z.number() : z.boolean()
      const described = description === undefined ? base : base.describe(description)
      return [name, optional ? described.optional() : described]
    }),
  )
  return defineTool({
    name: config.name,
    description: config.description,
    parameters: z.strictObject(shape),
    timeoutMs: config.timeoutMs,
    idempotent: config.method === "GET",
    execute: async (args, { signal, callId }) => {
      try {
        const { url, rest } = filled(config, args)
        const hasBody = config.method === "POST" || config.method === "PUT"
        if (!hasBody) for (const [name, value] of rest) url.searchParams.set(name, String(value))
        const body = hasBody ? JSON.stringify(Object.fromEntries(rest)) : undefined
        const address = await checkedAddress(url, config)
        const type = body === undefined ? {} : { "content-type": "application/json" }
        const sent = { host: url.host, ...headers, "idempotency-key": callId, ...type }
        const { status, text } = await send(url, address, config, sent, body, signal)
        if (status >= 200 && status < 300) return strike(text)
        const said = text === "" ? "" : `: ${clipped(strike(text), 300)}`
        throw new AgentOSError("TOOL_FAILED", `${config.name}: ${url.host} answered ${status}${said}`)
      } catch (error) {
        const text = thrownText(error)
        if (strike(text) === text) throw error
        throw new AgentOSError(AgentOSError.from(error, "TOOL_FAILED").code, strike(text))
      }
    },
  })
}

/** H4. @returns the URL with its gaps filled, and the arguments that have none @throws `INVALID_ARGUMENTS` */
function filled({ name, url }: HttpToolConfig, args: Readonly<Record<string, unknown>>) {
  const gap = /\{(\w+)\}/g
  const made = new URL(url.replace(gap, (_, of: string) => encodeURIComponent(String(args[of] ?? "").toWellFormed())))
  const [parts, meant] = [made.pathname.split("/"), new URL(url.replace(gap, "x")).pathname.split("/")]
  // Encoding leaves dots alone: "." and ".." would climb, and what is empty would leave its part out.
  if (parts.length !== meant.length || meant.some((part, i) => part !== "" && parts[i] === "")) {
    const given = [...url.matchAll(gap)].map(([, of = ""]) => `${of} is ${JSON.stringify(String(args[of] ?? ""))}`)
    throw new AgentOSError("INVALID_ARGUMENTS", `${name}: ${given.join(", ")}, which would lead to another path`)
  }
  const used = new Set([...url.matchAll(gap)].map(([, of]) => of))
  return { url: made, rest: Object.entries(args).filter(([of, value]) => !used.has(of) && value !== undefined) }
}

/** H1. @throws `HOST_REFUSED` */
async function checkedAddress(url: URL, config: HttpToolConfig): Promise<string> {
  const refuse = (why: string): AgentOSError =>
    new AgentOSError("HOST_REFUSED", `${config.name} may not reach ${url.host}: ${why}`)
  if (url.protocol !== "https:" && url.protocol !== "http:") throw refuse("only http and https are spoken")
  if (!config.allow.includes(url.host) && !config.allow.includes(url.hostname))
    throw refuse(`its allow-list has ${config.allow.join(", ")}`)
  const host = url.hostname.replace(/^\[|\]$/g, "")
  const address = isIP(host) === 0 ? (await lookup(host)).address : host
  const written = isIP(address) === 6 ? `[${address}]` : address
  const named = [written, url.port === "" ? written : `${written}:${url.port}`].some((at) => config.allow.includes(at))
  const special = named ? undefined : specialAddress(address)
  if (special !== undefined)
    throw refuse(
      `its name leads to the private address ${address}; allow the address itself if that is meant (${special})`,
    )
  return address
}

/** @throws `TOOL_FAILED` when the response is too long, and what the connection throws */
function send(
  url: URL,
  address: string,
  config: HttpToolConfig,
  headers: Record<string, string>,
  body: string | undefined,
  signal: AbortSignal,
): Promise<{ readonly status: number; readonly text: string }> {
  const request = url.protocol === "https:" ? httpsRequest : httpRequest
  return new Promise((resolve, reject) => {
    // H2: whatever is asked for, and whichever connection is still open, this is the address.
    const outgoing = request(url, { method: config.method, headers, signal, hostname: address }, (response) => {
      const chunks: Buffer[] = []
      let size = 0
      response.on("data", (chunk: Buffer) => {
        size += chunk.length
        if (size > config.responseLimitBytes)
          outgoing.destroy(
            new AgentOSError(
              "TOOL_FAILED",
              `${config.name}: the response is longer than ${config.responseLimitBytes} bytes`,
            ),
          ) // H3
        else chunks.push(chunk)
      })
      response.on("end", () =>
        resolve({ status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString("utf8") }),
      )
      response.on("error", reject)
    })
    outgoing.on("error", reject)
    outgoing.end(body)
  })
}
