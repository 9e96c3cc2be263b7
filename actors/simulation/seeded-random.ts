/** Chance that repeats itself: the same seed gives the same numbers, on every machine. */
import type { Random } from "../clock.js"

/**
 * A small fast generator (sfc32), not for secrets.
 * @see Chris Doty-Humphrey, PractRand, https://pracrand.sourceforge.net
 */
export class SeededRandom implements Random {
  readonly #seed: string
  #a: number
  #b: number
  #c: number
  #counter = 1

  constructor(seed: number | string) {
    this.#seed = String(seed)
    ;[this.#a, this.#b, this.#c] = scattered(this.#seed)
    for (let n = 0; n < 12; n++) this.int32()
  }

  /** A generator of its own, made from this one's seed and a name: what one part draws does not change what another gets. */
  fork(name: string): SeededRandom {
    return new SeededRandom(`${this.#seed}/${name}`)
  }

  /** 32 random bits. */
  int32(): number {
    const sum = (this.#a + this.#b + this.#counter) | 0
    this.#counter = (this.#counter + 1) | 0
    this.#a = this.#b ^ (this.#b >>> 9)
    this.#b = (this.#c + (this.#c << 3)) | 0
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + sum) | 0
    return sum
  }

  float(): number {
    return (this.int32() >>> 0) / 2 ** 32
  }

  /** A whole number from 0 (inclusive) to `below` (exclusive). */
  int(below: number): number {
    return Math.floor(this.float() * below)
  }

  /** True in this part of the cases. */
  chance(part: number): boolean {
    return this.float() < part
  }

  /** One of the list. @throws RangeError when it is empty */
  pick<T>(list: readonly T[]): T {
    if (list.length === 0) throw new RangeError("there is nothing to pick from")
    return list[this.int(list.length)] as T
  }

  /** How long until the next of something that happens every so often, at any moment as likely as at any other. */
  interval(mean: number): number {
    return -mean * Math.log(1 - this.float())
  }

  bytes(count: number): Uint8Array {
    return Uint8Array.from({ length: count }, () => this.int32() & 255)
  }

  uuid(): string {
    const hex = Buffer.from(this.bytes(16)).toString("hex")
    const variant = "89ab"[this.int(4)]
    return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20)}`
  }
}

/** Three numbers from a text. */
function scattered(text: string): [number, number, number] {
  const made = [0x9e3779b9, 0x243f6a88, 0xb7e15162] as [number, number, number]
  for (let i = 0; i < text.length; i++) {
    made[0] = Math.imul(made[0] ^ text.charCodeAt(i), 0x85ebca6b)
    made[1] = Math.imul(made[1] ^ made[0] ^ (made[0] >>> 13), 0xc2b2ae35)
    made[2] = Math.imul(made[2] ^ made[1] ^ (made[1] >>> 15), 0x27d4eb2f)
  }
  return made
}
