/**
 * Streams between nodes over gRPC (`proto/mesh.proto`). Each stream has a connection of its own: a control stream waits behind no data (K3), a stream that is opened
 * anew is not held back by what happened to an earlier one, and certificates that were changed are used from the next one on.
 *
 * Invariants
 *   G1. A connection whose other side is silent is closed within three seconds: it is asked every two, and has one to answer.
 *   G2. A stream that was closed here is over here, whether or not the other side ever hears of it.
 *   G3. A message above the limit of a frame is refused before it is read.
 */
import { hostname } from "node:os"
import {
  Client,
  credentials,
  Metadata,
  Server,
  ServerCredentials,
  type ClientDuplexStream,
  type MethodDefinition,
  type ServerDuplexStream,
} from "@grpc/grpc-js"
import { systemClock, type Clock } from "#actors/clock.js"
import { AgentOSError } from "#actors/errors.js"
import { quietLogger, silentLogger, type Logger } from "#actors/telemetry.js"
import type { Carrier, Listening, Stream, StreamEvents, StreamKind } from "./carrier.js"
import { meshSizes } from "./mesh-limits.js"
import { namesOf, MeshCertificates, type MeshTls } from "./mesh-tls.js"

export interface GrpcCarrierOptions {
  /** `host:port`; port 0 takes a free one. */
  readonly listen: string
  /** `host:port` that others are told, when it differs; port 0 stands for the one that is listened at. */
  readonly advertise?: string
  /** Default: nothing is encrypted, and whoever reaches the port may speak. */
  readonly tls?: MeshTls
  readonly clock?: Clock
  readonly logger?: Logger
}

/** What may be under way on a connection, unread: enough for a busy node to read in large pieces. */
const windowBytes = 4 * 2 ** 20
/** How long a closed stream may take to send what was sent. */
const closeMs = 2000

const serverOptions = {
  "grpc.keepalive_time_ms": 2000, // G1
  "grpc.keepalive_timeout_ms": 1000,
  "grpc.max_receive_message_length": meshSizes.frameBytes + 64, // G3
  "grpc.max_send_message_length": -1,
}
const clientOptions = {
  ...serverOptions,
  "grpc.keepalive_permit_without_calls": 1,
  "grpc.use_local_subchannel_pool": 1,
  "grpc.enable_retries": 0,
  "grpc.service_config_disable_resolution": 1,
  "grpc.enable_http_proxy": 0,
  "grpc-node.flow_control_window": windowBytes,
  "grpc.ssl_target_name_override": "mesh", // a name, as the address may be none; certificates are held against other names
}

// --- frames as messages of protobuf ------------------------------------------------------------------------------------------------------------

/** Field 1, bytes. */
const fieldTag = 0x0a

/** The message of `mesh.proto` that holds a frame. */
export function messageOf(frame: Uint8Array): Buffer {
  let { length } = frame
  const header = [fieldTag]
  for (; length >= 0x80; length >>>= 7) header.push((length & 0x7f) | 0x80)
  header.push(length)
  const message = Buffer.allocUnsafe(header.length + frame.length)
  for (let i = 0; i < header.length; i++) message[i] = header[i] as number
  message.set(frame, header.length)
  return message
}

/** @throws {AgentOSError} `FRAME_REFUSED` */
export function frameOf(message: Buffer): Uint8Array {
  let length = 0
  let at = 1
  for (let shift = 0; shift < 28; shift += 7) {
    const byte = message[at++] ?? 0
    length |= (byte & 0x7f) << shift
    if (byte < 0x80) break
  }
  if (message[0] !== fieldTag || at + length !== message.length)
    throw new AgentOSError("FRAME_REFUSED", "a message of the mesh is no frame")
  return message.subarray(at)
}

const method = (path: string): MethodDefinition<Uint8Array, Uint8Array> => ({
  path,
  requestStream: true,
  responseStream: true,
  requestSerialize: messageOf,
  requestDeserialize: frameOf,
  responseSerialize: messageOf,
  responseDeserialize: frameOf,
})

const methods = {
  data: method("/llmagentos.mesh.v1.Mesh/Data"),
  control: method("/llmagentos.mesh.v1.Mesh/Control"),
} as const satisfies Record<StreamKind, unknown>

// --- streams -----------------------------------------------------------------------------------------------------------------------------------

type Call = ClientDuplexStream<Uint8Array, Uint8Array> | ServerDuplexStream<Uint8Array, Uint8Array>

class GrpcStream implements Stream {
  readonly proven: readonly string[] | undefined
  readonly #call: Call
  readonly #clock: Clock
  readonly #release: () => void
  #events: StreamEvents | undefined
  #over = false

