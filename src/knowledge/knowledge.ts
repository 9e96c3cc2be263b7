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

/** A document to add. `id` names it for ever: adding it again replaces what was there. */
export interface Document {
  readonly id: string
  readonly format: "text" | "markdown" | "html" | "pdf"
  readonly content: string | Uint8Array
}

/** Turns texts into vectors of one length. */
export interface Embedder {
  readonly id: string
  readonly dimensions: number
  embed(texts: readonly string[]): Promise<readonly Float32Array[]>
}

/** What a tenant knows: what agents, tools, the gateway and the CLI use of the knowledge base. */
export interface Knowledge {
  add(document: Document): Promise<{ chunks: number; unchanged: boolean }>
  /** Adds every readable document below a folder; ids begin with `prefix`, `onProgress` is called after each. One that cannot be read is left out and told. */
  addFolder(
    folder: string,
    options?: { prefix?: string; onProgress?: (done: number, total: number, id: string) => void },
  ): Promise<{ documents: number; chunks: number; refused: readonly AgentOSError[] }>
  remove(id: string): Promise<boolean>
  documents(): Promise<readonly { id: string; chunks: number; bytes: number }[]>
  search(query: string, options?: SearchOptions): Promise<readonly SearchHit[]>
  assert(fact: Fact): Promise<void>
  retract(fact: Fact): Promise<boolean>
  /** Facts that match every given field. */
  facts(pattern: Partial<Fact>): Promise<readonly Fact[]>
  /** The records of a type, in the form of a schema: `records("city", z.object({ people: z.number() }))`. */
  records<T extends object>(type: string, schema: z.ZodType<T>): TypedRecords<T>
}

/** Gives each tenant its own knowledge. */
export interface KnowledgeOfTenants {
  of(tenant: string): Knowledge
}
