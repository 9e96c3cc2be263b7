import { systemClock, type Clock } from "../clock.js"
import type { Journal } from "./journal.js"
import { levelJournal } from "./level-journal.js"
import { LevelStore } from "./level-store.js"

/** A journal in a LevelDB of its own. @throws `LEVEL_LOCKED` when another process owns the folder */
export async function openLevelJournal(folder: string, clock: Clock = systemClock): Promise<Journal> {
  return levelJournal(await LevelStore.open(folder), clock)
}
