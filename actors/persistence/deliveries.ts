/**
 * After a restart nobody wakes an actor whose outbox is not empty: this finds those of a definition, by a read model
 * of open deliveries, and wakes them.
 */
import { checkOptions } from "../words.js"
import { DEFAULT_TENANT } from "../cause.js"
import { byName, checkName, isName, joined } from "../names.js"
import type { ActorSystem } from "../system.js"
import { ACKNOWLEDGED, DELIVER, type NumberedDelivery } from "./outbox.js"
import { startProjection, type EventMeta, type Projection } from "./projection.js"

/** What goes on in each system, by tenant and definition: whoever asks meanwhile is given the same. */
const goingOn = new WeakMap<ActorSystem, Map<string, Promise<number>>>()

/**
 * Wakes the actors of a definition whose deliveries were not all answered when the program ended; to be called when
 * the system is made, once for each tenant that has such actors.
 * @param options.tenant whose actors; those of the default tenant when it is not named
 * @returns how many there were
 * @throws `UNKNOWN_DEFINITION`, `INVALID_NAME`
 */
export async function resumeDeliveries(
  system: ActorSystem,
  { name }: { readonly name: string },
  options: { readonly tenant?: string } = {},
): Promise<number> {
  checkOptions("INVALID_OPTION", "the options of resumeDeliveries", options, { tenant: true })
  const { tenant = DEFAULT_TENANT } = options
  const runs = goingOn.get(system) ?? new Map<string, Promise<number>>()
  goingOn.set(system, runs)
  const id = joined(checkName("a tenant", tenant), name)
  let run = runs.get(id)
  if (run === undefined) runs.set(id, (run = resume(system, tenant, name).finally(() => runs.delete(id))))
  return run
}

async function resume(system: ActorSystem, tenant: string, name: string): Promise<number> {
  const open = startProjection(system, openDeliveries(name), { tenant })
  await open.caughtUp()
  const found = [...open.state]
  for (const [key, numbers] of found) {
    if (isName(key)) system.entityAt(tenant, name, key).tell(DELIVER, numbers)
    else
      system.logger.warn(
        { tenant, type: name, key },
        "deliveries of an entity wait whose key is no longer allowed; `store repair` moves it",
      )
  }
  await open.stop()
  return found.length
}

type Numbers = Map<string, number[]>

/**
 * The numbers of the deliveries of each actor that are open. It bears a name that no projection of a user's can have.
 */
const openDeliveries = (type: string): Projection<Numbers> => ({
  name: joined("~outbox", type),
  version: 3,
  from: type,
  state: () => new Map(),
  saveEvery: 100_000,
  saveAfterMs: 1000,
  holds: false, // B5 of outbox.ts; and who is woken for a delivery that is open no more writes that down
  apply: byName({
    [DELIVER](state: Numbers, { number }: NumberedDelivery, { key }: EventMeta) {
      const numbers = state.get(key)
      if (numbers === undefined) state.set(key, [number])
      else numbers.push(number)
    },
    [ACKNOWLEDGED](state: Numbers, numbers: readonly number[], { key }: EventMeta) {
      const left = (state.get(key) ?? []).filter((number) => !numbers.includes(number))
      if (left.length > 0) state.set(key, left)
      else state.delete(key)
    },
  }),
})
