/**
 * How two nodes come to an understanding on a new stream. Who opened it says hello, who took it welcomes, and the first confirms; only then something is said.
 *
 *   hello     1, "mesh", kind, versions (min, max), cluster, from, to, session of the one who opens, session of the other as far as it is known (0: not), nonce
 *   welcome   2, version, session of the one who takes, number of the last frame that it has, the nonce of the hello, a nonce of its own
 *   confirm   3, the nonce of the welcome
 *   refusal   4, why, in words
 *
 * A session is a pair: each side counts the links that it has made since it started, and says which one it speaks for. Counts only grow, so each side knows which of
 * two hellos is later.
 *
 * Invariants
 *   H1. A hello that was said before harms nothing: without the nonce of the welcome it is never confirmed, and until then nothing changes.
 *   H2. Nothing goes on that one side has forgotten: a hello for a link that is no more is refused, and its sender begins a new one.
 *   H3. An incarnation speaks for itself only, to the incarnation that it means, in its own cluster, in a version that both speak.
 */
import { ByteReader, ByteWriter, refused } from "#actors/bytes.js"
import type { StreamKind } from "./carrier.js"
import { negotiate, type NodeId, type ProtocolRange } from "./node.js"

const helloFrame = 1
const welcomeFrame = 2
const confirmFrame = 3
const refusalFrame = 4
const magic = 0x6d657368 // "mesh"
const nonceBytes = 16
const mostText = 512
const kinds: readonly StreamKind[] = ["data", "control"]

export interface Hello {
  readonly kind: StreamKind
  readonly protocol: ProtocolRange
  readonly cluster: string
  readonly from: NodeId
  readonly to: NodeId
  readonly session: number
  readonly knows: number
  readonly nonce: Uint8Array
}

export interface Welcome {
  readonly protocol: number
  readonly session: number
  readonly received: number
  /** Of the hello. */
  readonly answers: Uint8Array
  readonly nonce: Uint8Array
}

const whys = [
  "not-admitted",
  "removed",
  "other-node",
  "other-cluster",
  "no-version",
  "forgotten",
  "stale",
  "busy",
] as const
export type Why = (typeof whys)[number]

export interface Refusal {
  readonly why: Why
  readonly message: string
}

/** @returns a nonce, which is told from every other */
export const nonceOf = (random: { bytes(count: number): Uint8Array }): Uint8Array => random.bytes(nonceBytes)

function written(write: (out: ByteWriter) => void): Uint8Array {
  const out = new ByteWriter()
  write(out)
  return out.copy()
}

export function encodeHello(hello: Hello): Uint8Array {
  return written((out) => {
    out.byte(helloFrame)
    out.varint(magic)
    out.byte(kinds.indexOf(hello.kind))
    out.varint(hello.protocol.min)
    out.varint(hello.protocol.max)
    for (const text of [hello.cluster, hello.from, hello.to]) out.text(text)
    out.varint(hello.session)
    out.varint(hello.knows)
    out.raw(hello.nonce)
  })
}

/** @throws {AgentOSError} `FRAME_REFUSED` */
export function decodeHello(frame: Uint8Array): Hello {
  const from = new ByteReader(frame)
  if (from.byte() !== helloFrame || from.varint() !== magic) throw refused("it is no hello")
  const kind = kinds[from.byte()]
  if (kind === undefined) throw refused("a hello for an unknown kind of stream")
  const protocol = { min: from.varint(), max: from.varint() }
  const [cluster, sender, to] = [text(from), text(from), text(from)]
  const [session, knows] = [from.varint(), from.varint()]
  const hello = { kind, protocol, cluster, from: sender, to, session, knows, nonce: nonce(from) }
  from.ended()
  return hello
}

export function encodeWelcome(welcome: Welcome): Uint8Array {
  return written((out) => {
    out.byte(welcomeFrame)
    out.varint(welcome.protocol)
    out.varint(welcome.session)
    out.varint(welcome.received)
    out.raw(welcome.answers)
    out.raw(welcome.nonce)
  })
}

