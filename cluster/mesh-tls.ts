/**
 * Certificates of the mesh: each side of a connection shows one that the cluster's own authority has signed, and is
 * refused without. Files that change are read again, for the connections to come; those that are open stay.
 *
 * Invariants
 *   T1. What is used is a certificate, its key and an authority that fit together. While the files do not, the last
 *       ones that did are used, and it is logged.
 */
import { readFile } from "node:fs/promises"
import { createSecureContext, type PeerCertificate } from "node:tls"
import { credentials, ServerCredentials, type ChannelCredentials } from "@grpc/grpc-js"
import type { CancelTimer, Clock } from "#actors/clock.js"
import { AgentOSError, thrownText } from "#actors/errors.js"
import type { Logger } from "#actors/telemetry.js"

export interface MeshTls {
  /**
   * Files in PEM form: the authority whose certificates are trusted, this node's certificate (and those between), its
   * key.
   */
  readonly ca: string
  readonly cert: string
  readonly key: string
  /**
   * Whether a certificate must also bear the name of its node, as a DNS name or as its common name; default false: any
   * that the authority has signed will do.
   */
  readonly names?: boolean
}

export const tlsOptions: Readonly<Record<keyof MeshTls, true>> = { ca: true, cert: true, key: true, names: true }

interface Material {
  readonly ca: Buffer
  readonly cert: Buffer
  readonly key: Buffer
}

/** How often the files are looked at. */
const lookMs = 5000

/** The names that a certificate bears. */
export function namesOf({ subject, subjectaltname = "" }: PeerCertificate): string[] {
  const alternatives = subjectaltname.split(", ").flatMap((name) => (name.startsWith("DNS:") ? [name.slice(4)] : []))
  const common: unknown = (subject as PeerCertificate["subject"] | undefined)?.CN
  return typeof common === "string" ? [common, ...alternatives] : alternatives
}

/** Of a server; connections to come use what it was given last. */
class Reloaded extends ServerCredentials {
  constructor(material: Material) {
    super({ requestCert: true, rejectUnauthorized: true }, { ...material })
  }

  use(material: Material): void {
    this.updateSecureContextOptions({ ...material })
  }

  _equals(other: ServerCredentials): boolean {
    return this === other
  }
}

export class TlsFiles {
  readonly server: ServerCredentials
  readonly #files: MeshTls
  readonly #clock: Clock
  readonly #logger: Logger
  #material: Material
  #cancelLook: CancelTimer | undefined
  #closed = false

  private constructor(files: MeshTls, material: Material, clock: Clock, logger: Logger) {
    this.#files = files
    this.#material = material
    this.#clock = clock
    this.#logger = logger
    this.server = new Reloaded(material)
    this.#lookLater()
  }

  /** @throws {AgentOSError} `INVALID_CERTIFICATE` naming the files */
  static async open(files: MeshTls, clock: Clock, logger: Logger): Promise<TlsFiles> {
    return new TlsFiles(files, await read(files), clock, logger)
  }

  /** For a connection to a node. @param node its name, when certificates are held against it */
  client(node: string | undefined): ChannelCredentials {
    const { ca, cert, key } = this.#material
    return credentials.createSsl(ca, key, cert, {
      // Whether the host is named does not matter: nodes move. That the authority has signed it is checked before.
      checkServerIdentity: (_host, certificate) => this.fault(node, namesOf(certificate)),
    })
  }

  /** What is wrong with a certificate of these names for this node. */
  fault(node: string | undefined, names: readonly string[]): Error | undefined {
    if (this.#files.names !== true || node === undefined || names.includes(node)) return undefined
    return new Error(`the certificate is of ${names.join(", ") || "nobody"}, not of the node ${node}`)
  }

  /** Looks at the files now. @returns whether they are others than before */
  async reload(): Promise<boolean> {
    try {
      const material = await read(this.#files)
      const before = this.#material
      if ((["ca", "cert", "key"] as const).every((part) => material[part].equals(before[part]))) return false
      this.#material = material
      ;(this.server as Reloaded).use(material)
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

/** T1 */
async function read(files: MeshTls): Promise<Material> {
  try {
    const [ca, cert, key] = await Promise.all([readFile(files.ca), readFile(files.cert), readFile(files.key)])
    createSecureContext({ ca, cert, key })
    return { ca, cert, key }
  } catch (cause) {
    const message = `the certificates ${files.ca}, ${files.cert} and ${files.key} cannot be used: ${thrownText(cause)}`
    throw new AgentOSError("INVALID_CERTIFICATE", message, { cause })
  }
}
