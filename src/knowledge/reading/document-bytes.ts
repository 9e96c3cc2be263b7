/**
 * A document's bytes, once in memory, and their hash: of a document that is given, or of a file, whose size is looked at
 * before it is read. They are taken in pieces, so that hashing and copying them hold nobody up.
 */
import { createHash } from "node:crypto"
import { constants } from "node:fs"
import { open } from "node:fs/promises"
import type { Clock } from "#actors/clock.js"
import { AgentOSError } from "#actors/errors.js"
import type { Document } from "../knowledge.js"
import { documentLimitBytes, unreadable } from "./limits.js"

export interface DocumentBytes {
  /** Theirs alone, so that it can be given away. */
  readonly buffer: ArrayBuffer
  /** In hexadecimal digits. */
  readonly hash: string
  /** Given as text, so that its encoding is known. */
  readonly isText: boolean
}

/** Bytes of a piece: a millisecond's work. */
const pieceLength = 256 * 1024

/** @param leading goes before the content, into the hash @throws `DOCUMENT_TOO_LARGE` */
export async function bytesOf(document: Document, leading: string, clock: Clock): Promise<DocumentBytes> {
  const { id, format } = document
  const isText = typeof document.content === "string" && format !== "pdf"
  const given = typeof document.content === "string" && !isText ? bytesOfBase64(id, document.content) : document.content
  const length = typeof given === "string" ? Buffer.byteLength(given) : given.byteLength
  checkSize(id, length)
  const bytes = Buffer.from(new ArrayBuffer(length))
  const hash = createHash("sha256").update(leading)
  for (let from = 0, at = 0; at < length;) {
    let end: number
    if (typeof given === "string") {
      const next = endOfText(given, from + pieceLength)
      end = at + bytes.write(given.slice(from, next), at)
      from = next
    } else {
      end = Math.min(at + pieceLength, length)
      bytes.set(given.subarray(at, end), at)
    }
    hash.update(bytes.subarray(at, end))
    at = end
    if (at < length) await new Promise<void>((done) => clock.afterInputOutput(done))
  }
  return { buffer: bytes.buffer as ArrayBuffer, hash: hash.digest("hex"), isText }
}

/** Whoever opens a named pipe waits for its writer unless asked not to. */
const withoutWaiting = constants.O_RDONLY | constants.O_NONBLOCK

/** The same of a regular file. @throws `DOCUMENT_UNREADABLE`, `DOCUMENT_TOO_LARGE` */
export async function bytesOfFile(id: string, path: string, leading: string): Promise<DocumentBytes> {
  const file = await open(path, withoutWaiting).catch((cause: unknown) => {
    throw unreadable(id, `cannot be read from ${path}`, cause)
  })
  try {
    const found = await file.stat()
    if (!found.isFile()) throw unreadable(id, `cannot be read from ${path}: it is no regular file`)
    checkSize(id, found.size)
    const bytes = Buffer.from(new ArrayBuffer(found.size))
    const hash = createHash("sha256").update(leading)
    for (let at = 0; at < found.size;) {
      const { bytesRead } = await file.read(bytes, at, Math.min(pieceLength, found.size - at))
      if (bytesRead === 0) throw unreadable(id, "changed while it was read")
      hash.update(bytes.subarray(at, at + bytesRead))
      at += bytesRead
    }
    return { buffer: bytes.buffer as ArrayBuffer, hash: hash.digest("hex"), isText: false }
  } finally {
    await file.close()
  }
}

/** The bytes of a document in base64, in lines perhaps, or of its alphabet for URLs. @throws `DOCUMENT_UNREADABLE` */
export function bytesOfBase64(id: string, text: string): Buffer {
  const digits = text.replace(/\s+/g, "").replace(/={1,2}$/, "")
  const [wrong] = /[^\w+/-]/.exec(digits) ?? []
  if (wrong !== undefined) throw unreadable(id, `is not in base64: it holds ${JSON.stringify(wrong)}`)
  if (digits.length % 4 === 1) throw unreadable(id, "is not in base64: its end is missing")
  return Buffer.from(digits, "base64")
}

/** @throws `DOCUMENT_TOO_LARGE` */
export function checkSize(id: string, bytes: number): void {
  if (bytes > documentLimitBytes)
    throw new AgentOSError("DOCUMENT_TOO_LARGE", `${id} has ${bytes} bytes; at most ${documentLimitBytes} are taken`)
}

/** The end, or the place after it where no pair is cut. */
function endOfText(text: string, end: number): number {
  const last = text.charCodeAt(end - 1)
  return end < text.length && last >= 0xd800 && last < 0xdc00 ? end + 1 : end
}
