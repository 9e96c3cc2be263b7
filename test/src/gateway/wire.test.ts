import t from "tap"
import { operations } from "#src/gateway/operations.js"
import { answerForm, askForm } from "#src/gateway/wire.js"
import { lostOnTheWire } from "#test/support/wire-property.js"

t.test("whatever an operation takes or answers comes through its messages as it was", (t) => {
  t.strictSame(lostOnTheWire(30, 3), [])
  t.end()
})

t.test("an event of a node that does not tell how its step ended is no empty message", (t) => {
  const usage = { promptTokens: 3, completionTokens: 1, cachedTokens: 0 }
  const event = { type: "step", step: "0", agent: "a", status: "finished", output: "hello", elapsedMs: 1, usage }
  const form = answerForm(operations.StreamRun)
  t.same(form.toValue(form.toMessage(event)), event)
  t.end()
})

t.test("a document's bytes arrive as they are, as text where they are UTF-8", (t) => {
  const form = askForm(operations.AddDocument)
  for (const [format, bytes, encoding] of [
    ["text", Buffer.from("Möwe 数"), "utf8"],
    ["text", Buffer.from("Möwe", "utf16le"), "base64"],
    ["html", Buffer.from([0xe9, 0x74, 0xe9]), "base64"],
    ["pdf", Buffer.from("%PDF-1.7"), "base64"],
    ["text", Buffer.alloc(0), "utf8"],
  ] as const) {
    const value = form.toValue({ id: "x", format, content: bytes }) as { readonly content: string; readonly encoding: "utf8" | "base64" } // prettier-ignore
    t.equal(value.encoding, encoding, format)
    t.same(Buffer.from(value.content, value.encoding), bytes)
    t.same(form.toMessage(value)["content"], bytes)
  }
  t.end()
})
