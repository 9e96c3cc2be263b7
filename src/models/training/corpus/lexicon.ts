/**
 * Random words, names, numbers and values. Whatever an evaluation item uses was never seen in training: a hash of the word decides which
 * side it is on.
 */
import { fnv1a } from "#actors/hash.js"
import { evaluationNames, trainingNames, verbs, words } from "./words.js"

/** "seen" and "held-out" are both for evaluation: unseen values in phrasing seen in training, and in phrasing kept out of it. */
export type Split = "train" | "seen" | "held-out"

/** A random generator whose whole state is one number, so that it can be saved and resumed. Mulberry32. */
export class Dice {
  state: number
  constructor(seed: number) {
    this.state = seed >>> 0
  }
  /** @returns a number in [0, 1) */
  next(): number {
    this.state = (this.state + 0x6d2b79f5) >>> 0
    let t = this.state
    t = Math.imul(t ^ (t >>> 15), t | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
  /** @returns an integer from `low` to `high`, both included */
  integer(low: number, high: number): number {
    return low + Math.floor(this.next() * (high - low + 1))
  }
  pick<T>(list: readonly T[]): T {
    return list[Math.floor(this.next() * list.length)] as T
  }
  chance(probability: number): boolean {
    return this.next() < probability
  }
}

/** FNV-1a with a finisher: spreads similar strings. */
export function hash(text: string): number {
  let h = fnv1a(text)
  h ^= h >>> 13
  h = Math.imul(h, 0x5bd1e995)
  return (h ^ (h >>> 15)) >>> 0
}

/** Words that the phrasings themselves use, as "result" in "what is the result of": training sees them, so evaluation does without them. */
const phrased = new Set([
  ...verbs,
  ...`alarm answer arm book brief budget call chance change chapter check class clock copy cost cover current date default desk detail document dream
  entry evening exact figure file first folder format friend full guide handle home hour human item job key limit list local long manual
  meeting model module moment month morning night number open opening option order owner page part point port price product prompt quick result
  robot role room rule search section segment service share size sleep slice small song sound start story string subject sum table talk task
  test text time total train update use user value version week well wonder work worker year`.split(/\s+/),
])
const forEvaluation = (word: string): boolean => hash(word) % 7 === 0 && !phrased.has(word)
const trainingWords = words.filter((word) => !forEvaluation(word))
const evaluationWords = words.filter(forEvaluation)
const onsets = "b c d f g h j k l m n p r s t v w z br ch cl dr fl gr kl kr pl pr sh sk st th tr".split(" ")
const vowels = "a e i o u a e i o ai ea ou ie".split(" ")
const codas = " n r l s t x m k th nd rk ll".split(" ")
const units = "seconds minutes hours days MB GB users items percent dollars meters kilograms workers messages".split(
  " ",
)
const extensions = "ts js md json py yaml txt log".split(" ")

export const capitalize = (text: string): string => text.slice(0, 1).toUpperCase() + text.slice(1)

/** Draws words for one split. */
export class Lexicon {
  readonly dice: Dice
  readonly split: Split
  readonly #training: boolean

  constructor(dice: Dice, split: Split) {
    this.dice = dice
    this.split = split
    this.#training = split === "train"
  }

  /** Whether a text belongs to this side of the split, one in `modulus` to evaluation. */
  mine(text: string, modulus = 10): boolean {
    return (hash(text) % modulus !== 0) === this.#training
  }

  word(): string {
    return this.dice.pick(this.#training ? trainingWords : evaluationWords)
  }

  verb(): string {
    return this.dice.pick(verbs)
  }

  /** A made-up word of one to three syllables. */
  pseudo(): string {
    for (;;) {
      let text = ""
      for (let n = this.dice.integer(1, 3); n > 0; n--) {
        text += this.dice.pick(onsets) + this.dice.pick(vowels) + (this.dice.chance(0.4) ? this.dice.pick(codas) : "")
      }
      if (text.length >= 3 && text.length <= 10 && this.mine(text)) return text
    }
  }

  /** A whole number in decimal, of `digits` digits or of one to four. */
  number(digits = this.dice.integer(1, 4)): string {
    for (;;) {
      const text = String(
        digits === 1 ? this.dice.integer(0, 9) : this.dice.integer(10 ** (digits - 1), 10 ** digits - 1),
      )
      if (text.length < 2 || this.mine(`n${text}`)) return text
    }
  }

  personOrPlace(): string {
    return this.dice.pick(this.#training ? trainingNames : evaluationNames)
  }

  name(): string {
    const r = this.dice.next()
    if (r < 0.3) return capitalize(this.pseudo())
    if (r < 0.5) return this.personOrPlace()
    if (r < 0.72) return capitalize(this.word())
    if (r < 0.88) return `${capitalize(this.pseudo())} ${capitalize(this.pseudo())}`
    return capitalize(this.word()) + capitalize(this.word())
  }

  identifier(): string {
    switch (this.dice.integer(0, 5)) {
      case 0:
        return this.word() + capitalize(this.word())
      case 1:
        return `${this.word()}_${this.word()}`
      case 2:
        return `${this.word()}-${this.pseudo()}`
      case 3:
        return `${this.word()}_${this.word()}`.toUpperCase()
      case 4:
        return this.pseudo() + this.number(1)
      default:
        return `${this.word()}/${this.word()}.${this.dice.pick(extensions)}`
    }
  }

  quantity(): string {
    return `${this.number()} ${this.dice.chance(0.7) ? this.dice.pick(units) : `${this.word()}s`}`
  }

  place(): string {
    const { dice } = this
    switch (dice.integer(0, 6)) {
      case 0:
        return `the ${this.word()} ${this.word()}`
      case 1:
        return `the ${this.word()}`
      case 2:
        return this.name()
      case 3:
        return this.identifier()
      case 4:
        return `${this.name()} under the ${this.word()} ${dice.pick(["folder", "room", "table", "desk", "directory"])}`
      case 5:
        return `the ${dice.pick(["red", "blue", "green", "old", "second", "lower", "upper"])} ${this.word()}`
      default:
        return `the ${this.pseudo()} ${this.word()}`
    }
  }

  value(): string {
    const r = this.dice.next()
    if (r < 0.12) return this.number()
    if (r < 0.24) return this.quantity()
    if (r < 0.3) return `${this.number(1)}.${this.number(1)}.${this.number(1)}`
    if (r < 0.46) return this.identifier()
    if (r < 0.62) return this.name()
    if (r < 0.76) return this.word()
    if (r < 0.88) return `${this.word()} ${this.word()}`
    if (r < 0.93) return `${this.dice.integer(1, 23)}:${this.dice.integer(10, 59)}`
    return `${this.pseudo()} ${this.word()}`
  }

  /** What a question is about: one to four words. */
  topic(): string {
    const r = this.dice.next()
    if (r < 0.4) return `${this.word()} ${this.word()}`
    if (r < 0.58) return this.word()
    if (r < 0.7) return `${this.word()} ${this.word()} ${this.word()}`
    if (r < 0.8) return `${this.pseudo()} ${this.word()}`
    if (r < 0.9) return `${capitalize(this.pseudo())} ${this.word()}`
    if (r < 0.95) return this.name()
    return this.pseudo()
  }

  /**
   * A phrasing with gaps such as `{t}`. The hash of the phrasing decides whether it belongs to training or to the held-out split, so a
   * held-out phrasing is one that training never saw.
   */
  phrasing(make: () => string): string {
    for (;;) {
      const text = make()
      if ((hash(`phrasing ${text}`) % 8 === 0) === (this.split === "held-out")) return text
    }
  }
}

/** Fills gaps: `fill("{a} of {e}", { a: "color", e: "Ann" })`. */
export function fill(text: string, gaps: Readonly<Record<string, string>>): string {
  return text.replace(/\{(\w+)\}/g, (_, gap: string) => gaps[gap] ?? "")
}
