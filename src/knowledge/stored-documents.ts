/**
 * The documents of one tenant as they stand in the store: a head for each, which says what its passages are, and the
 * passages in blocks.
 *
 * Invariants
 *   S1. A document is what its head says. Its blocks are written before its head and under its version, so what was
 *       begun and not finished is not seen; a document of few blocks is one write.
 *   S2. The blocks of the version before go in the write that brings the new head.
 *   S3. Documents of before have their passages in their head.
 */
import { blockLength, type Passage } from "./reading/passages.js"
import type { TenantRecords } from "./tenant-records.js"

/** What is known of a document without its passages. */
export interface DocumentHead {
  readonly id: string
  /** What its content was, and how it was read: its version. */
  readonly hash: string
  readonly bytes: number
  readonly chunks: number
  /** What of it was not read. */
  readonly notes: readonly string[]
  /** The folder that it was added from. */
  readonly folder?: string
  /** How many blocks; none in a document of before (S3). */
  readonly blocks?: number
}

interface HeadOfBefore {
  readonly id: string
  readonly hash: string
  readonly bytes: number
  readonly passages: readonly Passage[]
}

/** Blocks that are written at once. */
const blocksAtOnce = 8

export class StoredDocuments {
  readonly #records: TenantRecords

  constructor(records: TenantRecords) {
    this.#records = records
  }

  async head(id: string): Promise<DocumentHead | undefined> {
    const stored = await this.#records.get(headNames(id))
    return stored === undefined ? undefined : headOf(stored as DocumentHead | HeadOfBefore)
  }

  async *heads(): AsyncGenerator<DocumentHead, void> {
    for await (const stored of this.#records.values("document")) yield headOf(stored as DocumentHead | HeadOfBefore)
  }

  /** The passages of a document, block by block. A block that is no longer there belongs to a version of before. */
  async *blocks({ id, hash, blocks }: DocumentHead): AsyncGenerator<readonly Passage[], void> {
    if (blocks === undefined) {
      const passages = await this.#passagesOfBefore(id)
      for (let at = 0; at < passages.length; at += blockLength) yield passages.slice(at, at + blockLength)
    } else for (let number = 0; number < blocks; number++) yield (await this.#block(id, hash, number)) ?? []
  }

  /** One passage by its number; undefined when the document has another version by now. */
  async passage(id: string, version: string, number: number): Promise<Passage | undefined> {
    const block = await this.#block(id, version, Math.floor(number / blockLength))
    if (block !== undefined) return block[number % blockLength]
    const head = await this.head(id)
    return head?.blocks === undefined && head?.hash === version ? (await this.#passagesOfBefore(id))[number] : undefined
  }

  /** Begins a version of a document that will take the place of another (S1). */
  begin(id: string, version: string): DocumentWriter {
    return new DocumentWriter(this.#records, id, version)
  }

  /** Removes a document with all its blocks. */
  async remove(head: DocumentHead): Promise<void> {
    await this.#records.write([[headNames(head.id), undefined], ...gone(head)])
  }

  async #block(id: string, version: string, number: number): Promise<readonly Passage[] | undefined> {
    return (await this.#records.get(blockNames(id, version, number))) as readonly Passage[] | undefined
  }

  async #passagesOfBefore(id: string): Promise<readonly Passage[]> {
    const stored = (await this.#records.get(headNames(id))) as HeadOfBefore | undefined
    return stored?.passages ?? []
  }
}

export class DocumentWriter {
  readonly #records: TenantRecords
  readonly #id: string
  readonly #version: string
  #waiting: (readonly Passage[])[] = []
  #written = 0

  constructor(records: TenantRecords, id: string, version: string) {
    this.#records = records
    this.#id = id
    this.#version = version
  }

  async take(block: readonly Passage[]): Promise<void> {
    this.#waiting.push(block)
    if (this.#waiting.length < blocksAtOnce) return
    await this.#records.write(this.#changes())
  }

  /** From now on this is the document. @param before what was the document until now */
  async commit(
    head: Omit<DocumentHead, "id" | "hash" | "blocks">,
    before: DocumentHead | undefined,
  ): Promise<DocumentHead> {
    const changes = this.#changes()
    const whole: DocumentHead = { ...head, id: this.#id, hash: this.#version, blocks: this.#written }
    const old = before !== undefined && before.hash !== this.#version ? gone(before) : []
    await this.#records.write([...changes, [headNames(this.#id), whole], ...old]) // S2
    return whole
  }

  /** Takes back what was written. */
  async discard(): Promise<void> {
    if (this.#written > 0) await this.#records.write(gone({ id: this.#id, hash: this.#version, blocks: this.#written }))
  }

  #changes(): (readonly [names: readonly string[], value: unknown])[] {
    const blocks = this.#waiting
    this.#waiting = []
    return blocks.map((block) => [blockNames(this.#id, this.#version, this.#written++), block])
  }
}

const headNames = (id: string): readonly string[] => ["document", id]
const blockNames = (id: string, version: string, number: number): readonly string[] => [
  "passages",
  id,
  version,
  String(number).padStart(6, "0"),
]

const gone = ({ id, hash, blocks = 0 }: Pick<DocumentHead, "id" | "hash" | "blocks">) =>
  Array.from({ length: blocks }, (_, number) => [blockNames(id, hash, number), undefined] as const)

const headOf = (stored: DocumentHead | HeadOfBefore): DocumentHead => {
  if (!("passages" in stored)) return stored
  const { id, hash, bytes, passages } = stored
  return { id, hash, bytes, chunks: passages.length, notes: [] }
}
