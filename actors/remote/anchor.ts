import { Cell, type Signal } from "../cell.js"
import { Compiled } from "../compiled.js"
import type { ActorSystem } from "../system.js"

/** Stands for the other side among the actors of this one: it watches, is linked to and supervises on its behalf. */
export class Anchor extends Cell {
  readonly #heard: (signal: Signal) => void
  readonly #linkedCrash: (other: Cell, cause: unknown) => void

  constructor(
    system: ActorSystem,
    heard: (signal: Signal) => void,
    linkedCrash: (other: Cell, cause: unknown) => void,
  ) {
    super(system, new Compiled({ name: "anchor", state: () => undefined, receive: {} }), null, 0, undefined)
    this.#heard = heard
    this.#linkedCrash = linkedCrash
  }

  override signal(signal: Signal): void {
    this.#heard(signal)
  }

  override linkedCrash(other: Cell, cause: unknown): void {
    this.#linkedCrash(other, cause)
  }
}
