/** Plain text: paragraphs parted by empty lines. */
import type { PassageCutter } from "./passages.js"

export class PlainTextReader {
  readonly #cutter: PassageCutter
  /** Whether nothing but space has come since the last line ended. */
  #emptyLine = true

  constructor(cutter: PassageCutter) {
    this.#cutter = cutter
  }

  write(text: string): void {
    let from = 0
    while (from < text.length) {
      const end = text.indexOf("\n", from)
      const line = text.slice(from, end < 0 ? undefined : end)
      this.#emptyLine &&= line.trim() === ""
      if (!this.#emptyLine) this.#cutter.prose(line) // a space alone may be between two words of it
      if (end < 0) return
      if (this.#emptyLine) this.#cutter.endParagraph()
      else this.#cutter.prose(" ")
      this.#emptyLine = true
      from = end + 1
    }
  }

  end(): void {
    this.#cutter.endParagraph()
  }
}
