/** A program in one file: its definition is loaded by worker threads, the rest runs on the main thread only. */
import { isMainThread } from "node:worker_threads"
import { createActorSystem, defineActor } from "#actors/index.js"

export const Adder = defineActor({
  name: "adder",
  module: import.meta.url,
  placement: "worker",
  state: () => ({ total: 0 }),
  receive: {
    add(ctx, by: number) {
      ctx.state.total += by
    },
    total: (ctx) => ctx.state.total,
  },
  stopping() {
    console.log("tidied on the thread")
  },
})

if (isMainThread) {
  const system = await createActorSystem({ name: "program", workers: { threads: 2 } })
  const adder = system.spawn(Adder)
  for (let n = 0; n < 1000; n++) adder.tell("add", n)
  const total = await adder.ask("total")
  await system.stop()
  console.log(total)
  console.log("stopped")
}
