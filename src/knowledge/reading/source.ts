/** Where a document's bytes come from, in pieces: a document that is given, or a file, of which no more is in memory. */
import { createHash } from "node:crypto"
import { open, stat } from "node:fs/promises"
import type { Clock } from "#actors/clock.js"
import { AgentOSError } from "#actors/errors.js"
import type { Document } from "../knowledge.js"
import { documentLimitBytes, unreadable } from "./limits.js"

export interface DocumentSource {
  readonly bytes: number
  /** Given as text, so that its encoding is known. */
  readonly isText: boolean
  /** All bytes from the first on, each time. */
  pieces(): AsyncGenerator<Uint8Array, undefined>
}

/** Bytes of a piece: a millisecond's work for whoever hashes or copies it. */
const pieceLength = 256 * 1024

/** @throws `DOCUMENT_TOO_LARGE` */
export function givenDocument({ id, format, content }: Document, clock: Clock): DocumentSource {
  const isText = typeof content === "string" && format !== "pdf"
  if (typeof content === "string" && !isText)
    return givenDocument({ id, format, content: Buffer.from(content, "base64") }, clock)
  const bytes = typeof content === "string" ? Buffer.byteLength(content) : content.byteLength
  checkSize(id, bytes)
  const turn = (): Promise<void> => new Promise((done) => clock.afterInputOutput(done))
  return {
    bytes,
    isText,
    async *pieces() {
      for (let at = 0; at < content.length;) {
        const end = typeof content === "string" ? endOfText(content, at + pieceLength) : at + pieceLength
        // A copy of its own: what is given away takes all of its memory along.
        yield new Uint8Array(
          typeof content === "string" ? Buffer.from(content.slice(at, end)) : content.subarray(at, end),
        )
        at = end
        await turn()
      }
      return undefined
    },
  }
}

/** Looks at the size of a file before any of it is read. @throws `DOCUMENT_UNREADABLE`, `DOCUMENT_TOO_LARGE` */
export async function fileDocument(id: string, path: string): Promise<DocumentSource> {
  const found = await stat(path).catch((cause: unknown) => {
    throw unreadable(id, `cannot be read from ${path}`, cause)
  })
  if (!found.isFile()) throw unreadable(id, `cannot be read from ${path}: it is no file`)
  checkSize(id, found.size)
  return {
    bytes: found.size,
    isText: false,
    async *pieces() {
      const file = await open(path).catch((cause: unknown) => {
        throw unreadable(id, `cannot be read from ${path}`, cause)
      })
      try {
        for (let left = found.size; left > 0;) {
          const piece = new Uint8Array(Math.min(pieceLength, left))
          const { bytesRead } = await file.read(piece)
          if (bytesRead === 0) return undefined
          left -= bytesRead
          yield piece.subarray(0, bytesRead)
        }
      } finally {
        await file.close()
      }
      return undefined
    },
  }
}

/** @param leading goes before the content @returns in hexadecimal digits */
export async function hashOf(source: DocumentSource, leading: string): Promise<string> {
  const hash = createHash("sha256").update(leading)
  for await (const piece of source.pieces()) hash.update(piece)
  return hash.digest("hex")
}

function checkSize(id: string, bytes: number): void {
  if (bytes > documentLimitBytes)
    throw new AgentOSError("DOCUMENT_TOO_LARGE", `${id} has ${bytes} bytes; at most ${documentLimitBytes} are taken`)
}

/** The end, or the place before it where no pair is cut. */
function endOfText(text: string, end: number): number {
  const last = text.charCodeAt(end - 1)
  return end < text.length && last >= 0xd800 && last < 0xdc00 ? end + 1 : end
}
