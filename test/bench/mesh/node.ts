/** One of two nodes of a mesh on loopback: one receives, the other sends and measures. */
import { defineActor, type ActorRef } from "#actors/index.js"
import { grpcCarrier } from "#cluster/grpc-carrier.js"
import { nodeId, type NodeDescription } from "#cluster/node.js"
import { openMeshNode, type MeshNode } from "#test/support/mesh-node.js"
import { exchanged, say } from "./pair.js"

type SinkProtocol = {
  readonly bytes: (payload: Uint8Array) => void
  readonly object: (payload: object) => void
  readonly count: () => { readonly count: number; readonly cpuUs: number }
  readonly echo: (n: number) => number
}

/** Processor time of this process. */
const cpuUs = (): number => {
  const { user, system } = process.cpuUsage()
  return user + system
}

const Sink = defineActor({
  name: "sink",
  state: () => ({ count: 0 }),
  mailbox: { capacity: 65_536 },
  receive: {
    bytes(ctx, payload: Uint8Array) {
      ctx.state.count += payload.length === 100 ? 1 : 0
    },
    object(ctx, payload: { readonly id: number }) {
      ctx.state.count += payload.id >= 0 ? 1 : 0
    },
    count: (ctx) => ({ count: ctx.state.count, cpuUs: cpuUs() }),
    echo: (_ctx, n: number) => n,
  },
})

export interface OneWay {
  /** Messages a second that the actor has handled. */
  readonly rate: number
  /** Microseconds of processor time that a message costs, on each side. */
  readonly sendUs: number
  readonly receiveUs: number
}

export interface Figures {
  readonly bytes: OneWay
  readonly object: OneWay
  /** Microseconds. */
  readonly askP50: number
  readonly askP99: number
}

const seconds = Number(process.env["BENCH_SECONDS"] ?? 3)

async function oneWay(sink: ActorRef<SinkProtocol>, send: () => boolean): Promise<OneWay> {
  const run = async (milliseconds: number): Promise<OneWay> => {
    const patient = sink.with({ whenFull: "wait", timeoutMs: 60_000 })
    const before = await patient.ask("count")
    const [from, cpuFrom] = [performance.now(), cpuUs()]
    let now = from
    for (let n = 1; now - from < milliseconds; n++) {
      while (send()) if (++n % 1024 === 0 && (now = performance.now()) - from >= milliseconds) break
      await new Promise(setImmediate)
      now = performance.now()
    }
    const sent = cpuUs() - cpuFrom
    const after = await patient.ask("count")
    const messages = after.count - before.count
    return {
      rate: (messages * 1000) / (performance.now() - from),
      sendUs: sent / messages,
      receiveUs: (after.cpuUs - before.cpuUs) / messages,
    }
  }
  await run(1000) // until compiled
  return run(seconds * 1000)
}

async function asks(sink: ActorRef<SinkProtocol>): Promise<{ readonly p50: number; readonly p99: number }> {
  const took: number[] = []
  for (const until = performance.now() + seconds * 1000; performance.now() < until;) {
    const from = performance.now()
    await sink.ask("echo", took.length)
    took.push((performance.now() - from) * 1000)
  }
  const settled = took.slice(took.length / 4).sort((a, b) => a - b)
  return { p50: settled[settled.length >> 1] as number, p99: settled[Math.floor(settled.length * 0.99)] as number }
}

async function open(name: string): Promise<MeshNode> {
  const carrier = await grpcCarrier({ listen: "127.0.0.1:0" })
  const node = await openMeshNode(name, carrier, { incarnation: 1 })
  const other = await exchanged<NodeDescription>(node.node)
  const opened = new Promise((done) => node.mesh.follow(done))
  node.mesh.connect(nodeId(other), other)
  await opened
  return node
}

const role = process.argv[2]
if (role === "receive") {
  const node = await open("receiver")
  node.offered = node.system.spawn(Sink)
} else if (role === "send") {
  const node = await open("sender")
  let sink: ActorRef<SinkProtocol> | undefined
  while (sink === undefined) sink = (await node.mesh.call("receiver#1", "hand", "take", undefined)) as typeof sink
  const found = sink
  const payload = new Uint8Array(100).fill(7)
  const object = {
    id: 12_345,
    name: "a sensor in the hall",
    value: 21.5,
    unit: "celsius",
    valid: true,
    tags: ["warm", "dry"],
  }
  const idle = await asks(found)
  const bytes = await oneWay(found, () => found.tell("bytes", payload))
  const objects = await oneWay(found, () => found.tell("object", object))
  const figures: Figures = { bytes, object: objects, askP50: idle.p50, askP99: idle.p99 }
  say(figures)
}
