/**
 * Malformed frames: valid ones that were damaged, and noise, for each place where bytes from other nodes are read.
 * Each is refused as such (`FRAME_REFUSED`), or happens to be a frame: then it goes to the link of a real system,
 * which goes on answering.
 */
import fc from "fast-check"
import { createActorSystem, defineActor } from "#actors/index.js"
import { AgentOSError } from "#actors/errors.js"
import { Directory } from "#actors/remote/directory.js"
import { Link } from "#actors/remote/link.js"
import { SeededRandom } from "#actors/simulation/seeded-random.js"
import { decodeControl, encodeControl } from "#cluster/control.js"
import { decodeAnswer, decodeHello, encodeHello, encodeRefusal, encodeWelcome } from "#cluster/hello.js"
import { headerBytes, Session } from "#cluster/session.js"
import { WireDecoder } from "#cluster/wire-decoder.js"
import { WireEncoder } from "#cluster/wire-encoder.js"
import { batches, introduction } from "#test/support/wire-values.js"

export interface FuzzedFrames {
  readonly frames: number
  readonly refused: number
  /** The longest time that one took. */
  readonly worstMs: number
  /** What went otherwise; empty when all is well. */
  readonly faults: readonly string[]
}

const sizes = { frameBytes: 4096, textBytes: 65_536 }

interface Reader {
  readonly valid: readonly Uint8Array[]
  /** @returns a batch for the link, where there is one */
  read(bytes: Uint8Array): readonly unknown[] | undefined
}

function readers(seed: number): readonly Reader[] {
  const texts = fc.sample(batches, { seed, numRuns: 400 }).flatMap((batch) => {
    const encoder = new WireEncoder({ mostBytes: 65_536, cutBytes: 65_536 })
    try {
      encoder.add([...introduction, ...batch])
    } catch {
      return [] // larger than a frame
    }
    return encoder.take(0).filter(({ length }) => length < 2000)
  })
  const session = new Session(sizes)
  for (const text of texts.slice(0, 100)) session.append(Buffer.concat([Buffer.alloc(headerBytes), text]))
  const frames: Uint8Array[] = []
  for (let frame = session.next(); frame !== undefined; frame = session.next()) frames.push(frame)
  const nonce = new Uint8Array(16).fill(5)
  const hello = { protocol: { min: 1, max: 2 }, cluster: "test", from: "a#1", to: "b#2", session: 3, knows: 4, nonce }
  return [
    { valid: texts, read: (bytes) => new WireDecoder().decode(bytes) },
    { valid: texts, read: (bytes) => new WireDecoder().decode(bytes) }, // what comes most often is damaged most often
    {
      valid: frames,
      read(bytes) {
        const taken = new Session(sizes).take(bytes)
        return taken.kind === "text" ? new WireDecoder().decode(taken.bytes, taken.at) : undefined
      },
    },
    { valid: [new Session(sizes).ack()], read: (bytes) => void new Session(sizes).takeAck(bytes) },
    { valid: [encodeHello({ ...hello, kind: "data" })], read: (bytes) => void decodeHello(bytes) },
    {
      valid: [
        encodeWelcome({ protocol: 1, session: 2, received: 300, answers: nonce, nonce }),
        encodeRefusal({ why: "removed", message: "it was removed" }),
      ],
      read: (bytes) => void decodeAnswer(bytes),
    },
    {
      valid: [
        encodeControl({ kind: "probe", number: 1000 }),
        encodeControl({ kind: "vote", about: "c#3", accuses: true, number: 7 }),
        encodeControl({ kind: "removed", id: "c#3" }),
      ],
      read: (bytes) => void decodeControl(bytes),
    },
  ]
}

/** A number, perhaps a length, that is far too large. */
const hugeLength = new Uint8Array([0xff, 0xff, 0xff, 0xff, 0x7f])
const nothing = new Uint8Array(0)

const Pinger = defineActor({ name: "pinger", state: () => ({}), receive: { ping: (_ctx, n: unknown) => n, note() {} } })

/** @param frames how many; @param seed of what is damaged, and how */
export async function fuzzFrames(options: {
  readonly frames: number
  readonly seed: number
  readonly progress?: (text: string) => void
}): Promise<FuzzedFrames> {
  const { frames, seed, progress = () => {} } = options
  const random = new SeededRandom(seed)
  const below = (limit: number): number => Math.floor(random.float() * limit)
  const spliced = (bytes: Uint8Array, at: number, gone: number, put: Uint8Array): Uint8Array =>
    Buffer.concat([bytes.subarray(0, at), put, bytes.subarray(at + gone)])
  const damaged = (bytes: Uint8Array): Uint8Array => {
    const at = below(bytes.length + 1)
    switch (below(6)) {
      case 0:
        return bytes.slice(0, at)
      case 1:
        return spliced(bytes, at, below(3), hugeLength)
      case 2:
        return spliced(bytes, at, 0, random.bytes(below(20)))
      case 3:
        return spliced(bytes, at, 1 + below(10), nothing)
      case 4:
        return random.bytes(below(60))
      default: {
        const copy = bytes.slice()
        for (let flips = 1 + below(4); flips > 0; flips--) copy[below(copy.length)] = below(256)
        return copy
      }
    }
  }
  const all = readers(seed)
  const system = await createActorSystem({ name: "test" })
  const pinger = system.spawn(Pinger, { name: "pinger" })
  const seats = { at: () => undefined, news() {}, credit() {} }
  const { stackTraceLimit } = Error
  Error.stackTraceLimit = 0 // or most of the time goes into stacks that nobody reads
  const faults: string[] = []
  let refused = 0
  let worstMs = 0
  const readOne = (): readonly unknown[] | undefined => {
    const { valid, read } = all[below(all.length)] as Reader
    const bytes = damaged(valid[below(valid.length)] as Uint8Array)
    const from = performance.now()
    try {
      return read(bytes)
    } catch (error) {
      refused += 1
      if (error instanceof AgentOSError && error.code === "FRAME_REFUSED") return undefined
      if (faults.length < 10) faults.push(`${Buffer.from(bytes).toString("hex")}: ${String(error)}`)
      return undefined
    } finally {
      worstMs = Math.max(worstMs, performance.now() - from)
    }
  }
  const linked = (): Link => new Link(system, new Directory(), { post() {} }, seats)
  const lost = new AgentOSError("NODE_LOST", "gone")
  let link = linked()
  for (let n = 0; n < frames; n++) {
    const batch = readOne()
    if (batch !== undefined)
      try {
        link.receive(batch)
      } catch {
        link.close(lost) // a peer whose messages make no sense is lost, with its link
        link = linked()
      }
    if (n % 1000 !== 0) continue
    progress(`${n} frames`)
    const answer = await pinger.ask("ping", n)
    if (answer !== n) faults.push(`after ${n} frames an actor answers ${String(answer)}`)
  }
  if (Object.keys(Object.prototype).length > 0) faults.push(`all objects have ${Object.keys(Object.prototype).join()}`)
  Error.stackTraceLimit = stackTraceLimit
  await system.stop()
  return { frames, refused, worstMs, faults }
}
