/** Fill and search the knowledge base of the caller's tenant. */
import { z } from "zod"
import { llmagentos } from "#proto/agent.generated.js"
import { documentForm } from "../messages.js"
import { count, name } from "./forms.js"
import { ofStores, operation } from "./operation.js"

const { v1 } = llmagentos

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
    }),
    output: z.object({
      chunks: count.describe("Passages that it was cut into."),
      unchanged: z.boolean().describe("It was there before, word for word."),
      notes: z.array(z.string()).describe("What of it could not be read."),
    }),
    errors: ["DOCUMENT_UNREADABLE", "DOCUMENT_TOO_LARGE", "MEMORY_FULL", "WORKER_LOST", ...ofStores],
    wire: { request: v1.Document, reply: v1.AddDocumentReply, ask: documentForm },
    handle: ({ id, format, content, encoding = format === "pdf" ? "base64" : "utf8" }, call, service) =>
      service.addDocument(call, {
        id,
        format,
        content: encoding === "utf8" ? content : new Uint8Array(Buffer.from(content, "base64")),
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
