/**
 * What a node knows, tenant by tenant: documents, cut into passages and found by words and by vectors, and facts.
 *
 * Invariants
 *   B1. A document and all its passages are there together or not at all.
 *   B2. Adding a document whose content is unchanged writes nothing.
 *   B3. A tenant's knowledge is got by its name and knows no other: nothing here has a tenant by default.
 *   B4. What another node adds or removes is found here soon after, where the store is shared.
 *   B5. A document's id is a name; what leads to one record leads to no other.
 *   B6. What is found is always made from the store: a document is taken into the index as it stands there, whether it
 *       was there at the first search, was added since, or was told of by another node.
 */
import { resolve } from "node:path"
import type { z } from "zod"
import { systemClock, type Clock } from "#actors/clock.js"
import { AgentOSError } from "#actors/errors.js"
import { asName, checkName, MOST_NAME_BYTES } from "#actors/names.js"
import { checkNumbers, countOrAll } from "#actors/numbers.js"
import { checkOptions, checkText, checkWord } from "#actors/words.js"
import type { RecordStore } from "../record-store.js"
import { documentsIn, foldersGone, leadingOf, type Standing } from "./folder.js"
import { PassageFinder } from "./finding/finder.js"
import type {
  Added,
  AddedFolder,
  Document,
  DocumentEntry,
  Fact,
  FactPattern,
  FolderOptions,
  Knowledge,
  KnowledgeOfTenants,
  SearchHit,
  SearchOptions,
} from "./knowledge.js"
import { scoreSentences } from "./rank.js"
import { unreadable } from "./reading/limits.js"
import type { Passage } from "./reading/passages.js"
import { DocumentReader } from "./reading/reader.js"
import { bytesOf, bytesOfFile, type DocumentBytes } from "./reading/document-bytes.js"
import { isQuestion, shortSentencesOf } from "./sentences.js"
import { StoredDocuments, type DocumentHead } from "./stored-documents.js"
import { namesOf, tenantRecords, type TenantRecords } from "./tenant-records.js"
import { queryReads, readQuery } from "./terms.js"
import { typedRecords, type TypedRecords } from "./typed-records.js"

/** To be raised when the same document is read otherwise than before. */
const readerVersion = 5
/** Passages whose sentences are looked at one by one. */
const sentencePassages = 12
/** Files of a folder that are looked at together. */
const filesAtOnce = 2

export class KnowledgeBase implements KnowledgeOfTenants {
  readonly #records: RecordStore
  readonly #tenants = new Map<string, TenantKnowledge>()
  readonly #clock: Clock
  readonly #reader: DocumentReader
  readonly #finder = new PassageFinder(() => this.#forgetAll())

  constructor(records: RecordStore, clock: Clock = systemClock) {
    this.#records = records
    this.#clock = clock
    this.#reader = new DocumentReader(clock)
  }

