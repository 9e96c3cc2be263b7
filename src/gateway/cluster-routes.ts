/** The operations of a cluster as REST routes, for administrators. */
import type { FastifyInstance } from "fastify"
import { ClusterOperations } from "./cluster-operations.js"
import { callOf } from "./rest.js"
import { options } from "./route-options.js"
import * as schemas from "./schemas.js"
import type { Service } from "./service.js"

export function addCluster(app: FastifyInstance, { parts }: Service): void {
  const cluster = new ClusterOperations(parts)
  const about = schemas.jsonSchema(schemas.nodeRequest)
  const view = { 200: schemas.jsonSchema(schemas.clusterReply) }
  const admin = (operation: string, summary: string, schema: object) => options(operation, "admin", "cluster", summary, schema) // prettier-ignore

  app.get("/v1/cluster", admin("ClusterStatus", "The cluster as this node sees it.", { response: view }), () =>
    cluster.status(),
  )
  app.post<{ Body: { node?: string } }>(
    "/v1/cluster/drain",
    admin("DrainNode", "Gives all shards of a node to the others; answers when it has none.", { body: about, response: view }), // prettier-ignore
    (request) => cluster.drain(callOf(request), request.body.node),
  )
  app.post<{ Body: { node?: string } }>(
    "/v1/cluster/undrain",
    admin("UndrainNode", "Lets a node take shards again.", { body: about, response: view }),
    (request) => cluster.undrain(callOf(request), request.body.node),
  )
  app.post<{ Body: { node?: string } }>(
    "/v1/cluster/leave",
    admin("LeaveCluster", "Drains a node and ends it.", { body: about, response: view }),
    (request) => cluster.leave(callOf(request), request.body.node),
  )
  app.post<{ Body: { dryRun?: boolean } }>(
    "/v1/cluster/rebalance",
    admin("RebalanceCluster", "Moves shards to where they should be, or tells which would move.", {
      body: schemas.jsonSchema(schemas.rebalanceRequest),
      response: { 200: schemas.jsonSchema(schemas.rebalanceReply) },
    }),
    (request) => cluster.rebalance(callOf(request), request.body),
  )
  app.post<{ Body: { node: string } }>(
    "/v1/cluster/forget",
    admin("ForgetNode", "Declares a node lost for good, and what lies only there.", {
      body: schemas.jsonSchema(schemas.forgetRequest),
      response: view,
    }),
    (request) => cluster.forget(callOf(request), request.body.node),
  )
}
