/**
 * The files of a LevelDB, looked at before it is opened: it deletes what its list of files does not name, leaves out
 * what it cannot read of a log, and does not miss what is gone.
 *
 * Invariants
 *   F1. Looking changes nothing.
 *   F2. What is found damaged may be a file that an owner is just writing: whoever refuses a store asks whether it has
 *       an owner, and looks again.
 */
import { readdir, readFile, stat } from "node:fs/promises"
import { join } from "node:path"
import { thrownText } from "../errors.js"
import type { Versioned } from "./level-bytes.js"
import { changesOf, LogGaps, recordsOf } from "./log-file.js"
import { fileNumber, isLog, isTable, listingOf, type Manifest, type TableSpec } from "./manifest-file.js"
import { blocksOf, checkTable } from "./table-file.js"

export interface DamagedFile {
  readonly kind: "manifest" | "table" | "log"
  /** Name of the file. */
  readonly file: string
  readonly message: string
}

/** What it is called, for people. */
export const fileTitle = ({ kind, file }: DamagedFile): string => (kind === "manifest" ? file : `${kind} ${file}`)

export interface LevelFiles {
  readonly folder: string
  readonly names: readonly string[]
  /** undefined in a new folder, and where none can be trusted. */
  readonly manifest: Manifest | undefined
  readonly damages: readonly DamagedFile[]
  /** What a key holds; of a folder that is damaged it may be an earlier value. */
  last(key: Buffer): Promise<Buffer | undefined>
}

/**
 * @param blocks whether tables are read, too, and all their checksums computed; else it is only asked whether they are
 * there and as long as they were
 */
export async function levelFiles(folder: string, { blocks = false } = {}): Promise<LevelFiles> {
  const names = await readdir(folder)
  const { manifest, fault } = await listingOf(folder, names)
  const damages: DamagedFile[] = fault === undefined ? [] : [{ kind: "manifest", ...fault }]
  for (const [number, spec] of manifest?.tables ?? []) {
    const file = tableName(names, number)
    const fault = await tableFault(folder, file, spec, blocks)
    if (fault !== undefined) damages.push({ kind: "table", file, message: `table ${file}: ${fault}` })
  }
  if (blocks && manifest === undefined)
    for (const file of names.filter(isTable)) {
      const fault = await tableFault(folder, file, undefined, blocks)
      if (fault !== undefined) damages.push({ kind: "table", file, message: `table ${file}: ${fault}` })
    }
  const logs = logsOf(names, manifest)
  const gaps = new LogGaps(manifest?.lastChange ?? Infinity)
  for (const file of logs) {
    const gap = gaps.follow(await readFile(join(folder, file)))
    if (gap !== undefined) damages.push({ kind: "log", file, message: `log ${file}: ${gap}` })
  }
  if (manifest !== undefined && manifest.log > 0 && !logs.some((name) => fileNumber(name) === manifest.log)) {
    const file = `${String(manifest.log).padStart(6, "0")}.log`
    damages.push({ kind: "log", file, message: `log ${file} is gone, and what was written last with it` })
  }
  return { folder, names, manifest, damages, last: (key) => lastOf(folder, names, manifest, key) }
}

/** The name of a table that should be there. */
export const tableName = (names: readonly string[], number: number): string =>
  names.find((name) => isTable(name) && fileNumber(name) === number) ?? `${String(number).padStart(6, "0")}.ldb`

/** Logs that hold what is in no table yet, the oldest first. */
export const logsOf = (names: readonly string[], manifest: Manifest | undefined): string[] =>
  names
    .filter((name) => isLog(name) && isLive(fileNumber(name), manifest))
    .sort((a, b) => fileNumber(a) - fileNumber(b))

const isLive = (number: number, manifest: Manifest | undefined): boolean =>
  manifest === undefined || number >= manifest.log || number === manifest.previousLog

/** What is wrong with a table, in words. */
async function tableFault(
  folder: string,
  file: string,
  spec: TableSpec | undefined,
  blocks: boolean,
): Promise<string | undefined> {
  try {
    const { size } = await stat(join(folder, file))
    if (spec !== undefined && size !== spec.size && !blocks) return `it has ${size} bytes, of ${spec.size}`
    if (!blocks) return undefined
    const table = await readFile(join(folder, file))
    checkTable(table)
    return spec === undefined || fits(table, spec) ? undefined : "it is another table"
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return "it is gone"
    return thrownText(error)
  }
}

/** Whether a table that is whole is the one that the list of files means. */
export function fits(table: Buffer, { size, from, to }: TableSpec): boolean {
  if (table.length !== size) return false
  let first: Versioned | undefined
  let last: Versioned | undefined
  for (const block of blocksOf(table)) {
    first ??= block?.[0]
    last = block?.at(-1)
  }
  return first?.key.equals(from) === true && last?.key.equals(to) === true
}

async function lastOf(
  folder: string,
  names: readonly string[],
  manifest: Manifest | undefined,
  key: Buffer,
): Promise<Buffer | undefined> {
  for (const file of logsOf(names, manifest).reverse()) {
    let last: Versioned | undefined
    for (const { is, bytes } of recordsOf(await readFile(join(folder, file))))
      if (is === "whole") for (const change of changesOf(bytes)) if (change.key.equals(key)) last = change
    if (last !== undefined) return last.value
  }
  let newest: Versioned | undefined
  for (const [number, { from, to }] of manifest?.tables ?? []) {
    if (Buffer.compare(from, key) > 0 || Buffer.compare(to, key) < 0) continue
    for (const block of blocksOf(await readFile(join(folder, tableName(names, number)))))
      for (const change of block ?? [])
        if (change.key.equals(key) && change.number > (newest?.number ?? -1)) newest = change
  }
  return newest?.value
}
