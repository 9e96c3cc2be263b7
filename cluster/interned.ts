/**
 * Texts that come again and again, sent as numbers after the first time: names of actors, keys of objects. Both sides count alike, since what is sent over a session is
 * read once and in order.
 *
 *   interned   varint 0: a text follows that takes the next place; 1: a text follows that takes none; from 2: the text in the place of that number less 2
 *
 * Invariants
 *   I1. There are `places` places; the text that takes the next one forgets the one that was there longest. Neither side grows without a bound.
 *   I2. What was named in bytes that were not sent after all is unlearnt (`undo`), or the two sides would count apart.
 */
import { refused, type ByteReader, type ByteWriter } from "#actors/bytes.js"

/** Longer texts take no place. */
const longest = 512

export class TextsSent {
  readonly #places: number
  readonly #numbers = new Map<string, number>()
  readonly #texts: string[] = []
  #next = 0
  /** The text sent last: most come in rows. */
  #lastText: string | undefined
  #lastNumber = 0
  /** What the texts named since `begin` have replaced. */
  #undo: (string | undefined)[] = []

  constructor(places: number) {
    this.#places = places
  }

  write(out: ByteWriter, text: string): void {
    if (text === this.#lastText) return out.varint(this.#lastNumber + 2)
    let number = this.#numbers.get(text)
    if (number === undefined) {
      if (text.length > longest) {
        out.varint(1)
        return out.text(text)
      }
      out.varint(0)
      out.text(text)
      number = this.#name(text)
    } else out.varint(number + 2)
    this.#lastText = text
    this.#lastNumber = number
  }

  #name(text: string): number {
    const number = this.#next
    const before = this.#texts[number]
    if (before !== undefined) this.#numbers.delete(before) // I1
    this.#undo.push(before)
    this.#texts[number] = text
    this.#numbers.set(text, number)
    this.#next = (number + 1) % this.#places
    return number
  }

  /** From here on it can be undone. */
  begin(): void {
    if (this.#undo.length > 0) this.#undo = []
  }

  /** I2 */
  undo(): void {
    for (const before of this.#undo.reverse()) {
      const number = (this.#next - 1 + this.#places) % this.#places
      this.#numbers.delete(this.#texts[number] as string)
      if (before === undefined) this.#texts.length = number
      else {
        this.#texts[number] = before
        this.#numbers.set(before, number)
      }
      this.#next = number
    }
    this.#undo = []
    this.#lastText = undefined
  }
}

export class TextsReceived {
  readonly #places: number
  readonly #texts: string[] = []
  #next = 0

  constructor(places: number) {
    this.#places = places
  }

  read(from: ByteReader): string {
    const number = from.varint()
    if (number >= 2) {
      const text = this.#texts[number - 2]
      if (text === undefined) throw refused(`text ${number - 2} was not named before`)
      return text
    }
    const text = from.text()
    if (number === 1) return text
    if (text.length > longest) throw refused(`a text of ${text.length} characters takes no place`)
    this.#texts[this.#next] = text
    this.#next = (this.#next + 1) % this.#places
    return text
  }
}
