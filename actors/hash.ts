/** A hash of a text, 32 bits, the same on every machine: to spread keys, not to keep secrets. @see Fowler, Noll and Vo, FNV-1a */
export function fnv1a(text: string): number {
  let hash = 0x811c9dc5
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193)
  return hash >>> 0
}
