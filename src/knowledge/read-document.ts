/** Documents of several formats as plain paragraphs under headings. */
import { convert, type FormatCallback } from "html-to-text"
import { lexer, type Token, type Tokens } from "marked"
import { AgentOSError } from "#actors/errors.js"
import type { Document } from "./knowledge.js"
import { sentencesOf } from "./sentences.js"

/** Formats by the end of a file's name. */
export const documentFormats: Readonly<Record<string, Document["format"]>> = {
  ".md": "markdown",
  ".markdown": "markdown",
  ".txt": "text",
  ".html": "html",
  ".htm": "html",
  ".pdf": "pdf",
}
/** To be raised when the same document is read otherwise than before. */
export const readerVersion = 2

/** Text that stands together under one heading. */
export interface Section {
  readonly heading: string | undefined
  readonly paragraphs: readonly Paragraph[]
}

export interface Paragraph {
  readonly text: string
  /** A program or a command, which has no sentences. */
  readonly code?: true
}

/** Most bytes of one document. */
export const documentLimitBytes = 32 * 1024 * 1024

/** @throws `DOCUMENT_TOO_LARGE`, `DOCUMENT_UNREADABLE` */
export async function readDocument(document: Document): Promise<Section[]> {
  const { id, format, content } = document
  const size = typeof content === "string" ? Buffer.byteLength(content) : content.byteLength
  if (size > documentLimitBytes)
    throw new AgentOSError("DOCUMENT_TOO_LARGE", `${id} has ${size} bytes; at most ${documentLimitBytes} are taken`)
  if (format === "pdf") return pdfSections(id, content)
  const text = typeof content === "string" ? content : new TextDecoder().decode(content)
  if (format === "markdown") return markdownSections(text)
  if (format === "html") return htmlSections(text)
  return [{ heading: undefined, paragraphs: paragraphsOf(text) }]
}

async function pdfSections(id: string, content: string | Uint8Array): Promise<Section[]> {
  const bytes = typeof content === "string" ? Buffer.from(content, "base64") : content
  try {
    const { extractText, getDocumentProxy } = await import("unpdf")
    // What it thinks of the file's form is nothing for standard output.
    const file = await getDocumentProxy(new Uint8Array(bytes), { verbosity: 0 })
    try {
      const { text } = await extractText(file, { mergePages: false })
      return text.map((page, index) => ({ heading: `page ${index + 1}`, paragraphs: paragraphsOf(page) }))
    } finally {
      await file.destroy()
    }
  } catch (cause) {
    throw new AgentOSError("DOCUMENT_UNREADABLE", `${id} is not a PDF that can be read`, { cause })
  }
}

type Sections = { heading: string | undefined; paragraphs: Paragraph[] }[]

const filled = (sections: Sections): Section[] =>
  sections.filter(({ heading, paragraphs }) => heading !== undefined || paragraphs.length > 0)

function markdownSections(text: string): Section[] {
  const sections: Sections = [{ heading: undefined, paragraphs: [] }]
  const add = (paragraph: string): void => {
    const plain = paragraph.replace(/\s+/g, " ").trim()
    if (plain !== "") sections.at(-1)?.paragraphs.push({ text: plain })
  }
  const read = (tokens: readonly Token[]): void => {
    for (const token of tokens) {
      if (token.type === "heading")
        sections.push({ heading: plainText((token as Tokens.Heading).tokens), paragraphs: [] })
      else if (token.type === "list") for (const item of (token as Tokens.List).items) read(item.tokens)
      else if (token.type === "blockquote") read((token as Tokens.Blockquote).tokens)
      else if (token.type === "table") {
        const { header, rows } = token as Tokens.Table
        for (const row of rows)
          add(row.map((cell, i) => `${plainText(header[i]?.tokens ?? [])}: ${plainText(cell.tokens)}`).join("; "))
      } else if (token.type === "paragraph" || token.type === "text")
        add(plainText((token as Tokens.Paragraph).tokens ?? [token]))
      else if (token.type === "code")
        sections.at(-1)?.paragraphs.push({ text: (token as Tokens.Code).text, code: true })
    }
  }
  read(lexer(text))
  return filled(sections)
}

/** Characters that no text has mark what the text of a page cannot tell: where a heading begins, and where code begins and ends. */
const [headingMark, codeMark] = ["\u0001", "\u0002"]

