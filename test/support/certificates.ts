/** Certificates for tests, made by `openssl`. */
import { execFile } from "node:child_process"
import { writeFile } from "node:fs/promises"
import { isIP } from "node:net"
import { join } from "node:path"
import { promisify } from "node:util"
import type { MeshTls } from "#cluster/mesh-tls.js"

const run = promisify(execFile)

export const hasOpenssl = (): Promise<boolean> =>
  run("openssl", ["version"]).then(
    () => true,
    () => false,
  )

const newKey = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]

export class Authority {
  readonly #folder: string
  readonly #name: string
  #made = 0

  private constructor(folder: string, name: string) {
    this.#folder = folder
    this.#name = name
  }

  static async make(folder: string, name: string): Promise<Authority> {
    const authority = new Authority(folder, name)
    const [key, cert] = [authority.#file("ca.key"), authority.#file("ca.pem")]
    await run("openssl", [
      "req",
      "-x509",
      ...newKey,
      "-days",
      "2",
      "-subj",
      `/CN=${name}`,
      "-keyout",
      key,
      "-out",
      cert,
    ])
    return authority
  }

  #file(name: string): string {
    return join(this.#folder, `${this.#name}-${name}`)
  }

  get ca(): string {
    return this.#file("ca.pem")
  }

  /** Files of a certificate that this authority has signed. @param days below 0: it is over already */
  async certificate(common: string, alternatives: readonly string[] = [], days = 2): Promise<MeshTls> {
    const number = ++this.#made
    const [key, request, cert, extensions] = ["key", "csr", "pem", "ext"].map((end) =>
      this.#file(`${number}.${end}`),
    ) as [string, string, string, string]
    const names = alternatives.map((name) => `${isIP(name) === 0 ? "DNS" : "IP"}:${name}`).join(",")
    await writeFile(extensions, names === "" ? "" : `subjectAltName=${names}\n`)
    await run("openssl", ["req", ...newKey, "-subj", `/CN=${common}`, "-keyout", key, "-out", request])
    const signing = ["x509", "-req", "-in", request, "-CA", this.ca, "-CAkey", this.#file("ca.key"), "-CAcreateserial"]
    await run("openssl", [...signing, "-days", String(days), "-extfile", extensions, "-out", cert])
    return { ca: this.ca, cert, key }
  }
}
