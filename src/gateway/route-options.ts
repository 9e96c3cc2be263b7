/** What routes have in common: the name and role of their operation, and the errors they answer with. */
import type { FastifySchema } from "fastify"
import type { Role } from "../security/roles.js"
import * as schemas from "./schemas.js"

const errorSchema = schemas.jsonSchema(schemas.errorReply)

/** What a route says of itself: its operation, who may call it, and its form. */
export function options(
  operation: string,
  role: Role,
  tag: string,
  summary: string,
  schema: FastifySchema & { response?: object } = {},
) {
  const { response, ...rest } = schema
  return {
    config: { operation, role },
    schema: {
      tags: [tag],
      operationId: operation,
      summary,
      ...rest,
      response: { ...response, "4xx": errorSchema, "5xx": errorSchema },
    },
  }
}

/** Of a route that is open to everyone. */
export function open(tag: string, summary: string) {
  return { schema: { tags: [tag], summary } }
}
