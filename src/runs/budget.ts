/**
 * Tokens that a run may spend, and how they are parted between what goes on at a time.
 *
 * Invariants
 *   B1. What is shared out is taken away before: all budgets of a run together never hold more than it was given, in
 *       whatever order its branches begin and end.
 *   B2. What a share has left comes back when its branch has ended, however it ended.
 */
export class Budget {
  #left: number

  /** @param tokens Infinity: no limit */
  constructor(tokens: number) {
    this.#left = tokens
  }

  /** Below 0 once a model has used more than it was given. */
  get left(): number {
    return this.#left
  }

  spend(tokens: number): void {
    this.#left -= tokens
  }

  /** Parts what is left among so many branches, as evenly as whole tokens allow (B1). */
  share(count: number): readonly Budget[] {
    const whole = Math.max(0, this.#left)
    if (whole === Infinity) return Array.from({ length: count }, () => new Budget(Infinity))
    this.#left -= whole
    return Array.from({ length: count }, (_, i) => new Budget(Math.floor((whole + i) / count)))
  }

  /** B2 */
  takeBack(share: Budget): void {
    if (this.#left === Infinity) return
    this.#left += share.#left
    share.#left = 0
  }
}
