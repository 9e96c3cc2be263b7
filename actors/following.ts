/**
 * What ends when an AbortSignal aborts: one listener on the signal, however many follow it. Node.js warns of a leak at
 * the eleventh listener, and looks through all of them to take one off.
 *
 * Invariants
 *   F1. A follower is told once, and not after `unfollow`. Who follows a signal that has aborted is told nothing: it
 *       looks first.
 *   F2. A signal that nobody follows has no listener of ours, so none is kept alive by it.
 */

export interface Follower {
  /** Must not throw. */
  aborted(signal: AbortSignal): void
}

class Followers {
  readonly #signal: AbortSignal
  readonly #members = new Set<Follower>()

  constructor(signal: AbortSignal) {
    this.#signal = signal
  }

  add(follower: Follower): void {
    if (this.#members.size === 0) this.#signal.addEventListener("abort", this, { once: true })
    this.#members.add(follower)
  }

  delete(follower: Follower): void {
    // F2
    if (this.#members.delete(follower) && this.#members.size === 0) this.#signal.removeEventListener("abort", this)
  }

  /** The signal has aborted. */
  handleEvent(): void {
    for (const follower of this.#members) follower.aborted(this.#signal)
    this.#members.clear()
  }
}

const followed = new WeakMap<AbortSignal, Followers>()

export function follow(signal: AbortSignal, follower: Follower): void {
  let followers = followed.get(signal)
  if (followers === undefined) followed.set(signal, (followers = new Followers(signal)))
  followers.add(follower)
}

export function unfollow(signal: AbortSignal, follower: Follower): void {
  followed.get(signal)?.delete(follower)
}
