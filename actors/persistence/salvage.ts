/**
 * A store made anew from what can be read of the files of one that is damaged: block by block, batch by batch.
 * LevelDB's own repair leaves out whole tables.
 *
 * Invariants
 *   G1. Until the new store is whole and on the disk, no file of the old one is touched; then all of them are in a
 *       folder beside it.
 *   G2. Of the changes of a key the last that can be read holds. Where a later one is lost, an earlier one may come
 *       back.
 *   G3. What is lost is kept in the new store (`losses.ts`).
 *
 * Which key was changed last stands in memory: of a store of a million records, some 100 MB.
 */
import { copyFile, readdir, readFile, rename, rm } from "node:fs/promises"
import { basename, dirname, join, resolve } from "node:path"
import { writeLevelDatabase, type Change } from "./database.js"
import { renewedOf, settleRenewed, syncFolder } from "./folders.js"
import { fits, logsOf, tableName, type LevelFiles } from "./level-files.js"
import type { Versioned } from "./level-bytes.js"
import { changesOf, keysIn, recordsOf } from "./log-file.js"
import { decodeLosses, lossesKey, lossesRecord, type Loss } from "./losses.js"
import { isTable, type TableSpec } from "./manifest-file.js"
import { nameOf } from "./record-name.js"
import { blocksOf, checkTable } from "./table-file.js"
import { watermarkFile } from "./watermark.js"

/** @param away where the old files go @returns what is lost */
export async function salvage(files: LevelFiles, away: string): Promise<readonly Loss[]> {
  const { folder } = files
  const [partial, renewed] = [`${resolve(folder)}.partial`, renewedOf(folder)]
  for (const rest of [partial, renewed]) await rm(rest, { recursive: true, force: true })
  const losses: Loss[] = []
  await writeLevelDatabase(partial, pagesOf(files, losses))
  if (files.names.includes(watermarkFile)) await copyFile(join(folder, watermarkFile), join(partial, watermarkFile))
  await rename(partial, renewed)
  await syncFolder(dirname(renewed))
  await rename(folder, away) // G1
  await settleRenewed(folder)
  return losses
}

/** @param losses gets what is lost */
async function* pagesOf(files: LevelFiles, losses: Loss[]): AsyncGenerator<readonly Change[]> {
  const newest = new Map<string, number>()
  let earlier: Buffer | undefined
  let page: Change[] = []
  for await (const changes of readable(files, losses)) {
    for (const { key, number, value } of changes) {
      const name = key.toString("latin1")
      if ((newest.get(name) ?? -1) >= number) continue // G2
      newest.set(name, number)
      page.push([key, value])
      if (key.equals(lossesKey)) earlier = value
    }
    if (page.length < pageSize) continue
    yield page
    page = []
  }
  yield [...page, lossesRecord([...decodeLosses(earlier), ...losses])] // G3
}

/** Changes that are written at once. */
const pageSize = 5000

/** A folder for the old files that is not there yet. */
export async function quarantineOf(folder: string): Promise<string> {
  const place = resolve(folder)
  const names = new Set(await readdir(dirname(place)))
  for (let n = 1; ; n++) {
    const name = `${basename(place)}.quarantine${n === 1 ? "" : `-${n}`}`
    if (!names.has(name)) return join(dirname(place), name)
  }
}

/** All changes that can be read, table by table, log by log. */
async function* readable(files: LevelFiles, losses: Loss[]): AsyncGenerator<readonly Versioned[]> {
  const { folder, names, manifest, damages } = files
  const specs = [...(manifest?.tables ?? [])].map(([number, spec]) => [tableName(names, number), spec] as const)
  const sources = new Map<string, TableSpec | undefined>(
    manifest === undefined ? names.filter(isTable).map((file) => [file, undefined]) : specs,
  )
  /** Tables that are there, under whichever name. */
  const found = new Set<TableSpec>()
  for (const [file, spec] of sources) {
    const table = await readFile(join(folder, file)).catch(() => Buffer.alloc(0))
    const whole = isWhole(table)
    for (const [, one] of specs) if (whole && fits(table, one)) found.add(one)
    yield* blocksIn(file, table, whole ? undefined : (spec ?? everything), losses)
    if (!whole && spec !== undefined) found.add(spec) // what it lacks has been told
  }
  for (const [file, spec] of specs) if (!found.has(spec)) losses.push(lossIn(`table ${file}`, spec.from, spec.to))
  for (const file of logsOf(names, manifest)) {
    const log = await readFile(join(folder, file))
    for (const { is, bytes } of recordsOf(log)) if (is === "whole") yield [...changesOf(bytes)]
  }
  for (const { kind, file, message } of damages) if (kind === "log") losses.push({ name: `log ${file}`, message })
  losses.push(...(await lossesInLogs(files)))
}

/**
 * Whose changes stood where a log is damaged: what can be read of them is not to be trusted, but does for a warning.
 */
export async function lossesInLogs({ folder, names, manifest }: LevelFiles): Promise<Loss[]> {
  const losses: Loss[] = []
  for (const file of logsOf(names, manifest))
    for (const { is, bytes } of recordsOf(await readFile(join(folder, file))))
      for (const key of is === "whole" ? [] : keysIn(bytes).filter(isOfActor))
        losses.push({
          name: nameOf(key),
          message: `log ${file}: ${nameOf(key)} stood where it cannot be read`,
          range: { from: key, to: key },
        })
  return losses
}

const isOfActor = (key: Buffer): boolean => /^(journal|head|snapshot)\u0000/.test(key.toString("latin1"))

const everything = { from: Buffer.alloc(0), to: Buffer.from([0xff, 0xff]) }

function isWhole(table: Buffer): boolean {
  try {
    checkTable(table)
    return true
  } catch {
    return false
  }
}

/** @param range of a table that is damaged */
function* blocksIn(
  file: string,
  table: Buffer,
  range: Pick<TableSpec, "from" | "to"> | undefined,
  losses: Loss[],
): Generator<readonly Versioned[]> {
  let before: Buffer | undefined
  let gap = false
  for (const block of blocksOf(table)) {
    if (block === undefined) {
      gap = true
      continue
    }
    if (gap && range !== undefined)
      losses.push(lossIn(`table ${file}`, before ?? range.from, (block[0] as Versioned).key))
    gap = false
    before = block.at(-1)?.key
    yield block
  }
  if (!gap || range === undefined || before?.equals(range.to) === true) return
  losses.push(lossIn(`table ${file}`, before ?? range.from, range.to))
}

function lossIn(name: string, from: Buffer, to: Buffer): Loss {
  const first = from.length === 0 ? "the beginning" : nameOf(from)
  const last = to[0] === 0xff ? "the end" : nameOf(to)
  return { name, message: `${name}: of what it held from ${first} to ${last}, something is lost`, range: { from, to } }
}
