/** Nodes of one process whose state lies on the node: as `test-cluster.ts`, with a disk for each name that outlives its processes. */
import type { Test } from "tap"
import type { Logger } from "#actors/telemetry.js"
import { LevelStore } from "#actors/persistence/level-store.js"
import type { HomeOwnership } from "#cluster/homes.js"
import { levelState } from "#cluster/level-state.js"
import type { ClusterState } from "#cluster/state.js"
import { KillDisk } from "./kill-disk.js"
import { TestCluster, type TestNode, type TestOptions } from "./test-cluster.js"

export interface Logged {
  readonly node: string
  readonly level: string
  readonly fields: Readonly<Record<string, unknown>>
  readonly message: string
}

export class LevelCluster extends TestCluster {
  readonly disks: Map<string, KillDisk>
  readonly logged: Logged[] = []
  readonly #starting: { name: string }

  constructor(t: Test, options: Omit<TestOptions, "state"> = {}) {
    const starting = { name: "" }
    const disks = new Map<string, KillDisk>()
    const logged: Logged[] = []
    const state = (): ClusterState => {
      const { name } = starting
      let disk = disks.get(name)
      if (disk === undefined) disks.set(name, (disk = new KillDisk(50)))
      const log = (level: string) => (fields: Logged["fields"], message: string) => void logged.push({ node: name, level, fields, message }) // prettier-ignore
      const logger: Logger = { debug: log("debug"), info: log("info"), warn: log("warn"), error: log("error") }
      const state = levelState(new LevelStore(disk.open()))
      const more = { logger, shards: options.shards ?? 32 }
      return {
        kind: state.kind,
        journal: (ports) => state.journal({ ...ports, ...more }),
        ownership: (ports) => state.ownership({ ...ports, ...more }),
      }
    }
    super(t, { ...options, state })
    this.#starting = starting
    this.disks = disks
    this.logged = logged
  }

  override start(name: string, capacity?: number): Promise<TestNode> {
    this.#starting.name = name
    return super.start(name, capacity)
  }

  override kill(name: string, downMs?: number): void {
    this.disks.get(name)?.kill()
    super.kill(name, downMs)
  }

  homes(name: string): HomeOwnership {
    return this.node(name).ownership as HomeOwnership
  }

  node(name: string): TestNode {
    const node = this.nodes.get(name)
    if (node === undefined) throw new Error(`${name} does not run`)
    return node
  }

  /** Takes all keys from the registry, as one that was made anew has none. */
  wipe(): void {
    for (const { key, modified } of this.consul.under("")) this.consul.compareAndDelete(key, modified)
  }
}
