/**
 * What lives of persistent actors that have ended still have under way in the journal, whatever adapter that is.
 *
 * Invariants
 *   L1. A life that recovers reads only when every write of its former lives on this system has ended, well or not: it reads what was, and nothing comes after it.
 */
import { joined } from "../names.js"
import type { ActorSystem } from "../system.js"
import type { PersistenceId } from "./journal.js"

const writesOf = new WeakMap<ActorSystem, Map<string, Promise<unknown>>>()

const nameOf = ({ tenant, type, key }: PersistenceId): string => joined(tenant, type, key)

/** A life has ended with these writes under way. */
export function leaveBehind(system: ActorSystem, id: PersistenceId, writes: readonly Promise<unknown>[]): void {
  let all = writesOf.get(system)
  if (all === undefined) writesOf.set(system, (all = new Map<string, Promise<unknown>>()))
  const name = nameOf(id)
  const ended = Promise.allSettled([all.get(name), ...writes]).then(() => {
    if (all.get(name) === ended) all.delete(name)
  })
  all.set(name, ended)
}

/** L1. @returns undefined when there are none */
export function leftBehind(system: ActorSystem, id: PersistenceId): Promise<unknown> | undefined {
  const all = writesOf.get(system)
  return all === undefined || all.size === 0 ? undefined : all.get(nameOf(id))
}
