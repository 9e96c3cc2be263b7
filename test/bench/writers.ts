/** The load of durable benchmarks, whatever the store: so many writers, each of which writes again as soon as it was acknowledged. */
import { definePersistentActor } from "#actors/index.js"

export const writers = 256
export const rounds = 5
const roundMs = 2000

/** Stores one event a command. */
export const counter = definePersistentActor({
  name: "counter",
  version: 1,
  state: () => ({ total: 0 }),
  events: {
    added: (state, by: number) => {
      state.total += by
    },
  },
}).receive({
  add: async (ctx, by: number) => {
    await ctx.persist("added", by)
    return ctx.state.total
  },
})

/** @returns writes a second */
export async function rate(write: (writer: number) => Promise<unknown>): Promise<number> {
  let count = 0
  const began = performance.now()
  const until = began + roundMs
  await Promise.all(
    Array.from({ length: writers }, async (_, writer) => {
      while (performance.now() < until) {
        await write(writer)
        count += 1
      }
    }),
  )
  return (1000 * count) / (performance.now() - began)
}
