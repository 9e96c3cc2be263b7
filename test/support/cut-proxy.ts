/** A TCP proxy that a test cuts and holds. */
import { createServer, connect, type AddressInfo, type Server, type Socket } from "node:net"

/** A port that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1")
  await new Promise((done) => server.once("listening", done))
  const { port } = server.address() as AddressInfo
  await new Promise((done) => server.close(done))
  return port
}

export class CutProxy {
  readonly address: string
  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  #held = false
  connections = 0

  private constructor(server: Server) {
    this.#server = server
    this.address = `127.0.0.1:${(server.address() as AddressInfo).port}`
  }

  /** @param port of 127.0.0.1 that it leads to */
  static async open(port: number): Promise<CutProxy> {
    const server = createServer()
    await new Promise<void>((done) => server.listen(0, "127.0.0.1", done))
    const proxy = new CutProxy(server)
    server.on("connection", (incoming) => proxy.#join(incoming, connect(port, "127.0.0.1")))
    return proxy
  }

  #join(one: Socket, other: Socket): void {
    this.connections += 1
    for (const [from, to] of [
      [one, other],
      [other, one],
    ] as const) {
      this.#sockets.add(from)
      from.on("data", (bytes) => to.write(bytes))
      from.on("error", () => {})
      from.on("close", () => {
        this.#sockets.delete(from)
        to.destroy()
      })
      if (this.#held) from.pause()
    }
  }

  /** Breaks every connection; what is under way is lost. */
  cut(): void {
    for (const socket of this.#sockets) socket.destroy()
  }

  /** Lets nothing pass, as a cable that was pulled. */
  hold(): void {
    this.#held = true
    for (const socket of this.#sockets) socket.pause()
  }

  release(): void {
    this.#held = false
    for (const socket of this.#sockets) socket.resume()
  }

  async close(): Promise<void> {
    this.cut()
    await new Promise((done) => this.#server.close(done))
  }
}
