/**
 * What a node knows: documents, cut into passages and found by words and by vectors, and facts. Records are durable, the index is built from them
 * when a tenant is first used.
 *
 * Invariants
 *   B1. A document and all its passages are written together or not at all.
 *   B2. Adding a document whose content is unchanged writes nothing.
 *   B3. Tenant leads every key; a search sees its own tenant's documents only.
 *   B4. What another node adds or removes is found here soon after, where the store is shared: the index takes in each document that is told of as it stands
 *       in the store.
 */
import { createHash } from "node:crypto"
import { readdir, readFile } from "node:fs/promises"
import { extname, join, relative, sep } from "node:path"
import MiniSearch from "minisearch"
import type { z } from "zod"
import { AgentOSError } from "#actors/errors.js"
import type { RecordStore } from "../record-store.js"
import { hashedNgrams } from "./hashed-ngrams.js"
import type { Document, Embedder, Fact, Knowledge, SearchHit, SearchOptions } from "./knowledge.js"
import { fuseRanks, scoreSentences, stem } from "./rank.js"
import { chunksOf, documentFormats, readDocument, readerVersion } from "./read-document.js"
import { isQuestion, sentencesOf } from "./sentences.js"
import { typedRecords, type TypedRecords } from "./typed-records.js"

interface StoredDocument {
  readonly id: string
  readonly hash: string
  readonly bytes: number
  readonly passages: readonly {
    readonly heading?: string
    readonly text: string
    readonly code?: true
    readonly vector: Float32Array
  }[]
}

interface Passage {
  readonly id: string
  readonly source: string
  readonly heading: string | undefined
  readonly text: string
  readonly code: boolean
  readonly vector: Float32Array
}

/** One tenant's passages in memory. */
interface Index {
  readonly documents: Map<
    string,
    { readonly hash: string; readonly bytes: number; readonly passages: readonly Passage[] }
  >
  readonly passages: Map<string, Passage>
  readonly words: MiniSearch<Passage>
}

/** Passages whose sentences are looked at one by one. */
const sentencePassages = 12

export class KnowledgeBase implements Knowledge {
  readonly #records: RecordStore
  readonly #embedder: Embedder
  readonly #indexes = new Map<string, Promise<Index>>()

  constructor(records: RecordStore, embedder: Embedder = hashedNgrams()) {
    this.#records = records
    this.#embedder = embedder
  }

