/**
 * A process that runs the seeds it is given, one after the other, and tells what it finds: faults that are planted
 * stay in it.
 */
import { setMaxListeners } from "node:events"
import type { Order, Report } from "./seeds.js"

// Works of one caller may be many, and each listens to his signal.
setMaxListeners(1000)

process.on("message", (order: Order) => {
  void (async () => {
    const { carryOut } = await import("./seeds.js")
    process.send?.((await carryOut(order)) satisfies Report)
  })()
})
