/**
 * The names of tools as a server takes them: letters, digits, `_` and `-`, at most 64 of them. Pure.
 *
 * Invariants
 *   W1. Two tools of a request never share a name on the wire, and what the server says is read back to the tool it was made of.
 *   W2. A name that a server takes goes as it is; a dot becomes `__`. Only what collides or is too long ends in a hash.
 */
import { fnv1a } from "#actors/hash.js"

export interface WireNames {
  toWire(name: string): string
  /** A name that stands for no tool comes back as it is: the model made it up. */
  fromWire(name: string): string
}

const longest = 64
const taken = /^[a-zA-Z0-9_-]{1,64}$/

/** @param names those of all tools that a request speaks of */
export function wireNames(names: Iterable<string>): WireNames {
  const wanted = new Map([...new Set(names)].sort().map((name) => [name, taken.test(name) ? name : plain(name)]))
  const uses = new Map<string, number>()
  for (const wire of wanted.values()) uses.set(wire, (uses.get(wire) ?? 0) + 1)
  const readBack = new Map<string, string>()
  for (const [name, wire] of wanted) if (taken.test(name)) readBack.set(wire, name)
  for (const [name, wire] of wanted) {
    if (taken.test(name)) continue
    let free = wire
    if (!taken.test(wire) || uses.get(wire) !== 1) {
      for (let round = 0; free === wire || readBack.has(free) || uses.has(free); round++) {
        const hash = fnv1a(`${name}${"\0".repeat(round)}`)
          .toString(16)
          .padStart(8, "0")
        free = `${wire.slice(0, longest - 9)}_${hash}` // W2
      }
    }
    wanted.set(name, free)
    readBack.set(free, name)
  }
  return {
    toWire: (name) => wanted.get(name) ?? name,
    fromWire: (name) => readBack.get(name) ?? name,
  }
}

const plain = (name: string): string => name.replaceAll(".", "__").replace(/[^a-zA-Z0-9_-]/gu, "_")
