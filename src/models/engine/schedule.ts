/**
 * Which tokens go into the next step. A pure decision over the sequences of one model.
 *
 * Invariants
 *   B1. Every running sequence that has its prompt behind it gets one token a step: a long prompt never stalls those who write.
 *   B2. Prompts are read in chunks, oldest first, within what is left of the step.
 *   B3. A waiting sequence starts only when a slot is free; first come, first served.
 */

export interface SequenceView {
  readonly id: number
  /** Slot of the cache, or undefined while it waits. */
  readonly slot: number | undefined
  /** Tokens whose keys and values are cached. */
  readonly cached: number
  /** Tokens known so far, prompt and answer. */
  readonly known: number
}

export interface ScheduleLimits {
  readonly slots: number
  /** Most rows of one step. */
  readonly rows: number
}

/** Rows to feed for a sequence: tokens `from` to `to` (excluded); its next token is asked for when that reaches its end. */
export interface Feed {
  readonly id: number
  readonly slot: number
  readonly from: number
  readonly to: number
  readonly asks: boolean
}

/** @param sequences in order of arrival */
export function schedule(sequences: readonly SequenceView[], limits: ScheduleLimits): Feed[] {
  const taken = new Set(sequences.map(({ slot }) => slot))
  const free = Array.from({ length: limits.slots }, (_, slot) => slot).filter((slot) => !taken.has(slot))
  const feeds: Feed[] = []
  let rows = limits.rows
  const feed = ({ id, known, cached }: SequenceView, slot: number): void => {
    const to = Math.min(known, cached + rows)
    feeds.push({ id, slot, from: cached, to, asks: to === known })
    rows -= to - cached
  }
  for (const sequence of sequences)
    if (sequence.slot !== undefined && sequence.known - sequence.cached === 1 && rows > 0) feed(sequence, sequence.slot) // B1
  for (const sequence of sequences) {
    if (rows <= 0) break
    if (sequence.slot !== undefined && sequence.known - sequence.cached > 1)
      feed(sequence, sequence.slot) // B2
    else if (sequence.slot === undefined) {
      const slot = free.shift()
      if (slot === undefined) continue // B3
      feed(sequence, slot)
    }
  }
  return feeds
}
