import { setTimeout as sleep } from "node:timers/promises"
import { Stage } from "./stage.js"
const t0 = performance.now()
const stage = await Stage.open({ nodes: 3, state: "postgres", ready: false } as never)
for (let i = 0; i < 60; i++) {
  const all = await Promise.all(stage.nodes.map((n) => n.status()))
  const u = await Promise.all(stage.nodes.map((n) => n.usage()))
  console.log(Math.round(performance.now() - t0), all.map(({ ready, waitingFor, shards: s }, i) => `${ready} ${waitingFor.join()} here ${s.here} unowned ${s.unowned} cpu ${Math.round(u[i]!.cpuMs)}`).join(" | "))
  if (all.every(({ ready }) => ready)) break
  await sleep(2000)
}
for (const n of stage.nodes) console.log(n.output.slice(-1500))
await stage.close()
