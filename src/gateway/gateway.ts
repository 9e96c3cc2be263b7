/** Opens and closes the doors of a node. */
import type { Clock, Random } from "#actors/clock.js"
import { AgentOSError, thrownText } from "#actors/errors.js"
import type { Logger } from "#actors/telemetry.js"
import { addDashboard } from "../dashboard/dashboard.js"
import type { Config } from "../config.js"
import { ActivityFeed } from "../monitoring/activity.js"
import { HealthRegistry } from "../monitoring/health.js"
import { Metrics } from "../monitoring/metrics.js"
import { AuditLog, type AuditStore } from "../security/audit.js"
import { Guard } from "../security/guard.js"
import { ApiKeys, memoryKeyStore, type KeyStore } from "../security/keys.js"
import { isLoopback, ownNames } from "../security/origin.js"
import { Policy } from "../security/policy.js"
import { ensureTokenFile } from "../security/token-file.js"
import type { GatewayBackend } from "./backend.js"
import { bind, grpcDoor } from "./grpc.js"
import { addOpenApi } from "./openapi.js"
import { closeDoors } from "./closing.js"
import { Inflow, inflowBytes } from "./inflow.js"
import { OpenCalls } from "./open-calls.js"
import { restDoor } from "./rest.js"
import { addHealth } from "./health.js"
import { addOpenAI } from "./openai.js"
import { addRoutes } from "./routes.js"
import { Service } from "./service.js"
import { SilentConnections } from "./silent-connections.js"

export interface GatewayOptions {
  readonly backend: GatewayBackend
  readonly config: Pick<Config, "gateway" | "security">
  readonly clock: Clock
  readonly random: Random
  readonly logger: Logger
  /** Where the node's own token lies; absent: it has none. */
  readonly tokenFile?: string | undefined
  /** Where API keys are kept; absent: in memory. */
  readonly keys?: KeyStore | undefined
  readonly audit?: AuditStore | undefined
  readonly metrics?: Metrics | undefined
  readonly health?: HealthRegistry | undefined
  /** The runs of this node; absent: none are told of. */
  readonly activity?: ActivityFeed | undefined
  /** Whether gRPC's health follows the readiness of the node, as it comes and goes; default: it serves until it closes. */
  readonly followHealth?: boolean
  /** Whether to serve the API page and the status page; default yes. */
  readonly pages?: boolean
}

/** The open doors. */
export interface Gateway {
  /** `http://HOST:PORT`, with certificates `https:` */
  readonly rest: string
  /** `HOST:PORT` */
  readonly grpc: string
  readonly keys: ApiKeys
  /** Takes no new requests, lets those under way end within `gateway.drainMs`, cuts the rest, and closes. */
  close(): Promise<void>
}

/** How often it is looked whether the node is ready, for gRPC's health. */
const lookMs = 250

/** @throws `UNAVAILABLE_PORT` when an address is taken or not this machine's */
export async function openGateway(options: GatewayOptions): Promise<Gateway> {
  const { backend, clock, random, logger } = options
  const { gateway, security } = options.config
  const keys = await ApiKeys.open(options.keys ?? memoryKeyStore(), clock, random)
  const health = options.health ?? new HealthRegistry()
  const audit = new AuditLog({ store: options.audit, logger, clock })
  const guard = new Guard({
    keys,
    adminToken: options.tokenFile === undefined ? undefined : await ensureTokenFile(options.tokenFile, random),
    requireKeys: security.requireKeys === "always" || !isLoopback(gateway.host),
    requestsPerMinute: security.requestsPerMinute,
    policy: new Policy(security.policy),
    audit,
    clock,
  })
  // Only a node with certificates loads what reads them.
  const tls = gateway.tls && (await (await import("./door-tls.js")).DoorTls.open(gateway.tls, clock, logger))
  const calls = new OpenCalls(keys)
  const service = new Service({
    backend,
    guard,
    calls,
    metrics: options.metrics ?? new Metrics(),
    activity: options.activity ?? new ActivityFeed(clock),
    health,
    logger,
    clock,
  })
  health.addReadiness("gateway", () => (calls.closing ? { ok: false, reason: "the node is stopping" } : { ok: true }))

  const inflow = new Inflow(inflowBytes(gateway.bodyLimitBytes), clock)
  const app = restDoor({
    service,
    own: ownNames(gateway.host, gateway.publicHosts),
    bodyLimitBytes: gateway.bodyLimitBytes,
    inflow,
    random,
    tls,
  })
  const silent = new SilentConnections(app.server)
  if (options.pages !== false) {
    await addOpenApi(app)
    addDashboard(app)
  }
  addRoutes(app, service)
  addOpenAI(app, service)
  addHealth(app, service)
  const { server, listening, setServing } = await grpcDoor({
    service,
    messageLimitBytes: gateway.bodyLimitBytes,
    inflow,
    random,
  })

  const rest = await app.listen({ host: gateway.host, port: gateway.port }).catch((cause: unknown) => {
    server.forceShutdown()
    throw portTaken("gateway.port", gateway.host, gateway.port, cause)
  })
  const grpcPort = await bind(server, gateway.host, gateway.grpcPort, tls).catch(async (cause: unknown) => {
    await app.close()
    throw portTaken("gateway.grpcPort", gateway.host, gateway.grpcPort, cause)
  })
  let cancelLook = (): void => {}
  const look = (): void => {
    setServing(health.ready().ok)
    cancelLook = clock.timer(lookMs, look)
  }
  if (options.followHealth === true) look()
  logger.info({ rest, grpcPort }, "the doors are open")

  return {
    rest,
    grpc: `${gateway.host}:${grpcPort}`,
    keys,
    async close() {
      cancelLook()
      setServing(false)
      await closeDoors({ app, silent, server, listening, calls, clock }, gateway.drainMs)
      keys.close()
      await audit.close()
      tls?.close()
    },
  }
}

function portTaken(field: string, host: string, port: number, cause: unknown): AgentOSError {
  const reason = thrownText(cause)
  return new AgentOSError(
    "UNAVAILABLE_PORT",
    `cannot listen on ${host}:${port}: ${reason}; choose another \`${field}\`, or 0 for a free one`,
    { cause },
  )
}
