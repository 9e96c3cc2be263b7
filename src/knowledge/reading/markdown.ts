/**
 * Markdown, a piece at a time.
 *
 * Invariants
 *   M1. The parser calls itself for each list and quotation within another, so how deep they are is counted on the
 *       lines before it sees them.
 *   M2. A document is cut before a line that begins a block of its own, so that the parser never holds all of it. Code
 *       and tables that are longer than a piece go on in the next under their first line or their header.
 *   M3. HTML within Markdown is read as HTML.
 */
import { lexer, type Token, type Tokens } from "marked"
import { HtmlReader } from "./html.js"
import { readingLimits, Unreadable } from "./limits.js"
import type { PassageCutter } from "./passages.js"

/** Characters after which a piece ends where it may, and where it must. */
const [pieceLength, longestPiece] = [32 * 1024, 256 * 1024]

export class MarkdownReader {
  readonly #cutter: PassageCutter
  readonly #depth = new NestingDepth()
  #line = ""
  #piece = ""
  #afterEmptyLine = true

  constructor(cutter: PassageCutter) {
    this.#cutter = cutter
  }

  write(text: string): void {
    const lines = text.split("\n")
    for (const [at, line] of lines.entries()) {
      this.#line += line
      if (at < lines.length - 1 || this.#line.length > longestPiece) this.#endLine()
    }
  }

  end(): void {
    this.#endLine()
    this.#read()
  }

  #endLine(): void {
    const line = this.#line
    this.#line = ""
    this.#depth.take(line)
    const begins = this.#afterEmptyLine && !this.#depth.inCode && /^[^\s>*+\-\d|<[]/.test(line)
    if (this.#piece.length > longestPiece || (begins && this.#piece.length > pieceLength)) this.#read() // M2
    this.#piece += `${line}\n`
    this.#afterEmptyLine = line.trim() === ""
  }

  #read(): void {
    const tokens = lexer(this.#piece)
    this.#piece = tokens.at(-1)?.type === "space" ? "" : openOf(tokens.at(-1))
    this.#blocks(tokens)
  }

  #blocks(tokens: readonly Token[]): void {
    for (const token of tokens) {
      if (token.type === "heading") this.#cutter.heading(plainText((token as Tokens.Heading).tokens))
      else if (token.type === "list") for (const item of (token as Tokens.List).items) this.#blocks(item.tokens)
      else if (token.type === "blockquote") this.#blocks((token as Tokens.Blockquote).tokens)
      else if (token.type === "table") {
        const { header, rows } = token as Tokens.Table
        const names = header.map(({ tokens }) => plainText(tokens))
        for (const row of rows)
          this.#paragraph(row.map((cell, i) => `${names[i] ?? ""}: ${plainText(cell.tokens)}`).join("; "))
      } else if (token.type === "paragraph" || token.type === "text")
        this.#paragraph(plainText((token as Tokens.Paragraph).tokens ?? [token]))
      else if (token.type === "code") {
        this.#cutter.code((token as Tokens.Code).text)
        this.#cutter.endCode()
      } else if (token.type === "html") {
        const html = new HtmlReader(this.#cutter) // M3
        html.write(token.raw)
        html.end()
      }
    }
  }

  #paragraph(text: string): void {
    this.#cutter.prose(text)
    this.#cutter.endParagraph()
  }
}

/** What the next piece begins with when this one ends within code or a table (M2). */
function openOf(last: Token | undefined): string {
  if (last?.type === "table")
    return last.raw
      .split("\n", 2)
      .map((line) => `${line}\n`)
      .join("")
  const fence = last?.type === "code" ? /^ {0,3}(`{3,}|~{3,})[^\n]*/.exec(last.raw) : null
  if (fence === null) return ""
  const closed = last?.raw.trimEnd().endsWith(`\n${fence[1] as string}`) === true
  return closed ? "" : `${fence[0]}\n`
}

/** How deep lists and quotations stand within each other at a line, at most (M1). */
class NestingDepth {
  /** Columns of the list items that are open. */
  #items: number[] = []
  #fence: string | undefined

  get inCode(): boolean {
    return this.#fence !== undefined
  }

  /** @throws {Unreadable} */
  take(line: string): void {
    const fence = /^[\s>]{0,80}(`{3,}|~{3,})/.exec(line)?.[1]
    if (this.#fence !== undefined) {
      if (fence?.startsWith(this.#fence) === true) this.#fence = undefined
      return
    }
    this.#fence = fence
    if (/^\s{0,80}(?:(?:-[ \t]*)+|(?:\*[ \t]*)+|(?:_[ \t]*)+)$/.test(line)) return // a rule, no items
    let quotations = 0
    let begins = false
    const marker = /[ \t]*(?:(>)|(?:[-+*]|\d{1,9}[.)])(?=[ \t]|$))/y
    for (let found = marker.exec(line); found !== null; found = marker.exec(line)) {
      begins = true
      if (found[1] === ">") quotations += 1
      else {
        const column = marker.lastIndex - 1
        while ((this.#items.at(-1) ?? -1) >= column) this.#items.pop()
        this.#items.push(column)
      }
      if (quotations + this.#items.length > readingLimits.markdownDepth)
        throw new Unreadable(
          `has lists or quotations nested more than ${readingLimits.markdownDepth} deep, the most that are read`,
        )
    }
    if (!begins && /^\S/.test(line)) this.#items = []
  }
}

/** Text without its marks: emphasis, links, code. */
function plainText(tokens: readonly Token[]): string {
  return tokens
    .map((token): string => {
      if (token.type === "br" || token.type === "space") return " "
      if ("tokens" in token && Array.isArray(token.tokens)) return plainText(token.tokens as Token[])
      if (token.type === "html") return /^<br\b/i.test(token.raw) ? " " : ""
      return "text" in token && typeof token.text === "string" ? unescape(token.text) : ""
    })
    .join("")
}

const entities: Readonly<Record<string, string>> = {
  "&amp;": "&",
  "&lt;": "<",
  "&gt;": ">",
  "&quot;": '"',
  "&#39;": "'",
}
const unescape = (text: string): string =>
  text.replace(/&(?:amp|lt|gt|quot|#39);/g, (entity) => entities[entity] ?? entity)
