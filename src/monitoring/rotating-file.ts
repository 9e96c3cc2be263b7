/**
 * A file of lines that begins anew when it is full: the full one becomes `NAME.1`, the one before `NAME.2`, and the
 * oldest is deleted.
 *
 * Invariants
 *   F1. It and those kept beside it hold at most `megabytes` each, but for a line that is longer than that by itself.
 *   F2. A line is with the operating system when `write` returns. What cannot be written is left out and counted; it
 *       never fails whoever writes.
 *   F3. Only its owner reads it.
 */
import { closeSync, fchmodSync, fstatSync, openSync, renameSync, rmSync, writeSync } from "node:fs"
import { dirname } from "node:path"
import { makeFolder } from "../private-folder.js"

export interface Rotation {
  /** Size of a file that is full. */
  readonly megabytes: number
  /** Full files that are kept. */
  readonly files: number
}

export class RotatingFile {
  readonly #path: string
  readonly #rotation: Rotation
  #file: number | undefined
  #size = 0
  /** A pipe or a device does not turn. */
  #turns = true
  #lost = 0

  /** Makes it with its folder. @throws what the file system says when it cannot be written */
  constructor(path: string, rotation: Rotation) {
    this.#path = path
    this.#rotation = rotation
    makeFolder(dirname(path))
    this.#open()
  }

  /** Lines that could not be written. */
  get lost(): number {
    return this.#lost
  }

  write(line: string): void {
    try {
      const bytes = Buffer.from(line)
      if (this.#turns && this.#size > 0 && this.#size + bytes.length > this.#rotation.megabytes * 1e6) this.#turn() // F1
      const file = this.#file ?? this.#open()
      for (let from = 0; from < bytes.length;) from += writeSync(file, bytes, from)
      this.#size += bytes.length
    } catch {
      this.#lost += 1 // F2
    }
  }

  close(): void {
    if (this.#file !== undefined) closeSync(this.#file)
    this.#file = undefined
  }

  #open(): number {
    const file = (this.#file = openSync(this.#path, "a", 0o600))
    const stat = fstatSync(file)
    this.#size = stat.size
    this.#turns = stat.isFile()
    if (this.#turns) tryTo(() => fchmodSync(file, 0o600)) // F3: one from before may be open to others
    return file
  }

  #turn(): void {
    this.close()
    const { files } = this.#rotation
    const full = (number: number): string => `${this.#path}.${number}`
    tryTo(() => rmSync(files === 0 ? this.#path : full(files), { force: true }))
    for (let number = files - 1; number >= 1; number--) tryTo(() => renameSync(full(number), full(number + 1)))
    if (files > 0) tryTo(() => renameSync(this.#path, full(1)))
    this.#open()
  }
}

/** A file that is not there, or that its owner does not give away, is no reason to stop. */
function tryTo(work: () => void): void {
  try {
    work()
  } catch {
    return
  }
}
