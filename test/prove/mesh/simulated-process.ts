/** Runs the seeds that it is sent, one after the other: see `simulated-seeds.ts`. */
import { runSeed, type SeedOrder } from "./simulated-seeds.js"

process.on("message", ({ seed, replay }: SeedOrder) => {
  void runSeed(seed, replay).then((report) => process.send?.(report))
})
