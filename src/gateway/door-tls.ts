/** TLS of both doors: one certificate, and, where callers must show one too, the authority that signed theirs. */
import type { Server, ServerOptions } from "node:https"
import type { ServerCredentials } from "@grpc/grpc-js"
import type { Clock } from "#actors/clock.js"
import type { Logger } from "#actors/telemetry.js"
import { TlsFiles, type PemFiles } from "#cluster/tls-files.js"

export interface DoorTlsOptions extends PemFiles {
  /** Whether a caller must show a certificate that `ca` has signed. */
  readonly requireClientCert: boolean
}

/** A caller that does not finish its handshake in time is let go. */
const handshakeTimeout = 10_000

export class DoorTls {
  /** For the gRPC server. */
  readonly grpc: ServerCredentials
  /** For the HTTPS server. */
  readonly https: ServerOptions
  readonly #files: TlsFiles

  private constructor(files: TlsFiles, clients: boolean) {
    this.#files = files
    this.grpc = files.server({ clients })
    this.https = { ...files.pem, requestCert: clients, rejectUnauthorized: clients, handshakeTimeout }
  }

  /** @throws `INVALID_CERTIFICATE` naming the files */
  static async open({ requireClientCert, ...files }: DoorTlsOptions, clock: Clock, logger: Logger): Promise<DoorTls> {
    return new DoorTls(await TlsFiles.open(files, clock, logger), requireClientCert)
  }

  /** Lets a server use certificates that come, for its connections to come. */
  follow(server: Server): void {
    this.#files.onChange((pem) => server.setSecureContext({ ...pem }))
  }

  /** Looks at the files now, not only every few seconds. @returns whether they are others than before */
  reload(): Promise<boolean> {
    return this.#files.reload()
  }

  close(): void {
    this.#files.close()
  }
}
