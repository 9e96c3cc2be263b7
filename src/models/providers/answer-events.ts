/**
 * The answer of a server as the SDK reads it. Servers of this kind make different things of the protocol; what means
 * the same is told in the usual words.
 *
 * Invariants
 *   E1. A whole answer, of a server that does not stream, is an answer that comes in one piece.
 *   E2. A field `error` that says nothing is no error.
 *   E3. `function_call`, the older form of a tool call, is the call of a tool.
 *   E4. Counts that are none are not read, nor `choices` that are null: neither is an error, nor a reason to lose what
 *       was said.
 *   E5. What is not understood passes as it is: who reads it says so. What has no end does not.
 */
type Piece = Readonly<Record<string, unknown>>

/** @param mostCharacters of one line. @param endless what is said of a longer one */
export function answerEvents(mostCharacters: number, endless: () => Error): TransformStream<Uint8Array, Uint8Array> {
  const [decoder, encoder] = [new TextDecoder(), new TextEncoder()]
  let tail = ""
  let streams = false
  /** Text that is no event, as long as none has come. */
  let other = ""
  const usual = (line: string): string => {
    if (/^(data|event|id|retry)?:/.test(line)) {
      streams ||= line.startsWith("data:")
      return line.startsWith("data:") ? `data: ${pieceAsUsual(line.slice(5).trimStart())}\n` : `${line}\n`
    }
    if (!streams) other += `${line} `
    return "\n"
  }
  return new TransformStream({
    transform(bytes, controller) {
      const lines = (tail + decoder.decode(bytes, { stream: true })).split(/\r\n|\n|\r(?!$)/)
      tail = lines.pop() ?? ""
      const text = lines.map(usual).join("")
      if (tail.length + other.length > mostCharacters) throw endless()
      if (text !== "") controller.enqueue(encoder.encode(text))
    },
    flush(controller) {
      const last = usual(tail + decoder.decode())
      const whole = streams || other.trim() === "" ? "" : `data: ${pieceAsUsual(other.trim())}\n\n` // E1
      controller.enqueue(encoder.encode(`${last}\n${whole}`))
    },
  })
}

function pieceAsUsual(text: string): string {
  if (!/"(error|function_call|message)"|"usage":\s*[^n\s]|"choices":\s*n/.test(text)) return text
  try {
    const piece: unknown = JSON.parse(text)
    return isObject(piece) ? JSON.stringify(asUsual(piece)) : text
  } catch {
    return text // E5
  }
}

function asUsual({ error, choices: given, usage, ...rest }: Piece): Piece {
  const choices = given === null || (given === undefined && usage !== undefined) ? [] : given // E4
  return {
    ...rest,
    ...(isObject(usage) ? { usage: countsOf(usage) } : {}), // E4
    ...(error === null || error === "" || error === undefined ? {} : { error }), // E2
    ...(choices === undefined ? {} : { choices: Array.isArray(choices) ? choices.map(choiceAsUsual) : choices }),
  }
}

/** Those that are whole numbers and fit their field of proto/agent.proto. */
function countsOf(usage: Piece): Piece {
  const kept = Object.entries(usage).flatMap(([name, count]): [string, unknown][] => {
    if (name.endsWith("_details")) return isObject(count) ? [[name, countsOf(count)]] : []
    return Number(count) >>> 0 === count ? [[name, count]] : []
  })
  return Object.fromEntries(kept)
}

function choiceAsUsual(choice: unknown): unknown {
  if (!isObject(choice)) return choice
  const { message, delta = message, finish_reason: reason, ...rest } = choice
  if (!isObject(delta)) return choice
  const { function_call: older, tool_calls: newer, ...said } = delta
  const sent = Array.isArray(newer) && newer.length === 0 ? undefined : newer
  const calls = sent ?? (isObject(older) ? [{ index: 0, function: older }] : undefined) // E3
  return {
    ...rest,
    finish_reason: reason ?? (delta === message ? "stop" : null), // E1
    delta: { ...said, ...(calls === undefined ? {} : { tool_calls: delta === message ? numbered(calls) : calls }) },
  }
}

/** The calls of a whole answer have no numbers, which those of a stream have. */
const numbered = (calls: unknown): unknown =>
  Array.isArray(calls) ? calls.map((call, index) => (isObject(call) ? { index, ...call } : call)) : calls

const isObject = (value: unknown): value is Piece =>
  typeof value === "object" && value !== null && !Array.isArray(value)
