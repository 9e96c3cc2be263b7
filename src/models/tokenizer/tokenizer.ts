/**
 * Byte-level byte-pair encoding, kept as a Hugging Face `tokenizer.json`.
 *
 * Text is cut into pieces (a word with the space before it, a single digit, a run of marks), the UTF-8 bytes of each piece are written as
 * printable characters, and pairs of them are merged in the order in which training found the pairs.
 *
 * Invariants
 *   T1. `decode(encode(text))` is `text` for every well-formed string.
 *   T2. Special tokens are found before anything is cut, and only when the caller allows them: text of a user never becomes one.
 *   T3. The cost of encoding grows as n log n with the text, whatever its pieces; whoever takes a stranger's text
 *       bounds n.
 *
 * @see Sennrich et al. 2016, https://arxiv.org/abs/1508.07909
 */
import { AgentOSError } from "#actors/errors.js"
import { Heap } from "#actors/heap.js"
import { byteAlphabet, fromByteCharacters, toByteCharacters } from "./byte-alphabet.js"
import { z } from "zod"

/** How text is cut. Digits stand alone, so that numbers of any length are made of the same ten tokens. */
export const piecePattern = " ?\\p{L}+|\\p{N}| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+"

const tokenizerSchema = z.object({
  added_tokens: z.array(z.object({ id: z.int(), content: z.string(), special: z.boolean() })),
  pre_tokenizer: z.unknown(),
  model: z.object({
    type: z.literal("BPE"),
    vocab: z.record(z.string(), z.int()),
    merges: z.array(z.union([z.string(), z.tuple([z.string(), z.string()])])),
  }),
})

/** What a tokenizer consists of. Ids are positions: special tokens first, then the 256 bytes, then one token a merge. */
export interface TokenizerParts {
  readonly specials: readonly string[]
  readonly merges: readonly (readonly [string, string])[]
}

/** Pieces whose ids are kept; a text of agents repeats its words. */
const cacheLimit = 20_000
/** Longest of them, in characters. */
const cachedLength = 64

export class Tokenizer {
  readonly #parts: TokenizerParts
  readonly #tokens: string[] = []
  readonly #ids = new Map<string, number>()
  readonly #ranks = new Map<string, number>()
  readonly #specialIds = new Set<number>()
  readonly #specialPattern: RegExp | undefined
  readonly #cache = new Map<string, readonly number[]>()

