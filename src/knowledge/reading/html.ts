/**
 * HTML as it comes, without a tree of the page: a page costs no more than its longest paragraph, however deep it is.
 */
import { Parser } from "htmlparser2"
import { readingLimits, Unreadable } from "./limits.js"
import type { PassageCutter } from "./passages.js"

/** Elements whose beginning and end part paragraphs. */
const blocks = new Set(
  `address article aside blockquote body caption center dd details dialog div dl dt fieldset figcaption figure footer
  form header hr html legend li main menu nav ol option p pre section summary table tbody tfoot thead tr ul`.split(
    /\s+/,
  ),
)
const headings = new Set(["h1", "h2", "h3", "h4", "h5", "h6"])
/** Elements whose text is for programs, or no part of the page; and titles, as of pictures, but for the page's own. */
const unread = new Set(["script", "style", "template", "title"])

export class HtmlReader {
  readonly #cutter: PassageCutter
  readonly #parser: Parser
  #depth = 0
  #unread = 0
  #code = 0
  #heading: string | undefined
  /** Whether the page's title has come, or can come no more. */
  #titled = false

  constructor(cutter: PassageCutter) {
    this.#cutter = cutter
    this.#parser = new Parser({
      onopentagname: (name) => this.#open(name),
      onattribute: (name, value) => {
        if (name === "alt" && value !== "") this.#text(` ${value} `)
      },
      ontext: (text) => this.#text(text),
      onclosetag: (name) => this.#close(name),
    })
  }

  write(text: string): void {
    this.#parser.write(text)
  }

  end(): void {
    this.#parser.end()
    this.#endHeading()
    if (this.#code > 0) this.#cutter.endCode()
    this.#cutter.endParagraph()
  }

  #open(name: string): void {
    this.#depth += 1
    if (this.#depth > readingLimits.htmlDepth)
      throw new Unreadable(`has elements nested more than ${readingLimits.htmlDepth} deep, the most that are read`)
    const isTitle = name === "title" && !this.#titled && this.#unread === 0
    this.#titled ||= isTitle || name === "body"
    if (unread.has(name) && !isTitle) this.#unread += 1
    else if (headings.has(name) || isTitle) {
      this.#endHeading()
      this.#cutter.endParagraph()
      this.#heading = ""
    } else if (blocks.has(name)) {
      this.#break()
      if (name === "pre") this.#code += 1
    } else if (name === "br") this.#text(this.#code > 0 ? "\n" : " ")
    else if ((name === "td" || name === "th") && this.#cutter.inParagraph) this.#cutter.prose("; ")
  }

  #close(name: string): void {
    this.#depth -= 1
    if (unread.has(name) && this.#unread > 0) this.#unread -= 1
    else if (headings.has(name) || name === "title") this.#endHeading()
    else if (name === "pre") {
      this.#code -= 1
      if (this.#code === 0) this.#cutter.endCode()
    } else if (blocks.has(name)) this.#break()
  }

  #text(text: string): void {
    if (this.#unread > 0) return
    if (this.#heading !== undefined) this.#heading += text
    else if (this.#code > 0) this.#cutter.code(text)
    else if (this.#cutter.inParagraph || text.trim() !== "") this.#cutter.prose(text)
  }

  #break(): void {
    if (this.#heading !== undefined) this.#heading += " "
    else this.#cutter.endParagraph()
  }

  #endHeading(): void {
    if (this.#heading !== undefined) this.#cutter.heading(this.#heading)
    this.#heading = undefined
  }
}
