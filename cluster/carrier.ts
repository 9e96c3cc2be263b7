/**
 * The port to byte streams between nodes: gRPC in production (`grpc-carrier.ts`), a virtual network in the simulator. It knows frames, which are bytes, and nothing of what
 * stands in them; who is at the other end is settled by the first frames (`session.ts`).
 *
 * Invariants
 *   K1. Frames of one stream arrive whole and in order, or the stream is closed and nothing more arrives. A stream that was closed is never opened again.
 *   K2. `closed` is told once, and nothing after it; also to the side that closed it.
 *   K3. Streams of kind `control` never wait behind frames of kind `data`.
 */

export type StreamKind = "data" | "control"

/** What happens on a stream; called in a turn of their own, never from inside `open`, `send` or `close`. */
export interface StreamEvents {
  frame(bytes: Uint8Array): void
  /** There is room again after `send` said false. */
  drained(): void
  closed(reason: string): void
}

/** One two-way stream. */
export interface Stream {
  /** Names that the other side has proven to bear, on a stream that it has opened; undefined where nothing is proven. */
  readonly proven?: readonly string[] | undefined
  /** @returns false when the carrier's buffer is full: the frame is taken, and the next should wait for `drained` */
  send(frame: Uint8Array): boolean
  /** Ends it, after what was sent. */
  close(): void
}

export interface Listening {
  /** `host:port` that others reach it at. */
  readonly address: string
  close(): Promise<void>
}

export interface Carrier {
  /**
   * Opens a stream to a node; what is sent before it is connected waits. Where nobody listens, it is closed.
   * @param node the name of the node that is meant, for carriers that have it proven
   */
  open(address: string, kind: StreamKind, events: StreamEvents, node?: string): Stream
  /** Takes streams that others open. @throws {AgentOSError} `UNAVAILABLE_ADDRESS` */
  listen(accept: (kind: StreamKind, stream: Stream) => StreamEvents): Promise<Listening>
  close(): Promise<void>
}
