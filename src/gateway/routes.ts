/** The operations as REST routes. Names, roles and forms are those of proto/agent.proto. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify"
import { AgentOSError } from "#actors/errors.js"
import type { KeyRecord } from "../security/keys.js"
import { challengeHeader, proofHeader } from "../security/proof.js"
import type { Role } from "../security/roles.js"
import { ChunkWriter, completion, errorType, runOfChat } from "./chat.js"
import { addCluster } from "./cluster-routes.js"
import { EventStream } from "./event-stream.js"
import { errorBody, faceOf } from "./faces.js"
import { callOf, count, errorOf, hangUp } from "./rest.js"
import { open, options } from "./route-options.js"
import * as schemas from "./schemas.js"
import type { ChatRequest, RunRequest } from "./schemas.js"
import type { Service } from "./service.js"
import { eventView, runView } from "./views.js"
import { traceparent } from "../monitoring/trace.js"

type Named = { Params: { name: string } }
type Identified = { Params: { id: string } }

/** Adds every operation to a door. */
export function addRoutes(app: FastifyInstance, service: Service): void {
  addRuns(app, service)
  addChat(app, service)
  addAgents(app, service)
  addActors(app, service)
  addKnowledge(app, service)
  addKeys(app, service)
  addCluster(app, service)
  addHealth(app, service)
}

function addRuns(app: FastifyInstance, service: Service): void {
  const { activity, clock } = service.parts
  const body = schemas.jsonSchema(schemas.runRequest)
  const reply200 = schemas.jsonSchema(schemas.runReply)

  app.post<{ Body: RunRequest }>(
    "/v1/runs",
    options(
      "Run",
      "user",
      "runs",
      "Asks an agent or topology. With `Accept: text/event-stream`, tells what happens while it goes.",
      { body, response: { 200: reply200 } },
    ),
    async (request, reply) => {
      const { timeoutMs, includeContext, ...input } = request.body
      const call = callOf(request, timeoutMs, hangUp(request))
      if (request.headers.accept?.includes("text/event-stream") !== true) {
        return runView(await service.run(call, input), includeContext)
      }
      const events = service.stream(call, input)
      const stream = openStream(request, reply, service)
      try {
        for await (const event of events) {
          const view = eventView(event, request.id, includeContext === true)
          const wait = stream.send(view, view.type)
          if (wait !== undefined) await wait
        }
      } catch (thrown) {
        const error = errorOf(thrown)
        request.outcome = error.code
        void stream.send({ type: "error", ...errorBody(error, request.id) }, "error")
      }
      stream.end()
      return reply
    },
  )

  app.get("/v1/runs", options("ListRuns", "operator", "runs", "The runs of late."), async () => ({
    runs: activity.recent(),
  }))

  app.get(
    "/v1/runs/live",
    options("WatchRuns", "operator", "runs", "The runs of late and every change, as server-sent events."),
    (request, reply) => {
      const stream = openStream(request, reply, service)
      for (const run of activity.recent()) void stream.send(run, "run")
      const stop = activity.watch((run) => {
        if (reply.raw.writableLength < 65_536) void stream.send(run, "run")
      })
      const beat = () => {
        if (reply.raw.destroyed) return
        void stream.send("", "beat")
        cancel = clock.timer(15_000, beat)
      }
      let cancel = clock.timer(15_000, beat)
      const open = service.parts.calls.begin(callOf(request), { endless: true })
      open.work.onCancel(() => {
        void stream.send({ type: "error", ...errorBody(errorOf(open.work.reason), request.id) }, "error")
        stream.end()
      })
      reply.raw.once("close", () => {
        open.end()
        stop()
        cancel()
      })
    },
  )

  app.get<Identified>("/v1/runs/:id", options("GetRun", "user", "runs", "How far a run is."), (request) =>
    service.status(callOf(request), request.params.id),
  )

  app.delete<Identified>("/v1/runs/:id", options("CancelRun", "user", "runs", "Cancels a run."), async (request) => ({
    cancelled: await service.cancel(callOf(request), request.params.id),
  }))
}

function addChat(app: FastifyInstance, service: Service): void {
  const { clock, backend } = service.parts
  const body = schemas.jsonSchema(schemas.chatRequest)

  app.get(
    "/v1/models",
    options("ListModels", "user", "OpenAI", "What can be asked: every agent and topology is a model."),
    async () => ({
      object: "list",
      data: (await service.targets()).map(({ id, kind, description }) => ({
        id,
        object: "model",
        created: 0,
        owned_by: "llmagentos",
        kind,
        description,
      })),
    }),
  )

  app.get<Named>(
    "/v1/models/:name",
    options("DescribeModel", "user", "OpenAI", "One agent or topology as a model."),
    (request) => {
      const { name } = request.params
      const kind = backend.kindOf(name)
      if (kind === undefined)
        throw new AgentOSError("UNKNOWN_TARGET", `no agent or topology is called ${JSON.stringify(name)}`)
      return { id: name, object: "model", created: 0, owned_by: "llmagentos", kind }
    },
  )

  app.post<{ Body: ChatRequest }>(
    "/v1/chat/completions",
    options("Chat", "user", "OpenAI", "OpenAI's chat completions; `model` is an agent or topology.", { body }),
    async (request, reply) => {
      const input = runOfChat(request.body)
      const call = callOf(request, undefined, hangUp(request))
      if (request.body.stream !== true) return completion(await service.run(call, input), clock.wallTime())
      const events = service.stream(call, input)
      const writer = new ChunkWriter(request.body, backend.kindOf(input.target) === "agent", clock.wallTime())
      const stream = openStream(request, reply, service)
      try {
        for await (const event of events) {
          for (const chunk of writer.follow(event)) {
            const wait = stream.send(chunk)
            if (wait !== undefined) await wait
          }
        }
        void stream.send("[DONE]")
      } catch (thrown) {
        const error = errorOf(thrown)
        request.outcome = error.code
        void stream.send({
          error: { ...errorBody(error, request.id).error, type: errorType(faceOf(error.code).http), param: null },
        })
      }
      stream.end()
      return reply
    },
  )
}

