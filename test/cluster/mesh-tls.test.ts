/** Certificates of the mesh: who has none, or a wrong one, is refused; new ones are used without a restart. */
import { copyFile, writeFile } from "node:fs/promises"
import { join } from "node:path"
import t, { type Test } from "tap"
import { systemClock } from "#actors/index.js"
import { silentLogger } from "#actors/telemetry.js"
import type { Carrier } from "#cluster/carrier.js"
import { grpcCarrier } from "#cluster/grpc-carrier.js"
import { namesOf, MeshCertificates, type MeshTls } from "#cluster/mesh-tls.js"
import { Authority, hasOpenssl } from "#test/support/certificates.js"
import { acquaint, openMeshNode } from "#test/support/mesh-node.js"
import { eventually } from "#test/support/ref-contract.js"

const skip = (await hasOpenssl()) ? false : "openssl is not installed"
const carrier = (tls?: MeshTls): Promise<Carrier> =>
  grpcCarrier({ listen: "127.0.0.1:0", ...(tls === undefined ? {} : { tls }) })

/** What comes of a stream from one carrier to another. */
async function comesOf(t: Test, from: Carrier, to: Carrier, node?: string): Promise<"welcomed" | "refused"> {
  let arrived = false
  const listening = await to.listen((_kind, stream) => ({
    frame: (bytes) => {
      arrived = true
      stream.send(bytes)
    },
    drained() {},
    closed() {},
  }))
  let [answered, closed] = [false, false]
  const stream = from.open(
    listening.address,
    "data",
    { frame: () => (answered = true), drained() {}, closed: () => (closed = true) },
    node,
  )
  stream.send(new Uint8Array([1]))
  await eventually(() => answered || closed, (over) => over) // prettier-ignore
  stream.close()
  await listening.close()
  await from.close()
  await to.close()
  t.equal(arrived, answered, "nothing of a stream that is refused has arrived")
  return answered ? "welcomed" : "refused"
}

t.test(
  "only who has a certificate of the cluster's authority is let in, and only such a node is spoken to",
  { skip },
  async (t) => {
    const folder = t.testdir()
    const [ours, theirs] = [await Authority.make(folder, "ours"), await Authority.make(folder, "theirs")]
    const [a, b, foreign] = [await ours.certificate("a"), await ours.certificate("b"), await theirs.certificate("a")]
    const mixed = { ...foreign, ca: ours.ca }
    t.equal(await comesOf(t, await carrier(a), await carrier(b)), "welcomed")
    t.equal(await comesOf(t, await carrier(), await carrier(b)), "refused", "no TLS at all")
    t.equal(await comesOf(t, await carrier(mixed), await carrier(b)), "refused", "a certificate of another authority")
    t.equal(await comesOf(t, await carrier(a), await carrier(mixed)), "refused", "a node with one")
    t.equal(await comesOf(t, await carrier(a), await carrier()), "refused", "a node without TLS")
    await t.rejects(carrier({ ...a, key: b.key }), { code: "INVALID_CERTIFICATE" })
    await t.rejects(carrier({ ...a, ca: join(folder, "nothing.pem") }), {
      code: "INVALID_CERTIFICATE",
      message: /nothing\.pem/,
    })
  },
)

t.test("where certificates must name their node, others are refused on both sides", { skip }, async (t) => {
  const ours = await Authority.make(t.testdir(), "ours")
  const named = async (common: string, ...alternatives: string[]): Promise<MeshTls> => ({
    ...(await ours.certificate(common, alternatives)),
    names: true,
  })
  const [a, b, c] = [await named("a"), await named("a machine", "b", "b.cluster"), await named("c")]
  t.equal(await comesOf(t, await carrier(a), await carrier(b), "b"), "welcomed")
  t.equal(await comesOf(t, await carrier(a), await carrier(c), "b"), "refused", "it is another node")
  const nodes = await Promise.all([openMeshNode("a", await carrier(a)), openMeshNode("b", await carrier(b))])
  const [first, second] = nodes
  const impostor = await openMeshNode("a", await carrier(c), { incarnation: 2 })
  t.teardown(() => Promise.all([...nodes, impostor].map((node) => node.stop())))
  await acquaint(first, second)
  first.mesh.connect(second.id, second.node)
  second.mesh.connect(impostor.id, impostor.node)
  impostor.mesh.connect(second.id, second.node)
  await new Promise((done) => setTimeout(done, 500))
  t.same([...impostor.mesh.open()], [], "it says that it is a, and its certificate is of c")
  t.same([...second.mesh.open()], [first.id])
})

t.test(
  "certificates that change are used from the next connection on, those that do not fit never",
  { skip },
  async (t) => {
    const folder = t.testdir()
    const [before, after] = [await Authority.make(folder, "before"), await Authority.make(folder, "after")]
    const files = { ca: join(folder, "ca.pem"), cert: join(folder, "cert.pem"), key: join(folder, "key.pem") }
    const put = async (from: MeshTls): Promise<void> => {
      for (const part of ["ca", "cert", "key"] as const) await copyFile(from[part], files[part])
    }
    await put(await before.certificate("node"))
    const logged: string[] = []
    const logger = { ...silentLogger, error: (_fields: object, message: string) => void logged.push(message) }
    const tls = await MeshCertificates.open(files, systemClock, logger)
    t.teardown(() => tls.close())
    t.equal(await tls.reload(), false, "nothing has changed")
    await writeFile(files.key, "no key")
    t.equal(await tls.reload(), false)
    t.match(logged, [/cannot be used; the last one is/])
    let given: unknown
    tls.server._addWatcher((context) => (given = context?.ca))
    const changed = await after.certificate("node")
    await put(changed)
    t.equal(await tls.reload(), true)
    t.match(String(given), /BEGIN CERTIFICATE/)

    // A node that listens takes connections under the new authority, and those that are open stay.
    await put(await before.certificate("node"))
    const b = await openMeshNode("b", await grpcCarrier({ listen: "127.0.0.1:0", tls: files }))
    const a = await openMeshNode("a", await grpcCarrier({ listen: "127.0.0.1:0", tls: files }))
    t.teardown(() => Promise.all([a.stop(), b.stop()]))
    await acquaint(a, b)
    await put(changed)
    const c = await openMeshNode("c", await carrier(changed))
    t.teardown(() => c.stop())
    c.mesh.connect(b.id, b.node)
    b.mesh.connect(c.id, c.node)
    const met = async (): Promise<boolean> => {
      for (let tries = 0; tries < 100; tries++) {
        if ([...c.mesh.open()].includes(b.id) && [...b.mesh.open()].includes(c.id)) return true
        await new Promise((done) => setTimeout(done, 100))
      }
      return false
    }
    t.ok(await met())
    t.same([...a.mesh.open()], [b.id])
    b.offered = 5
    t.equal(await a.mesh.call(b.id, "hand", "take", undefined), 5)
  },
)

t.test("the names of a certificate are its common name and its DNS names", async (t) => {
  t.same(namesOf({ subject: { CN: "a" }, subjectaltname: "DNS:b, IP Address:127.0.0.1, DNS:c.d" } as never), ["a", "b", "c.d"]) // prettier-ignore
  t.same(namesOf({} as never), [])
})
