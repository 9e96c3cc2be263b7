import { stat } from "node:fs/promises"
import { basename, relative, resolve, sep } from "node:path"
import { Presets, SingleBar } from "cli-progress"
import pc from "picocolors"
import { AgentOSError } from "#actors/errors.js"
import type { Knowledge } from "../knowledge/knowledge.js"
import { documentFormats, documentsIn, formatOf } from "../knowledge/folder.js"
import { bytesOfFile } from "../knowledge/reading/document-bytes.js"
import { printable } from "./printable.js"
import { withNode, type RemoteNode } from "./node.js"
import type { GlobalOptions } from "./settings.js"

/** Adds folders with a progress bar. @returns how many documents were left out */
export async function addFolders(knowledge: Knowledge, folders: readonly string[]): Promise<number> {
  let leftOut = 0
  for (const folder of folders) {
    const bar = new SingleBar({ format: `{bar} {value}/{total} {id}`, clearOnComplete: true }, Presets.shades_classic)
    let begun = false
    const { documents, chunks, refused, removed, notes } = await knowledge.addFolder(folder, {
      onProgress: (done, total, id) => {
        if (process.stdout.isTTY !== true) return
        if (!begun) bar.start(total, 0, { id })
        begun = true
        bar.update(done, { id })
      },
    })
    bar.stop()
    console.log(pc.dim(`${folder}: ${documents} documents, ${chunks} passages`))
    for (const note of notes) console.log(pc.dim(printable(note)))
    for (const id of removed) console.log(pc.dim(printable(`no longer there: ${id}`)))
    for (const { message } of refused) console.log(pc.yellow(`left out: ${printable(message)}`))
    leftOut += refused.length
  }
  return leftOut
}

export async function addKnowledge(paths: readonly string[], options: GlobalOptions): Promise<void> {
  await withNode(options, async (node) => {
    for (const path of paths) {
      const found = await stat(path).catch((cause: unknown) => {
        throw new AgentOSError("DOCUMENT_UNREADABLE", `${path}: no such file or folder`, { cause })
      })
      if (found.isDirectory()) {
        const leftOut =
          node.kind === "remote" ? await sendFolder(node, path) : await addFolders(node.os.knowledge, [path])
        if (leftOut > 0) process.exitCode = 1
        continue
      }
      const format = formatOf(path)
      if (format === undefined)
        throw new AgentOSError(
          "DOCUMENT_UNREADABLE",
          `${path}: documents end in ${Object.keys(documentFormats).join(", ")}`,
        )
      const id = idOf(path)
      const bytes = await contentOf(id, path)
      const { chunks, notes } =
        node.kind === "local"
          ? await node.os.knowledge.add({ id, format, content: bytes })
          : await node.call("AddDocument", { id, format, content: bytes.toString("base64"), encoding: "base64" })
      console.log(pc.dim(`${path}: ${chunks} passages`))
      for (const note of notes) console.log(pc.dim(printable(note)))
    }
  })
}

/** @throws `DOCUMENT_UNREADABLE`, `DOCUMENT_TOO_LARGE` */
const contentOf = async (id: string, path: string): Promise<Buffer> =>
  Buffer.from((await bytesOfFile(id, path, "")).buffer)

/** Gives a folder's files to a node that runs, one by one. @returns how many were left out */
async function sendFolder(node: RemoteNode, folder: string): Promise<number> {
  const { files, notes } = await documentsIn(folder)
  const within = resolve(folder)
  let [documents, passages] = [0, 0]
  const told: string[] = [...notes]
  const refused: string[] = []
  for (const { path, name, format } of files) {
    const id = `${basename(within)}/${name}` // to speak of it; the node may know others of that name
    try {
      const content = (await contentOf(id, path)).toString("base64")
      const added = await node.call("AddDocument", { id: name, folder: within, format, content, encoding: "base64" })
      documents += 1
      passages += added.chunks
      told.push(...added.notes.map((note) => `${added.id}: ${note}`))
    } catch (error) {
      const { code, message } = AgentOSError.from(error, "DOCUMENT_UNREADABLE")
      if (!leftOut.has(code)) throw error
      refused.push(message.includes(id) ? message : `${id}: ${message}`)
    }
  }
  console.log(pc.dim(`${folder}: ${documents} documents, ${passages} passages`))
  for (const note of told) console.log(pc.dim(printable(note)))
  for (const message of refused) console.log(pc.yellow(`left out: ${printable(message)}`))
  return refused.length
}

/** What keeps out one document, and not those after it. */
const leftOut: ReadonlySet<string> = new Set([
  "DOCUMENT_UNREADABLE",
  "DOCUMENT_TOO_LARGE",
  "INVALID_NAME",
  "INVALID_REQUEST",
  "PAYLOAD_TOO_LARGE",
])

/** A file's path from here, or from the folder that it shares with here, so that two of one name are two. */
const idOf = (path: string): string =>
  relative(".", path)
    .split(sep)
    .filter((part) => part !== "..")
    .join("/")

export async function listKnowledge(options: GlobalOptions): Promise<void> {
  const documents = await withNode(
    options,
    async (node) =>
      node.kind === "local" ? node.os.knowledge.documents() : (await node.call("ListDocuments", {})).documents,
    { looks: true },
  )
  for (const { id, chunks, bytes, notes } of documents) {
    console.log(`${printable(id)} ${pc.dim(`${chunks} passages, ${bytes} bytes`)}`)
    for (const note of notes) console.log(pc.dim(`  ${printable(note)}`))
  }
}

export async function removeKnowledge(ids: readonly string[], options: GlobalOptions): Promise<void> {
  await withNode(options, async (node) => {
    for (const id of ids) {
      const removed =
        node.kind === "local" ? await node.os.knowledge.remove(id) : (await node.call("RemoveDocument", { id })).removed
      console.log(removed ? pc.dim(`removed ${printable(id)}`) : pc.yellow(`there is no document ${printable(id)}`))
      if (!removed) process.exitCode = 1
      else if (id.startsWith("llmagentos/"))
        console.log(
          pc.yellow("it comes with the package, and back at the next start unless `knowledge.shipped: false` is set"),
        )
    }
  })
}

export async function searchKnowledge(
  query: string,
  options: GlobalOptions & { readonly limit?: number },
): Promise<void> {
  const limit = options.limit ?? 5
  const hits = await withNode(
    options,
    async (node) =>
      node.kind === "local"
        ? node.os.knowledge.search(query, { limit })
        : (await node.call("SearchKnowledge", { query, limit })).hits,
    { looks: true },
  )
  if (hits.length === 0) console.log("nothing found")
  for (const { text, source, heading, score } of hits)
    console.log(
      `${pc.bold(printable(source))}${heading === undefined ? "" : ` › ${printable(heading)}`} ` +
        `${pc.dim(score.toFixed(3))}\n${printable(text)}\n`,
    )
}