  /** Hears of what other nodes change (B4). @returns ends it */
  follow(): Promise<() => void> {
    return this.#records.follow((keys) => {
      if (keys === undefined) return this.#indexes.clear()
      for (const key of keys) void this.#refresh(key).catch(() => this.#indexes.clear())
    })
  }

  async add(document: Document, { tenant = "default" } = {}): Promise<{ chunks: number; unchanged: boolean }> {
    const index = await this.#index(tenant)
    const hash = createHash("sha256")
      .update(`${this.#embedder.id} ${readerVersion} `)
      .update(document.format)
      .update(document.content)
      .digest("hex")
    const before = index.documents.get(document.id)
    if (before?.hash === hash) return { chunks: before.passages.length, unchanged: true } // B2
    const chunks = chunksOf(await readDocument(document))
    const vectors = await this.#embedder.embed(chunks.map(({ heading, text }) => `${heading ?? ""} ${text}`))
    const stored: StoredDocument = {
      id: document.id,
      hash,
      bytes: typeof document.content === "string" ? Buffer.byteLength(document.content) : document.content.byteLength,
      passages: chunks.map(({ heading, text, code }, i) => ({
        ...(heading === undefined ? {} : { heading }),
        text,
        ...(code === undefined ? {} : { code }),
        vector: vectors[i] as Float32Array,
      })),
    }
    await this.#records.write([[documentKey(tenant, document.id), stored]]) // B1
    drop(index, document.id)
    put(index, stored)
    return { chunks: chunks.length, unchanged: false }
  }

  async addFolder(
    folder: string,
    {
      tenant = "default",
      prefix = "",
      onProgress,
    }: { tenant?: string; prefix?: string; onProgress?: (done: number, total: number, id: string) => void } = {},
  ): Promise<{ documents: number; chunks: number; refused: readonly AgentOSError[] }> {
    const found = await readdir(folder, { recursive: true, withFileTypes: true }).catch((cause: unknown) => {
      throw new AgentOSError("DOCUMENT_UNREADABLE", `cannot read the folder ${folder}`, { cause })
    })
    const files = found
      .filter((entry) => entry.isFile() && documentFormats[extname(entry.name).toLowerCase()] !== undefined)
      .map((entry) => join(entry.parentPath, entry.name))
      .sort()
    let chunks = 0
    const refused: AgentOSError[] = []
    for (const [done, path] of files.entries()) {
      const id = prefix + relative(folder, path).split(sep).join("/")
      const format = documentFormats[extname(path).toLowerCase()] as Document["format"]
      try {
        const content = await readFile(path)
        const document = { id, format, content: format === "pdf" ? content : content.toString("utf8") }
        chunks += (await this.add(document, { tenant })).chunks
      } catch (error) {
        // One bad document does not keep the others out; a store that failed does.
        if (error instanceof AgentOSError && !["DOCUMENT_UNREADABLE", "DOCUMENT_TOO_LARGE"].includes(error.code))
          throw error
        refused.push(AgentOSError.from(error, "DOCUMENT_UNREADABLE"))
      }
      onProgress?.(done + 1, files.length, id)
    }
    return { documents: files.length - refused.length, chunks, refused }
  }

  async remove(id: string, { tenant = "default" } = {}): Promise<boolean> {
    const index = await this.#index(tenant)
    if (!index.documents.has(id)) return false
    await this.#records.write([[documentKey(tenant, id), undefined]])
    drop(index, id)
    return true
  }

  async documents({ tenant = "default" } = {}): Promise<readonly { id: string; chunks: number; bytes: number }[]> {
    const { documents } = await this.#index(tenant)
    return [...documents]
      .map(([id, { bytes, passages }]) => ({ id, chunks: passages.length, bytes }))
      .sort((a, b) => (a.id < b.id ? -1 : 1))
  }

  async search(query: string, options: SearchOptions = {}): Promise<readonly SearchHit[]> {
    const { limit = 5, tenant = "default", unit = "passage", question = "" } = options
    const index = await this.#index(tenant)
    const wanted = Math.max(limit, sentencePassages)
    const byWords = index.words.search(query, { prefix: false, fuzzy: false }).slice(0, wanted * 2)
    const [vector] = await this.#embedder.embed([query])
    const byVector = nearest(index, vector as Float32Array, wanted * 2)
    const lists = [byWords.map(({ id }) => String(id)), byVector]
    if (question !== "")
      lists.push(
        index.words
          .search(question)
          .slice(0, wanted)
          .map(({ id }) => String(id)),
      )
    const ranked = [...fuseRanks(lists)].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1))
    const hits = ranked.map(([id, score]) => ({ passage: index.passages.get(id) as Passage, score }))
    if (unit === "passage") return hits.slice(0, limit).map(({ passage, score }) => hit(passage, passage.text, score))
    const candidates = hits
      .filter(({ passage }) => !passage.code)
      .slice(0, sentencePassages)
      .flatMap(({ passage }) =>
        sentencesOf(passage.text).map((text) => ({ text, about: passage.heading ?? "", passage })),
      )
      // A question answers nothing.
      .filter(({ text }) => !isQuestion(text) && (question === "" || !text.includes(question)))
    const scores = scoreSentences(query, question, candidates)
    return candidates
      .map(({ passage, text }, i) => hit(passage, text, scores[i] as number))
      .filter(({ score }) => score > 0)
      .sort((a, b) => b.score - a.score)
      .slice(0, limit)
  }

  async assert(fact: Fact, { tenant = "default" } = {}): Promise<void> {
    for (const field of ["subject", "relation", "object"] as const) {
      if (fact[field].trim() === "") throw new AgentOSError("INVALID_FACT", `the fact's ${field} is empty`)
    }
    await this.#records.write([[factKey(tenant, fact), fact]])
  }

  async retract(fact: Fact, { tenant = "default" } = {}): Promise<boolean> {
    const key = factKey(tenant, fact)
    if ((await this.#records.get(key)) === undefined) return false
    await this.#records.write([[key, undefined]])
    return true
  }

  async facts(pattern: Partial<Fact>, { tenant = "default" } = {}): Promise<readonly Fact[]> {
    // Facts sort by subject first, so a known subject narrows what is read.
    const prefix = pattern.subject === undefined ? keyOf(tenant, "fact") : keyOf(tenant, "fact", pattern.subject)
    const found: Fact[] = []
    for await (const [, value] of this.#records.entries(prefix)) {
      const fact = value as Fact
      if (
        Object.entries(pattern).every(([field, wanted]) => wanted === undefined || fact[field as keyof Fact] === wanted)
      )
        found.push(fact)
    }
    return found
  }

  records<T extends object>(type: string, schema: z.ZodType<T>, { tenant = "default" } = {}): TypedRecords<T> {
    return typedRecords(this.#records, type, schema, keyOf(tenant, "record", type))
  }

  /** Takes in one document as it stands in the store (B4). */
  async #refresh(key: string): Promise<void> {
    const [tenant = "", kind, id = ""] = key.split("\u0000")
    const loaded = this.#indexes.get(tenant)
    if (kind !== "document" || loaded === undefined) return
    const index = await loaded
    const stored = (await this.#records.get(key)) as StoredDocument | undefined
    if (stored !== undefined && stored.hash === index.documents.get(id)?.hash) return
    drop(index, id)
    if (stored !== undefined) put(index, stored)
  }

  #index(tenant: string): Promise<Index> {
    let index = this.#indexes.get(tenant)
    if (index === undefined) {
      index = this.#load(tenant)
      this.#indexes.set(tenant, index)
      index.catch(() => this.#indexes.delete(tenant))
    }
    return index
  }

  async #load(tenant: string): Promise<Index> {
    const index: Index = {
      documents: new Map(),
      passages: new Map(),
      words: new MiniSearch<Passage>({
        fields: ["text", "heading", "source"],
        searchOptions: { boost: { heading: 1.5, source: 0.5 } },
        processTerm: (term) => stem(term.toLowerCase()),
      }),
    }
    for await (const [, value] of this.#records.entries(keyOf(tenant, "document"))) put(index, value as StoredDocument)
    return index
  }
}

/** Parts of a key; the separator cannot stand in a part. */
const keyOf = (...parts: readonly string[]): string =>
  parts.map((part) => `${part.replaceAll("\u0000", "")}\u0000`).join("")
const documentKey = (tenant: string, id: string): string => keyOf(tenant, "document", id)
const factKey = (tenant: string, { subject, relation, object }: Fact): string =>
  keyOf(tenant, "fact", subject, relation, object)

const hit = ({ source, heading }: Passage, text: string, score: number): SearchHit => ({
  text,
  source,
  score,
  ...(heading === undefined ? {} : { heading }),
})

function put(index: Index, { id, hash, bytes, passages }: StoredDocument): void {
  const added = passages.map(({ heading, text, code = false, vector }, i): Passage => ({
    id: `${id}#${i}`,
    source: id,
    heading,
    text,
    code,
    vector: Float32Array.from(vector),
  }))
  index.documents.set(id, { hash, bytes, passages: added })
  for (const passage of added) index.passages.set(passage.id, passage)
  index.words.addAll(added)
}

function drop(index: Index, id: string): void {
  for (const passage of index.documents.get(id)?.passages ?? []) {
    index.words.remove(passage)
    index.passages.delete(passage.id)
  }
  index.documents.delete(id)
}

/** Passages by the cosine of the angle to a vector; vectors have unit length. */
function nearest(index: Index, vector: Float32Array, count: number): string[] {
  const scored: [number, string][] = []
  for (const { id, vector: other } of index.passages.values()) {
    let dot = 0
    for (let i = 0; i < vector.length; i++) dot += (vector[i] as number) * (other[i] as number)
    if (dot > 0.05) scored.push([dot, id])
  }
  return scored
    .sort((a, b) => b[0] - a[0])
    .slice(0, count)
    .map(([, id]) => id)
}
