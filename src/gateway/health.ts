/** Whether a node lives, whether it may be sent work, and its figures: for load balancers and Prometheus, over HTTP only. */
import type { FastifyInstance, FastifyReply } from "fastify"
import { z } from "zod"
import type { HealthReport } from "../monitoring/health.js"
import { challengeHeader, proofHeader } from "../security/proof.js"
import type { Contract } from "./operations/operation.js"
import { routeOptions } from "./routes.js"
import type { Service } from "./service.js"

const report = z
  .object({
    ok: z.boolean(),
    parts: z.record(z.string(), z.object({ ok: z.boolean(), reason: z.string().exactOptional() })),
  })
  .meta({ id: "Health" })

/** Who looks may add what it likes to the URL. */
const anything = z.looseObject({})

const open = (path: string, summary: string) =>
  ({
    tag: "health",
    summary,
    rest: { method: "GET", path },
    input: anything,
    output: report,
    answers: { 503: report },
    errors: [],
  }) as const satisfies Contract

export const health = {
  Health: open("/healthz", "Whether the process is alive."),
  Ready: open("/readyz", "Whether the node may be sent work."),
  Metrics: {
    role: "user",
    tag: "health",
    summary: "Prometheus metrics.",
    rest: { method: "GET", path: "/metrics" },
    input: anything,
    output: z.string(),
    media: "text/plain",
    errors: [],
  },
} as const satisfies Record<string, Contract>

/** O1 of `origin.ts` protects callers of operations: whoever looks whether a node is well learns nothing else. */
function probe(name: "Health" | "Ready") {
  const options = routeOptions(name, health[name])
  return { ...options, config: { ...options.config, probe: true } }
}

export function addHealth(app: FastifyInstance, { parts }: Service): void {
  const { guard, metrics } = parts
  const tell = (reply: FastifyReply, report: HealthReport): FastifyReply =>
    reply.code(report.ok ? 200 : 503).send(report)
  app.route({
    ...probe("Health"),
    handler(request, reply) {
      const challenge = request.headers[challengeHeader]
      const proof = typeof challenge === "string" ? guard.prove(challenge) : undefined
      if (proof !== undefined) reply.header(proofHeader, proof)
      return tell(reply, parts.health.live())
    },
  })
  app.route({
    ...probe("Ready"),
    handler: (_request, reply) => tell(reply, parts.health.ready()),
  })
  app.route({
    ...routeOptions("Metrics", health.Metrics),
    handler: async (_request, reply) => reply.type(metrics.contentType).send(await metrics.text()),
  })
}
