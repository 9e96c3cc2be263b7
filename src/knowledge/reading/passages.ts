/**
 * Prose, headings and code, as they come out of a document of any format, cut into passages.
 *
 * Invariants
 *   P1. A passage has at most `passageLength` characters. A paragraph that is longer is cut between sentences, a
 *       sentence after its marks or between words, a word between characters; no half of a surrogate pair stands alone.
 *   P2. Whatever is longer than a stretch is cut while it comes, so a document of one paragraph costs no more memory
 *       than one of many.
 *   P3. Nothing is lost but space: a heading that is too long for one is prose too, and one that nothing stands under
 *       is a passage of its own.
 */
import { endWithin, piecesOf, sentencesOf } from "../sentences.js"
import { readingLimits, Unreadable } from "./limits.js"

/** A stretch of a document that is found as a whole. */
export interface Passage {
  readonly heading?: string
  readonly text: string
  /** It has no sentences: a program, a command, a heading that nothing stands under. */
  readonly code?: true
}

/** Most characters of a passage. */
export const passageLength = 800
/** Passages that are sent, kept and searched together. */
export const blockLength = 32
/** Most characters of a heading: it is repeated with each of its passages. */
const headingLength = 200
/** Characters of one paragraph that are gathered before it is cut (P2); of code, whole passages. */
const stretch = 10 * passageLength

export class PassageCutter {
  readonly #emit: (passage: Passage) => void
  #heading: string | undefined
  /** Whether the heading is text of the document, and nothing stands under it yet. */
  #alone = false
  #paragraph = ""
  #passage = ""
  #code = ""
  #damaged = 0
  #characters = 0
  #passages = 0

  constructor(emit: (passage: Passage) => void) {
    this.#emit = emit
  }

  /** Characters so far that stand for what could not be read. */
  get damaged(): number {
    return this.#damaged
  }

  /** Passages so far. */
  get passages(): number {
    return this.#passages
  }

  /** Whether prose has come since the last paragraph ended. */
  get inParagraph(): boolean {
    return this.#paragraph !== ""
  }

  /** Some of a paragraph; space of any kind counts as one. */
  prose(text: string): void {
    this.#count(text)
    this.#paragraph += text
    if (this.#paragraph.length < stretch) return
    const long = this.#paragraph.replace(/\s+/g, " ")
    const sentences = sentencesOf(long)
    const last = sentences.pop() ?? ""
    const pieces = piecesWithin(last)
    const rest = pieces.pop() ?? ""
    for (const piece of [...sentences.flatMap(piecesWithin), ...pieces]) this.#add(piece)
    this.#paragraph = long.endsWith(" ") && rest !== "" ? `${rest} ` : rest
  }

  endParagraph(): void {
    const text = this.#paragraph.replace(/\s+/g, " ").trim()
    this.#paragraph = ""
    if (text === "") return
    if (text.length <= passageLength) this.#add(text)
    else for (const sentence of sentencesOf(text)) for (const piece of piecesWithin(sentence)) this.#add(piece)
  }

  heading(text: string): void {
    this.#count(text)
    const whole = text.replace(/\s+/g, " ").trim()
    if (whole === this.#heading) this.#alone = false // it is said again
    this.under(whole === "" ? undefined : whole.slice(0, endWithin(whole, headingLength)))
    this.#alone = whole !== ""
    if (whole.length > headingLength) this.#paragraph = whole // P3
    this.endParagraph()
  }

  /** What comes is found under this, which is no text of the document. */
  under(label: string | undefined): void {
    this.endParagraph()
    this.#flush()
    this.#endHeading()
    this.#heading = label
  }

  /** Some of a program; its space stays. */
  code(text: string): void {
    this.#count(text)
    this.#code += text
    if (this.#code.length >= stretch) this.#cutCode(stretch)
  }

  endCode(): void {
    const code = this.#code.replace(/^\n/, "").trimEnd()
    this.#code = code
    if (code.trim() === "") this.#code = ""
    this.#cutCode(1)
  }

  end(): void {
    this.endParagraph()
    this.endCode()
    this.#flush()
    this.#endHeading()
  }

  #endHeading(): void {
    const text = this.#heading
    this.#heading = undefined
    if (this.#alone && text !== undefined) this.#give({ text, code: true }) // P3
  }

  /** @param least characters that must be left to be cut */
  #cutCode(least: number): void {
    if (this.#code === "") return
    this.endParagraph()
    this.#flush()
    while (this.#code.length >= least && this.#code !== "") {
      const end = endWithin(this.#code, passageLength)
      this.#give({ text: this.#code.slice(0, end), code: true })
      this.#code = this.#code.slice(end)
    }
  }

  #add(piece: string): void {
    if (piece === "") return
    if (this.#passage.length + piece.length + 1 > passageLength) this.#flush()
    this.#passage = this.#passage === "" ? piece : `${this.#passage}\n${piece}`
  }

  #flush(): void {
    if (this.#passage !== "") this.#give({ text: this.#passage })
    this.#passage = ""
  }

  #give(passage: Passage): void {
    this.#alone = false
    this.#passages += 1
    if (this.#passages > readingLimits.passages)
      throw new Unreadable(`has more than ${readingLimits.passages} passages, the most that are taken; cut it`)
    this.#emit(this.#heading === undefined ? passage : { heading: this.#heading, ...passage })
  }

  #count(text: string): void {
    this.#characters += text.length
    for (let at = text.indexOf("\ufffd"); at >= 0; at = text.indexOf("\ufffd", at + 1)) this.#damaged += 1
    if (this.#characters > readingLimits.characters)
      throw new Unreadable(`holds more than ${readingLimits.characters} characters of text, the most that are taken`)
  }
}

/** A sentence in pieces that fit a passage (P1). */
const piecesWithin = (sentence: string): string[] => piecesOf(sentence, passageLength)
