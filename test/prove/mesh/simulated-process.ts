/** Runs the seeds that it is sent, and plants the bugs, one after the other: see `simulated-seeds.ts`. */
import { bugs, type Bug } from "./simulated-bugs.js"
import { findBug, runSeed, type Order, type Report } from "./simulated-seeds.js"

function carryOut(order: Order): Promise<Report> {
  if (order.kind === "seed") return runSeed(order.seed, order.replay)
  const bug = bugs.find(({ name }) => name === order.name) as Bug
  return findBug(bug, order.seeds, order.shorten)
}

process.on("message", (order: Order) => {
  void carryOut(order).then((report) => process.send?.(report))
})
