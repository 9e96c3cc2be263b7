/** Hashes of texts, 32 bits, the same on every machine: to spread keys, not to keep secrets. @see Fowler, Noll and Vo, FNV-1a */
export function fnv1a(text: string): number {
  let hash = HASH_START
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193)
  return hash >>> 0
}

export const HASH_START = 0x811c9dc5

/** Mixes 32 bits so that each bit of the result depends on each of the argument (the finalizer of MurmurHash3). */
export function mix(h: number): number {
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
  return h ^ (h >>> 16)
}

/**
 * Folds a text into a running hash, UTF-16 unit by unit (FNV-1a), and its length after it, so that ("ab", "c") and ("a", "bc") differ. It goes on from
 * a hash that is given, which `fnv1a` cannot.
 */
export function fold(text: string, h: number): number {
  for (let n = 0; n < text.length; n++) h = Math.imul(h ^ text.charCodeAt(n), 0x01000193)
  return mix(h ^ text.length)
}
