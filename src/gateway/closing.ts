/**
 * How the doors close: nothing new is taken, what is under way is finished, and only what is late is cut.
 *
 * Invariants
 *   D1. From the first moment on health says that the node is not ready. As long as a call goes on, REST answers new
 *       requests with `NODE_STOPPING`; gRPC sends its clients away.
 *   D2. No call that was taken is cut before the drain time is over.
 *   D3. A call that is cut hears why, if it reads: with an error, an error event or a status.
 */
import type { Server as HttpServer } from "node:http"
import type { Server as GrpcServer } from "@grpc/grpc-js"
import type { FastifyInstance } from "fastify"
import type { Clock } from "#actors/clock.js"
import type { OpenCalls } from "./open-calls.js"

/** How long REST answers at least: whoever is just sending a request is told, instead of losing its connection. */
const lingerMs = 100
/** How long calls that are cut may take to say so (D3), and an answer over gRPC to leave. */
const lastWordMs = 1_000
/** How often connections that have become idle are closed. */
const lookMs = 20

export interface OpenDoors {
  readonly app: FastifyInstance
  readonly server: GrpcServer
  readonly calls: OpenCalls
  readonly clock: Clock
}

export async function closeDoors({ app, server, calls, clock }: OpenDoors, drainMs: number): Promise<void> {
  calls.close() // D1
  const rest = closeRest({ app, calls, clock })
  const closed = Promise.all([rest, closeGrpc({ server, calls, clock })])
  if (!(await endsWithin(closed, drainMs, clock))) {
    calls.cut()
    await endsWithin(closed, lastWordMs, clock)
  }
  server.forceShutdown()
  app.server.closeAllConnections()
  await rest
}

/** Streams of services that are open to everyone, such as those that watch its health, have no end of their own. */
async function closeGrpc({ server, calls, clock }: Omit<OpenDoors, "app">): Promise<void> {
  const closed = new Promise<void>((done) => server.tryShutdown(() => done()))
  while (calls.size > 0 && !calls.areCut) await pauseOf(clock, lookMs)
  await endsWithin(closed, lastWordMs, clock)
}

async function closeRest({ app, calls, clock }: Omit<OpenDoors, "server">): Promise<void> {
  if (await hasConnections(app.server)) await pauseOf(clock, lingerMs)
  while (calls.size > 0 && !calls.areCut) await pauseOf(clock, lookMs)
  const closed = app.close()
  while (!(await endsWithin(closed, lookMs, clock))) app.server.closeIdleConnections()
}

const pauseOf = (clock: Clock, milliseconds: number): Promise<void> =>
  new Promise((done) => clock.timer(milliseconds, done))

const hasConnections = (server: HttpServer): Promise<boolean> =>
  new Promise((done) => server.getConnections((_error, count) => done(count > 0)))

/** @returns whether it ended in time */
function endsWithin(work: Promise<unknown>, milliseconds: number, clock: Clock): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const cancel = clock.timer(milliseconds, () => resolve(false))
    work.then(() => resolve(true), reject).finally(cancel)
  })
}
