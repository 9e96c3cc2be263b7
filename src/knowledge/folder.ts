/** A folder of documents, and what their ids begin with. */
import { readdir, stat } from "node:fs/promises"
import { extname, join, relative, sep } from "node:path"
import { AgentOSError } from "#actors/errors.js"
import type { Document } from "./knowledge.js"
import type { DocumentHead } from "./stored-documents.js"

/** Formats by the end of a file's name. */
export const documentFormats: Readonly<Record<string, Document["format"]>> = {
  ".md": "markdown",
  ".markdown": "markdown",
  ".txt": "text",
  ".html": "html",
  ".htm": "html",
  ".pdf": "pdf",
}

export const formatOf = (path: string): Document["format"] | undefined => documentFormats[extname(path).toLowerCase()]

export interface FolderFile {
  readonly path: string
  /** Its path within the folder, with slashes. */
  readonly name: string
  readonly format: Document["format"]
}

/** What stands below a folder. */
export interface FolderFiles {
  /** What may be a document, by path. */
  readonly files: readonly FolderFile[]
  /** What was passed over, for people. */
  readonly notes: readonly string[]
}

/** @throws `DOCUMENT_UNREADABLE` */
export async function documentsIn(folder: string): Promise<FolderFiles> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch((cause: unknown) => {
    throw new AgentOSError("DOCUMENT_UNREADABLE", `cannot read the folder ${folder}`, { cause })
  })
  const files: FolderFile[] = []
  const notes: string[] = []
  const others = new Map<string, number>()
  for (const entry of entries) {
    const path = join(entry.parentPath, entry.name)
    const name = relative(folder, path).split(sep).join("/")
    const format = formatOf(path)
    if (entry.isSymbolicLink()) notes.push(`${name} is a link, and was not followed`)
    else if (entry.isFile() && format !== undefined) files.push({ path, name, format })
    else if (entry.isFile()) others.set(extname(path), (others.get(extname(path)) ?? 0) + 1)
    else if (!entry.isDirectory()) notes.push(`${name} is no regular file, and was left out`)
  }
  if (others.size > 0) {
    const counts = [...others].sort(([a], [b]) => (a < b ? -1 : 1)).map(([end, n]) => `${n} ${end || "without an end"}`)
    notes.push(`files that are no documents were left out: ${counts.join(", ")}`)
  }
  return { files: files.sort((a, b) => (a.path < b.path ? -1 : 1)), notes }
}

/** A document that is there, or one that is to come, by what its id begins with. */
export type Standing = Pick<DocumentHead, "id" | "folder">

/**
 * What leads the ids of a folder's documents: its own name, as long as no other folder's documents begin with it; then
 * as many of the folders above it as are needed.
 *
 * @param path the folder's
 */
export function leadingOf(path: string, known: readonly Standing[]): string {
  const others = known.filter(({ folder }) => folder !== undefined && folder !== path)
  const parts = path.split(sep).filter((part) => part !== "")
  const candidates = parts.map((_, at) => `${parts.slice(-1 - at).join("/")}/`)
  return candidates.find((candidate) => !others.some(({ id }) => id.startsWith(candidate))) ?? candidates.at(-1) ?? ""
}

/** Those folders of documents that are no longer there: one has moved, and another of its name may be it. */
export async function foldersGone(known: readonly Standing[]): Promise<ReadonlySet<string>> {
  const gone = new Set(known.flatMap(({ folder }) => folder ?? []))
  for (const folder of [...gone]) {
    const found = await stat(folder).catch(() => undefined)
    if (found?.isDirectory() === true) gone.delete(folder)
  }
  return gone
}
