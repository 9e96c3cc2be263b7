import { readFile, stat } from "node:fs/promises"
import { basename, extname } from "node:path"
import { Presets, SingleBar } from "cli-progress"
import pc from "picocolors"
import { AgentOSError } from "#actors/errors.js"
import type { Document, Knowledge, SearchHit } from "../knowledge/knowledge.js"
import { documentFormats } from "../knowledge/read-document.js"
import { printable } from "./printable.js"
import { withNode } from "./node.js"
import type { GlobalOptions } from "./settings.js"

/** Adds folders with a progress bar. */
export async function addFolders(knowledge: Knowledge, folders: readonly string[]): Promise<void> {
  for (const folder of folders) {
    const bar = new SingleBar({ format: `{bar} {value}/{total} {id}`, clearOnComplete: true }, Presets.shades_classic)
    let begun = false
    const { documents, chunks, refused } = await knowledge.addFolder(folder, {
      onProgress: (done, total, id) => {
        if (process.stdout.isTTY !== true) return
        if (!begun) bar.start(total, 0, { id })
        begun = true
        bar.update(done, { id })
      },
    })
    bar.stop()
    console.log(pc.dim(`${folder}: ${documents} documents, ${chunks} passages`))
    for (const { message } of refused) console.log(pc.yellow(`left out: ${printable(message)}`))
  }
}

export async function addKnowledge(paths: readonly string[], options: GlobalOptions): Promise<void> {
  await withNode(options, async (node) => {
    for (const path of paths) {
      const found = await stat(path).catch((cause: unknown) => {
        throw new AgentOSError("DOCUMENT_UNREADABLE", `${path}: no such file or folder`, { cause })
      })
      if (found.isDirectory()) {
        if (node.kind === "remote")
          throw new AgentOSError(
            "DOCUMENT_UNREADABLE",
            `a node is running on this data folder; give it single files, or start it with --knowledge ${path}`,
          )
        await addFolders(node.os.knowledge, [path])
        continue
      }
      const format = documentFormats[extname(path).toLowerCase()]
      if (format === undefined)
        throw new AgentOSError(
          "DOCUMENT_UNREADABLE",
          `${path}: documents end in ${Object.keys(documentFormats).join(", ")}`,
        )
      const bytes = await readFile(path)
      const document: Document = {
        id: basename(path),
        format,
        content: bytes.toString(format === "pdf" ? "base64" : "utf8"),
      }
      const { chunks } =
        node.kind === "local"
          ? await node.os.knowledge.add(document)
          : await node.call<{ chunks: number }>("POST", "/v1/knowledge/documents", document)
      console.log(pc.dim(`${path}: ${chunks} passages`))
    }
  })
}

export async function searchKnowledge(
  query: string,
  options: GlobalOptions & { readonly limit?: number },
): Promise<void> {
  const limit = options.limit ?? 5
  const hits = await withNode(options, async (node) =>
    node.kind === "local"
      ? node.os.knowledge.search(query, { limit })
      : (await node.call<{ hits: SearchHit[] }>("POST", "/v1/knowledge/search", { query, limit })).hits,
  )
  if (hits.length === 0) console.log("nothing found")
  for (const { text, source, heading, score } of hits)
    console.log(
      `${pc.bold(printable(source))}${heading === undefined ? "" : ` › ${printable(heading)}`} ` +
        `${pc.dim(score.toFixed(3))}\n${printable(text)}\n`,
    )
}
