/**
 * Where a request comes from, as far as a browser tells. On loopback no key is required, so this is what keeps a web page that the user
 * happens to look at from talking to the node.
 *
 * Invariants
 *   O1. A request whose `Host` is not a name of this node is refused: a DNS name rebound to 127.0.0.1 still sends its own name.
 *   O2. A request with an `Origin` that is not this node's own page is refused. Browsers send it with every POST and DELETE, and a page
 *       cannot forge it.
 *   O3. A name can be rebound, an address cannot: a node that listens on all addresses takes any literal address as its own.
 */
import { isIP } from "node:net"

/** The names under which a node is reached. */
export interface OwnNames {
  readonly names: ReadonlySet<string>
  readonly anyAddress: boolean
}

const loopbackNames = ["localhost", "127.0.0.1", "::1"]
const wildcards = new Set(["0.0.0.0", "::"])

/** Whether an address to listen on is reached from this machine only. */
export function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || /^127\.\d+\.\d+\.\d+$/.test(host)
}

/** The names of a node that listens on `host` and is known outside as `publicHosts`. */
export function ownNames(host: string, publicHosts: readonly string[]): OwnNames {
  const anyAddress = wildcards.has(host)
  const loopback = anyAddress || isLoopback(host) ? loopbackNames : []
  return { names: new Set([...loopback, host, ...publicHosts].map((name) => name.toLowerCase())), anyAddress }
}

export type OriginVerdict = "own" | "foreign-host" | "foreign-origin"

/** Judges the `Host` and `Origin` headers of a request (O1, O2). */
export function judgeOrigin(own: OwnNames, host: string | undefined, origin: string | undefined): OriginVerdict {
  if (host === undefined) return "foreign-host"
  const name = hostName(host)
  if (!own.names.has(name) && !(own.anyAddress && isIP(name) !== 0)) return "foreign-host" // O3
  if (origin === undefined || origin === `http://${host}` || origin === `https://${host}`) return "own"
  return "foreign-origin"
}

/** The name in a `Host` header, without port and brackets. */
function hostName(host: string): string {
  const end = host.startsWith("[") ? host.indexOf("]") + 1 : host.indexOf(":")
  const name = end > 0 ? host.slice(0, end) : host
  return (name.startsWith("[") ? name.slice(1, -1) : name).toLowerCase()
}
