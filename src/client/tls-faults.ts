/**
 * What is wrong with certificates, the same over REST and gRPC: those that a client is given, and those that it and a
 * node show each other.
 */
import { X509Certificate } from "node:crypto"
import { createSecureContext } from "node:tls"
import { AgentOSError, thrownText } from "#actors/errors.js"
import type { ClientTls } from "./client.js"

/** @throws `INVALID_CERTIFICATE` naming the part */
export function checkTls({ ca, cert, key }: ClientTls): void {
  if ((cert === undefined) !== (key === undefined))
    throw new AgentOSError("INVALID_CERTIFICATE", "tls.cert and tls.key belong together: give both, or neither")
  const parts: readonly (readonly [string, () => unknown])[] = [
    ["tls.ca", () => ca === undefined || new X509Certificate(ca)],
    ["tls.cert", () => cert === undefined || new X509Certificate(cert)],
    ["tls.key", () => key === undefined || createSecureContext({ key })],
    ["tls.key", () => key === undefined || cert === undefined || createSecureContext({ cert, key })],
  ]
  for (const [name, use] of parts) {
    try {
      use()
    } catch (cause) {
      const right = "give PEM; the key is the one of `tls.cert`, without a passphrase"
      throw new AgentOSError("INVALID_CERTIFICATE", `${name} cannot be used: ${thrownText(cause)}; ${right}`, { cause })
    }
  }
}

/** What OpenSSL says, and what would be right. */
const advice: readonly (readonly [RegExp, string])[] = [
  [/alert.*(certificate|unknown ca)|certificate required/i, "the node wants another certificate in `tls.cert`"],
  [/self.signed|unable to (verify|get)/i, "give the authority of the node's certificate in `tls.ca`"],
  [/altname|not match/i, "call the node by a name that its certificate holds"],
  [/certificate has expired|not yet valid/i, "the node needs a certificate that is valid now"],
  [/wrong version number|packet length too long/i, "the node speaks no TLS here: use http: or grpc:"],
]

/** A connection that TLS has refused; undefined when it was something else. Nothing was done then. */
export function tlsFault(address: string, words: string, cause: unknown): AgentOSError | undefined {
  const [, right] = advice.find(([says]) => says.test(words)) ?? []
  if (right === undefined) return undefined
  return new AgentOSError("UNREACHABLE", `no connection to ${address} over TLS: ${reasonIn(words)}; ${right}`, {
    cause,
    executed: "no",
    retryable: false,
  })
}

/** The reason itself, without what gRPC says around it and OpenSSL's places in its source. */
const reasonIn = (words: string): string =>
  words
    .replace(/^No connection established\. Last error: /, "")
    .replace(/\s*\(\d{4}-[^)]*\)\. Resolution note:[^]*$/, "")
    .replace(/^[0-9A-F]+:error:[0-9A-F]+:[^:]*:[^:]*:([^:]*):[^]*$/, "$1")
    .trim()
