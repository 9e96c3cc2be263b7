/**
 * What a model's server says when it does not answer, as one of this system's errors. Pure.
 *
 * Invariants
 *   T1. A status decides; an error inside a stream that names none is judged by its code or type, and one that names nothing may be tried again.
 *   T2. The server's own words are told, whatever they are wrapped in: JSON of any shape, HTML, plain text, nothing. They are clipped, and hold no key of ours.
 */
import { AgentOSError } from "#actors/errors.js"

/** Whom the words are of, and what must not stand in them. */
export interface Server {
  readonly model: string
  readonly baseUrl: string
  readonly apiKey?: string | undefined
}

const mostWords = 500
/** How deep words are looked for. */
const deepest = 6

/**
 * An answer that is no success.
 *
 * @param now wall time in milliseconds
 */
export function answeredStatus(
  server: Server,
  status: number,
  headers: Headers,
  body: string,
  now: number,
): AgentOSError {
  return told(server, body, { status, retryAfterMs: retryAfterMs(headers, now) }) // T1
}

/** An error that came where a piece of the answer was due. */
export function saidInStream(server: Server, said: unknown): AgentOSError {
  return told(server, said, {})
}

/** The connection was refused or broke off, or what came is not what a server of this kind sends. */
export function brokenOff({ model, baseUrl }: Server, why: string, cause?: unknown): AgentOSError {
  return new AgentOSError("MODEL_UNAVAILABLE", `${model} at ${baseUrl}: ${why}`, { cause })
}

function told(
  server: Server,
  said: unknown,
  known: { status?: number; retryAfterMs?: number | undefined },
): AgentOSError {
  const signs = signsOf(said)
  const status = known.status ?? signs.map(Number).find((sign) => Number.isInteger(sign) && sign >= 400 && sign < 600)
  const refused = status === undefined ? signs.some((sign) => refusals.test(sign)) : isRefusal(status)
  const words = tidy(server, wordsOf(said) ?? "")
  const details = {
    ...(status === undefined ? {} : { status }),
    ...(signs[0] === undefined ? {} : { said: tidy(server, signs[0]) }),
    ...(known.retryAfterMs === undefined ? {} : { retryAfterMs: known.retryAfterMs }),
  }
  const answered = status === undefined ? "ended its answer with an error" : `answered ${status}`
  return new AgentOSError(
    refused ? "MODEL_REFUSED" : "MODEL_UNAVAILABLE",
    `${server.model} at ${server.baseUrl} ${answered}${words === "" ? " and says nothing" : `: ${words}`}`,
    { details },
  )
}

/** 408, 429 and 5xx may go well another time. */
const isRefusal = (status: number): boolean => status < 500 && status !== 408 && status !== 429

/** Codes and types, as servers of this kind spell them, of requests that would be refused again. */
const refusals =
  /invalid|bad.?request|authenti|unauthori|permission|forbidden|not.?found|unprocessable|too.?(large|long)|context.?(length|window)|content.?(policy|filter)|(un|not.?)supported|billing/i

/** What programs are told: numbers and names, the outermost first. */
function signsOf(said: unknown, depth = 0): string[] {
  if (typeof said === "string" && depth < deepest) return signsOf(parsed(said), depth + 1)
  if (depth > deepest || typeof said !== "object" || said === null) return []
  if (Array.isArray(said)) return signsOf(said[0], depth + 1)
  const { code, status, statusCode, status_code: snake, type, error, ...rest } = said as Record<string, unknown>
  const own = [code, status, statusCode, snake, type]
    .filter((sign) => typeof sign === "string" || typeof sign === "number")
    .map((sign) => String(sign).slice(0, 100))
    .filter((sign) => sign !== "" && sign !== "error")
  return [...own, ...signsOf(error, depth + 1), ...signsOf(rest["message"], depth + 1)]
}

/** Where words stand, the likeliest place first. */
const places = ["message", "error", "detail", "details", "msg", "error_description", "errors", "reason", "title"]

function wordsOf(said: unknown, depth = 0): string | undefined {
  if (typeof said === "string") {
    const inner = depth < deepest ? parsed(said) : undefined
    const words = (inner === undefined ? undefined : wordsOf(inner, depth + 1)) ?? withoutTags(said)
    return words.trim() === "" ? undefined : words
  }
  if (depth > deepest || typeof said !== "object" || said === null) return undefined
  const inside = Array.isArray(said) ? said : places.map((place) => (said as Record<string, unknown>)[place])
  for (const part of inside.slice(0, 20)) {
    const words = wordsOf(part, depth + 1)
    if (words !== undefined) return words
  }
  return depth === 0 ? JSON.stringify(said) : undefined
}

/** The JSON object or array that a text is. */
function parsed(text: string): unknown {
  if (!/^\s*[{["]/.test(text)) return undefined
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** What a page says; other text as it is. */
function withoutTags(text: string): string {
  const begin = text.slice(0, 16 * mostWords)
  if (!/^\s*<(!|\?xml|html|head|body|title|h1|center)/i.test(begin)) return begin
  return begin.replace(/<(script|style)[^]*?<\/\1>/gi, " ").replace(/<[^<>]*>/g, " ")
}

function tidy({ apiKey }: Server, words: string): string {
  const known = apiKey === undefined || apiKey === "" ? words : words.replaceAll(apiKey, "(the key)")
  const short = known.replace(/\s+/g, " ").trim()
  return (short.length > mostWords ? `${short.slice(0, mostWords)}…` : short).toWellFormed()
}

/** @returns how long the server wants to be left alone: seconds or a date (RFC 9110), or milliseconds, as some say it; a day at most */
function retryAfterMs(headers: Headers, now: number): number | undefined {
  const after = headers.get("retry-after")?.trim() ?? ""
  const date = /^[a-z]{3,9},? /i.test(after) ? (/ (GMT|UTC|[+-]\d{4})$/i.test(after) ? after : `${after} GMT`) : ""
  const found = [number(headers.get("retry-after-ms") ?? ""), number(after) * 1000, Date.parse(date) - now]
  const known = found.find((milliseconds) => !Number.isNaN(milliseconds))
  return known === undefined ? undefined : Math.min(Math.max(0, Math.ceil(known)), 86_400_000)
}

const number = (text: string): number => (/^\d+(\.\d+)?$/.test(text.trim()) ? Number(text) : NaN)
