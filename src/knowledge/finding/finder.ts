/**
 * Finds passages, on a thread of its own that lives from the first search on: neither what is searched nor what is added
 * to it holds the node up.
 *
 * Invariant
 *   F1. What the thread knows is lost with it. Whoever uses it is told once, and gives it everything again.
 */
import { Piscina } from "piscina"
import type { Passage } from "../reading/passages.js"
import type { Place, PlaceQuery } from "./passage-index.js"
import type { FindTask } from "./thread.js"

export class PassageFinder {
  readonly #lost: () => void
  #pool: Piscina<FindTask, readonly Place[] | undefined> | undefined

  /** @param lost is called when all that was given is to be given again (F1) */
  constructor(lost: () => void) {
    this.#lost = lost
  }

  async stage(tenant: string, document: string, version: string, passages: readonly Passage[]): Promise<void> {
    await this.#run({ do: "stage", tenant, document, version, passages })
  }

  async commit(tenant: string, document: string): Promise<void> {
    await this.#run({ do: "commit", tenant, document })
  }

  async forget(tenant: string): Promise<void> {
    if (this.#pool !== undefined) await this.#run({ do: "forget", tenant })
  }

  async search(tenant: string, query: PlaceQuery): Promise<readonly Place[]> {
    return (await this.#run({ do: "search", tenant, ...query })) ?? []
  }

  async close(): Promise<void> {
    const pool = this.#pool
    this.#pool = undefined
    await pool?.destroy()
  }

  async #run(task: FindTask): Promise<readonly Place[] | undefined> {
    return this.#thread().run(task)
  }

  #thread(): Piscina<FindTask, readonly Place[] | undefined> {
    if (this.#pool !== undefined) return this.#pool
    const pool = new Piscina<FindTask, readonly Place[] | undefined>({
      filename: new URL("./thread.js", import.meta.url).href,
      minThreads: 1,
      maxThreads: 1,
      idleTimeout: Infinity,
      atomics: "disabled",
      resourceLimits: { maxYoungGenerationSizeMb: 4 },
    })
    this.#pool = pool
    const lose = (): void => {
      if (this.#pool !== pool) return
      this.#pool = undefined
      this.#lost()
      void pool.destroy()
    }
    // Another thread in its place would know nothing.
    pool.on("error", lose)
    pool.threads[0]?.once("exit", lose)
    return pool
  }
}
