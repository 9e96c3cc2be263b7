/**
 * The words of a text in any language: one spelling for each, cut where its script cuts.
 *
 * Invariants
 *   W1. What Unicode counts as the same text (NFC or NFD, full or half width, ligatures), in any case, with or without
 *       marks of vowels that Arabic leaves out, with digits of any script, gives the same words.
 *   W2. A word is of one script. Chinese, Japanese and Korean come as the run of their characters; Thai, Lao, Khmer and
 *       Burmese, which have no spaces either, as `Intl.Segmenter` cuts them with the dictionaries of full ICU, which
 *       Node.js has by default. With small-icu such a run stays whole, and is found by its stretches only
 *       (`hashedNgrams`).
 *   W3. Names joined by `_`, `.`, `/` or `-` stay one word.
 */

export type Script =
  | "latin"
  | "greek"
  | "cyrillic"
  | "arabic"
  | "devanagari"
  | "han"
  | "hiragana"
  | "katakana"
  | "hangul"
  | "unspaced"
  | "other"

/** @returns words in their order, with what the word is written in found by `scriptOf` */
export function wordsOf(text: string): string[] {
  if (isAscii(text)) return text.toLowerCase().match(asciiWord) ?? []
  return (folded(text).match(anyWord) ?? []).flatMap((word) =>
    crowded.test(word) ? (word.match(oneScript) ?? []).flatMap((run) => run.match(anyWord) ?? []).flatMap(cut) : [word],
  )
}

const isAscii = (text: string): boolean => !/[^\0-\x7f]/.test(text)
const asciiWord = /[a-z0-9]+(?:[_./-][a-z0-9]+)*/g
const anyWord = /[\p{L}\p{N}][\p{L}\p{N}\p{M}]*(?:[_./-][\p{L}\p{N}][\p{L}\p{N}\p{M}]*)*/gu

/** Scripts that put no space between words, or not between all. */
const crowded =
  /[\u0e00-\u0eff\u1000-\u109f\u1100-\u11ff\u1780-\u17ff\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff\u{20000}-\u{3ffff}]/u
const kinds = [
  "\\p{sc=Han}",
  "\\p{sc=Hira}",
  "\\p{sc=Kana}ー",
  "\\p{sc=Hang}",
  "\\p{sc=Thai}\\p{sc=Laoo}\\p{sc=Khmr}\\p{sc=Mymr}",
]
const oneScript = new RegExp([...kinds.map((kind) => `[${kind}]+`), `[^${kinds.join("")}]+`].join("|"), "gu")

export function scriptOf(word: string): Script {
  const code = word.codePointAt(0) ?? 0
  if (code < 0x370) return "latin"
  if (code < 0x400) return "greek"
  if (code < 0x530) return "cyrillic"
  if (code >= 0x600 && code < 0x780) return "arabic"
  if (code >= 0x900 && code < 0x980) return "devanagari"
  if (code < 0xe00) return "other"
  if (code < 0xf00 || (code >= 0x1000 && code < 0x10a0) || (code >= 0x1780 && code < 0x1800)) return "unspaced"
  if ((code >= 0x1100 && code < 0x1200) || (code >= 0xac00 && code < 0xd7b0)) return "hangul"
  if (code >= 0x3040 && code < 0x30a0) return "hiragana"
  if (code >= 0x30a0 && code < 0x3100) return "katakana"
  if (code >= 0x1e00 && code < 0x2000) return code < 0x1f00 ? "latin" : "greek"
  return crowded.test(word) ? "han" : "other"
}

const segmenter = new Intl.Segmenter("th", { granularity: "word" })

function cut(word: string): string[] {
  if (scriptOf(word) !== "unspaced") return [word]
  return Array.from(segmenter.segment(word), ({ segment }) => segment)
}

/** One spelling of a text (W1). */
function folded(text: string): string {
  return (
    text
      .normalize("NFKC")
      .toLowerCase()
      .replace(invisible, "")
      .replace(/ß/g, "ss")
      .replace(/ς/g, "σ")
      .replace(foreignDigit, digit)
      .replace(/[\u0600-\u06ff]+/g, foldedArabic)
      .replace(/[\u0900-\u097f]+/g, foldedDevanagari)
      // NFKC takes the vowel am apart, and the dictionaries know it whole.
      .replace(/\u0e4d([\u0e48-\u0e4b]?)\u0e32/g, "$1\u0e33")
      .replace(/\u0ecd([\u0ec8-\u0ecb]?)\u0eb2/g, "$1\u0eb3")
  )
}

/** Soft hyphens, joiners, marks of direction. A space of no width parts words. */
const invisible = /[\u00ad\u034f\u061c\u200c-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufe00-\ufe0f\ufeff]/g

const zeros = [
  0x660, 0x6f0, 0x7c0, 0x966, 0x9e6, 0xa66, 0xae6, 0xb66, 0xbe6, 0xc66, 0xce6, 0xd66, 0xe50, 0xed0, 0xf20, 0x1040,
  0x17e0,
]
const foreignDigit = /(?![0-9])\p{Nd}/gu
const digit = (character: string): string => {
  const code = character.charCodeAt(0)
  const zero = zeros.find((first) => code >= first && code < first + 10)
  return zero === undefined ? character : String(code - zero)
}

/** Without marks of vowels and stretching; one letter for the forms of alef, of yeh and of the closing heh. */
const foldedArabic = (text: string): string =>
  text
    .replace(/\u0627\u064b|\u064b\u0627?/g, "")
    .replace(/[\u0610-\u061a\u0640\u064b-\u065f\u0670\u06d6-\u06ed]/g, "")
    .replace(/[أإآٱ]/g, "ا")
    .replace(/[ىی]/g, "ي")
    .replace(/ک/g, "ك")
    .replace(/ة/g, "ه")

/** Without the dot below, which many leave out, and with one sign for a nasal vowel. */
const foldedDevanagari = (text: string): string =>
  text
    .normalize("NFD")
    .replace(/\u093c/g, "")
    .replace(/\u0901/g, "\u0902")
