/**
 * JSON that a caller sent. How much it holds is counted before it is parsed: a parser takes its time for values and not
 * for letters, so that a megabyte of empty objects would hold the event loop and one of prose does not.
 */
import { AgentOSError, thrownText } from "#actors/errors.js"

/** Most values of one request; a chat of a thousand messages has a tenth of them. */
export const mostValues = 50_000

const [quote, comma, bracket, brace, backslash] = [0x22, 0x2c, 0x5b, 0x7b, 0x5c]

/** @throws `INVALID_REQUEST` for a text that holds more than `mostValues` */
export function checkJsonText(text: string): void {
  if (text.length < mostValues) return // a value has a letter at least
  let values = 1
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code === quote) at = endOfString(text, at)
    else if (code === comma || code === bracket || code === brace) values += 1
    if (values > mostValues)
      throw new AgentOSError("INVALID_REQUEST", `the request holds more than ${mostValues} values; send it in parts`)
  }
}

function endOfString(text: string, from: number): number {
  for (let end = text.indexOf('"', from + 1); end >= 0; end = text.indexOf('"', end + 1)) {
    let before = end - 1
    while (text.charCodeAt(before) === backslash) before -= 1
    if ((end - before) % 2 === 1) return end
  }
  return text.length // it is not closed: the parser says so
}

/**
 * The value of a text.
 *
 * @param what is told of one that is none: the body, or a field
 * @throws `INVALID_REQUEST`, also for a field with which an object that is copied would become another
 */
export function readJson(text: string, what: string): unknown {
  checkJsonText(text)
  let value: unknown
  try {
    value = JSON.parse(text.startsWith("\ufeff") ? text.slice(1) : text)
  } catch (cause) {
    throw new AgentOSError("INVALID_REQUEST", `${what} is not JSON: ${thrownText(cause)}`, { cause })
  }
  const fault = /proto|\\u/.test(text) ? prototypeIn(value) : undefined
  if (fault === undefined) return value
  throw new AgentOSError("INVALID_REQUEST", `${what} holds ${JSON.stringify(fault)}, which no field may be called`)
}

/** Where a value names a prototype. */
function prototypeIn(value: unknown): string | undefined {
  const left: { readonly path: string; readonly value: unknown }[] = [{ path: "", value }]
  for (let next = left.pop(); next !== undefined; next = left.pop()) {
    if (typeof next.value !== "object" || next.value === null) continue
    for (const [name, part] of Object.entries(next.value)) {
      const path = next.path === "" ? name : `${next.path}.${name}`
      if (name === "__proto__" || /(^|\.)constructor\.prototype$/.test(path.slice(-30))) return path
      left.push({ path, value: part })
    }
  }
  return undefined
}

/**
 * A value of JSON in which half a surrogate pair, which no text of a message can hold, is one U+FFFD. Changes the value.
 */
export function wellFormed<Value>(value: Value): Value {
  const root: { value: Value } = { value }
  const left: Record<string, unknown>[] = [root]
  for (let next = left.pop(); next !== undefined; next = left.pop()) {
    for (const name in next) {
      const part = next[name]
      if (typeof part === "string") {
        if (!part.isWellFormed()) next[name] = part.toWellFormed()
      } else if (typeof part === "object" && part !== null) left.push(part as Record<string, unknown>)
    }
  }
  return root.value
}
