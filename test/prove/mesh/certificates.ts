/** Certificates for the proofs, made by `openssl`. */
import { execFile } from "node:child_process"
import { mkdir } from "node:fs/promises"
import { join } from "node:path"
import { promisify } from "node:util"

const run = promisify(execFile)

/** Paths of PEM files. */
export interface Certificate {
  readonly ca: string
  readonly cert: string
  readonly key: string
}

/** One that signs. */
export class Authority {
  readonly #folder: string

  private constructor(folder: string) {
    this.#folder = folder
  }

  /** @param folder made for its files */
  static async make(folder: string): Promise<Authority> {
    await mkdir(folder, { recursive: true })
    const authority = new Authority(folder)
    await authority.#request("ca", "/CN=authority", [])
    return authority
  }

  /** A certificate for a node, to be shown as server and as client. */
  async sign(name: string, address: string): Promise<Certificate> {
    const signer = ["-CA", this.#file("ca.pem"), "-CAkey", this.#file("ca.key")]
    const names = `subjectAltName=DNS:${name},IP:${address}`
    const uses = "extendedKeyUsage=serverAuth,clientAuth"
    await this.#request(name, `/CN=${name}`, [...signer, "-addext", names, "-addext", uses, "-addext", "basicConstraints=critical,CA:false"]) // prettier-ignore
    return { ca: this.#file("ca.pem"), cert: this.#file(`${name}.pem`), key: this.#file(`${name}.key`) }
  }

  #file(name: string): string {
    return join(this.#folder, name)
  }

  async #request(name: string, subject: string, more: readonly string[]): Promise<void> {
    const key = [
      "-newkey",
      "ec",
      "-pkeyopt",
      "ec_paramgen_curve:prime256v1",
      "-nodes",
      "-keyout",
      this.#file(`${name}.key`),
    ]
    await run("openssl", ["req", "-x509", ...key, "-out", this.#file(`${name}.pem`), "-days", "30", "-subj", subject, ...more]) // prettier-ignore
  }
}