const apart = { leadingLineBreaks: 2, trailingLineBreaks: 2 }
const block: FormatCallback = (element, walk, builder) => {
  builder.openBlock(apart)
  walk(element.children, builder)
  builder.closeBlock(apart)
}
const heading: FormatCallback = (element, walk, builder) => {
  builder.openBlock(apart)
  builder.addInline(headingMark)
  walk(element.children, builder)
  builder.closeBlock(apart)
}
const code: FormatCallback = (element, walk, builder) => {
  builder.openBlock({ ...apart, isPre: true })
  builder.addInline(codeMark)
  walk(element.children, builder)
  builder.addInline(codeMark)
  builder.closeBlock(apart)
}
const cell: FormatCallback = (element, walk, builder) => {
  walk(element.children, builder)
  builder.addInline("; ")
}

function htmlSections(text: string): Section[] {
  const plain = convert(text.replaceAll(headingMark, "").replaceAll(codeMark, ""), {
    wordwrap: false,
    formatters: { block, heading, code, cell },
    selectors: [
      { selector: "a", options: { ignoreHref: true } },
      { selector: "img", format: "skip" },
      ...["h1", "h2", "h3", "h4", "h5", "h6"].map((selector) => ({ selector, format: "heading" })),
      ...["ul", "ol", "li", "blockquote", "table", "tr"].map((selector) => ({ selector, format: "block" })),
      ...["th", "td"].map((selector) => ({ selector, format: "cell" })),
      { selector: "pre", format: "code" },
    ],
  })
  const sections: Sections = [{ heading: undefined, paragraphs: [] }]
  for (const [index, stretch] of plain.split(codeMark).entries()) {
    // Every second stretch stands between two marks.
    if (index % 2 === 1) {
      if (stretch.trim() !== "") sections.at(-1)?.paragraphs.push({ text: stretch, code: true })
      continue
    }
    for (const paragraph of paragraphsOf(stretch)) {
      if (paragraph.text.startsWith(headingMark))
        sections.push({ heading: paragraph.text.slice(headingMark.length).trim(), paragraphs: [] })
      else sections.at(-1)?.paragraphs.push({ text: paragraph.text.replace(/;$/, "") })
    }
  }
  return filled(sections)
}

/** Text without its marks: emphasis, links, code. */
function plainText(tokens: readonly Token[]): string {
  return tokens
    .map((token): string => {
      if (token.type === "br" || token.type === "space") return " "
      if ("tokens" in token && Array.isArray(token.tokens)) return plainText(token.tokens as Token[])
      if (token.type === "html") return ""
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

const paragraphsOf = (text: string): Paragraph[] =>
  text
    .split(/\r?\n\s*\r?\n/)
    .map((paragraph) => ({ text: paragraph.replace(/\s+/g, " ").trim() }))
    .filter(({ text }) => text !== "")

/** Most characters of a chunk; a longer paragraph is cut between sentences, a longer sentence between words. */
const chunkLength = 800

export interface Chunk {
  readonly heading: string | undefined
  readonly text: string
  readonly code?: true
}

/** Paragraphs of a section joined into chunks of bounded length; code stays apart from prose. */
export function chunksOf(sections: readonly Section[]): Chunk[] {
  const chunks: Chunk[] = []
  for (const { heading, paragraphs } of sections) {
    let text = ""
    const flush = (): void => {
      if (text !== "") chunks.push({ heading, text })
      text = ""
    }
    for (const paragraph of paragraphs) {
      if (paragraph.code === true) {
        flush()
        for (let from = 0; from < paragraph.text.length; from += chunkLength)
          chunks.push({ heading, text: paragraph.text.slice(from, from + chunkLength), code: true })
        continue
      }
      for (const piece of piecesOf(paragraph.text)) {
        if (text.length + piece.length + 1 > chunkLength) flush()
        text = text === "" ? piece : `${text}\n${piece}`
      }
    }
    flush()
  }
  return chunks
}

function piecesOf(text: string): string[] {
  if (text.length <= chunkLength) return [text]
  return sentencesOf(text).flatMap((sentence) => {
    const pieces: string[] = []
    let rest = sentence
    while (rest.length > chunkLength) {
      const space = rest.lastIndexOf(" ", chunkLength)
      const end = space > 0 ? space : chunkLength
      pieces.push(rest.slice(0, end))
      rest = rest.slice(end).trimStart()
    }
    return [...pieces, rest]
  })
}
