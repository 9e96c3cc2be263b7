/**
 * Certificates of the mesh: each side of a connection shows one that the cluster's own authority has signed, and is
 * refused without.
 */
import type { PeerCertificate } from "node:tls"
import { credentials, type ChannelCredentials, type ServerCredentials } from "@grpc/grpc-js"
import type { Clock } from "#actors/clock.js"
import type { Logger } from "#actors/telemetry.js"
import { TlsFiles } from "./tls-files.js"

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

/** The names that a certificate bears. */
export function namesOf({ subject, subjectaltname = "" }: PeerCertificate): string[] {
  const alternatives = subjectaltname.split(", ").flatMap((name) => (name.startsWith("DNS:") ? [name.slice(4)] : []))
  const common: unknown = (subject as PeerCertificate["subject"] | undefined)?.CN
  return typeof common === "string" ? [common, ...alternatives] : alternatives
}

export class MeshCertificates {
  readonly server: ServerCredentials
  readonly #names: boolean
  readonly #files: TlsFiles

  private constructor(names: boolean, files: TlsFiles) {
    this.#names = names
    this.#files = files
    this.server = files.server({ clients: true })
  }

  /** @throws {AgentOSError} `INVALID_CERTIFICATE` naming the files */
  static async open({ names = false, ...files }: MeshTls, clock: Clock, logger: Logger): Promise<MeshCertificates> {
    return new MeshCertificates(names, await TlsFiles.open(files, clock, logger))
  }

  /** For a connection to a node. @param node its name, when certificates are held against it */
  client(node: string | undefined): ChannelCredentials {
    const { ca = null, cert, key } = this.#files.pem
    return credentials.createSsl(ca, key, cert, {
      // Whether the host is named does not matter: nodes move. That the authority has signed it is checked before.
      checkServerIdentity: (_host, certificate) => this.fault(node, namesOf(certificate)),
    })
  }

  /** What is wrong with a certificate of these names for this node. */
  fault(node: string | undefined, names: readonly string[]): Error | undefined {
    if (!this.#names || node === undefined || names.includes(node)) return undefined
    return new Error(`the certificate is of ${names.join(", ") || "nobody"}, not of the node ${node}`)
  }

  /** Looks at the files now. @returns whether they are others than before */
  reload(): Promise<boolean> {
    return this.#files.reload()
  }

  close(): void {
    this.#files.close()
  }
}
