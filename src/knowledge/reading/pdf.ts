/**
 * PDF, page by page.
 *
 * Invariants
 *   D1. A file of a kilobyte may unfold to any size, and the library has no limit of its own: each larger array that
 *       it makes is looked at first, and the time is bounded by whoever owns the thread.
 *   D2. The library goes on after an error within a page. What met a limit is remembered, and ends the reading.
 *   D3. A page without text is told; a document without any is none that can be read.
 */
import { brotliDecompressSync, constants, inflateSync } from "node:zlib"
import { collectGarbage } from "./garbage.js"
import { readingLimits, Unreadable } from "./limits.js"
import type { PassageCutter } from "./passages.js"
import { PlainTextReader } from "./plain-text.js"

/** @param between awaited after each page @returns notes @throws {Unreadable} */
export async function readPdf(
  bytes: Uint8Array,
  cutter: PassageCutter,
  between: () => Promise<void>,
): Promise<readonly string[]> {
  const unbound = boundArrays()
  const { getDocumentProxy } = await import("unpdf")
  const empty: number[] = []
  try {
    // What it thinks of the file's form is nothing for standard output.
    const file = await getDocumentProxy(bytes, { verbosity: 0 })
    checkArrays()
    for (let number = 1; number <= file.numPages; number++) {
      const page = await file.getPage(number)
      const before = cutter.passages
      cutter.under(`page ${number}`)
      const text = new PlainTextReader(cutter)
      let last: Item | undefined
      const pieces = page.streamTextContent().getReader() as ReadableStreamDefaultReader<{ items: readonly object[] }>
      for (let piece = await pieces.read(); !piece.done; piece = await pieces.read()) {
        checkArrays()
        for (const item of piece.value.items as readonly (Item | { readonly str?: undefined })[]) {
          if (item.str === undefined) continue
          if (goesBack(item, last)) text.write(" ")
          text.write(item.str.toWellFormed() + (item.hasEOL ? "\n" : ""))
          last = item
        }
      }
      checkArrays()
      text.end()
      cutter.end()
      if (cutter.passages === before) empty.push(number)
      page.cleanup()
      if (number % pagesKept === 0) await file.cleanup()
      await between()
    }
    if (empty.length === file.numPages)
      throw new Unreadable("has no text in it: its pages are pictures, as of a scanner, or empty")
    if (empty.length === 0) return []
    const some = empty.slice(0, 10).join(", ")
    return [`${empty.length} of ${file.numPages} pages have no text in them: ${some}${empty.length > 10 ? ", …" : ""}`]
  } catch (cause) {
    checkArrays()
    if (cause instanceof Unreadable) throw cause
    throw new Unreadable("is not a PDF that can be read", { cause })
  } finally {
    unbound()
  }
}

/** Some text of a page, as the library gives it. */
interface Item {
  readonly str: string
  readonly dir: string
  readonly hasEOL: boolean
  readonly width: number
  readonly height: number
  readonly transform: readonly number[]
}

/** Whether text begins before the end of what stands before it: lines that stand too close for the library to part. */
function goesBack({ dir, height, transform: [a = 0, b = 0, , , x = 0, y = 0] }: Item, last: Item | undefined): boolean {
  if (last === undefined || dir !== "ltr" || last.dir !== "ltr") return false
  const [, , , , lastX = 0, lastY = 0] = last.transform
  const along = ((x - lastX) * a + (y - lastY) * b) / Math.hypot(a, b)
  return along < last.width - height / 2
}

/** Pages after which the library forgets what it may want again, such as fonts. */
const pagesKept = 50

/** Arrays that are smaller are not looked at. */
const lookedAt = 256 * 1024
let bounded = false
let reading = false
let limitMet = false

/** Throws when the limit of arrays has been met by this document (D2). */
function checkArrays(): void {
  if (limitMet)
    throw new Unreadable(`unfolds to more than ${readingLimits.arrayBytes / 2 ** 20} MiB, the most that are held`)
}

/** Bounds what the arrays of this thread hold together while a PDF is read (D1). @returns ends it */
function boundArrays(): () => void {
  limitMet = false
  reading = true
  if (!bounded) {
    bounded = true
    globalThis.Uint8Array = new Proxy(globalThis.Uint8Array, {
      construct(target, given: unknown[], made) {
        const [length] = given
        if (reading && typeof length === "number" && length >= lookedAt) {
          if (length > roomLeft(length)) limitMet = true
          checkArrays()
        }
        return Reflect.construct(target, given, made) as object
      },
    })
    Object.assign(globalThis, { DecompressionStream: BoundedUnfolding })
  }
  return () => (reading = false)
}

/** Bytes of arrays that may still be made. What nobody holds any more is no part of it, so it is looked for first. */
function roomLeft(wanted: number): number {
  const room = (): number => readingLimits.arrayBytes - process.memoryUsage().arrayBuffers
  if (room() < wanted) collectGarbage()
  return Math.max(0, room())
}

/** What the library needs of the platform's `DecompressionStream`, which has no limit (D1). */
class BoundedUnfolding {
  readonly #format: string
  #folded: Uint8Array = new Uint8Array(0)

  constructor(format: string) {
    this.#format = format
  }

  readonly writable = {
    getWriter: () => ({
      ready: Promise.resolve(),
      write: async (bytes: Uint8Array): Promise<void> => {
        this.#folded = bytes
      },
      close: async (): Promise<void> => undefined,
    }),
  }

  readonly readable = {
    [Symbol.asyncIterator]: () => this.#unfolded(),
  }

  async *#unfolded(): AsyncGenerator<Uint8Array, void> {
    const left = Math.max(1, roomLeft(readingLimits.arrayBytes / 2))
    try {
      // What a damaged stream holds before its damage is read too.
      const options = { maxOutputLength: left, chunkSize: 256 * 1024 }
      if (this.#format === "brotli") yield brotliDecompressSync(this.#folded, options)
      else yield inflateSync(this.#folded, { ...options, finishFlush: constants.Z_SYNC_FLUSH })
    } catch (error) {
      if ((error as { code?: unknown }).code === "ERR_BUFFER_TOO_LARGE") limitMet = true
      throw error
    }
  }
}
