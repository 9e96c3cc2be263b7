/** What one document may cost to be read, and how a limit that was met is said. */
import { AgentOSError } from "#actors/errors.js"

/** Most bytes of one document. */
export const documentLimitBytes = 32 * 1024 * 1024

export const readingLimits = {
  /** Time to read a document of so many bytes. */
  milliseconds: (bytes: number): number => 10_000 + 2_000 * Math.ceil(bytes / 2 ** 20),
  /** Objects and texts of the thread that reads. */
  heapMb: 96,
  /** Bytes that a PDF may unfold to at one time, its own included. */
  arrayBytes: 80 * 1024 * 1024,
  /** Lists and quotations within each other; the parser of Markdown calls itself for each. */
  markdownDepth: 64,
  /** Elements of HTML within each other. */
  htmlDepth: 10_000,
  /** Characters of text that come out of a document. */
  characters: 32 * 1024 * 1024,
  passages: 200_000,
} as const

/** @param why what is wrong with the document, after its id: "is nested more than 64 deep" */
export const unreadable = (id: string, why: string, cause?: unknown): AgentOSError =>
  new AgentOSError("DOCUMENT_UNREADABLE", `${id} ${why}`, { cause })

/** Thrown while a document is read; whoever knows its id says it. */
export class Unreadable extends Error {}
