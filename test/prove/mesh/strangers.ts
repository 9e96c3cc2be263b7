/** Nodes with mutual TLS, and those who have no business with them: without a certificate, with one of another authority, with bytes that are no protocol. */
import { randomBytes } from "node:crypto"
import { readFile } from "node:fs/promises"
import { connect as connectPlain, type Socket } from "node:net"
import { join } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import { connect as connectTls } from "node:tls"
import type { BenchRow } from "#test/bench/report.js"
import { Authority, type Certificate } from "./certificates.js"
import type { MeshNode } from "./mesh-node.js"
import { cycles, judgementRows, row, type Progress } from "./rows.js"
import { Stage } from "./stage.js"

const strangeNodeMs = 15_000
const closedWithinMs = 30_000
/** What every HTTP/2 connection begins with. */
const preface = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
const emptySettings = Buffer.from([0, 0, 0, 4, 0, 0, 0, 0, 0])

export async function strangers(progress: Progress): Promise<readonly BenchRow[]> {
  const title = "strangers"
  const stage = await Stage.open({
    nodes: 2,
    spare: 2,
    state: "postgres",
    prepare: async (folder, machines) => {
      const ours = await Authority.make(join(folder, "ours"))
      const theirs = await Authority.make(join(folder, "theirs"))
      const signed = (n: number, authority: Authority): Promise<Certificate> =>
        authority.sign(`node-${n + 1}`, machines[n]?.address ?? "")
      const [first, second, wrong] = await Promise.all([signed(0, ours), signed(1, ours), signed(2, theirs)])
      return [first, second, wrong, undefined]
    },
  })
  try {
    const { clients, nodes } = stage
    const [first, , wrong, none] = nodes as readonly [MeshNode, MeshNode, MeshNode, MeshNode]
    const tls = first.settings.tls as Certificate
    stage.shunned.add(wrong).add(none)
    clients.start()
    await stage.untilAllOwn(nodes.slice(0, 2))
    const admitted: string[] = []
    for (const stranger of [wrong, none]) {
      progress(`${title}: ${stranger === wrong ? "a node with a certificate of another authority" : "a node without one"}`)
      await stranger.start()
      const end = performance.now() + strangeNodeMs
      while (performance.now() < end) {
        for (const node of nodes.slice(0, 2)) {
          const { members } = await node.status()
          if (members[stranger.id] === "up") admitted.push(`${node.name} says that ${stranger.name} is up`)
        }
        await sleep(200)
      }
      await stranger.kill()
    }
    const [host, port] = first.settings.listen.split(":") as [string, string]
    const ca = await readFile(tls.ca)
    const foreign = wrong.settings.tls as Certificate
    const good = { ca, cert: await readFile(tls.cert), key: await readFile(tls.key) }
    const bad = { ca, cert: await readFile(foreign.cert), key: await readFile(foreign.key) }
    const at = { host, port: Number(port), ALPNProtocols: ["h2"] }
    const times = cycles("STRANGERS", 500)
    const settings = Buffer.concat([preface, emptySettings])
    const kinds: readonly (readonly [string, () => Socket, Buffer, boolean])[] = [
      ["without TLS", () => connectPlain(at), settings, true],
      ["noise without TLS", () => connectPlain(at), randomBytes(4096), true],
      ["TLS without a certificate", () => connectTls({ ...at, ca }), settings, true],
      ["TLS with a certificate of another authority", () => connectTls({ ...at, ...bad }), settings, true],
      ["noise under the right certificate", () => connectTls({ ...at, ...good }), randomBytes(4096), false],
    ]
    const rows: BenchRow[] = []
    for (const [name, connect, bytes, mustBeSilent] of kinds) {
      progress(`${title}: ${name}`)
      let answered = 0
      let open = 0
      for (let i = 0; i < times; i += 50)
        for (const { heard, closed } of await Promise.all(Array.from({ length: Math.min(50, times - i) }, () => knock(connect(), bytes)))) {
          if (mustBeSilent && heard) answered++
          if (!closed) open++
        }
      rows.push(row(`${name}, ${times} times: answered, or left open`, "connections", answered + open, "0", answered + open === 0))
    }
    const failed = [...clients.failures.values()].reduce((sum, n) => sum + n, 0)
    const judgement = await stage.judge()
    for (const line of new Set(admitted)) console.error(line)
    return [
      row("a node without, or with a foreign certificate: seen up", "times", admitted.length, "0", admitted.length === 0),
      ...rows,
      row(`${title}: asks of clients that failed meanwhile`, "asks", failed, "0", failed === 0),
      ...judgementRows(title, judgement),
    ]
  } finally {
    await stage.close()
  }
} // prettier-ignore

/** Connects, says something, and waits until the other side hangs up. Data of the protocol under TLS counts as an answer; an alert does not. */
function knock(socket: Socket, bytes: Buffer): Promise<{ readonly heard: boolean; readonly closed: boolean }> {
  return new Promise((done) => {
    let heard = false
    const timer = setTimeout(() => finish(false), closedWithinMs)
    const finish = (closed: boolean): void => {
      clearTimeout(timer)
      socket.destroy()
      done({ heard, closed })
    }
    // To one who speaks no TLS, an alert is all that is said: 21 is its type.
    socket.on("data", (data: Buffer) => (heard ||= data[0] !== 21))
    socket.on("error", () => finish(true))
    socket.on("close", () => finish(true))
    socket.write(bytes)
  })
}
