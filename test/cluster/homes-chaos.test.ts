/**
 * Nodes whose state lies on them, and everything that can go wrong between them at random: processes that die at any write of their disk, links that break, a registry that is cut
 * off or wiped, drains. Whatever happens, no shard has two owners, and what was acknowledged is there in the end, once and in order.
 */
import t from "tap"
import { AgentOSError } from "#actors/errors.js"
import { SeededRandom } from "#actors/simulation/seeded-random.js"
import { Ledger } from "./support/test-cluster.js"
import { LevelCluster } from "./support/level-cluster.js"

const shards = 32
const names = ["a", "b", "c"]
const keys = Array.from({ length: 8 }, (_, n) => `k${n}`)
const runs = Number(process.env["HOMES_RUNS"] ?? 3)
const first = Number(process.env["HOMES_SEED"] ?? 1)

t.setTimeout(600_000)
for (let seed = first; seed < first + runs; seed++)
  t.test(
    `whatever happens, nothing acknowledged is lost and no shard has two owners: seed ${seed}`,
    { timeout: 300_000 },
    async (t) => {
      const random = new SeededRandom(seed)
      const cluster = new LevelCluster(t, { delay: () => 0.2 + random.float() })
      const { clock, nodes } = cluster
      await cluster.startAll(...names)
      const trace: string[] = []

      let stop = false
      const writers = keys.map(async (key) => {
        let n = 0
        for (;;) {
          const alive = [...nodes.values()]
          const node = alive[Math.floor(random.float() * alive.length)]
          if (stop && n > 0) return n
          try {
            if (node === undefined) throw new AgentOSError("UNAVAILABLE", "nobody is there")
            const total = await Promise.race([
              node.system.entity(Ledger, key).with({ commandId: `${key}-${n}`, timeoutMs: 2000 }).ask("note", { sender: key, n }), // prettier-ignore
              new Promise<never>((_, fail) => clock.timer(2500, () => fail(new AgentOSError("ASK_TIMEOUT", "its node died")))), // prettier-ignore
            ])
            n += 1
            if (total !== n) t.fail(`${key}: the note ${n} was the ${total}.`)
          } catch {
            // It is asked again, under the same id.
          }
          await new Promise<void>((done) => clock.timer(5 + 50 * random.float(), done))
        }
      })

      let twice = ""
      const look = (): void => {
        for (const [name, disk] of cluster.disks)
          if (disk.killed && nodes.has(name)) {
            trace.push(`${clock.now.toFixed(1)} ${name} dies`)
            cluster.kill(name)
          }
        for (let shard = 0; shard < shards; shard++) {
          const owners = cluster.ownersOf(shard)
          if (owners.length > 1 && twice === "") twice = `shard ${shard} at ${clock.now}: ${owners.join()}`
        }
      }
      const pass = async (milliseconds: number): Promise<void> => {
        for (const until = clock.now + milliseconds; clock.now < until; look()) await clock.advance(Math.min(2, until - clock.now)) // prettier-ignore
      }
      const draining = new Set<string>()
      const happenings: Record<string, (name: string) => void | Promise<void>> = {
        die: (name) => {
          const disk = cluster.disks.get(name)
          if (disk === undefined || !nodes.has(name)) return
          disk.left = Math.floor(random.float() * 60)
          disk.lastOneStays = random.float() < 0.5
        },
        start: async (name) => {
          draining.delete(name)
          if (!nodes.has(name)) await cluster.start(name)
        },
        drain: (name) => {
          const node = nodes.get(name)
          if (node === undefined) return
          if (draining.delete(name)) return node.shards.undrain()
          draining.add(name)
          void node.shards.drain()
        },
        wipe: () => cluster.wipe(),
        "cut off": (name) => nodes.get(name)?.agent.cutOff(),
        connect: (name) => nodes.get(name)?.agent.start(),
        break: (name) => {
          const node = nodes.get(name)
          for (const other of nodes.values()) if (node !== undefined && other !== node && random.float() < 0.7) cluster.mesh.cut(node.peers, other.peers, random.float() * 3) // prettier-ignore
        },
      }
      const link = (): void => {
        for (const one of nodes.values()) for (const other of nodes.values()) if (one !== other) cluster.mesh.connect(one.peers, other.peers) // prettier-ignore
      }
      for (let step = 0; step < 25; step++) {
        const kinds = Object.keys(happenings)
        const kind = kinds[Math.floor(random.float() * kinds.length)] as string
        const name = names[Math.floor(random.float() * names.length)] as string
        trace.push(`${clock.now.toFixed(1)} ${kind} ${name}`)
        await happenings[kind]?.(name)
        await pass(random.float() < 0.5 ? random.float() * 40 : random.float() * 800)
        if (random.float() < 0.6) link()
        // Whoever starts with a wiped registry and meets nobody begins another life: that is an operator's to see.
        if (nodes.size === 0) for (const name of names) await cluster.start(name)
      }
      for (const name of names) {
        const disk = cluster.disks.get(name)
        if (disk !== undefined && nodes.has(name)) disk.left = Infinity
        await happenings["start"]?.(name)
        await happenings["connect"]?.(name)
        nodes.get(name)?.shards.undrain()
      }
      link()
      const ready = (): boolean => [...nodes.values()].every(({ shards }) => shards.ready)
      for (let waited = 0; waited < 60_000 && !ready(); waited += 100) await pass(100)
      stop = true
    const fine = t.ok(ready(), "all are ready in the end")
      const counts = await cluster.within(Promise.all(writers))
      for (const [i, key] of keys.entries()) {
        const ref = [...nodes.values()][i % nodes.size]!.system.entity(Ledger, key)
        const notes = await cluster.within(ref.ask("notes"))
        t.same(notes.map(({ n }) => n), Array.from({ length: counts[i] as number }, (_, n) => n)) // prettier-ignore
      }
      t.equal(twice, "")
      if (!fine || twice !== "") t.comment(trace.join("\n"), JSON.stringify(cluster.logged.slice(-20)), ...[...nodes.values()].map(({ node, shards }) => JSON.stringify([node.name, shards.status.trouble, [...shards.status.owned]]))) // prettier-ignore
    },
  )
