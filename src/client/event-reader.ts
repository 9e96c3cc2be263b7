/**
 * Reads server-sent events: the data of each, joined over its lines.
 *
 * @see https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation
 */
export async function* readEvents(body: AsyncIterable<Uint8Array> | null): AsyncGenerator<string> {
  if (body === null) return
  const decoder = new TextDecoder()
  let rest = ""
  for await (const bytes of body) {
    const blocks = (rest + decoder.decode(bytes, { stream: true })).split("\n\n")
    rest = blocks.pop() ?? ""
    for (const block of blocks) {
      const lines = block.split("\n").filter((line) => line.startsWith("data:"))
      if (lines.length > 0) yield lines.map((line) => line.slice(line[5] === " " ? 6 : 5)).join("\n")
    }
  }
}
