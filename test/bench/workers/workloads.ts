/** What the benchmark of worker threads sends messages to; the threads load this module. */
import { defineActor } from "#actors/index.js"

function primesBelow(limit: number): number {
  let count = 0
  for (let n = 2; n < limit; n++) {
    let prime = true
    for (let by = 2; by * by <= n && prime; by++) prime = n % by !== 0
    if (prime) count += 1
  }
  return count
}

export const Counting = defineActor({
  name: "counting",
  module: import.meta.url,
  placement: "worker",
  state: () => ({ total: 0 }),
  receive: {
    add(ctx, by: number) {
      ctx.state.total += by
    },
    put(ctx, { by }: { readonly by: number; readonly text: string }) {
      ctx.state.total += by
    },
    total: (ctx) => ctx.state.total,
    primes: (_ctx, limit: number) => primesBelow(limit),
  },
})
