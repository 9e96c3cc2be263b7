/**
 * How much a JSON text holds, counted before it is parsed: a parser takes its time for values and not for letters, so
 * that a megabyte of empty objects would hold the event loop and one of prose does not.
 */
import { AgentOSError } from "#actors/errors.js"

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
