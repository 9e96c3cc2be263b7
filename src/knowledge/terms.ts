/**
 * The terms under which a text is found: its words without what only grammar puts there.
 *
 * Invariants
 *   T1. A document and a query that name a thing in different forms of the word share a term, in each language known.
 *   T2. Text in scripts without spaces is found by its characters and their pairs, so where a word begins need not be
 *       known; Thai and its like by the words of a dictionary.
 *   T3. Reading a query takes a bounded time, whatever its length, and gives a bounded number of terms, each once.
 */
import { functionCharacters, latinLanguages, otherLanguages, type Language } from "./languages.js"
import { scriptOf, wordsOf } from "./words.js"

/** Characters of a query, and of the question around it, that are read. */
export const queryReads = 10_000
/** Terms of a query that are looked for: the first. */
const queryTerms = 64

interface Term {
  readonly term: string
  /** What it counts in a query, beside a whole word, which counts 1. */
  readonly weight: number
}

/** Every term of a text, in its order. */
export function termsOf(text: string): string[] {
  const words = wordsOf(text)
  const spoken = languagesOf(words)
  const terms: string[] = []
  for (const word of words) for (const { term } of termsOfWord(word, spoken)) terms.push(term)
  return terms
}

export interface Query {
  /** Terms to look for with what each counts: distinct, without the words that say nothing about what is asked (T3). */
  readonly terms: ReadonlyMap<string, number>
  /** Whether it may be of a language that joins words without a space. */
  readonly compounds: boolean
}

/** Reads a query, or the question around it. */
export function readQuery(text: string): Query {
  const words = wordsOf(text.slice(0, queryReads))
  const spoken = languagesOf(words)
  const terms = new Map<string, number>()
  for (const word of words) {
    if (isFunctionWord(word, spoken)) continue
    for (const { term, weight } of termsOfWord(word, spoken)) {
      if (terms.size < queryTerms || terms.has(term)) terms.set(term, Math.max(terms.get(term) ?? 0, weight))
    }
    if (terms.size === queryTerms) break
  }
  return { terms, compounds: spoken.some(({ compounds }) => compounds === true) }
}

/** A text of more words is of the languages whose function words it has, a shorter one may be of any. */
const shortText = 40
const alone = latinLanguages.map((language) => [language])
const speakersOf = new Map<string, number[]>()
latinLanguages.forEach(({ functionWords }, i) => {
  for (const word of functionWords) speakersOf.set(word, [...(speakersOf.get(word) ?? []), i])
})

/** The language of the words in Latin letters, or all that they may be of. */
function languagesOf(words: readonly string[]): readonly Language[] {
  const votes = latinLanguages.map(() => 0)
  for (const word of words) for (const i of speakersOf.get(bare(word)) ?? []) votes[i] = (votes[i] as number) + 1
  const most = Math.max(...votes)
  const best = votes.indexOf(most)
  const sure = most >= 2 && votes.lastIndexOf(most) === best
  return sure || words.length > shortText ? (alone[best] as readonly Language[]) : latinLanguages
}

function isFunctionWord(word: string, [first, ...others]: readonly Language[]): boolean {
  const script = scriptOf(word)
  if (script === "unspaced") return functionCharacters.unspaced.has(word)
  // Where any language may be meant, only words of English are left out: "war" says something in one, and in another
  // nothing.
  const language = script === "latin" ? (others.length === 0 ? first : latinLanguages[0]) : languageOf(script)
  return language?.functionWords.has(bare(word)) === true
}

const languageOf = (script: string): Language | undefined =>
  script in otherLanguages ? otherLanguages[script as keyof typeof otherLanguages] : undefined

const isAscii = (word: string): boolean => !/[^\0-\x7f]/.test(word)

/** A word without accents, in Latin, Greek or Cyrillic letters. */
const bare = (word: string): string =>
  isAscii(word) || (word.codePointAt(0) ?? 0) >= 0x530
    ? word
    : word
        .normalize("NFD")
        .replace(/[\u0300-\u036f]/g, "")
        .replace(/[æœøđłı]/g, (letter) => plainer[letter] ?? letter)