  constructor(parts: TokenizerParts) {
    this.#parts = parts
    const add = (token: string): void => {
      this.#ids.set(token, this.#tokens.length)
      this.#tokens.push(token)
    }
    for (const special of parts.specials) {
      this.#specialIds.add(this.#tokens.length)
      add(special)
    }
    byteAlphabet.forEach(add)
    parts.merges.forEach(([left, right], rank) => {
      this.#ranks.set(`${left} ${right}`, rank)
      add(left + right)
    })
    const escaped = parts.specials.map((special) => special.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"))
    this.#specialPattern = escaped.length === 0 ? undefined : new RegExp(`(${escaped.join("|")})`, "u")
  }

  /** @throws `INVALID_TOKENIZER` when it is not a byte-level BPE of the form this class writes */
  static fromJSON(json: unknown): Tokenizer {
    const parsed = tokenizerSchema.safeParse(json)
    if (!parsed.success) {
      throw new AgentOSError(
        "INVALID_TOKENIZER",
        `not a byte-level BPE tokenizer.json: ${z.prettifyError(parsed.error)}`,
      )
    }
    const { added_tokens: added, model } = parsed.data
    const merges = model.merges.map((merge): [string, string] => {
      if (typeof merge !== "string") return merge
      const [left = "", right = ""] = merge.split(" ")
      return [left, right]
    })
    const specials = added.toSorted((a, b) => a.id - b.id).map(({ content }) => content)
    const tokenizer = new Tokenizer({ specials, merges })
    for (const [token, id] of Object.entries(model.vocab)) {
      if (tokenizer.#ids.get(token) !== id) {
        throw new AgentOSError(
          "INVALID_TOKENIZER",
          `token ${JSON.stringify(token)} has id ${id}; special tokens, bytes and merges in order give it ${String(tokenizer.#ids.get(token))}`,
        )
      }
    }
    return tokenizer
  }

  /** Number of tokens, specials included. */
  get size(): number {
    return this.#tokens.length
  }

  idOf(token: string): number | undefined {
    return this.#ids.get(token)
  }

  /** The id of a special token. @throws `INVALID_TOKENIZER` when there is none of this name */
  special(name: string): number {
    const id = this.#ids.get(name)
    if (id === undefined || !this.#specialIds.has(id))
      throw new AgentOSError("INVALID_TOKENIZER", `the tokenizer has no special token ${name}`)
    return id
  }

  /** @param options.specials whether special tokens written in the text become their ids (T2); default no */
  encode(text: string, options: { readonly specials?: boolean } = {}): number[] {
    const ids: number[] = []
    const parts =
      options.specials === true && this.#specialPattern !== undefined ? text.split(this.#specialPattern) : [text]
    parts.forEach((part, index) => {
      if (index % 2 === 1) ids.push(this.#ids.get(part) ?? 0)
      else for (const [piece] of part.matchAll(pieces)) for (const id of this.#encodePiece(piece)) ids.push(id)
    })
    return ids
  }

  /** The text of some ids. Special tokens are left out; malformed UTF-8 becomes U+FFFD. */
  decode(ids: Iterable<number>): string {
    const decoder = this.decoder()
    let text = ""
    for (const id of ids) text += decoder.push(id)
    return text + decoder.flush()
  }

  /** Decodes token by token; the bytes of an unfinished character are held back until it is whole. */
  decoder(): { push(id: number): string; flush(): string } {
    const decoder = new TextDecoder("utf-8", { ignoreBOM: true })
    return {
      push: (id) =>
        this.#specialIds.has(id) ? "" : decoder.decode(fromByteCharacters(this.#tokens[id] ?? ""), { stream: true }),
      flush: () => decoder.decode(),
    }
  }

  toJSON(): unknown {
    return {
      version: "1.0",
      truncation: null,
      padding: null,
      added_tokens: this.#parts.specials.map((content, id) => ({
        id,
        content,
        single_word: false,
        lstrip: false,
        rstrip: false,
        normalized: false,
        special: true,
      })),
      normalizer: null,
      pre_tokenizer: {
        type: "Sequence",
        pretokenizers: [
          { type: "Split", pattern: { Regex: piecePattern }, behavior: "Isolated", invert: false },
          { type: "ByteLevel", add_prefix_space: false, trim_offsets: false, use_regex: false },
        ],
      },
      post_processor: null,
      decoder: { type: "ByteLevel", add_prefix_space: false, trim_offsets: false, use_regex: false },
      model: {
        type: "BPE",
        dropout: null,
        unk_token: null,
        continuing_subword_prefix: null,
        end_of_word_suffix: null,
        fuse_unk: false,
        byte_fallback: false,
        ignore_merges: false,
        vocab: Object.fromEntries(this.#tokens.map((token, id) => [token, id])),
        merges: this.#parts.merges,
      },
    }
  }

  #encodePiece(piece: string): readonly number[] {
    const known = this.#cache.get(piece)
    if (known !== undefined) return known
    const symbols = this.#merged([...toByteCharacters(piece)])
    const ids = symbols.map((symbol) => this.#ids.get(symbol) ?? 0)
    if (piece.length > cachedLength) return ids
    if (this.#cache.size >= cacheLimit) this.#cache.clear()
    this.#cache.set(piece, ids)
    return ids
  }

  /** Merges the pair that training found first, of equal ones the leftmost, until none is left. Cost: n log n (T3). */
  #merged(symbols: (string | undefined)[]): string[] {
    const after = symbols.map((_, i) => i + 1)
    const before = symbols.map((_, i) => i - 1)
    const pairAt = (at: number): string => `${symbols[at]} ${symbols[after[at] as number]}`
    const open = new Heap<{ readonly at: number; readonly pair: string; readonly rank: number }>(
      (a, b) => a.rank < b.rank || (a.rank === b.rank && a.at < b.at),
    )
    const offer = (at: number): void => {
      if ((after[at] as number) >= symbols.length) return
      const pair = pairAt(at)
      const rank = this.#ranks.get(pair)
      if (rank !== undefined) open.push({ at, pair, rank })
    }
    for (let at = 0; at + 1 < symbols.length; at++) offer(at)
    for (let merge = open.take(); merge !== undefined; merge = open.take()) {
      const { at, pair } = merge
      if (pairAt(at) !== pair) continue // one of the two was merged with another
      const right = after[at] as number
      symbols[at] = `${symbols[at]}${symbols[right]}`
      symbols[right] = undefined
      const beyond = after[right] as number
      after[at] = beyond
      before[beyond] = at
      if (before[at] !== -1) offer(before[at] as number)
      offer(at)
    }
    return symbols.filter((symbol) => symbol !== undefined)
  }
}

const pieces = new RegExp(piecePattern, "gu")

/** Cuts a text as the tokenizer does before merging. */
export function cutPieces(text: string): string[] {
  return [...text.matchAll(pieces)].map(([piece]) => piece)
}