export const encodeConfirm = (answers: Uint8Array): Uint8Array =>
  written((out) => {
    out.byte(confirmFrame)
    out.raw(answers)
  })

export const encodeRefusal = ({ why, message }: Refusal): Uint8Array =>
  written((out) => {
    out.byte(refusalFrame)
    out.byte(whys.indexOf(why))
    out.text(message)
  })

/** What answers a hello. @throws {AgentOSError} `FRAME_REFUSED` */
export function decodeAnswer(frame: Uint8Array): { readonly welcome: Welcome } | { readonly refusal: Refusal } {
  const from = new ByteReader(frame)
  const what = from.byte()
  if (what === refusalFrame) {
    const why = whys[from.byte()]
    if (why === undefined) throw refused("a hello was refused for an unknown reason")
    return { refusal: { why, message: text(from) } }
  }
  if (what !== welcomeFrame) throw refused("it does not answer a hello")
  const [protocol, session, received] = [from.varint(), from.varint(), from.varint()]
  const welcome = { protocol, session, received, answers: nonce(from), nonce: nonce(from) }
  from.ended()
  return { welcome }
}

/** Whether a frame confirms the welcome of this nonce (H1). */
export function isConfirm(frame: Uint8Array, nonce: Uint8Array): boolean {
  return frame.length === 1 + nonceBytes && frame[0] === confirmFrame && sameNonce(frame.subarray(1), nonce)
}

/** Whether a frame refuses the stream, which may happen after it was welcomed, too. */
export const isRefusal = (frame: Uint8Array): boolean => frame[0] === refusalFrame

export const sameNonce = (a: Uint8Array, b: Uint8Array): boolean => Buffer.compare(a, b) === 0

function text(from: ByteReader): string {
  const found = from.text()
  if (found.length > mostText) throw refused("a text of a hello is too long")
  return found
}

function nonce(from: ByteReader): Uint8Array {
  const at = from.skip(nonceBytes)
  return from.bytes.subarray(at, from.at)
}

// --- judging -----------------------------------------------------------------------------------------------------------------------------------

/** What the one who takes a stream knows. */
export interface Host {
  readonly cluster: string
  readonly id: NodeId
  readonly protocol: ProtocolRange
}

/** How it stands with the one who says hello. */
export type Acquaintance =
  | { readonly kind: "stranger" }
  | { readonly kind: "removed" }
  /** `session`: ours; `knows`: theirs, 0 as long as it is not known. */
  | { readonly kind: "peer"; readonly session: number; readonly knows: number }

export type Verdict =
  | { readonly do: "refuse"; readonly refusal: Refusal }
  /** It may be admitted soon. */
  | { readonly do: "wait" }
  /** `anew`: the other has a later link, so ours begins anew once this is confirmed. */
  | { readonly do: "welcome"; readonly protocol: number; readonly anew: boolean }

const refuse = (why: Why, message: string): Verdict => ({ do: "refuse", refusal: { why, message } })

export function judgeHello(host: Host, hello: Hello, acquaintance: Acquaintance): Verdict {
  if (hello.cluster !== host.cluster)
    return refuse("other-cluster", `this node is of the cluster ${host.cluster}, not ${hello.cluster}`)
  if (hello.to !== host.id) return refuse("other-node", `this node is ${host.id}, not ${hello.to}`)
  const protocol = negotiate(host.protocol, hello.protocol)
  if (protocol === undefined)
    return refuse("no-version", `this node speaks versions ${host.protocol.min} to ${host.protocol.max}`)
  if (acquaintance.kind === "removed") return refuse("removed", `${hello.from} was removed from the cluster`)
  if (acquaintance.kind === "stranger") return { do: "wait" }
  const { session, knows } = acquaintance
  if (hello.session === 0 || hello.session < knows) return refuse("stale", "there is a later link already")
  const anew = knows !== 0 && hello.session > knows
  if (!anew && hello.knows !== 0 && hello.knows !== session)
    return refuse("forgotten", "the link that is meant is no more") // H2
  return { do: "welcome", protocol, anew }
}
