import type { Clock } from "#actors/clock.js"
import type { Registry } from "./registry.js"

/** How long the registry is waited for; without it, wall time must do. */
const lookMs = 1000

/**
 * The incarnation of a node that starts: wall time, or one more than the highest of its name that the registry knows, for the clock of the machine may have been put back.
 * @param above the incarnation that was removed, if the node was told so
 */
export function nextIncarnation(registry: Registry, name: string, clock: Clock, above = 0): Promise<number> {
  return new Promise((resolve) => {
    let unwatch = (): void => undefined
    const end = (known: number): void => {
      cancel()
      unwatch()
      resolve(Math.max(Math.floor(clock.wallTime()), known + 1, above + 1))
    }
    const cancel = clock.timer(lookMs, () => end(-1))
    unwatch = registry.watchNodes((sight) => {
      if (sight.kind !== "current") return
      const known = sight.entries.filter(({ node }) => node.name === name).map(({ node }) => node.incarnation)
      end(Math.max(-1, ...known))
    })
  })
}
