import { stripVTControlCharacters } from "node:util"

/**
 * A text that came from elsewhere (a model, a document, a node) as a terminal may show it: without the sequences and
 * characters that move its cursor, change its title or turn the direction of what follows. Lines and tabs stay.
 */
export const printable = (text: string): string =>
  stripVTControlCharacters(text).replace(/(?![\n\t])\p{Cc}|[\u202A-\u202E\u2066-\u2069]/gu, "")
