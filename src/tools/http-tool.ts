/**
 * Tools that are HTTP endpoints, from configuration.
 *
 * Invariants
 *   H1. A request goes only to a host on the tool's allow-list, and never to a private or loopback address unless the list names that address.
 *   H2. The address that was checked is the address that is connected to, so a name cannot change its mind in between.
 *   H3. Redirects are not followed; a response longer than the limit is refused.
 */
import { lookup } from "node:dns/promises"
import { request as httpRequest } from "node:http"
import { request as httpsRequest } from "node:https"
import { BlockList, isIP } from "node:net"
import { z } from "zod"
import { AgentOSError } from "#actors/errors.js"
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

const privateAddresses = new BlockList()
for (const [address, prefix] of [
  ["0.0.0.0", 8],
  ["10.0.0.0", 8],
  ["100.64.0.0", 10],
  ["127.0.0.0", 8],
  ["169.254.0.0", 16],
  ["172.16.0.0", 12],
  ["192.168.0.0", 16],
  ["224.0.0.0", 3],
] as const) {
  privateAddresses.addSubnet(address, prefix, "ipv4")
}
for (const [address, prefix] of [
  ["::", 127],
  ["fc00::", 7],
  ["fe80::", 10],
  ["ff00::", 8],
] as const) {
  privateAddresses.addSubnet(address, prefix, "ipv6")
}

/** @throws `INVALID_TOOL` when the configuration is wrong */
export function httpTool(input: unknown, environment: Readonly<Record<string, string | undefined>>): Tool {
  const parsed = httpToolSchema.safeParse(input)
  if (!parsed.success)
    throw new AgentOSError("INVALID_TOOL", `an HTTP tool is configured wrongly: ${z.prettifyError(parsed.error)}`)
  const config = parsed.data
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
        return found
      }),
    ]),
  )
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
      const used = new Set<string>()
      const url = new URL(
        config.url.replace(/\{(\w+)\}/g, (_, name: string) => {
          used.add(name)
          const value = String(args[name] ?? "")
          // Encoding leaves dots alone, and these two would climb to another path.
          if (value === "." || value === "..")
            throw new AgentOSError(
              "INVALID_ARGUMENTS",
              `${config.name}: ${name} is ${JSON.stringify(value)}, which would lead to another path`,
            )
          return encodeURIComponent(value)
        }),
      )
      const rest = Object.entries(args).filter(([name, value]) => !used.has(name) && value !== undefined)
      const hasBody = config.method === "POST" || config.method === "PUT"
      if (!hasBody) for (const [name, value] of rest) url.searchParams.set(name, String(value))
      const address = await checkedAddress(url, config)
      const body = hasBody ? JSON.stringify(Object.fromEntries(rest)) : undefined
      return send(
        url,
        address,
        config,
        {
          ...headers,
          "idempotency-key": callId,
          ...(body === undefined ? {} : { "content-type": "application/json" }),
        },
        body,
        signal,
      )
    },
  })
}

/** H1. @throws `HOST_REFUSED` */
async function checkedAddress(url: URL, config: HttpToolConfig): Promise<{ address: string; family: number }> {
  const refuse = (why: string): AgentOSError =>
    new AgentOSError("HOST_REFUSED", `${config.name} may not reach ${url.host}: ${why}`)
  if (url.protocol !== "https:" && url.protocol !== "http:") throw refuse("only http and https are spoken")
  if (!config.allow.includes(url.host) && !config.allow.includes(url.hostname))
    throw refuse(`its allow-list has ${config.allow.join(", ")}`)
  const host = url.hostname.replace(/^\[|\]$/g, "")
  const found = isIP(host) === 0 ? await lookup(host) : { address: host, family: isIP(host) }
  const address = found.family === 6 ? `[${found.address}]` : found.address
  const named = [address, url.port === "" ? address : `${address}:${url.port}`].some((at) => config.allow.includes(at))
  if (!named && privateAddresses.check(found.address, found.family === 6 ? "ipv6" : "ipv4"))
    throw refuse(`its name leads to the private address ${found.address}; allow the address itself if that is meant`)
  return found
}

function send(
  url: URL,
  { address, family }: { address: string; family: number },
  config: HttpToolConfig,
  headers: Record<string, string>,
  body: string | undefined,
  signal: AbortSignal,
): Promise<string> {
  const request = url.protocol === "https:" ? httpsRequest : httpRequest
  return new Promise((resolve, reject) => {
    const outgoing = request(
      url,
      {
        method: config.method,
        headers,
        signal,
        // H2: whatever is asked for, this is the address.
        lookup: (_host, options, done) =>
          options.all === true ? done(null, [{ address, family }]) : done(null, address, family),
      },
      (response) => {
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
        response.on("end", () => {
          const text = Buffer.concat(chunks).toString("utf8")
          const status = response.statusCode ?? 0
          if (status >= 200 && status < 300) resolve(text)
          else
            reject(
              new AgentOSError(
                "TOOL_FAILED",
                `${config.name}: ${url.host} answered ${status}${text === "" ? "" : `: ${text.slice(0, 300)}`}`,
              ),
            )
        })
        response.on("error", reject)
      },
    )
    outgoing.on("error", reject)
    outgoing.end(body)
  })
}