const plainer: Readonly<Record<string, string>> = { æ: "ae", œ: "oe", ø: "o", đ: "d", ł: "l", ı: "i" }

/** Words whose terms are kept, for each set of languages; a text repeats its words. */
const cacheLimit = 20_000
const cache = new Map<readonly Language[], Map<string, readonly Term[]>>()

function termsOfWord(word: string, spoken: readonly Language[]): readonly Term[] {
  let known = cache.get(spoken)
  if (known === undefined) cache.set(spoken, (known = new Map()))
  let terms = known.get(word)
  if (terms !== undefined) return terms
  const found: Term[] = []
  addTerms(word, spoken, (term, weight) => void found.push({ term, weight }))
  terms = found
  if (word.length > longestWord) return terms
  if (known.size >= cacheLimit) known.clear()
  known.set(word, terms)
  return terms
}

/** What a joined name consists of. */
const partsOf = (word: string): readonly string[] => (/[_./-]/.test(word) ? word.split(/[_./-]/) : [word])

type Add = (term: string, weight: number) => void

function addTerms(word: string, spoken: readonly Language[], add: Add): void {
  switch (scriptOf(word)) {
    case "han":
      return characterTerms(word, add)
    case "hiragana":
      return pairsOf(word, functionCharacters.hiragana, 0.5, add)
    case "katakana": {
      const run = word.length > 3 ? word.replace(/ー$/, "") : word
      return pairsOf(run, nothing, Math.min(1, 1.5 / (run.length - 1)), add)
    }
    case "hangul":
      return koreanTerms(word, add)
    case "unspaced":
      return add(word, 1)
    case "arabic":
      return arabicTerms(word, spoken, add)
    default: {
      const parts = partsOf(word)
      if (parts.length === 1) return addStems(word, spoken, add)
      addStems(word, spoken, add)
      for (const part of parts) for (const { term, weight } of termsOfWord(part, spoken)) add(term, weight)
    }
  }
}

const nothing: ReadonlySet<string> = new Set()
/** Longest word that has endings. */
const longestWord = 40

function addStems(word: string, spoken: readonly Language[], add: Add): void {
  const script = scriptOf(word)
  if (word.length > longestWord || /^[0-9]/.test(word) || script === "other") return add(bare(word), 1)
  const language = languageOf(script)
  for (const stem of new Set((language === undefined ? spoken : [language]).map(({ stem }) => bare(stem(word)))))
    add(stem, 1)
}

/** A run of two characters is a word; of a longer one each pair may be, and single characters tell less. */
function characterTerms(run: string, add: Add): void {
  const alone = run.length === 1
  for (const character of run) if (!functionCharacters.han.has(character)) add(character, alone ? 1 : 0.25)
  pairsOf(run, functionCharacters.han, run.length === 2 ? 1 : 0.6, add)
}

function pairsOf(run: string, silent: ReadonlySet<string>, weight: number, add: Add): void {
  let before: string | undefined
  for (const character of run) {
    const pair = `${before}${character}`
    if (before !== undefined && !silent.has(pair)) add(pair, weight)
    before = character
  }
}

/** What Korean writes behind a noun. */
const particle =
  /(?:(?:에서|으로)부터|에게서|이?라고|에서는|까지|부터|에서|에게|한테|으로|처럼|보다|마다|이나|하고|이란|에[는도]?|[은는이가을를의와과도만로나])$/

function koreanTerms(word: string, add: Add): void {
  const noun = word.replace(particle, "")
  const run = noun === "" ? word : noun
  if (run.length === 1 && !functionCharacters.hangul.has(run)) add(run, 1)
  pairsOf(noun.length === 1 ? word : run, functionCharacters.hangul, run.length === 2 ? 1 : 0.6, add)
}

/** Arabic makes plurals and tenses by its long vowels: a word is found by its stem, and by the stem's other letters. */
function arabicTerms(word: string, spoken: readonly Language[], add: Add): void {
  addStems(word, spoken, (stem) => {
    const skeleton = stem.replace(/[اوي]/g, "")
    add(stem, 1)
    if (skeleton.length >= 3 && skeleton !== stem) add(skeleton, 0.5)
  })
}
