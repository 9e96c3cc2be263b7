/**
 * What a node knows, tenant by tenant: documents, cut into passages and found by words and by vectors, and facts.
 * Records are durable, the index is built from them when a tenant is first used.
 *
 * Invariants
 *   B1. A document and all its passages are written together or not at all.
 *   B2. Adding a document whose content is unchanged writes nothing.
 *   B3. A tenant's knowledge is got by its name and knows no other: nothing here has a tenant by default.
 *   B4. What another node adds or removes is found here soon after, where the store is shared: the index takes in each
 *       document that is told of as it stands in the store.
 *   B5. A document's id is a name; what leads to one record leads to no other.
 */
import { createHash } from "node:crypto"
import { readdir, readFile } from "node:fs/promises"
import { extname, join, relative, sep } from "node:path"
import MiniSearch from "minisearch"
import type { z } from "zod"
import { AgentOSError } from "#actors/errors.js"
import { asName, checkName } from "#actors/names.js"
import type { RecordStore } from "../record-store.js"
import { hashedNgrams } from "./hashed-ngrams.js"
import type { Document, Embedder, Fact, Knowledge, KnowledgeOfTenants, SearchHit, SearchOptions } from "./knowledge.js"
import { fuseRanks, scoreSentences } from "./rank.js"
import { chunksOf, documentFormats, readDocument, readerVersion } from "./read-document.js"
import { isQuestion, sentencesOf } from "./sentences.js"
import { namesOf, tenantRecords, type TenantRecords } from "./tenant-records.js"
import { queryReads, readQuery, termsOf, type Query } from "./terms.js"
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

export class KnowledgeBase implements KnowledgeOfTenants {
  readonly #records: RecordStore
  readonly #embedder: Embedder
  readonly #tenants = new Map<string, TenantKnowledge>()

  constructor(records: RecordStore, embedder: Embedder = hashedNgrams()) {
    this.#records = records
    this.#embedder = embedder
  }

  /** What one tenant knows (B3). @throws `INVALID_NAME` */
  of(tenant: string): Knowledge {
    let knowledge = this.#tenants.get(tenant)
    if (knowledge === undefined) {
      knowledge = new TenantKnowledge(tenantRecords(this.#records, tenant), this.#embedder)
      this.#tenants.set(tenant, knowledge)
    }
    return knowledge
  }

  /** Hears of what other nodes change (B4). @returns ends it */
  follow(): Promise<() => void> {
    return this.#records.follow((keys) => {
      if (keys === undefined) for (const knowledge of this.#tenants.values()) knowledge.forget()
      for (const [tenant = "", kind, id] of (keys ?? []).flatMap((key) => [namesOf(key) ?? []]))
        if (kind === "document" && id !== undefined) this.#tenants.get(tenant)?.refresh(id)
    })
  }
}

class TenantKnowledge implements Knowledge {
  readonly #records: TenantRecords
  readonly #embedder: Embedder
  #loaded: Promise<Index> | undefined

  constructor(records: TenantRecords, embedder: Embedder) {
    this.#records = records
    this.#embedder = embedder
  }

  async add(document: Document): Promise<{ chunks: number; unchanged: boolean }> {
    checkName("a document's id", document.id) // B5
    const index = await this.#index()
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
    await this.#records.write([[["document", document.id], stored]]) // B1
    drop(index, document.id)
    put(index, stored)
    return { chunks: chunks.length, unchanged: false }
  }

