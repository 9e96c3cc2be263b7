/**
 * Addresses that no tool reaches unless its list names them: not of the public internet.
 *
 * Invariants
 *   N1. An IPv6 address is public only inside 2000::/3, and there only outside the special ranges.
 *   N2. An address that a translator turns into an IPv4 address is what that address is.
 *
 * @see https://www.iana.org/assignments/iana-ipv4-special-registry
 * @see https://www.iana.org/assignments/iana-ipv6-special-registry
 */
import { BlockList, isIP } from "node:net"

/** What is not globally reachable, or must not be reached by a name that somebody else may change. */
const specialRanges = [
  ["0.0.0.0/8", "this network"],
  ["10.0.0.0/8", "private use"],
  ["100.64.0.0/10", "shared by a carrier's customers"],
  ["127.0.0.0/8", "loopback"],
  ["169.254.0.0/16", "link-local"],
  ["172.16.0.0/12", "private use"],
  ["192.0.0.0/24", "protocol assignments"],
  ["192.0.2.0/24", "documentation"],
  ["192.31.196.0/24", "AS112"],
  ["192.52.193.0/24", "AMT"],
  ["192.88.99.0/24", "6to4 relays"],
  ["192.168.0.0/16", "private use"],
  ["192.175.48.0/24", "AS112"],
  ["198.18.0.0/15", "benchmarks"],
  ["198.51.100.0/24", "documentation"],
  ["203.0.113.0/24", "documentation"],
  ["224.0.0.0/4", "multicast"],
  ["240.0.0.0/4", "reserved"],
  // Outside 2000::/3 everything is special: loopback, IPv4-compatible, local NAT64, unique local, link-local,
  // site-local, multicast (N1).
  ["::/3", "not public"],
  ["4000::/2", "not public"],
  ["8000::/1", "not public"],
  ["2001::/23", "protocol assignments: Teredo, benchmarks, ORCHID"],
  ["2001:db8::/32", "documentation"],
  ["2002::/16", "6to4"],
  ["2620:4f:8000::/48", "AS112"],
  ["3fff::/20", "documentation"],
] as const

/** Their last 32 bits are the IPv4 address that is meant: IPv4-mapped and NAT64 (N2). */
const translated = [
  [0, 0, 0, 0, 0, 0xffff],
  [0x64, 0xff9b, 0, 0, 0, 0],
]

const ranges = specialRanges.map(([range, what]) => {
  const [network = "", bits] = range.split("/")
  const list = new BlockList()
  list.addSubnet(network, Number(bits), isIP(network) === 6 ? "ipv6" : "ipv4")
  return { range, what, list, family: isIP(network) }
})

/** @returns what makes an address special; undefined: it is one of the public internet */
export function specialAddress(address: string): string | undefined {
  const [plain = ""] = address.split("%") // the interface that a link-local one is of
  const family = isIP(plain)
  if (family === 0) return "no address"
  const embedded = family === 6 ? embeddedIn(plain) : undefined
  if (embedded !== undefined) return specialAddress(embedded)
  const found = ranges.find(
    (special) => special.family === family && special.list.check(plain, family === 6 ? "ipv6" : "ipv4"),
  )
  return found && `${found.range}, ${found.what}`
}

/** The IPv4 address that an IPv6 address stands for (N2). */
function embeddedIn(address: string): string | undefined {
  const groups = groupsOf(address)
  if (!translated.some((prefix) => prefix.every((group, i) => groups[i] === group))) return undefined
  return groups.slice(6).flatMap((group) => [group >> 8, group & 255]).join(".") // prettier-ignore
}

/** The eight numbers of an IPv6 address. */
function groupsOf(address: string): readonly number[] {
  // The platform writes the address in its one short form, without dots.
  const [left = "", right] = new URL(`http://[${address}]`).hostname.slice(1, -1).split("::")
  const numbers = (text: string): number[] => (text === "" ? [] : text.split(":").map((group) => parseInt(group, 16)))
  const [first, last] = [numbers(left), numbers(right ?? "")]
  return [...first, ...new Array<number>(8 - first.length - last.length).fill(0), ...last]
}
