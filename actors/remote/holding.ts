/**
 * How a system holds what is of use only while somebody else holds it too: so that it can be forgotten, or, in a simulation, never, since nothing there may depend on when
 * garbage is collected.
 */
export interface Holding {
  hold<T extends object>(value: T): Held<T>
  /** @param unheld called with what goes with a value that nobody holds any more */
  notice<T>(unheld: (beside: T) => void): Notice<T>
}

export interface Held<T> {
  deref(): T | undefined
}

export interface Notice<T> {
  register(value: object, beside: T): void
}

export const weakly: Holding = {
  hold: (value) => new WeakRef(value),
  notice: (unheld) => new FinalizationRegistry(unheld),
}

/** Nothing is ever let go. */
export const strongly: Holding = {
  hold: (value) => ({ deref: () => value }),
  notice: () => ({ register: () => undefined }),
}
