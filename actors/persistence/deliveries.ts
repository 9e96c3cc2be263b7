/** After a restart nobody wakes an actor whose outbox is not empty: this finds those of a definition, by a read model of open deliveries, and wakes them. */
import { DEFAULT_TENANT } from "../cause.js"
import type { ActorSystem } from "../system.js"
import { ACKNOWLEDGED, DELIVER, type NumberedDelivery } from "./outbox.js"
import { defineProjection, startProjection } from "./projection.js"

/**
 * Wakes the actors of a definition whose deliveries were not all answered when the program ended; to be called when the system is made.
 * @returns how many there were
 * @throws `UNKNOWN_DEFINITION`
 */
export async function resumeDeliveries(
  system: ActorSystem,
  definition: { readonly name: string },
  options: { readonly tenant?: string } = {},
): Promise<number> {
  const { tenant = DEFAULT_TENANT } = options
  const { name } = definition
  const open = startProjection(
    system,
    defineProjection({ ...openDeliveries, name: `outbox.${name}`.slice(0, 100), from: { name } }),
    { tenant },
  )
  await open.caughtUp()
  const found = Object.entries(open.state)
  for (const [key, numbers] of found) system.entityAt(tenant, name, key).tell(DELIVER, numbers)
  await open.stop()
  return found.length
}

/** The numbers of the deliveries of each actor that are open. */
const openDeliveries = {
  version: 2,
  state: (): Record<string, number[]> => ({}),
  saveEvery: 100_000,
  apply: {
    [DELIVER](state: Record<string, number[]>, { number }: NumberedDelivery, { key }: { readonly key: string }) {
      ;(state[key] ??= []).push(number)
    },
    [ACKNOWLEDGED](state: Record<string, number[]>, numbers: readonly number[], { key }: { readonly key: string }) {
      const left = (state[key] ?? []).filter((number) => !numbers.includes(number))
      if (left.length > 0) state[key] = left
      else delete state[key]
    },
  },
}
