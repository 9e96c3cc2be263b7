/** A folder of documents, and what their ids begin with. */
import { readdir, stat } from "node:fs/promises"
import { extname, join, relative, resolve, sep } from "node:path"
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
  }
  if (others.size > 0) {
    const counts = [...others].sort(([a], [b]) => (a < b ? -1 : 1)).map(([end, n]) => `${n} ${end || "without an end"}`)
    notes.push(`files that are no documents were left out: ${counts.join(", ")}`)
  }
  return { files: files.sort((a, b) => (a.path < b.path ? -1 : 1)), notes }
}

/** How the documents of a folder are known. */
export interface FolderIds {
  /** What their ids begin with. */
  readonly leading: string
  /** The folder, by which its documents are told from others. */
  readonly path: string
  /** Whether a document was added from this folder, before it was moved perhaps, or before ids began with its name. */
  isOurs(head: DocumentHead): boolean
}

/**
 * A folder's own name leads, as long as no other folder's documents begin with it; then as many of the folders above it
 * as are needed. A folder that is no longer there has moved, and this one may be it.
 *
 * @param given what is to lead, where it was said
 * @param known all documents
 * @param files what is in the folder
 */
export async function prefixOf(
  folder: string,
  given: string | undefined,
  known: readonly DocumentHead[],
  files: readonly FolderFile[],
): Promise<FolderIds> {
  const path = resolve(folder)
  const others = new Set(known.flatMap(({ folder }) => (folder === undefined || folder === path ? [] : [folder])))
  for (const other of [...others]) {
    const there = await stat(other).then(
      (found) => found.isDirectory(),
      () => false,
    )
    if (!there) others.delete(other)
  }
  const isOthers = ({ folder }: DocumentHead): boolean => folder !== undefined && others.has(folder)
  const names = new Set(files.map(({ name }) => name))
  const parts = path.split(sep).filter((part) => part !== "")
  const candidates = parts.map((_, at) => `${parts.slice(-1 - at).join("/")}/`)
  const leading =
    given ??
    candidates.find((candidate) => !known.some((head) => isOthers(head) && head.id.startsWith(candidate))) ??
    candidates.at(-1) ??
    ""
  return {
    leading,
    path,
    isOurs: (head) =>
      head.folder === undefined
        ? head.blocks === undefined && names.has(head.id)
        : !isOthers(head) && head.id.startsWith(leading),
  }
}
