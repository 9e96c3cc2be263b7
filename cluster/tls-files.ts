/**
 * A certificate, its key and the authority that others' certificates are held against, in files. Files that change are
 * read again, for the connections to come; those that are open stay.
 *
 * Invariants
 *   T1. What is used is a certificate, its key and an authority that fit together. While the files do not, the last
 *       ones that did are used, and it is logged.
 */
import { readFile } from "node:fs/promises"
import { createSecureContext } from "node:tls"
import { ServerCredentials } from "@grpc/grpc-js"
import type { CancelTimer, Clock } from "#actors/clock.js"
import { AgentOSError, thrownText } from "#actors/errors.js"
import type { Logger } from "#actors/telemetry.js"

/** Names of files in PEM form. */
export interface PemFiles {
  /** The certificate, and those between it and its authority. */
  readonly cert: string
  readonly key: string
  /** Of the authority whose certificates are trusted; absent: those that everybody trusts. */
  readonly ca?: string | undefined
}

export interface Pem {
  readonly cert: Buffer
  readonly key: Buffer
  readonly ca?: Buffer
}

/** How often the files are looked at. */
const lookMs = 5000

export class TlsFiles {
  readonly #files: PemFiles
  readonly #clock: Clock
  readonly #logger: Logger
  readonly #listeners: ((pem: Pem) => void)[] = []
  #pem: Pem
  #cancelLook: CancelTimer | undefined
  #closed = false

  private constructor(files: PemFiles, pem: Pem, clock: Clock, logger: Logger) {
    this.#files = files
    this.#pem = pem
    this.#clock = clock
    this.#logger = logger
    this.#lookLater()
  }

  /** @throws {AgentOSError} `INVALID_CERTIFICATE` naming the files */
  static async open(files: PemFiles, clock: Clock, logger: Logger): Promise<TlsFiles> {
    return new TlsFiles(files, await read(files), clock, logger)
  }

  /** What counts now. */
  get pem(): Pem {
    return this.#pem
  }

  /** Calls a listener whenever the files have changed. */
  onChange(listener: (pem: Pem) => void): void {
    this.#listeners.push(listener)
  }

  /** Of a gRPC server. @param clients whether whoever connects must show a certificate that the authority has signed */
  server({ clients }: { readonly clients: boolean }): ServerCredentials {
    const credentials = new Reloaded(this.#pem, clients)
    this.onChange((pem) => credentials.use(pem))
    return credentials
  }

  /** Looks at the files now. @returns whether they are others than before */
  async reload(): Promise<boolean> {
    try {
      const pem = await read(this.#files)
      const before = this.#pem
      if ((["ca", "cert", "key"] as const).every((part) => isSame(pem[part], before[part]))) return false
      this.#pem = pem
      for (const listener of this.#listeners) listener(pem)
      return true
    } catch (error) {
      this.#logger.error({ error }, "the certificate of this node has changed and cannot be used; the last one is") // T1
      return false
    }
  }

  #lookLater(): void {
    if (this.#closed) return
    this.#cancelLook = this.#clock.timer(lookMs, () => void this.reload().finally(() => this.#lookLater()))
  }

  close(): void {
    this.#closed = true
    this.#cancelLook?.()
  }
}

/** Connections to come use what it was given last. */
class Reloaded extends ServerCredentials {
  constructor(pem: Pem, clients: boolean) {
    super({ requestCert: clients, rejectUnauthorized: clients }, { ...pem })
  }

  use(pem: Pem): void {
    this.updateSecureContextOptions({ ...pem })
  }

  _equals(other: ServerCredentials): boolean {
    return this === other
  }
}

const isSame = (a: Buffer | undefined, b: Buffer | undefined): boolean =>
  a === b || (b !== undefined && a?.equals(b) === true)

/** T1 */
async function read({ ca: caFile, cert: certFile, key: keyFile }: PemFiles): Promise<Pem> {
  try {
    const [cert, key] = await Promise.all([readFile(certFile), readFile(keyFile)])
    const pem: Pem = { cert, key, ...(caFile === undefined ? {} : { ca: await readFile(caFile) }) }
    createSecureContext({ ...pem })
    return pem
  } catch (cause) {
    const names = [...(caFile === undefined ? [] : [caFile]), certFile, keyFile].join(", ")
    throw new AgentOSError("INVALID_CERTIFICATE", `the certificates ${names} cannot be used: ${thrownText(cause)}`, {
      cause,
    })
  }
}
