/**
 * Everything that one store holds into another, of whatever kind.
 *
 * Invariants
 *   M1. The target is whole or empty: what was written is kept only when all of it was read back and found the same.
 *   M2. The source is not changed. A damaged item stops the move by name; `store repair` comes first.
 *   M3. Sequences, epochs, ordinals and fences go on where they were, so that an owner from before the move is refused
 *       after it, and projections go on.
 */
import { isDeepStrictEqual } from "node:util"
import { AgentOSError } from "#actors/errors.js"
import { telling, type StoreProgress } from "#actors/persistence/store-progress.js"
import {
  checkItem,
  titleOf,
  type ItemSource,
  type ItemTarget,
  type MovableStore,
  type StoredItem,
} from "./stored-item.js"

/**
 * @param progress of copying and of reading back, which count the same
 * @returns how many items were moved
 * @throws `STORE_REFUSED` when somebody uses one of them or the target is not empty, `RECORD_DAMAGED`, `DISK_FULL`,
 * `STORE_FAILED`; what `progress` throws
 */
export function moveStore(
  from: MovableStore,
  to: MovableStore,
  { progress }: { readonly progress?: StoreProgress } = {},
): Promise<number> {
  return telling(progress, (tell) => from.read((source) => to.fill((target) => copied(source, target, to, tell))))
}

async function copied(
  source: ItemSource,
  target: ItemTarget,
  to: MovableStore,
  progress: StoreProgress | undefined,
): Promise<number> {
  const total = progress === undefined ? 0 : 2 * (await source.count())
  let done = 0
  const add = (count: number): void => {
    done += count
    progress?.(done, Math.max(done, total))
  }
  for await (const items of source.items()) {
    for (const item of items) checkItem(item) // M2
    await target.write(items)
    add(items.length)
  }
  const moved = done
  const copies = oneByOne(target.items())
  for await (const items of source.items()) {
    for (const item of items) {
      const { value: copy } = await copies.next()
      if (!isDeepStrictEqual(item, copy)) throw different(to, item, copy as StoredItem | undefined) // M1
    }
    add(items.length)
  }
  const { value: more } = await copies.next()
  if (more !== undefined) throw different(to, undefined, more as StoredItem)
  return moved
}

async function* oneByOne(pages: AsyncIterable<readonly StoredItem[]>): AsyncGenerator<StoredItem, undefined> {
  for await (const items of pages) yield* items
  return undefined
}

function different(to: MovableStore, item: StoredItem | undefined, copy: StoredItem | undefined): AgentOSError {
  const what = item === undefined ? `${titleOf(copy as StoredItem)} is too much` : `${titleOf(item)} is not the same`
  return new AgentOSError("STORE_FAILED", `${to.location}: ${what} after it was written; nothing was moved`)
}
