import { fork } from "node:child_process"
import { once } from "node:events"
import type { AgentOSOptions } from "#src/os.js"
import type { Watched } from "./watched-node.js"

export interface WatchedNode {
  readonly rest: string
  readonly grpc: string
  /** A key for each role. */
  readonly keys: Readonly<Record<string, string>>
  look(): Promise<Watched>
  /** Waits until the node's memory is no more than that, or for so long. */
  settle(untilMb: number, mostMs?: number): Promise<void>
  stop(): Promise<void>
}

/** Starts `watched-node.ts` on a data folder. */
export async function startWatched(folder: string, options: AgentOSOptions = {}): Promise<WatchedNode> {
  const child = fork(new URL("./watched-node.js", import.meta.url), [folder, JSON.stringify(options)], {
    stdio: ["ignore", "ignore", "inherit", "ipc"],
  })
  const [doors] = (await once(child, "message")) as [Pick<WatchedNode, "rest" | "grpc" | "keys">]
  const look = async (): Promise<Watched> => {
    child.send("look")
    return ((await once(child, "message")) as [Watched])[0]
  }
  return {
    ...doors,
    look,
    async settle(untilMb, mostMs = 10_000) {
      const until = performance.now() + mostMs
      while (performance.now() < until && (await look()).rssMb > untilMb)
        await new Promise((done) => setTimeout(done, 250))
    },
    async stop() {
      if (child.connected) child.disconnect()
      if (child.exitCode === null) await once(child, "exit")
    },
  }
}
