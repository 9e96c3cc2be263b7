/** The REST operations as an OpenAPI document (`/docs/json`) and a page to try them (`/docs`). Registered before the routes. */
import type { FastifyInstance } from "fastify"
import { packageVersion } from "../version.js"

export async function addOpenApi(app: FastifyInstance): Promise<void> {
  const [{ default: swagger }, { default: page }] = await Promise.all([
    import("@fastify/swagger"),
    import("@fastify/swagger-ui"),
  ])
  await app.register(swagger, {
    openapi: {
      openapi: "3.1.0",
      info: {
        title: "LLMAgentOS",
        version: packageVersion,
        description: "Ask agents and topologies, steer them, and search what they know.",
      },
      components: { securitySchemes: { key: { type: "http", scheme: "bearer" } } },
      security: [{}, { key: [] }],
    },
  })
  await app.register(page, { routePrefix: "/docs" })
}
