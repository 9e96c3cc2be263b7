import type { z } from "zod"
import type { AgentOSError } from "#actors/errors.js"
import type { TypedRecords } from "./typed-records.js"

/** One hit of a search: a stretch of a document, where it stands and how well it matches (higher is better). */
export interface SearchHit {
  readonly text: string
  /** Document id, such as a path, and the heading above the passage. */
  readonly source: string
  readonly heading?: string
  readonly score: number
}

export interface SearchOptions {
  /** Most hits; default 5. */
  readonly limit?: number
  /** "passage" (default) gives chunks, "sentence" gives single sentences of the best chunks, ranked again by the query's rarest words. */
  readonly unit?: "passage" | "sentence"
  /** The whole question that the query was taken from; its other words count, but less. */
  readonly question?: string
}

/** A fact: subject, relation, object. */
export interface Fact {
  readonly subject: string
  readonly relation: string
  readonly object: string
  readonly source?: string
}

/** What a fact is to be, part by part. */
export type FactPattern = { readonly [Part in keyof Fact]?: string | undefined }

/** A document to add. `id` names it for ever: adding it again replaces what was there. */
export interface Document {
  readonly id: string
  readonly format: "text" | "markdown" | "html" | "pdf"
  readonly content: string | Uint8Array
  /**
   * The folder that it stands in. `id` is then its path within, and is led by the folder's name, and by as many folders
   * above it as tell it from others that were added.
   */
  readonly folder?: string
}

/** A document that was added. */
export interface Added {
  readonly id: string
  /** Passages. */
  readonly chunks: number
  /** Whether it was there already as it is. */
  readonly unchanged: boolean
  /** What of it was not read, and how the rest was taken, for people; empty when there is nothing to say. */
  readonly notes: readonly string[]
}

export interface FolderOptions {
  /**
   * What ids begin with, before the path within the folder. Default: the folder's name and a slash, with as many
   * folders above it as tell it from others that were added.
   */
  readonly prefix?: string
  /** Called after each document. */
  readonly onProgress?: (done: number, total: number, id: string) => void
}

export interface AddedFolder {
  readonly documents: number
  readonly chunks: number
  /** Why some were left out. */
  readonly refused: readonly AgentOSError[]
  /** Ids of documents that are no longer in the folder and are no longer known. */
  readonly removed: readonly string[]
  /** What was passed over; and as of `Added`, each after its document's id. */
  readonly notes: readonly string[]
}

/** A document in the list of all. */
export interface DocumentEntry {
  readonly id: string
  readonly chunks: number
  readonly bytes: number
  readonly notes: readonly string[]
}

/** Turns texts into vectors of one length. */
export interface Embedder {
  readonly id: string
  readonly dimensions: number
  embed(texts: readonly string[]): Promise<readonly Float32Array[]>
}

/** What a tenant knows: what agents, tools, the gateway and the CLI use of the knowledge base. */
export interface Knowledge {
  /** @throws `DOCUMENT_UNREADABLE`, `DOCUMENT_TOO_LARGE`, `INVALID_NAME` */
  add(document: Document): Promise<Added>
  /**
   * Adds every readable document below a folder, and removes those that were added from it and are no longer there. One
   * that cannot be read is left out and told.
   */
  addFolder(folder: string, options?: FolderOptions): Promise<AddedFolder>
  /** @returns false when there was none */
  remove(id: string): Promise<boolean>
  /** All documents, by id. */
  documents(): Promise<readonly DocumentEntry[]>
  search(query: string, options?: SearchOptions): Promise<readonly SearchHit[]>
  assert(fact: Fact): Promise<void>
  retract(fact: Fact): Promise<boolean>
  /** Facts that match every given field, by their subjects; all of them, unless a limit is given. */
  facts(pattern?: FactPattern, options?: { readonly limit?: number }): Promise<readonly Fact[]>
  /** The records of a type, in the form of a schema: `records("city", z.object({ people: z.number() }))`. */
  records<T extends object>(type: string, schema: z.ZodType<T>): TypedRecords<T>
}

/** Gives each tenant its own knowledge. */
export interface KnowledgeOfTenants {
  of(tenant: string): Knowledge
}
