/** The tools that every node has. */
import { z } from "zod"
import type { Clock } from "#actors/clock.js"
import { AgentOSError } from "#actors/errors.js"
import type { KnowledgeOfTenants } from "../knowledge/knowledge.js"
import { anyRecord } from "../knowledge/typed-records.js"
import { evaluateExpression } from "./expression.js"
import { defineTool, type Tool } from "./tool.js"

export const calculator = defineTool({
  name: "calculator",
  description: "Calculates an arithmetic expression with + - * / % ^ and parentheses.",
  parameters: z.object({ expression: z.string().min(1).describe("For instance 48 * 17.") }),
  idempotent: true,
  execute: ({ expression }) => evaluateExpression(expression),
})

/** @param clock where the time comes from */
export function clockTool(clock: Clock): Tool {
  return defineTool({
    name: "clock",
    description: "Tells the date and time.",
    parameters: z.object({
      zone: z.string().optional().describe("IANA time zone such as Europe/Vienna; absent: this machine's."),
    }),
    idempotent: true,
    execute: ({ zone }) => {
      const now = new Date(clock.wallTime())
      const part = (options: Intl.DateTimeFormatOptions): string =>
        new Intl.DateTimeFormat("en-GB", { ...options, ...(zone === undefined ? {} : { timeZone: zone }) }).format(now)
      try {
        return `${part({ weekday: "long" })}, ${part({ day: "numeric", month: "long", year: "numeric" })}, ${part({ hour: "2-digit", minute: "2-digit", hour12: false })}`
      } catch (cause) {
        throw new AgentOSError("INVALID_ARGUMENTS", `${String(zone)} is not an IANA time zone`, { cause })
      }
    },
  })
}

/** What `knowledge.search` gives: text for the model, and where it stands. */
export interface FoundPassages {
  readonly text: string
  readonly sources: readonly string[]
}

/**
 * @param unit what the model reads: whole passages, or the one sentence that matches best
 */
export function knowledgeSearch(knowledge: KnowledgeOfTenants, unit: "passage" | "sentence" = "passage"): Tool {
  return defineTool({
    name: "knowledge.search",
    description: "Searches the documents of this node and returns the passages that match best.",
    parameters: z.object({
      query: z.string().min(1).describe("What to look for, in a few words."),
      limit: z.int().min(1).max(20).default(3).describe("Most passages."),
    }),
    idempotent: true,
    execute: async ({ query, limit }, { tenant, question }): Promise<FoundPassages> => {
      const hits = await knowledge.of(tenant).search(query, {
        unit,
        limit: unit === "sentence" ? 1 : limit,
        ...(question === undefined ? {} : { question }),
      })
      if (hits.length === 0)
        throw new AgentOSError("NOTHING_FOUND", `the documents say nothing about ${JSON.stringify(query)}`)
      return {
        text: hits.map(({ text }) => text).join("\n\n"),
        sources: [...new Set(hits.map(({ source }) => source))],
      }
    },
  })
}

const part = z.string().min(1).max(10_000).optional()

/** Looks up facts that have every part that is given. */
export function knowledgeFacts(knowledge: KnowledgeOfTenants): Tool {
  return defineTool({
    name: "knowledge.facts",
    description: "Looks up facts, each a subject, a relation and an object, by the parts that are known.",
    parameters: z.object({
      subject: part.describe("Whom or what the fact is about."),
      relation: part.describe("Such as owns."),
      object: part,
      limit: z.int().min(1).max(100).default(20).describe("Most facts."),
    }),
    idempotent: true,
    execute: async ({ limit, ...pattern }, { tenant }): Promise<string> => {
      const facts = await knowledge.of(tenant).facts(pattern, { limit })
      if (facts.length === 0) throw new AgentOSError("NOTHING_FOUND", "there is no such fact")
      return facts.map(({ subject, relation, object }) => `${subject} ${relation} ${object}`).join("\n")
    },
  })
}

/** Finds records of a type by what stands in them. */
export function knowledgeRecords(knowledge: KnowledgeOfTenants): Tool {
  return defineTool({
    name: "knowledge.records",
    description: "Finds records of a type, such as articles, by what stands in them.",
    parameters: z.object({
      type: z.string().min(1).max(200).describe("The type, such as article."),
      where: z
        .record(z.string(), z.unknown())
        .default({})
        .describe('What fields hold: {"name": "lamp"}, or within bounds: {"price": {"min": 10, "max": 50}}.'),
      limit: z.int().min(1).max(100).default(10).describe("Most records."),
    }),
    idempotent: true,
    execute: async ({ type, where, limit }, { tenant }) => {
      const found = await knowledge.of(tenant).records(type, anyRecord).find(where, { limit })
      if (found.length === 0) throw new AgentOSError("NOTHING_FOUND", `there is no such ${type}`)
      return found.map(([id, record]) => ({ id, ...record }))
    },
  })
}
