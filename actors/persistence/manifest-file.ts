/**
 * LevelDB's own list of its files: CURRENT names a MANIFEST, which is a log of what has come and gone. What it does
 * not name, LevelDB deletes when it opens; without CURRENT it begins anew, and deletes everything.
 *
 * @see https://github.com/google/leveldb/blob/main/doc/impl.md
 */
import { readFile } from "node:fs/promises"
import { join } from "node:path"
import { thrownText } from "../errors.js"
import { ownKey, Reader } from "./level-bytes.js"
import { recordsOf } from "./log-file.js"
import { watermarkFile } from "./watermark.js"

export interface TableSpec {
  readonly size: number
  /** The least and the greatest of its keys. */
  readonly from: Buffer
  readonly to: Buffer
}

export interface Manifest {
  /** By number. */
  readonly tables: ReadonlyMap<number, TableSpec>
  /** Logs from this number on are to be read, and the one before it where there is one. */
  readonly log: number
  readonly previousLog: number
  /** Number of the last change when it was written. */
  readonly lastChange: number
}

export interface ManifestFault {
  readonly file: string
  readonly message: string
}

export interface Listing {
  /** undefined in a new folder, and where none can be trusted. */
  readonly manifest?: Manifest
  readonly fault?: ManifestFault
}

export const fileNumber = (name: string): number => Number.parseInt(name, 10)
export const isTable = (name: string): boolean => /^\d+\.(ldb|sst)$/.test(name)
export const isLog = (name: string): boolean => /^\d+\.log$/.test(name)

/**
 * Whether a LevelDB has ever stood in a folder, by the names of its files. A new one that did not come to its end has
 * a first MANIFEST at most.
 */
export const isBegun = (names: readonly string[]): boolean =>
  names.some(
    (name) => name === "CURRENT" || name === watermarkFile || isTable(name) || isLog(name) || manifestNumber(name) > 1,
  )

const manifestNumber = (name: string): number => (/^MANIFEST-\d+$/.test(name) ? fileNumber(name.slice(9)) : 0)

/** @param names of the files of the folder */
export async function listingOf(folder: string, names: readonly string[]): Promise<Listing> {
  const manifests = names
    .filter((name) => manifestNumber(name) > 0)
    .sort((a, b) => manifestNumber(a) - manifestNumber(b))
  if (!isBegun(names)) return {}
  const current = names.includes("CURRENT") ? await readFile(join(folder, "CURRENT"), "latin1") : undefined
  const named = current?.endsWith("\n") === true ? current.slice(0, -1) : undefined
  const whole = named !== undefined && manifests.includes(named)
  const file = whole ? named : manifests.at(-1)
  const fault = whole
    ? undefined
    : {
        file: "CURRENT",
        message: `CURRENT is ${current === undefined ? "missing" : "damaged"}: it should name LevelDB's list of its files`,
      }
  if (file === undefined)
    return { fault: fault ?? { file: "MANIFEST", message: "LevelDB's list of its files is missing" } }
  try {
    const manifest = read(await readFile(join(folder, file)), names)
    return fault === undefined ? { manifest } : { manifest, fault }
  } catch (error) {
    return {
      fault: fault ?? { file, message: `${file}, LevelDB's list of its files, is damaged: ${thrownText(error)}` },
    }
  }
}

/** What an entry of an edit begins with. */
const tag = { comparator: 1, log: 2, nextFile: 3, lastChange: 4, pointer: 5, deleted: 6, added: 7, previousLog: 9 }

/** @throws Error that says what is wrong */
function read(bytes: Buffer, names: readonly string[]): Manifest {
  const tables = new Map<number, TableSpec>()
  const last: Partial<Record<"log" | "nextFile" | "lastChange" | "previousLog", number>> = {}
  let torn = false
  for (const record of recordsOf(bytes)) {
    if (record.is === "damaged" || torn) throw new Error("a record of it cannot be read")
    if (record.is === "unwritten") torn = true
    else edit(new Reader(record.bytes), tables, last)
  }
  const { log, nextFile, lastChange, previousLog = 0 } = last
  if (log === undefined || nextFile === undefined || lastChange === undefined)
    throw new Error("it ends before its content")
  const held = new Set(names.filter((name) => isTable(name) || isLog(name)).map(fileNumber))
  const newer = [...held].some((number) => number >= nextFile)
  // One whose end is gone names files that others have taken the place of.
  if ((torn || newer) && ((log > 0 && !held.has(log)) || [...tables.keys()].some((number) => !held.has(number))))
    throw new Error("its end is gone")
  return { tables, log, previousLog, lastChange }
}

function edit(
  reader: Reader,
  tables: Map<number, TableSpec>,
  last: Partial<Record<"log" | "nextFile" | "lastChange" | "previousLog", number>>,
): void {
  while (!reader.done) {
    const of = reader.varint()
    if (of === tag.comparator) reader.slice()
    else if (of === tag.log) last.log = reader.varint()
    else if (of === tag.nextFile) last.nextFile = reader.varint()
    else if (of === tag.lastChange) last.lastChange = reader.varint()
    else if (of === tag.previousLog) last.previousLog = reader.varint()
    else if (of === tag.pointer) {
      reader.varint()
      reader.slice()
    } else if (of === tag.deleted) {
      reader.varint() // its level
      tables.delete(reader.varint())
    } else if (of === tag.added) {
      reader.varint()
      const number = reader.varint()
      tables.set(number, { size: reader.varint(), from: ownKey(reader.slice()), to: ownKey(reader.slice()) })
    } else throw new Error(`an entry of it is of kind ${of}`)
  }
}
