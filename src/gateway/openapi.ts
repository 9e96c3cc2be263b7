/** The REST operations as an OpenAPI document (`/docs/json`) and a page to try them (`/docs`). Registered before the routes. */
import type { FastifyInstance } from "fastify"
import type { z } from "zod"
import { MOST_NAME_BYTES } from "#actors/names.js"
import { packageVersion } from "../version.js"
import { faceOf, type Code } from "./faces.js"
import { health } from "./health.js"
import { jsonSchema, type JsonSchema } from "./json-schema.js"
import { openai } from "./openai.js"
import { everyOperation } from "./operations.js"
import { errorReply } from "./operations/forms.js"
import { everywhere, type Contract, type StreamOperation } from "./operations/operation.js"
import { requestParts } from "./routes.js"

/** What stands in the document: the table, and what is of HTTP only. */
export const contracts: readonly (readonly [string, Contract])[] = [
  ...everyOperation,
  ...Object.entries<Contract>(openai),
  ...Object.entries<Contract>(health),
]

/** The whole document. Pure. */
export function openApiDocument() {
  const schemas: Record<string, JsonSchema> = {}
  const part = (schema: JsonSchema): JsonSchema => shared(schema, schemas)
  const errorSchema = part(jsonSchema(errorReply))
  const paths: Record<string, Record<string, unknown>> = {}
  for (const [name, contract] of contracts) {
    const { rest, tag, summary, role, output, errors, answers = {}, events, media = "application/json" } = contract
    const path = (paths[rest.path.replace(/:(\w+)/g, "{$1}")] ??= {})
    const method = rest.method.toLowerCase()
    const streams = (contract as Partial<StreamOperation>).follow !== undefined
    const content = {
      ...(streams ? {} : { [media]: { schema: part(jsonSchema(output)) } }),
      ...(streams || events === true
        ? { "text/event-stream": { schema: eventOf(streams ? part(jsonSchema(output)) : undefined) } }
        : {}),
    }
    const told = path[method] as { responses: { 200: { content: object } }; description?: string } | undefined
    if (told !== undefined) {
      // The same path, as events.
      Object.assign(told.responses[200].content, content)
      continue
    }
    const { params, querystring, body } = requestParts(rest, jsonSchema(contract.input))
    const parameters = [...parametersOf("path", params, part), ...parametersOf("query", querystring, part)]
    path[method] = {
      operationId: name,
      tags: [tag],
      summary,
      ...(role === undefined ? { security: [] } : { description: `For the role ${role}.` }),
      ...(parameters.length === 0 ? {} : { parameters }),
      ...(body === undefined
        ? {}
        : {
            requestBody: {
              required: true, // so that it is JSON, whatever a form of another page may send
              content: { "application/json": { schema: part(body) } },
            },
          }),
      responses: {
        200: { description: "The answer.", content },
        ...responses(answers, part),
        ...refusals(rest.method === "POST", errors, errorSchema, answers),
      },
    }
  }
  return {
    openapi: "3.1.0",
    info: {
      title: "LLMAgentOS",
      version: packageVersion,
      description:
        "Ask agents and topologies, steer them, and search what they know. " +
        `A text of the format \`name\` has at most ${MOST_NAME_BYTES} bytes in UTF-8 (\`x-maxBytes\`).`,
    },
    components: { securitySchemes: { key: { type: "http", scheme: "bearer" } }, schemas },
    security: [{}, { key: [] }],
    paths,
  }
}

function parametersOf(
  place: "path" | "query",
  schema: JsonSchema | undefined,
  part: (schema: JsonSchema) => JsonSchema,
) {
  return Object.entries(schema?.properties ?? {}).map(([name, property]) => ({
    name,
    in: place,
    required: schema?.required?.includes(name) === true,
    ...(property.description === undefined ? {} : { description: property.description }),
    schema: part(property),
  }))
}

/** One server-sent event. @param told what its data are, as JSON */
const eventOf = (told: JsonSchema | undefined) => ({
  type: "object",
  properties: {
    event: { type: "string" },
    data: { type: "string", ...(told && { contentMediaType: "application/json", contentSchema: told }) },
  },
  required: ["data"],
})

const responses = (answers: NonNullable<Contract["answers"]>, part: (schema: JsonSchema) => JsonSchema) =>
  Object.fromEntries(
    Object.entries<z.ZodType>(answers).map(([status, form]) => [
      status,
      { description: "The answer.", content: { "application/json": { schema: part(jsonSchema(form)) } } },
    ]),
  )

/** The errors of an operation by their status, with the codes that each stands for. */
function refusals(hasBody: boolean, own: readonly Code[], schema: JsonSchema, answers: object) {
  const codes = new Map<number, Code[]>()
  for (const code of new Set([...everywhere, ...(hasBody ? (["UNSUPPORTED_MEDIA_TYPE"] as const) : []), ...own])) {
    const { http } = faceOf(code)
    codes.set(http, [...(codes.get(http) ?? []), code])
  }
  return Object.fromEntries(
    [...codes]
      .filter(([status]) => !(status in answers))
      .map(([status, some]) => [status, { description: some.join(", "), content: { "application/json": { schema } } }]),
  )
}

/** A schema whose definitions stand among those of the document. */
function shared({ definitions = {}, ...schema }: JsonSchema, schemas: Record<string, JsonSchema>): JsonSchema {
  for (const [name, definition] of Object.entries(definitions)) schemas[name] ??= pointed(definition)
  return pointed(schema)
}

const pointed = (schema: JsonSchema): JsonSchema =>
  JSON.parse(JSON.stringify(schema).replaceAll('"#/definitions/', '"#/components/schemas/')) as JsonSchema

/** The page's own scripts, its styles (it writes some itself), and nobody's frame. */
const pagePolicy =
  "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

export async function addOpenApi(app: FastifyInstance): Promise<void> {
  const [{ default: swagger }, { default: page }] = await Promise.all([
    import("@fastify/swagger"),
    import("@fastify/swagger-ui"),
  ])
  await app.register(swagger, { mode: "static", specification: { document: openApiDocument() as never } })
  await app.register(page, {
    routePrefix: "/docs",
    staticCSP: pagePolicy,
    uiHooks: {
      // The page makes URLs of its own one, and must not be led elsewhere by it.
      onRequest(request, reply, next) {
        if (request.url.includes("?")) void reply.redirect(request.url.slice(0, request.url.indexOf("?")))
        else next()
      },
    },
  })
}
