/** Fill and search the knowledge base of the caller's tenant. */
import { z } from "zod"
import { llmagentos } from "#proto/agent.generated.js"
import { bytesOfBase64 } from "../../knowledge/reading/document-bytes.js"
import { documentForm } from "../messages.js"
import { count, line, name, nothing } from "./forms.js"
import { ofStores, operation } from "./operation.js"

const { v1 } = llmagentos

const removed = z.object({ removed: z.boolean().describe("False when there was none.") })

const factText = line(10_000)
const factForm = { subject: factText, relation: factText, object: factText }
const fact = z
  .object({ subject: z.string(), relation: z.string(), object: z.string(), source: z.string().exactOptional() })
  .meta({ id: "Fact" })
const most = z.int().min(1).max(1000).exactOptional()

export const knowledge = {
  AddDocument: operation({
    role: "operator",
    tag: "knowledge",
    summary: "Adds a document, or replaces it.",
    rest: { method: "POST", path: "/v1/knowledge/documents" },
    input: z.strictObject({
      id: name.describe("Names the document for ever: adding it again replaces what was there."),
      format: z.enum(["text", "markdown", "html", "pdf"]),
      content: z.string().describe("The text, or the document's bytes in base64."),
      encoding: z
        .enum(["utf8", "base64"])
        .optional()
        .describe("What `content` is; default base64 for a PDF and utf8 for all others."),
      folder: line(4096)
        .exactOptional()
        .describe(
          "Path of the folder that it stands in; `id` is then its path within, and is led by the folder's name, and by as many folders above it as tell it from others.",
        ),
    }),
    output: z.object({
      id: z.string(),
      chunks: count.describe("Passages."),
      unchanged: z.boolean().describe("Whether it was there already as it is."),
      notes: z.array(z.string()).describe("What of it was not read, and how the rest was taken, for people."),
    }),
    errors: ["DOCUMENT_UNREADABLE", "DOCUMENT_TOO_LARGE", "MEMORY_FULL", "WORKER_LOST", ...ofStores],
    wire: { request: v1.Document, reply: v1.AddDocumentReply, ask: documentForm },
    handle: async ({ id, format, content, folder, encoding = format === "pdf" ? "base64" : "utf8" }, call, service) =>
      service.addDocument(call, {
        id,
        format,
        content: encoding === "utf8" ? content : bytesOfBase64(id, content),
        ...(folder === undefined ? {} : { folder }),
      }),
  }),
  ListDocuments: operation({
    role: "user",
    tag: "knowledge",
    summary: "Every document of the knowledge base.",
    rest: { method: "GET", path: "/v1/knowledge/documents" },
    input: nothing,
    output: z.object({
      documents: z.array(
        z
          .object({ id: z.string(), chunks: count, bytes: count, notes: z.array(z.string()) })
          .meta({ id: "DocumentEntry" }),
      ),
    }),
    errors: [...ofStores],
    wire: { request: v1.ListRequest, reply: v1.DocumentList },
    handle: async (_input, call, service) => ({ documents: await service.documents(call) }),
  }),
  RemoveDocument: operation({
    role: "operator",
    tag: "knowledge",
    summary: "Removes a document.",
    rest: { method: "DELETE", path: "/v1/knowledge/documents/:id" },
    input: z.strictObject({ id: z.string().min(1).max(512) }),
    output: removed,
    errors: [...ofStores],
    wire: { request: v1.DocumentId, reply: v1.Removed },
    handle: async ({ id }, call, service) => ({ removed: await service.removeDocument(call, id) }),
  }),
  AssertFact: operation({
    role: "operator",
    tag: "knowledge",
    summary: "Adds a fact: subject, relation, object.",
    rest: { method: "POST", path: "/v1/knowledge/facts" },
    input: z.strictObject({ ...factForm, source: factText.exactOptional() }),
    output: fact,
    errors: ["INVALID_FACT", ...ofStores],
    wire: { request: v1.Fact, reply: v1.Fact },
    handle: (given, call, service) => service.assertFact(call, given),
  }),
  RetractFact: operation({
    role: "operator",
    tag: "knowledge",
    summary: "Removes a fact.",
    rest: { method: "DELETE", path: "/v1/knowledge/facts" },
    input: z.strictObject(factForm),
    output: removed,
    errors: [...ofStores],
    wire: { request: v1.FactName, reply: v1.Removed },
    handle: async (given, call, service) => ({ removed: await service.retractFact(call, given) }),
  }),
  FindFacts: operation({
    role: "user",
    tag: "knowledge",
    summary: "Facts that have every part that is given.",
    rest: { method: "GET", path: "/v1/knowledge/facts" },
    input: z.strictObject({
      subject: factText.exactOptional(),
      relation: factText.exactOptional(),
      object: factText.exactOptional(),
      limit: most.describe("Most facts; default 100."),
    }),
    output: z.object({ facts: z.array(fact) }),
    errors: [...ofStores],
    wire: { request: v1.FactPattern, reply: v1.FactList },
    handle: async ({ limit, ...pattern }, call, service) => ({ facts: await service.facts(call, pattern, limit) }),
  }),
  FindRecords: operation({
    role: "user",
    tag: "knowledge",
    summary: "Records of a type that hold what is asked for.",
    rest: { method: "POST", path: "/v1/knowledge/records/:type/find" },
    input: z.strictObject({
      type: name,
      where: z
        .record(z.string(), z.unknown())
        .exactOptional()
        .describe("What fields are to hold: a value, or a number or text within bounds: { min, max }."),
      limit: most.describe("Most records; default 100."),
    }),
    output: z.object({
      records: z.array(z.object({ id: z.string(), record: z.record(z.string(), z.unknown()) }).meta({ id: "Record" })),
    }),
    errors: [...ofStores],
    wire: { request: v1.RecordsRequest, reply: v1.RecordList },
    handle: async ({ type, where, limit }, call, service) => ({
      records: await service.records(call, type, where, limit),
    }),
  }),
  SearchKnowledge: operation({
    role: "user",
    tag: "knowledge",
    summary: "Searches the knowledge base.",
    rest: { method: "POST", path: "/v1/knowledge/search" },
    input: z.strictObject({
      query: z.string().min(1).max(10_000),
      limit: z.int().min(1).max(100).optional().describe("Most hits; default 5."),
    }),
    output: z.object({
      hits: z.array(
        z
          .object({
            text: z.string(),
            source: z.string().describe("The document."),
            heading: z.string().exactOptional(),
            score: z.number(),
          })
          .meta({ id: "SearchHit" }),
      ),
    }),
    errors: [...ofStores],
    wire: { request: v1.SearchRequest, reply: v1.SearchReply },
    handle: async ({ query, limit }, call, service) => ({ hits: await service.search(call, query, limit) }),
  }),
}
