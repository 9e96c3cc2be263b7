/** What is known of the embedded model's own questions: `calibration.json`, beside its weights, written by `llmagentos train calibrate scribe`. */
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"

export const calibratedTasks = ["docs-answer", "time-answer", "chat"] as const
export type CalibratedTask = (typeof calibratedTasks)[number]
export const kinds = ["math", "docs", "time", "chat"] as const
export type Kind = (typeof kinds)[number]

export interface Calibration {
  /** By task: what the least likely token of an answer has at least, in all but a few of the right ones. */
  readonly least: Readonly<Record<CalibratedTask, number>>
  /** By kind of question: the words that it is asked in. */
  readonly words: Readonly<Record<Kind, readonly string[]>>
  /** What small talk is answered with. */
  readonly talk: {
    readonly replies: readonly string[]
    readonly told: readonly { readonly says: readonly string[]; readonly reply: string; readonly recall: string }[]
  }
}

/** The checkpoint that every node has. */
export const embeddedFolder = fileURLToPath(new URL("./embedded/scribe/", import.meta.url))

export const calibrationFile = (folder: string): string => join(folder, "calibration.json")

export function readCalibration(folder: string): Calibration {
  return JSON.parse(readFileSync(calibrationFile(folder), "utf8")) as Calibration
}
