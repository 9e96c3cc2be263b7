import { toByteCharacters } from "./byte-alphabet.js"
import { cutPieces, Tokenizer } from "./tokenizer.js"

/**
 * Finds the merges of a byte-level BPE: again and again the most frequent pair of neighbours becomes a token. Ties go to the pair that
 * sorts first, so the same texts always give the same tokenizer.
 *
 * @param size number of tokens wanted, specials and the 256 bytes included; fewer when the texts run out of pairs
 */
export function trainTokenizer(
  texts: Iterable<string>,
  options: { readonly size: number; readonly specials: readonly string[] },
): Tokenizer {
  const counts = new Map<string, number>()
  for (const text of texts) for (const piece of cutPieces(text)) counts.set(piece, (counts.get(piece) ?? 0) + 1)
  let words = [...counts]
    .filter(([, count]) => count >= 2)
    .map(([piece, count]) => ({ symbols: [...toByteCharacters(piece)], count }))
  const merges: [string, string][] = []
  while (options.specials.length + 256 + merges.length < options.size) {
    const pairs = new Map<string, number>()
    for (const { symbols, count } of words) {
      for (let i = 0; i + 1 < symbols.length; i++) {
        const pair = `${symbols[i]} ${symbols[i + 1]}`
        pairs.set(pair, (pairs.get(pair) ?? 0) + count)
      }
    }
    let best: string | undefined
    let most = 0
    for (const [pair, count] of pairs) {
      if (count > most || (count === most && best !== undefined && pair < best)) {
        best = pair
        most = count
      }
    }
    if (best === undefined) break
    const [left = "", right = ""] = best.split(" ")
    merges.push([left, right])
    for (const { symbols } of words) {
      for (let i = 0; i + 1 < symbols.length; i++) {
        if (symbols[i] === left && symbols[i + 1] === right) symbols.splice(i, 2, left + right)
      }
    }
    words = words.filter(({ symbols }) => symbols.length > 1)
  }
  return new Tokenizer({ specials: options.specials, merges })
}
