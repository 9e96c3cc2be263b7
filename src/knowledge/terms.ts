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

/** What a word of a text is found by. */
export interface Term {
  /** One form for each language that the word may be of. */
  readonly forms: readonly string[]
  /** What it counts beside a whole word, which counts 1. */
  readonly weight: number
}

export interface Query {
  /** What to look for: distinct, without the words that say nothing about what is asked (T3). */
  readonly terms: readonly Term[]
  /** Whether it may be of a language that joins words without a space. */
  readonly compounds: boolean
}

/** Every term of a text, in its order. */
export function termsOf(text: string): string[] {
  const words = wordsOf(text)
  const spoken = [latinLanguageOf(words).language]
  const terms: string[] = []
  for (const word of words) for (const { forms } of termsOfWord(word, spoken)) terms.push(...forms)
  return terms
}

/** Reads a query, or the question around it. A query is short, so its words may be of any language whatever it seems to be. */
export function readQuery(text: string): Query {
  const words = wordsOf(text.slice(0, queryReads))
  const { language, sure } = latinLanguageOf(words)
  // Where any language may be meant, only words of English are left out: "war" says something in one, in another nothing.
  const silent = sure ? language : latinLanguages[0]
  const terms = new Map<string, Term>()
  for (const word of words) {
    if (isFunctionWord(word, silent)) continue
    for (const term of termsOfWord(word, latinLanguages)) {
      const key = term.forms.join(" ")
      const before = terms.get(key)
      if (before === undefined ? terms.size < queryTerms : before.weight < term.weight) terms.set(key, term)
    }
    if (terms.size === queryTerms) break
  }
  return { terms: [...terms.values()], compounds: !sure || language.compounds === true }
}

const speakersOf = new Map<string, number[]>()
latinLanguages.forEach(({ functionWords }, i) => {
  for (const word of functionWords) speakersOf.set(word, [...(speakersOf.get(word) ?? []), i])
})

/** The language of the words in Latin letters, and whether it is more than a guess. */
function latinLanguageOf(words: readonly string[]): { readonly language: Language; readonly sure: boolean } {
  const votes = latinLanguages.map(() => 0)
  for (const word of words) for (const i of speakersOf.get(bare(word)) ?? []) votes[i] = (votes[i] as number) + 1
  if (Math.max(...votes) === 0)
    latinLanguages.forEach(({ letters }, i) => (votes[i] = words.filter((word) => letters?.test(word)).length))
  const most = Math.max(...votes)
  const best = votes.indexOf(most)
  return {
    language: latinLanguages[best] as Language,
    sure: most >= 2 && (best === 0 || votes.lastIndexOf(most) === best),
  }
}

function isFunctionWord(word: string, latin: Language): boolean {
  const script = scriptOf(word)
  if (script === "unspaced") return functionCharacters.unspaced.has(word)
  const language = script === "latin" ? latin : languageOf(script)
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

/** Words whose terms are kept, for documents in each language and for queries; a text repeats its words. */
const cacheLimit = 20_000
const cache = new Map<Language | undefined, Map<string, readonly Term[]>>()

function termsOfWord(word: string, spoken: readonly Language[]): readonly Term[] {
  const found: Term[] = []
  const keep: Add = (forms, weight) => void found.push({ forms: typeof forms === "string" ? [forms] : forms, weight })
  // A run of characters seldom comes twice, and has as many terms as a text.
  if (word.length > longestWord || isRun(scriptOf(word))) {
    addTerms(word, spoken, keep)
    return found
  }
  const of = spoken.length === 1 ? spoken[0] : undefined
  let known = cache.get(of)
  if (known === undefined) cache.set(of, (known = new Map()))
  const terms = known.get(word)
  if (terms !== undefined) return terms
  addTerms(word, spoken, keep)
  if (known.size >= cacheLimit) known.clear()
  known.set(word, found)
  return found
}

const isRun = (script: string): boolean =>
  script === "han" || script === "hiragana" || script === "katakana" || script === "hangul"

/** What a joined name consists of. */
const partsOf = (word: string): readonly string[] => (/[_./-]/.test(word) ? word.split(/[_./-]/) : [word])

type Add = (forms: string | readonly string[], weight: number) => void

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
      if (parts.length === 1) return add(stemsOf(word, spoken), 1)
      add(stemsOf(word, spoken), 1)
      for (const part of parts) for (const { forms, weight } of termsOfWord(part, spoken)) add(forms, weight)
    }
  }
}

const nothing: ReadonlySet<string> = new Set()
/** Longest word that has endings. */
const longestWord = 40

function stemsOf(word: string, spoken: readonly Language[]): string[] {
  const script = scriptOf(word)
  if (word.length > longestWord || /^[0-9]/.test(word) || script === "other") return [bare(word)]
  const own = languageOf(script)
  const stems = (own === undefined ? spoken : [own]).map(({ stem }) => bare(stem(word)))
  if (own !== undefined || spoken.length === 1) return stems
  // Whoever asks may leave accents out, or have them where the document has none.
  const plain = bare(word)
  return [...new Set([...stems, plain, ...(plain === word ? [] : stemsOf(plain, spoken))])]
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
  for (const stem of stemsOf(word, spoken)) {
    const skeleton = stem.replace(/[اوي]/g, "")
    add(stem, 1)
    if (skeleton.length >= 3 && skeleton !== stem) add(skeleton, 0.5)
  }
}