  async addFolder(
    folder: string,
    {
      prefix = "",
      onProgress,
    }: { prefix?: string; onProgress?: (done: number, total: number, id: string) => void } = {},
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
        chunks += (await this.add(document)).chunks
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

  async remove(id: string): Promise<boolean> {
    const index = await this.#index()
    if (!index.documents.has(id)) return false
    await this.#records.write([[["document", id], undefined]])
    drop(index, id)
    return true
  }

  async documents(): Promise<readonly { id: string; chunks: number; bytes: number }[]> {
    const { documents } = await this.#index()
    return [...documents]
      .map(([id, { bytes, passages }]) => ({ id, chunks: passages.length, bytes }))
      .sort((a, b) => (a.id < b.id ? -1 : 1))
  }

  async search(query: string, options: SearchOptions = {}): Promise<readonly SearchHit[]> {
    const { limit = 5, unit = "passage", question = "" } = options
    const index = await this.#index()
    const wanted = Math.max(limit, sentencePassages)
    const [vector] = await this.#embedder.embed([query.slice(0, queryReads)])
    const [asked, around] = [readQuery(query), readQuery(question)]
    const lists = [byWords(index, asked, wanted * 2), nearest(index, vector as Float32Array, wanted * 2)]
    if (question !== "") lists.push(byWords(index, around, wanted))
    // What the words found first stays first where the ranks are even.
    const ranked = [...fuseRanks(lists)].sort((a, b) => b[1] - a[1])
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
    const scores = scoreSentences(asked, around, candidates)
    return candidates
      .map(({ passage, text }, i) => hit(passage, text, scores[i] as number))
      .filter(({ score }) => score > 0)
      .sort((a, b) => b.score - a.score)
      .slice(0, limit)
  }

  async assert(fact: Fact): Promise<void> {
    for (const field of ["subject", "relation", "object"] as const) {
      if (fact[field].trim() === "") throw new AgentOSError("INVALID_FACT", `the fact's ${field} is empty`)
      if (!fact[field].isWellFormed())
        throw new AgentOSError("INVALID_FACT", `the fact's ${field} holds half of a surrogate pair`)
    }
    await this.#records.write([[factNames(fact), fact]])
  }

  async retract(fact: Fact): Promise<boolean> {
    const names = factNames(fact)
    if ((await this.#records.get(names)) === undefined) return false
    await this.#records.write([[names, undefined]])
    return true
  }

  async facts(pattern: Partial<Fact>): Promise<readonly Fact[]> {
    // Facts sort by subject first, so a known subject narrows what is read.
    const found: Fact[] = []
    const subject = pattern.subject === undefined ? [] : [asName(pattern.subject)]
    for await (const value of this.#records.values("fact", ...subject)) {
      const fact = value as Fact
      if (
        Object.entries(pattern).every(([field, wanted]) => wanted === undefined || fact[field as keyof Fact] === wanted)
      )
        found.push(fact)
    }
    return found
  }

  records<T extends object>(type: string, schema: z.ZodType<T>): TypedRecords<T> {
    return typedRecords(this.#records, type, schema)
  }

  /** Takes in one document as it stands in the store (B4). */
  refresh(id: string): void {
    this.#refresh(id).catch(() => this.forget())
  }

  /** The index is made anew when it is next used. */
  forget(): void {
    this.#loaded = undefined
  }

  async #refresh(id: string): Promise<void> {
    if (this.#loaded === undefined) return
    const index = await this.#loaded
    const stored = (await this.#records.get(["document", id])) as StoredDocument | undefined
    if (stored !== undefined && stored.hash === index.documents.get(id)?.hash) return
    drop(index, id)
    if (stored !== undefined) put(index, stored)
  }

  #index(): Promise<Index> {
    if (this.#loaded === undefined) {
      const loading = this.#load()
      this.#loaded = loading
      loading.catch(() => {
        if (this.#loaded === loading) this.#loaded = undefined
      })
    }
    return this.#loaded
  }

  async #load(): Promise<Index> {
    const index: Index = {
      documents: new Map(),
      passages: new Map(),
      words: new MiniSearch<Passage>({
        fields: ["text", "heading", "source"],
        tokenize: termsOf,
        processTerm: (term) => term,
        searchOptions: { boost: { heading: 1.5, source: 0.5 } },
      }),
    }
    for await (const value of this.#records.values("document")) put(index, value as StoredDocument)
    return index
  }
}

/** Parts of a fact may be long (B5). */
const factNames = ({ subject, relation, object }: Fact): readonly string[] => [
  "fact",
  ...[subject, relation, object].map(asName),
]

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

/** Passages by the words of a query. */
function byWords(index: Index, { terms }: Query, count: number): string[] {
  const found = index.words.search("", {
    tokenize: () => [...terms.keys()],
    boostTerm: (term) => terms.get(term) ?? 1,
  })
  return found.slice(0, count).map(({ id }) => String(id))
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