  /** What one tenant knows (B3). @throws `INVALID_NAME` */
  of(tenant: string): Knowledge {
    let knowledge = this.#tenants.get(tenant)
    if (knowledge === undefined) {
      knowledge = new TenantKnowledge(tenant, {
        records: tenantRecords(this.#records, tenant),
        reader: this.#reader,
        finder: this.#finder,
        clock: this.#clock,
      })
      this.#tenants.set(tenant, knowledge)
    }
    return knowledge
  }

  /** Hears of what other nodes change (B4). @returns ends it */
  follow(): Promise<() => void> {
    return this.#records.follow((keys) => {
      if (keys === undefined) return this.#forgetAll()
      for (const [tenant = "", kind, id] of keys.flatMap((key) => [namesOf(key) ?? []]))
        if (kind === "document" && id !== undefined) this.#tenants.get(tenant)?.refresh(id)
    })
  }

  /** Ends its threads. */
  async close(): Promise<void> {
    await Promise.all([this.#reader.close(), this.#finder.close()])
  }

  #forgetAll(): void {
    for (const knowledge of this.#tenants.values()) knowledge.forget()
  }
}

interface Surroundings {
  readonly records: TenantRecords
  readonly reader: DocumentReader
  readonly finder: PassageFinder
  readonly clock: Clock
}

class TenantKnowledge implements Knowledge {
  readonly #tenant: string
  readonly #around: Surroundings
  readonly #stored: StoredDocuments
  #heads: Promise<Map<string, DocumentHead>> | undefined
  /** Resolves when the first search may begin. */
  #indexed: Promise<void> | undefined
  /** What is taken into the index, one document after the other. */
  #indexing: Promise<unknown> = Promise.resolve()
  /** What leads the ids of each folder that was added since the start. */
  readonly #leading = new Map<string, string>()
  /** The last addition or removal of each document that is under way. */
  readonly #changing = new Map<string, Promise<unknown>>()

  constructor(tenant: string, around: Surroundings) {
    this.#tenant = tenant
    this.#around = around
    this.#stored = new StoredDocuments(around.records)
  }

  async add(document: Document): Promise<Added> {
    checkDocument(document) // B5
    const { format, content } = document
    const folder = document.folder === undefined ? undefined : resolve(document.folder)
    const id = folder === undefined ? document.id : (await this.#leadingOf(folder)) + document.id
    if (folder !== undefined && Buffer.byteLength(id) > MOST_NAME_BYTES)
      throw unreadable(document.id, `has with its folder an id of more than ${MOST_NAME_BYTES} bytes`)
    checkId(id)
    const read = (leading: string): Promise<DocumentBytes> =>
      bytesOf({ id, format, content }, leading, this.#around.clock)
    return this.#add({ id, format }, read, folder)
  }

  async addFolder(folder: string, { prefix, onProgress }: FolderOptions = {}): Promise<AddedFolder> {
    const { files, notes: passedOver } = await documentsIn(folder)
    const heads = await this.#known()
    const path = resolve(folder)
    const moved = await foldersGone(this.#standing(heads))
    const isOthers = ({ folder }: Standing): boolean => folder !== undefined && folder !== path && !moved.has(folder)
    const leading = prefix ?? leadingOf(path, this.#standing(heads).filter(isOthers))
    this.#leading.set(path, leading)
    const names = new Set(files.map(({ name }) => name))
    /** Whether a document was added from this folder, before it was moved perhaps, or before ids began with its name. */
    const isOurs = (head: DocumentHead): boolean =>
      head.folder === undefined
        ? head.blocks === undefined && names.has(head.id)
        : !isOthers(head) && head.id.startsWith(leading)
    let chunks = 0
    let done = 0
    const refused: AgentOSError[] = []
    const notes: string[] = [...passedOver]
    const waiting = [...files]
    const work = async (): Promise<void> => {
      for (let file = waiting.shift(); file !== undefined; file = waiting.shift()) {
        const id = leading + file.name
        try {
          checkId(id)
          const bytes = (leading: string): Promise<DocumentBytes> => bytesOfFile(id, file.path, leading)
          const added = await this.#add({ id, format: file.format }, bytes, path)
          chunks += added.chunks
          notes.push(...added.notes.map((note) => `${id}: ${note}`))
        } catch (error) {
          // One bad document does not keep the others out; a store that failed does.
          if (error instanceof AgentOSError && !leftOut.has(error.code)) throw error
          refused.push(AgentOSError.from(error, "DOCUMENT_UNREADABLE"))
        }
        onProgress?.(++done, files.length, id)
      }
    }
    await Promise.all(Array.from({ length: filesAtOnce }, work))
    const found = new Set(files.map(({ name }) => leading + name))
    const left = [...heads.values()].filter((head) => isOurs(head) && !found.has(head.id))
    for (const { id } of left) await this.remove(id)
    return { documents: files.length - refused.length, chunks, refused, removed: left.map(({ id }) => id), notes }
  }

  remove(id: string): Promise<boolean> {
    return this.#inTurn(id, async () => {
      const heads = await this.#known()
      const head = heads.get(id)
      if (head === undefined) return false
      await this.#stored.remove(head)
      heads.delete(id)
      await this.#index(id)
      return true
    })
  }

  async documents(): Promise<readonly DocumentEntry[]> {
    return [...(await this.#known()).values()]
      .map(({ id, chunks, bytes, notes }) => ({ id, chunks, bytes, notes }))
      .sort((a, b) => (a.id < b.id ? -1 : 1))
  }

  async search(query: string, options: SearchOptions = {}): Promise<readonly SearchHit[]> {
    checkSearch(query, options)
    const { limit = 5, unit = "passage", question = "" } = options
    const hits = await this.#passages(
      query.slice(0, queryReads),
      question.slice(0, queryReads),
      unit === "passage" ? limit : sentencePassages,
      unit === "sentence",
    )
    if (unit === "passage") return hits.map(({ source, passage, score }) => hit(source, passage, passage.text, score))
    const candidates = hits
      .flatMap(({ source, passage }) =>
        shortSentencesOf(passage.text).map((text) => ({ text, about: passage.heading ?? "", source, passage })),
      )
      // A question answers nothing.
      .filter(({ text }) => !isQuestion(text) && (question === "" || !text.includes(question)))
    const scores = scoreSentences(readQuery(query), readQuery(question), candidates)
    return candidates
      .map(({ source, passage, text }, i) => hit(source, passage, text, scores[i] as number))
      .filter(({ score }) => score > 0)
      .sort((a, b) => b.score - a.score)
      .slice(0, limit)
  }

  async assert(fact: Fact): Promise<void> {
    checkFact(fact)
    await this.#around.records.write([[factNames(fact), fact]])
  }

  async retract(fact: Fact): Promise<boolean> {
    const names = factNames(fact)
    if ((await this.#around.records.get(names)) === undefined) return false
    await this.#around.records.write([[names, undefined]])
    return true
  }

  async facts(pattern: FactPattern = {}, { limit = Infinity } = {}): Promise<readonly Fact[]> {
    checkFactFields(pattern)
    // Facts sort by subject first, so a known subject narrows what is read.
    const found: Fact[] = []
    const subject = pattern.subject === undefined ? [] : [asName(pattern.subject)]
    for await (const value of this.#around.records.values("fact", ...subject)) {
      if (found.length >= limit) break
      const fact = value as Fact
      if (
        Object.entries(pattern).every(([field, wanted]) => wanted === undefined || fact[field as keyof Fact] === wanted)
      )
        found.push(fact)
    }
    return found
  }

  records<T extends object>(type: string, schema: z.ZodType<T>): TypedRecords<T> {
    return typedRecords(this.#around.records, type, schema)
  }

  /** Takes in what another node has changed (B4). */
  refresh(id: string): void {
    const refreshing = async (): Promise<void> => {
      const head = await this.#stored.head(id)
      const heads = await this.#heads
      if (head === undefined) heads?.delete(id)
      else heads?.set(id, head)
      await this.#index(id)
    }
    this.#inTurn(id, refreshing).catch(() => this.forget())
  }

  /** Everything is read from the store again when it is next used. */
  forget(): void {
    this.#heads = undefined
    this.#indexed = undefined
  }

  /** @param read what is to lead the hash */
  #add(
    document: Omit<Document, "content">,
    read: (leading: string) => Promise<DocumentBytes>,
    folder?: string,
  ): Promise<Added> {
    const { id, format } = document
    return this.#inTurn(id, async () => {
      const content = await read(`${readerVersion} ${format} `)
      const { hash: version } = content
      const bytes = content.buffer.byteLength // before it is given away
      const heads = await this.#known()
      const before = heads.get(id)
      if (before?.hash === version) return { id, chunks: before.chunks, unchanged: true, notes: before.notes } // B2
      const writer = this.#stored.begin(id, version)
      try {
        const reading = await this.#around.reader.read(document, content, (block) => writer.take(block))
        const { passages: chunks, notes } = reading
        const head = { bytes, chunks, notes, ...(folder === undefined ? {} : { folder }) }
        heads.set(id, await writer.commit(head, before)) // B1
      } catch (error) {
        await writer.discard()
        throw error
      }
      await this.#index(id)
      const { chunks, notes } = heads.get(id) as DocumentHead
      return { id, chunks, unchanged: false, notes }
    })
  }

  /** What leads the ids of a folder whose documents come one by one; it is kept as long as this node runs. */
  async #leadingOf(path: string): Promise<string> {
    const heads = await this.#known()
    const leading = this.#leading.get(path) ?? leadingOf(path, this.#standing(heads))
    this.#leading.set(path, leading)
    return leading
  }

  /** The documents, and the folders whose documents may be on their way. */
  #standing(heads: ReadonlyMap<string, DocumentHead>): readonly Standing[] {
    return [...heads.values(), ...Array.from(this.#leading, ([folder, id]) => ({ folder, id }))]
  }

  /** One change of a document after the other. */
  async #inTurn<T>(id: string, change: () => Promise<T>): Promise<T> {
    const before = this.#changing.get(id) ?? Promise.resolve()
    const mine = before.then(change, change)
    const settled = mine.catch(() => undefined)
    this.#changing.set(id, settled)
    try {
      return await mine
    } finally {
      if (this.#changing.get(id) === settled) this.#changing.delete(id)
    }
  }

  /** The heads of all documents. */
  #known(): Promise<Map<string, DocumentHead>> {
    if (this.#heads !== undefined) return this.#heads
    const reading = (async () => {
      const heads = new Map<string, DocumentHead>()
      for await (const head of this.#stored.heads()) heads.set(head.id, head)
      return heads
    })()
    this.#heads = reading
    reading.catch(() => {
      if (this.#heads === reading) this.#heads = undefined
    })
    return reading
  }

  /** Takes a document into the index as it stands in the store, if there is an index yet (B6). */
  #index(id: string): Promise<void> {
    if (this.#indexed === undefined) return Promise.resolve()
    const indexing = this.#indexing.then(() => this.#take(id))
    this.#indexing = indexing.catch(() => this.forget())
    return indexing
  }

  async #take(id: string): Promise<void> {
    const { finder } = this.#around
    const head = await this.#stored.head(id)
    if (head !== undefined)
      for await (const block of this.#stored.blocks(head)) await finder.stage(this.#tenant, id, head.hash, block)
    await finder.commit(this.#tenant, id)
  }

  #readyToSearch(): Promise<void> {
    if (this.#indexed !== undefined) return this.#indexed
    const indexing = this.#indexing.then(async () => {
      await this.#around.finder.forget(this.#tenant)
      for (const id of (await this.#known()).keys()) await this.#take(id)
    })
    this.#indexed = indexing
    this.#indexing = indexing.catch(() => {
      if (this.#indexed === indexing) this.#indexed = undefined
    })
    return indexing
  }

  /** The passages that match best. One whose document is replaced meanwhile is looked for again, a few times. */
  async #passages(
    query: string,
    question: string,
    limit: number,
    proseOnly: boolean,
    tries = 3,
  ): Promise<readonly { readonly source: string; readonly passage: Passage; readonly score: number }[]> {
    await this.#readyToSearch()
    const places = await this.#around.finder.search(this.#tenant, { query, question, limit, proseOnly })
    const found = await Promise.all(
      places.map(async ({ document, version, passage, score }) => ({
        source: document,
        passage: await this.#stored.passage(document, version, passage),
        score,
      })),
    )
    const there = found.filter((one): one is typeof one & { passage: Passage } => one.passage !== undefined)
    if (there.length === found.length || tries === 1) return there
    await this.#indexing
    return this.#passages(query, question, limit, proseOnly, tries - 1)
  }
}

/** @throws `INVALID_NAME`, `INVALID_OPTION` */
function checkDocument({ id, format, content, folder }: Document): void {
  checkId(id) // B5
  checkText("INVALID_OPTION", "a document's folder", folder)
  checkWord("INVALID_OPTION", "a document's format", format ?? null, formats)
  if (typeof content !== "string" && !(content instanceof Uint8Array))
    throw new AgentOSError("INVALID_OPTION", `a document's content is of type ${typeof content}; it is text or bytes`)
}

/** No URL can hold "." or "..", whose document could not be removed over REST. @throws `INVALID_NAME` */
function checkId(id: string): void {
  checkName("a document's id", id)
  if (id === "." || id === "..") throw new AgentOSError("INVALID_NAME", `a document's id is "${id}", which is a step in a path`) // prettier-ignore
}

/** @throws `INVALID_OPTION` */
function checkSearch(query: string, options: SearchOptions): void {
  checkText("INVALID_OPTION", "a query", query ?? null)
  checkOptions("INVALID_OPTION", "the options of a search", options, searchOptions)
  checkNumbers("INVALID_OPTION", "a search's ", options, { limit: countOrAll })
  checkWord("INVALID_OPTION", "a search's unit", options.unit, ["passage", "sentence"])
  checkText("INVALID_OPTION", "a search's question", options.question)
}

/** Letters of each part of a fact, as both doors take them. */
const mostOfFact = 10_000
const factFields = { subject: true, relation: true, object: true, source: false } satisfies Record<keyof Fact, boolean>

function checkFact(fact: Fact): void {
  checkFactFields(fact)
  for (const [field, isNeeded] of Object.entries(factFields)) {
    const text: unknown = fact[field as keyof Fact]
    if (text === undefined && !isNeeded) continue
    const fault = faultInFact(text)
    if (fault !== undefined) throw new AgentOSError("INVALID_FACT", `the fact's ${field} ${fault}`)
  }
}

function faultInFact(text: unknown): string | undefined {
  if (typeof text !== "string") return "is no text"
  if (text.trim() === "") return "is empty"
  if (text.length > mostOfFact) return `has ${text.length} letters; ${mostOfFact} are taken`
  if (!text.isWellFormed()) return "holds half of a surrogate pair"
  return /\p{Cc}/u.test(text) ? "holds a control character" : undefined
}

function checkFactFields(given: FactPattern): void {
  const unknown = Object.keys(given).find((field) => !Object.hasOwn(factFields, field))
  if (unknown === undefined) return
  const known = Object.keys(factFields).join(", ")
  throw new AgentOSError("INVALID_FACT", `a fact has no ${JSON.stringify(unknown.slice(0, 60))}; it has ${known}`)
}

const formats: readonly Document["format"][] = ["text", "markdown", "html", "pdf"]
const searchOptions = { limit: true, unit: true, question: true } satisfies Record<keyof SearchOptions, true>

/** Errors that keep out one document. */
const leftOut: ReadonlySet<string> = new Set(["DOCUMENT_UNREADABLE", "DOCUMENT_TOO_LARGE", "INVALID_NAME"])

/** Parts of a fact may be long (B5). */
const factNames = ({ subject, relation, object }: Fact): readonly string[] => [
  "fact",
  ...[subject, relation, object].map(asName),
]

const hit = (source: string, { heading }: Passage, text: string, score: number): SearchHit => ({
  text,
  source,
  score,
  ...(heading === undefined ? {} : { heading }),
})