function addAgents(app: FastifyInstance, service: Service): void {
  const { agents, topologies } = service.parts.backend
  app.get("/v1/agents", options("ListAgents", "user", "agents", "Every agent with its state."), async () => ({
    agents: await agents.list(),
  }))
  app.get<Named>("/v1/agents/:name", options("DescribeAgent", "user", "agents", "One agent."), (request) =>
    agents.describe(request.params.name),
  )
  for (const verb of ["start", "stop", "restart"] as const) {
    const operation = `${verb.charAt(0).toUpperCase()}${verb.slice(1)}Agent`
    app.post<Named>(
      `/v1/agents/:name/${verb}`,
      options(operation, "operator", "agents", `Makes an agent ${verb}.`),
      (request) => service.steer(callOf(request), request.params.name, verb),
    )
  }
  app.post<Named & { Body: { count: number } }>(
    "/v1/agents/:name/replicate",
    options("ReplicateAgent", "operator", "agents", "Sets how many copies share an agent's load.", {
      body: schemas.jsonSchema(schemas.replicateRequest),
    }),
    (request) => service.steer(callOf(request), request.params.name, { replicate: request.body.count }),
  )
  app.get("/v1/topologies", options("ListTopologies", "user", "topologies", "Every topology."), async () => ({
    topologies: await topologies.list(),
  }))
  app.get<Named>(
    "/v1/topologies/:name",
    options("DescribeTopology", "user", "topologies", "One topology, with its definition."),
    (request) => topologies.describe(request.params.name),
  )
}

function addActors(app: FastifyInstance, { parts }: Service): void {
  app.get(
    "/v1/actors",
    options("ListActors", "operator", "actors", "The node's actors as their supervisors hold them, from the root on.", {
      querystring: schemas.jsonSchema(schemas.actorsQuery),
    }),
    async (request) => parts.backend.actors(schemas.check(schemas.actorsRequest, request.query).mostChildren),
  )
}

function addKnowledge(app: FastifyInstance, service: Service): void {
  app.post<{ Body: { id: string; format: "text" | "markdown" | "html" | "pdf"; content: string } }>(
    "/v1/knowledge/documents",
    options("AddDocument", "operator", "knowledge", "Adds a document, or replaces it.", {
      body: schemas.jsonSchema(schemas.documentRequest),
    }),
    (request) => {
      const { id, format, content } = request.body
      return service.addDocument(callOf(request), {
        id,
        format,
        content: format === "pdf" ? new Uint8Array(Buffer.from(content, "base64")) : content,
      })
    },
  )
  app.post<{ Body: { query: string; limit?: number } }>(
    "/v1/knowledge/search",
    options("SearchKnowledge", "user", "knowledge", "Searches the knowledge base.", {
      body: schemas.jsonSchema(schemas.searchRequest),
    }),
    async (request) => {
      const { query, limit } = request.body
      return { hits: await service.search(callOf(request), query, limit) }
    },
  )
}

function addKeys(app: FastifyInstance, service: Service): void {
  const { guard } = service.parts
  app.post<{ Body: { name: string; role?: Role; tenant?: string; requestsPerMinute?: number } }>(
    "/v1/keys",
    options("CreateKey", "admin", "keys", "Makes an API key; the answer is the only place where it stands.", {
      body: schemas.jsonSchema(schemas.keyRequest),
    }),
    async (request) => {
      const { name, ...rest } = request.body
      const { key, record } = await guard.keys.create(name, { tenant: request.caller.tenant, ...rest })
      guard.done(request.caller, "CreateKey", record.id, request.id)
      return { key, record: keyView(record) }
    },
  )
  app.get("/v1/keys", options("ListKeys", "admin", "keys", "Every API key, without its secret."), async () => ({
    keys: guard.keys.list().map(keyView),
  }))
  app.delete<Identified>(
    "/v1/keys/:id",
    options("RevokeKey", "admin", "keys", "Refuses a key from now on."),
    async (request) => {
      const record = await guard.keys.revoke(request.params.id)
      guard.done(request.caller, "RevokeKey", record.id, request.id)
      return keyView(record)
    },
  )
}

/** A key's record without the hash of its secret. */
export function keyView({ hash: _hash, ...view }: KeyRecord): Omit<KeyRecord, "hash"> {
  return view
}

function addHealth(app: FastifyInstance, service: Service): void {
  const { guard, health, metrics } = service.parts
  app.get("/healthz", open("health", "Whether the process is alive."), (request, reply) => {
    const challenge = request.headers[challengeHeader]
    const proof = typeof challenge === "string" ? guard.prove(challenge) : undefined
    if (proof !== undefined) reply.header(proofHeader, proof)
    const report = health.live()
    return reply.code(report.ok ? 200 : 503).send(report)
  })
  app.get("/readyz", open("health", "Whether the node may be sent work."), (_request, reply) => {
    const report = health.ready()
    return reply.code(report.ok ? 200 : 503).send(report)
  })
  app.get("/metrics", options("Metrics", "user", "health", "Prometheus metrics."), async (_request, reply) =>
    reply.type(metrics.contentType).send(await metrics.text()),
  )
}

function openStream(request: FastifyRequest, reply: FastifyReply, service: Service): EventStream {
  reply.hijack()
  reply.raw.once("close", () => count(request, service.parts.clock.monotonic()))
  return new EventStream(reply.raw, service.parts.clock, { traceparent: traceparent(request.id) })
}
