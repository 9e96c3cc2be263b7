/**
 * Connections on which nothing was ever asked, as browsers and load balancers open them. Node takes none of them for
 * idle, and a server that closes would wait for what does not come.
 */
import type { Server, Socket } from "node:net"
import { Server as TlsServer } from "node:tls"

export class SilentConnections {
  /** The bytes that each had sent when it began: of TLS, those that shake hands. */
  readonly #begun = new Map<Socket, number>()

  constructor(server: Server) {
    server.on(server instanceof TlsServer ? "secureConnection" : "connection", (socket: Socket) => {
      this.#begun.set(socket, socket.bytesRead)
      socket.once("close", () => this.#begun.delete(socket))
    })
  }

  close(): void {
    for (const [socket, bytes] of this.#begun) if (socket.bytesRead === bytes) socket.destroy()
  }
}
