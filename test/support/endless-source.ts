/** A stream without end, for a test that loses its reader. */
import { defineActor, openStream } from "#actors/index.js"

/** @returns the definition of who opens it, and what resolves when it has been closed */
export function endlessSource() {
  let close!: () => void
  const closed = new Promise<void>((done) => (close = done))
  async function* items(): AsyncGenerator<number> {
    try {
      for (let n = 0; ; n++) yield await Promise.resolve(n)
    } finally {
      close()
    }
  }
  const definition = defineActor({
    name: "source",
    state: () => null,
    receive: { open: (ctx) => openStream(ctx, items()) },
  })
  return { definition, closed }
}
