/**
 * How the doors close: nothing new is taken, what is under way is finished, and only what is late is cut.
 *
 * Invariants
 *   D1. From the first moment on health says that the node is not ready. As long as a call goes on, and a little longer,
 *       both doors answer new ones with `NODE_STOPPING`.
 *   D2. No call that was taken is cut before the drain time is over.
 *   D3. A call that is cut hears why, if it reads: with an error, an error event or a status.
 */
import type { Server } from "node:net"
import type { Server as GrpcServer } from "@grpc/grpc-js"
import type { FastifyInstance } from "fastify"
import type { Clock } from "#actors/clock.js"
import type { OpenCalls } from "./open-calls.js"
import type { SilentConnections } from "./silent-connections.js"

/**
 * How long both doors answer after the last call has ended. A stream that began before the doors closed leaves its
 * connection open, and whoever asks again on it is told, instead of losing it.
 */
const lingerMs = 100
/** How long calls that are cut may take to say so (D3), and an answer over gRPC to leave. */
const lastWordMs = 1_000
/** How often connections that have become idle are closed. */
const lookMs = 20

export interface OpenDoors {
  readonly app: FastifyInstance
  readonly server: GrpcServer
  readonly silent: SilentConnections
  /** What holds the connections of the gRPC server. */
  readonly listening: readonly Server[]
  readonly calls: OpenCalls
  readonly clock: Clock
}

export async function closeDoors(doors: OpenDoors, drainMs: number): Promise<void> {
  const { app, server, calls, clock } = doors
  calls.close() // D1
  const closed = closeWhenQuiet(doors)
  if (!(await endsWithin(closed, drainMs, clock))) {
    calls.cut()
    await endsWithin(closed, lastWordMs, clock)
  }
  server.forceShutdown()
  app.server.closeAllConnections()
  await closed
}

async function closeWhenQuiet({ app, silent, server, listening, calls, clock }: OpenDoors): Promise<void> {
  while (calls.size > 0 && !calls.areCut) await pauseOf(clock, lookMs)
  if (await haveConnections([app.server, ...listening])) await pauseOf(clock, lingerMs)
  await new Promise<void>((done) => clock.afterInputOutput(done)) // what arrived while this process was held up
  await Promise.all([closeRest(app, silent, clock), closeGrpc(server, clock)])
}

async function closeRest(app: FastifyInstance, silent: SilentConnections, clock: Clock): Promise<void> {
  silent.close()
  const closed = app.close()
  while (!(await endsWithin(closed, lookMs, clock))) app.server.closeIdleConnections()
}

/** Streams of services that are open to everyone, such as those that watch its health, have no end of their own. */
async function closeGrpc(server: GrpcServer, clock: Clock): Promise<void> {
  await endsWithin(new Promise<void>((done) => server.tryShutdown(() => done())), lastWordMs, clock)
}

const pauseOf = (clock: Clock, milliseconds: number): Promise<void> =>
  new Promise((done) => clock.timer(milliseconds, done))

async function haveConnections(servers: readonly Server[]): Promise<boolean> {
  const count = (server: Server): Promise<number> =>
    new Promise((done) => server.getConnections((_error, connections) => done(connections)))
  return (await Promise.all(servers.map(count))).some((connections) => connections > 0)
}

/** @returns whether it ended in time */
function endsWithin(work: Promise<unknown>, milliseconds: number, clock: Clock): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const cancel = clock.timer(milliseconds, () => resolve(false))
    work.then(() => resolve(true), reject).finally(cancel)
  })
}
