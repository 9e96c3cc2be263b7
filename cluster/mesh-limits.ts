/** Times and sizes of the mesh. */

export interface MeshTimings {
  /** A probe that is not answered within it has failed. */
  readonly probeLimitMs: number
  /** How long the first frames of a stream may take. */
  readonly handshakeMs: number
  /** How long a hello waits for the membership to admit its sender, and how many wait. */
  readonly admitMs: number
  readonly mostWaiting: number
  /** Between two attempts to connect: doubled with each, from the first to the second, each time with a chance of half of it less. */
  readonly retryFirstMs: number
  readonly retryLastMs: number
  /** What came is acknowledged after so long at the latest. */
  readonly ackAfterMs: number
  /** How long refs to a node that the membership does not know wait for it. */
  readonly unknownMs: number
}

export interface MeshSizes {
  /** Of one message. Raising it lets one message hold up the others for longer. */
  readonly messageBytes: number
  /** Of one frame. */
  readonly frameBytes: number
  /** Messages are gathered in a frame up to so many, while it cannot be sent yet. */
  readonly gatherBytes: number
  /** Sent to a peer and not acknowledged: with more, further messages are refused, or wait. */
  readonly unacknowledgedBytes: number
  /** With more (answers are not refused), the peer counts as lost. */
  readonly lostBytes: number
}

export const meshTimings: MeshTimings = {
  probeLimitMs: 400,
  handshakeMs: 5000,
  admitMs: 2000,
  mostWaiting: 1024,
  retryFirstMs: 50,
  retryLastMs: 1000,
  ackAfterMs: 40,
  unknownMs: 10_000,
}

export const meshSizes: MeshSizes = {
  messageBytes: 64 * 2 ** 20,
  frameBytes: 256 * 2 ** 10,
  gatherBytes: 64 * 2 ** 10,
  unacknowledgedBytes: 16 * 2 ** 20,
  lostBytes: 256 * 2 ** 20,
}
