/** The process of the load: `width` requests under way, for so many seconds; answers how many a second came back right. */
import { connect } from "node:net"
import { Client, credentials, Metadata } from "@grpc/grpc-js"
import { llmagentos } from "#proto/agent.generated.js"

interface Order {
  readonly door: "rest" | "grpc"
  readonly rest: string
  readonly grpc: string
  readonly key: string
  readonly conversation: boolean
  readonly seconds: number
}

/** Requests under way: one a connection over HTTP, as browsers and most clients send them; all on one connection over gRPC. */
const width = 64
const { v1 } = llmagentos

/** Requests down one connection, one after the other; counts the answers that begin with 200. */
function httpConnection(order: Order, number: number, until: number): Promise<number> {
  const { hostname, port, host } = new URL(order.rest)
  const body = JSON.stringify({
    target: "echo",
    input: "hello",
    ...(order.conversation ? { conversation: `c${number}` } : {}),
  })
  const request = `POST /v1/runs HTTP/1.1\r\nHost: ${host}\r\nAuthorization: Bearer ${order.key}\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`
  return new Promise((resolve, reject) => {
    let good = 0
    let rest = ""
    const socket = connect(Number(port), hostname, () => socket.write(request))
    socket.setNoDelay(true)
    socket.on("error", reject)
    socket.on("data", (chunk: Buffer) => {
      rest += chunk.toString("latin1")
      let finished = 0
      for (;;) {
        const head = rest.indexOf("\r\n\r\n")
        if (head < 0) break
        const length = Number(/content-length: (\d+)/i.exec(rest.slice(0, head))?.[1])
        if (rest.length < head + 4 + length) break
        if (!rest.startsWith("HTTP/1.1 200")) return reject(new Error(rest.slice(0, 400)))
        rest = rest.slice(head + 4 + length)
        finished++
      }
      good += finished
      if (finished === 0) return
      if (performance.now() < until) socket.write(request)
      else {
        socket.destroy()
        resolve(good)
      }
    })
  })
}

function grpcWorker(channel: Client, order: Order, number: number, until: number): Promise<number> {
  const metadata = new Metadata()
  metadata.set("authorization", `Bearer ${order.key}`)
  const message = { target: "echo", input: "hello", ...(order.conversation ? { conversation: `c${number}` } : {}) }
  const one = (): Promise<void> =>
    new Promise((resolve, reject) =>
      channel.makeUnaryRequest(
        "/llmagentos.v1.AgentService/Run",
        (value: object) => Buffer.from(v1.RunRequest.encode(value).finish()),
        (bytes: Buffer) => v1.RunReply.decode(bytes),
        message,
        metadata,
        (error) => (error === null ? resolve() : reject(error)),
      ),
    )
  const go = async (): Promise<number> => {
    let good = 0
    for (; performance.now() < until; good++) await one()
    return good
  }
  return go()
}

async function load(order: Order): Promise<number> {
  const began = performance.now()
  const until = began + order.seconds * 1000
  // Never asleep: else each answer of a slower server would pay for waking this process, and those of a faster one would not.
  const stayAwake = (): void => void (performance.now() < until && setImmediate(stayAwake))
  stayAwake()
  const total = (counts: number[]): number => counts.reduce((a, b) => a + b, 0)
  if (order.door === "rest") {
    const good = total(await Promise.all(Array.from({ length: width }, (_, i) => httpConnection(order, i, until))))
    return (good / (performance.now() - began)) * 1000
  }
  const channel = new Client(order.grpc, credentials.createInsecure())
  const good = total(await Promise.all(Array.from({ length: width }, (_, i) => grpcWorker(channel, order, i, until))))
  channel.close()
  return (good / (performance.now() - began)) * 1000
}

process.on("message", (order: Order) => {
  load(order).then((rate) => process.send?.(rate), (error: unknown) => {
    console.error(error)
    process.exit(1)
  }) // prettier-ignore
})
process.send?.("ready")
