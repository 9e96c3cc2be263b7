/**
 * Which characters the bytes of a text are. A mark at its beginning says it; else a page of HTML says it; else it is
 * UTF-8 if it can be, UTF-16 if every other byte is zero, and Windows-1252, which has all of Latin-1, if neither.
 */
import { isUtf8 } from "node:buffer"
import type { Document } from "../knowledge.js"
import { Unreadable } from "./limits.js"

export type TextFormat = Exclude<Document["format"], "pdf">

export interface Encoding {
  /** A name that `TextDecoder` knows. */
  readonly name: string
  /** What the reader of the document is to know about it. */
  readonly note?: string
}

/** What Windows-1252 has where Latin-1 has control characters. */
const windows = "€\x81‚ƒ„…†‡ˆ‰Š‹Œ\x8dŽ\x8f\x90‘’“”•–—˜™š›œ\x9džŸ"

/**
 * Decodes piece by piece; the last piece is told.
 * @param encoding a name that `TextDecoder` knows
 */
export function decoderOf(encoding: string): (piece: Uint8Array, last: boolean) => string {
  const decoder = new TextDecoder(encoding)
  const decode = (piece: Uint8Array, last: boolean): string => decoder.decode(piece, { stream: !last })
  if (encoding !== "windows-1252") return decode
  // Node.js before 23.7 takes it for Latin-1.
  return (piece, last) => decode(piece, last).replace(/[\x80-\x9f]/g, (c) => windows.charAt(c.charCodeAt(0) - 0x80))
}

const lookedAt = 4096

/** @throws {Unreadable} when it is no text */
export function encodingOf(bytes: Uint8Array, format: TextFormat): Encoding {
  const [a, b, c, d] = bytes
  if (a === 0xef && b === 0xbb && c === 0xbf) return utf8(bytes)
  if (a === 0xff && b === 0xfe) {
    if (c === 0 && d === 0) throw unknown() // UTF-32
    return { name: "utf-16le" }
  }
  if (a === 0xfe && b === 0xff) return { name: "utf-16be" }
  const head = bytes.subarray(0, lookedAt)
  if (Buffer.from(head.subarray(0, 5)).toString("latin1") === "%PDF-")
    throw new Unreadable("is a PDF, and not what its name or format says")
  const wide = wideEncoding(head)
  if (wide !== undefined) return { name: wide, note: "it does not say its encoding and was read as UTF-16" }
  const declared = format === "html" ? declaredIn(head) : undefined
  if (declared !== undefined && declared !== "utf-8" && !declared.startsWith("utf-16")) return { name: declared }
  return utf8(bytes)
}

/** UTF-8, even if some of it is damaged; else what most other texts are. */
function utf8(bytes: Uint8Array): Encoding {
  if (isUtf8(bytes)) {
    if (bytes.includes(0)) refuseBinary(bytes)
    return { name: "utf-8" }
  }
  refuseBinary(bytes)
  const { damaged, right } = multibyte(bytes)
  if (right > damaged) return { name: "utf-8" }
  return { name: "windows-1252", note: "it is no UTF-8 and was read as Windows-1252" }
}

/** UTF-16 of mostly Latin letters without a mark. */
function wideEncoding(head: Uint8Array): "utf-16le" | "utf-16be" | undefined {
  const zeros = [0, 0]
  for (const [at, byte] of head.entries()) if (byte === 0) zeros[at % 2] = (zeros[at % 2] as number) + 1
  const [even, odd] = zeros as [number, number]
  const pairs = head.length / 2
  if (odd > 0.3 * pairs && even < 0.05 * pairs) return "utf-16le"
  if (even > 0.3 * pairs && odd < 0.05 * pairs) return "utf-16be"
  return undefined
}

function declaredIn(head: Uint8Array): string | undefined {
  const named =
    /<meta[^>]{0,200}?charset\s*=\s*["']?\s*([\w-]{1,40})|^\s*<\?xml[^>]{0,200}?encoding\s*=\s*["']([\w-]{1,40})/i.exec(
      Buffer.from(head).toString("latin1"),
    )
  const label = named?.[1] ?? named?.[2]
  if (label === undefined) return undefined
  try {
    return new TextDecoder(label).encoding
  } catch {
    return undefined // a name that nobody knows says nothing
  }
}

/** A file of another kind under the name of a text has characters that no text has. @throws {Unreadable} */
function refuseBinary(bytes: Uint8Array): void {
  const head = bytes.subarray(0, 64 * 1024)
  let control = 0
  for (const byte of head) if (byte < 9 || (byte > 13 && byte < 32 && byte !== 27)) control += 1
  if (control > head.length / 100) throw unknown()
}

/** Sequences beyond ASCII that are UTF-8, and bytes that are not. */
function multibyte(bytes: Uint8Array): { damaged: number; right: number } {
  let damaged = 0
  let right = 0
  const decoder = new TextDecoder("utf-8")
  for (let at = 0; at < bytes.length; at += 64 * 1024) {
    const text = decoder.decode(bytes.subarray(at, at + 64 * 1024), { stream: true })
    for (let i = 0; i < text.length; i++) {
      const code = text.charCodeAt(i)
      if (code === 0xfffd) damaged += 1
      else if (code > 0x7f) right += 1
    }
  }
  return { damaged, right }
}

const unknown = (): Unreadable =>
  new Unreadable("is no text in an encoding that is known (UTF-8, UTF-16, or Windows-1252)")
