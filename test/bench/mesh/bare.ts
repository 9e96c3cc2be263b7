/** Bare grpc-js beside it: one bidi stream, 128 messages of 100 bytes in a frame (`repeated bytes`), each looked at once on the other side; and one message there and back. */
import {
  Client,
  credentials,
  Metadata,
  Server,
  ServerCredentials,
  type MethodDefinition,
  type ServerDuplexStream,
} from "@grpc/grpc-js"
import protobuf from "protobufjs"
import { exchanged, say } from "./pair.js"

interface Batch {
  readonly messages: readonly Uint8Array[]
}

const { root } = protobuf.parse('syntax = "proto3"; message Batch { repeated bytes messages = 1; }')
const batch = root.lookupType("Batch")
const serialize = (value: Batch): Buffer => batch.encode(value as never).finish() as Buffer
const deserialize = (bytes: Buffer): Batch => batch.decode(bytes) as never as Batch
const method: MethodDefinition<Batch, Batch> = {
  path: "/bare.Bare/Stream",
  requestStream: true,
  responseStream: true,
  requestSerialize: serialize,
  requestDeserialize: deserialize,
  responseSerialize: serialize,
  responseDeserialize: deserialize,
}

export interface BareFigures {
  /** Messages a second. */
  readonly rate: number
  /** Microseconds of processor time that a message costs its sender. */
  readonly sendUs: number
  /** Microseconds of one message there and back. */
  readonly roundTripP50: number
}

const inBatch = 128
const seconds = Number(process.env["BENCH_SECONDS"] ?? 3)

if (process.argv[2] === "receive") {
  const server = new Server()
  server.addService(
    { Stream: method },
    {
      Stream(call: ServerDuplexStream<Batch, Batch>) {
        let count = 0
        call.on("data", ({ messages }: Batch) => {
          for (const message of messages) count += message.length === 100 ? 1 : 0
          if (messages.length === 1) call.write({ messages: [Buffer.from(String(count))] })
        })
      },
    },
  )
  const port = await new Promise<number>((done, failed) =>
    server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? done(bound) : failed(error),
    ),
  )
  await exchanged({ port })
} else {
  const { port } = await exchanged<{ readonly port: number }>({})
  const client = new Client(`127.0.0.1:${port}`, credentials.createInsecure())
  const call = client.makeBidiStreamRequest(method.path, serialize, deserialize, new Metadata())
  let answered: (count: number) => void = () => {}
  call.on("data", ({ messages }: Batch) => answered(Number(Buffer.from(messages[0] as Uint8Array).toString())))
  const one = new Uint8Array(100)
  const there = (): Promise<number> =>
    new Promise((done) => {
      answered = done
      call.write({ messages: [one] })
    })
  const took: number[] = []
  for (const until = performance.now() + seconds * 1000; performance.now() < until;) {
    const from = performance.now()
    await there()
    took.push((performance.now() - from) * 1000)
  }
  const settled = took.slice(took.length / 4).sort((a, b) => a - b)
  const many = { messages: new Array<Uint8Array>(inBatch).fill(one) }
  const run = async (milliseconds: number): Promise<Omit<BareFigures, "roundTripP50">> => {
    const before = await there()
    const [from, cpuFrom] = [performance.now(), process.cpuUsage()]
    while (performance.now() - from < milliseconds)
      if (!call.write(many)) await new Promise<void>((done) => call.once("drain", done))
    const after = await there()
    const { user, system } = process.cpuUsage(cpuFrom)
    const messages = after - before
    return { rate: (messages * 1000) / (performance.now() - from), sendUs: (user + system) / messages }
  }
  await run(1000)
  const figures: BareFigures = { ...(await run(seconds * 1000)), roundTripP50: settled[settled.length >> 1] as number }
  say(figures)
}
