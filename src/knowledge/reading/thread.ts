/**
 * The thread that reads documents. It has one at a time and gives its passages block by block, each when the one before
 * was taken: so neither side holds more than the document itself.
 */
import { once } from "node:events"
import type { MessagePort } from "node:worker_threads"
import { systemClock } from "#actors/clock.js"
import type { Document } from "../knowledge.js"
import { decoderOf, encodingOf } from "./encoding.js"
import { collectGarbage } from "./garbage.js"
import { HtmlReader } from "./html.js"
import { Unreadable } from "./limits.js"
import { MarkdownReader } from "./markdown.js"
import { blockLength, PassageCutter, type Passage } from "./passages.js"
import { PlainTextReader } from "./plain-text.js"

export interface ReadTask {
  readonly format: Document["format"]
  readonly buffer: ArrayBuffer
  /** The document was given as text, and is in UTF-8 whatever stands in it. */
  readonly isText: boolean
  /** Takes passages, block by block, and answers each; the first block is empty and says that reading has begun. */
  readonly port: MessagePort
}

export type ReadOutcome =
  | { readonly kind: "read"; readonly passages: number; readonly notes: readonly string[] }
  | { readonly kind: "unreadable"; readonly why: string }

/** Bytes of a document that are not left to be collected some time. */
const largeBytes = 4 * 1024 * 1024
/** Bytes of text that are read before what came of them is given away. */
const pieceBytes = 64 * 1024

export default async function read(task: ReadTask): Promise<ReadOutcome> {
  const { port } = task
  const large = task.buffer.byteLength > largeBytes
  try {
    return await passagesOf(task, async (block) => {
      const answered = once(port, "message")
      port.postMessage(block)
      await answered
    })
  } catch (error) {
    if (error instanceof Unreadable) return { kind: "unreadable", why: error.message }
    if (error instanceof RangeError) return { kind: "unreadable", why: "is nested too deep to be read" }
    throw error
  } finally {
    port.close()
    if (large) systemClock.afterInputOutput(collectGarbage) // when this function no longer holds the document
  }
}

async function passagesOf(
  { format, buffer, isText }: ReadTask,
  take: (block: readonly Passage[]) => Promise<void>,
): Promise<ReadOutcome> {
  await take([])
  const content = new Uint8Array(buffer)
  const bytes = content.length
  let waiting: Passage[] = []
  const cutter = new PassageCutter((passage) => waiting.push(passage))
  const give = async (least: number): Promise<void> => {
    while (waiting.length >= least && waiting.length > 0) {
      await take(waiting.slice(0, blockLength))
      waiting = waiting.slice(blockLength)
    }
  }
  let notes: readonly string[] = []
  if (format === "pdf") {
    const { readPdf } = await import("./pdf.js")
    notes = await readPdf(content, cutter, () => give(blockLength))
  } else {
    const encoding = isText ? { name: "utf-8" } : encodingOf(content, format)
    if (encoding.note !== undefined) notes = [encoding.note]
    const decode = decoderOf(encoding.name)
    const reader = new readers[format](cutter)
    let carriageReturn = "" // the end of a piece, which may be the first half of a line's end
    for (let at = 0; at < bytes; at += pieceBytes) {
      const text = carriageReturn + decode(content.subarray(at, at + pieceBytes), at + pieceBytes >= bytes)
      carriageReturn = text.endsWith("\r") ? "\r" : ""
      reader.write(text.slice(0, text.length - carriageReturn.length).replace(/\r\n?/g, "\n"))
      await give(blockLength)
    }
    reader.end()
  }
  cutter.end()
  await give(1)
  const { damaged } = cutter
  if (damaged > 0)
    notes = [...notes, `${damaged} characters are damaged, or half of a surrogate pair, and are shown as \ufffd`]
  if (cutter.passages === 0) notes = [...notes, "it has no text"]
  return { kind: "read", passages: cutter.passages, notes }
}

const readers = { text: PlainTextReader, markdown: MarkdownReader, html: HtmlReader } as const
