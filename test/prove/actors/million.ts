/** A million entities that are known by their journal, ten thousand of which are in memory at a time. */
import { createActorSystem, definePersistentActor, openLevelJournal, type ActorRef } from "#actors/index.js"
import { seeded } from "#test/support/fuzz-gateway.js"
import { heapInUse } from "./alone.js"

const atOnce = 1000

export interface MillionOptions {
  readonly folder: string
  readonly entities: number
  readonly resident: number
  /** Entities that are woken again. */
  readonly woken: number
}

export interface MillionOutcome {
  /** Of the process, in millions of bytes: at most, and when all is done. */
  readonly peakMB: number
  readonly residentMB: number
  readonly heapMB: number
  readonly seconds: number
  readonly mostResident: number
  readonly wokenPerSecond: number
  /** Entities that did not have the state they were given. */
  readonly wrong: number
}

interface Protocol {
  readonly set: (value: number) => Promise<void>
  readonly get: () => number
}

const Known = definePersistentActor({
  name: "known",
  version: 1,
  state: () => ({ value: -1 }),
  events: {
    set: (state, value: number) => {
      state.value = value
    },
  },
}).receive({
  async set(ctx, value: number) {
    await ctx.persist("set", value)
  },
  get: (ctx) => ctx.state.value,
})

export async function measure(
  { folder, entities, resident, woken }: MillionOptions,
  progress: (text: string) => void,
): Promise<MillionOutcome> {
  const system = await createActorSystem({
    name: "million",
    definitions: [Known],
    journal: await openLevelJournal(folder),
    entities: { maxResident: resident },
  })
  const refs: ActorRef<Protocol>[] = [] // all are kept
  let mostResident = 0
  const began = performance.now()
  for (let from = 0; from < entities; from += atOnce) {
    if (from % 20_000 === 0) progress(`${from} entities of ${entities}`)
    const some = Array.from({ length: Math.min(atOnce, entities - from) }, (_, i) =>
      system.entity(Known, `entity-${from + i}`),
    )
    await Promise.all(some.map((ref, i) => ref.with({ timeoutMs: 60_000 }).ask("set", from + i)))
    refs.push(...some)
    mostResident = Math.max(mostResident, system.residentEntities)
  }
  const seconds = (performance.now() - began) / 1000
  const random = seeded(7)
  let wrong = 0
  const wakingBegan = performance.now()
  for (let n = 0; n < woken; n += 100)
    await Promise.all(
      Array.from({ length: Math.min(100, woken - n) }, async () => {
        const number = Math.floor(random() * entities)
        if ((await (refs[number] as ActorRef<Protocol>).ask("get")) !== number) wrong += 1
      }),
    )
  const wokenPerSecond = (1000 * woken) / (performance.now() - wakingBegan)
  const peakMB = process.resourceUsage().maxRSS / 1000
  const heapMB = heapInUse() / 1e6
  const residentMB = process.memoryUsage().rss / 1e6
  await system.stop()
  return { peakMB, residentMB, heapMB, seconds, mostResident, wokenPerSecond, wrong }
}
