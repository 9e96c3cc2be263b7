import type { Database } from "#actors/persistence/database.js"
import type { VirtualClock } from "#actors/simulation/virtual-clock.js"

/** A database on a virtual disk for a test that knows nothing of virtual time: each operation lets pass as much of it as it takes. */
export async function driven(clock: VirtualClock, opening: Promise<Database>): Promise<Database> {
  const drive = <T>(work: Promise<T>): Promise<T> => {
    void clock.advance(10)
    return work
  }
  const database = await drive(opening)
  return {
    location: database.location,
    get: (key) => drive(database.get(key)),
    async *range(from, to, options) {
      const pages = database.range(from, to, options)[Symbol.asyncIterator]()
      for (;;) {
        const page = await drive(pages.next())
        if (page.done === true) return
        yield page.value
      }
    },
    write: (changes) => drive(database.write(changes)),
    close: () => database.close(),
  }
}