  /** @param release ends what the stream was made with */
  constructor(call: Call, clock: Clock, proven: readonly string[] | undefined, release: () => void) {
    this.#call = call
    this.#clock = clock
    this.proven = proven
    this.#release = release
    call.on("data", (frame: Uint8Array) => {
      if (!this.#over) this.#events?.frame(frame)
    })
    call.on("drain", () => {
      if (!this.#over) this.#events?.drained()
    })
    call.on("error", (error: Error) => this.#ended(error.message))
    call.on("end", () => this.#ended("the other side has closed it"))
    call.on("cancelled", () => this.#ended("the connection is lost"))
    call.on("close", () => this.#ended("it is closed"))
  }

  /** Who hears what happens from now on. */
  use(events: StreamEvents): void {
    this.#events = events
  }

  send(frame: Uint8Array): boolean {
    return !this.#over && this.#call.write(frame)
  }

  /** G2 */
  close(): void {
    if (this.#over) return
    this.#over = true
    this.#call.end()
    this.#clock.afterInputOutput(() => this.#events?.closed("it was closed here"))
    if (!("cancel" in this.#call)) return
    const cancel = this.#clock.timer(closeMs, () => this.#finish())
    this.#call.once("status", () => {
      cancel()
      this.#finish()
    })
  }

  #ended(reason: string): void {
    if (this.#over) return
    this.#over = true
    this.#call.end()
    this.#events?.closed(reason)
    this.#finish()
  }

  /** Nothing is waited for any more. */
  #finish(): void {
    if ("cancel" in this.#call) this.#call.cancel()
    this.#release()
  }
}

// --- the carrier -------------------------------------------------------------------------------------------------------------------------------

class GrpcCarrier implements Carrier {
  readonly #options: GrpcCarrierOptions
  readonly #clock: Clock
  readonly #tls: MeshCertificates | undefined
  readonly #clients = new Set<Client>()

  constructor(options: GrpcCarrierOptions, clock: Clock, tls: MeshCertificates | undefined) {
    this.#options = options
    this.#clock = clock
    this.#tls = tls
  }

  open(address: string, kind: StreamKind, events: StreamEvents, node?: string): Stream {
    const secured = this.#tls?.client(node) ?? credentials.createInsecure()
    const client = new Client(address, secured, clientOptions)
    this.#clients.add(client)
    const { path, requestSerialize, responseDeserialize } = methods[kind]
    const call = client.makeBidiStreamRequest(path, requestSerialize, responseDeserialize, new Metadata())
    const stream = new GrpcStream(call, this.#clock, undefined, () => {
      if (this.#clients.delete(client)) client.close()
    })
    stream.use(events)
    return stream
  }

  async listen(accept: (kind: StreamKind, stream: Stream) => StreamEvents): Promise<Listening> {
    const { listen, advertise } = this.#options
    const server = new Server(serverOptions)
    const taken =
      (kind: StreamKind) =>
      (call: ServerDuplexStream<Uint8Array, Uint8Array>): void => {
        const stream = new GrpcStream(call, this.#clock, this.#provenBy(call), () => {})
        stream.use(accept(kind, stream))
      }
    server.addService(
      { Data: methods.data, Control: methods.control },
      { Data: taken("data"), Control: taken("control") },
    )
    const port = await new Promise<number>((done, failed) =>
      server.bindAsync(listen, this.#tls?.server ?? ServerCredentials.createInsecure(), (error, bound) => {
        if (error === null) return done(bound)
        const message = `this node cannot listen at ${listen}: ${error.message}`
        failed(new AgentOSError("UNAVAILABLE_ADDRESS", message, { cause: error }))
      }),
    )
    widen(server)
    return {
      address: announced(advertise ?? listen, port),
      close: async () => {
        server.forceShutdown()
        this.#tls?.close()
      },
    }
  }

  #provenBy(call: ServerDuplexStream<Uint8Array, Uint8Array>): readonly string[] | undefined {
    if (this.#options.tls?.names !== true) return undefined
    const certificate = call.getAuthContext().sslPeerCertificate
    return certificate === undefined ? [] : namesOf(certificate)
  }

  async close(): Promise<void> {
    this.#tls?.close()
    for (const client of this.#clients) client.close()
    this.#clients.clear()
  }
}

/** An address that others can use: where it names every interface, the name of the machine stands for them. */
function announced(address: string, port: number): string {
  const at = address.lastIndexOf(":")
  const [host, given] = [address.slice(0, at), Number(address.slice(at + 1))]
  const everywhere = host === "0.0.0.0" || host === "[::]"
  return `${everywhere ? hostname() : host}:${given === 0 ? port : given}`
}

/** Lets more come in before it was read. There is no option for it on this side, so it is done where the server keeps its sockets, as long as it keeps them there. */
function widen(server: Server): void {
  const { http2Servers } = server as unknown as { readonly http2Servers?: ReadonlyMap<Http2Listener, unknown> }
  for (const listener of http2Servers?.keys() ?? [])
    listener.on("session", (session) => {
      session.settings({ initialWindowSize: windowBytes })
      session.setLocalWindowSize(windowBytes)
    })
}

interface Http2Listener {
  on(
    event: "session",
    listener: (session: {
      settings(settings: { readonly initialWindowSize: number }): void
      setLocalWindowSize(bytes: number): void
    }) => void,
  ): void
}

/** @throws {AgentOSError} `INVALID_CERTIFICATE` */
export async function grpcCarrier(options: GrpcCarrierOptions): Promise<Carrier> {
  const { clock = systemClock, tls } = options
  const logger = quietLogger(options.logger ?? silentLogger)
  return new GrpcCarrier(
    options,
    clock,
    tls === undefined ? undefined : await MeshCertificates.open(tls, clock, logger),
  )
}
