import { copyFile, readFile, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { connect } from "node:tls"
import t from "tap"
import { createClient, type ClientTls } from "#src/client/index.js"
import { Authority, hasOpenssl } from "#test/support/certificates.js"
import { cli } from "#test/support/command-line.js"
import { openNode } from "#test/support/open-node.js"
import { startNode } from "#test/support/node-process.js"
import { until } from "#test/support/until.js"

const skip = (await hasOpenssl()) ? false : "openssl is not installed"
const names = ["localhost", "127.0.0.1"]

type Node = Awaited<ReturnType<typeof openNode>>

/** What comes of a run and a stream over each door. */
async function answers(node: Node, tls: ClientTls | undefined): Promise<string[]> {
  const outcomes: string[] = []
  for (const url of [node.rest, `grpcs://${node.grpc}`]) {
    const client = createClient({ url, ...(tls === undefined ? {} : { tls }) })
    try {
      let last = ""
      for await (const event of client.stream("echo", "hello")) last = event.type
      outcomes.push(`${(await client.run("echo", "hello")).output} ${last}`)
    } catch (error) {
      outcomes.push((error as { code: string }).code)
    }
    await client.close()
  }
  return outcomes
}

const welcome = ["hello end", "hello end"]
const refused = ["UNREACHABLE", "UNREACHABLE"]

t.test("both doors speak TLS where they have a certificate, and nothing else", { skip }, async (t) => {
  const authority = await Authority.make(t.testdir(), "ours")
  const { ca: caFile, cert, key } = await authority.certificate("node", names)
  const ca = await readFile(caFile)
  const node = await openNode({ gateway: { tls: { cert, key } } })
  t.teardown(() => node.stop())
  t.match(node.rest, /^https:/)
  t.strictSame(await answers(node, { ca }), welcome)
  t.strictSame(await answers(node, undefined), refused, "nobody vouches for it")
  for (const url of [node.rest.replace("https", "http"), `grpc://${node.grpc}`]) {
    const client = createClient({ url })
    await t.rejects(client.run("echo", "hello"), { code: "UNREACHABLE" }, "clear text")
    await client.close()
  }
  const other = await authority.certificate("node", ["elsewhere.example"])
  const wrong = await openNode({ gateway: { tls: { cert: other.cert, key: other.key } } })
  t.strictSame(await answers(wrong, { ca }), refused, "a certificate of another name")
  await wrong.stop()
})

t.test("with requireClientCert only a caller whose certificate the authority signed is let in", { skip }, async (t) => {
  const folder = t.testdir()
  const [ours, theirs] = [await Authority.make(folder, "ours"), await Authority.make(folder, "theirs")]
  const { ca: caFile, cert, key } = await ours.certificate("node", names)
  const node = await openNode({ gateway: { tls: { cert, key, ca: caFile, requireClientCert: true } } })
  t.teardown(() => node.stop())
  const ca = await readFile(caFile)
  const shown = async (authority: Authority, days?: number): Promise<ClientTls> => {
    const files = await authority.certificate("caller", [], days)
    return { ca, cert: await readFile(files.cert), key: await readFile(files.key) }
  }
  t.strictSame(await answers(node, await shown(ours)), welcome)
  t.strictSame(await answers(node, { ca }), refused, "no certificate")
  t.strictSame(await answers(node, await shown(theirs)), refused, "of another authority")
  t.strictSame(await answers(node, await shown(ours, -1)), refused, "one that is over")
})

t.test(
  "a client says what is wrong with certificates, and what would be right, over both doors",
  { skip },
  async (t) => {
    const folder = t.testdir()
    const authority = await Authority.make(folder, "ours")
    const { ca: caFile, cert, key } = await authority.certificate("node", names)
    const [ca, good] = [await readFile(caFile), { cert: await readFile(cert), key: await readFile(key) }]
    const other = await authority.certificate("other", ["elsewhere.example"])
    const old = await authority.certificate("old", names, -1)
    const clear = await openNode()
    const fails = async (node: { rest: string; grpc: string }, tls: ClientTls, message: RegExp) => {
      for (const url of [node.rest.replace("http:", "https:"), `grpcs://${node.grpc}`]) {
        const client = createClient({ url, tls })
        await t.rejects(
          client.run("echo", "hello"),
          { code: "UNREACHABLE", executed: "no", retryable: false, message },
          url,
        )
        await client.close()
      }
    }
    await fails(clear, { ca }, /speaks no TLS/)
    await clear.stop()
    for (const [files, tls, message] of [
      [{ cert, key }, {}, /certificate.*`tls\.ca`/],
      [{ cert: other.cert, key: other.key }, { ca }, /altnames.*a name that its certificate holds/],
      [{ cert: old.cert, key: old.key }, { ca }, /expired.*valid now/],
      [{ cert, key, ca: caFile, requireClientCert: true }, { ca }, /alert.*`tls\.cert`/],
    ] as const) {
      const node = await openNode({ gateway: { tls: files } })
      await fails(node, tls, message)
      await node.stop()
    }
    for (const [tls, message] of [
      [{ ca: "none" }, /^tls\.ca cannot be used: /],
      [{ ...good, cert: "none" }, /^tls\.cert cannot be used: /],
      [{ ...good, key: "none" }, /^tls\.key cannot be used: .*PEM/],
      [{ ...good, key: await readFile(other.key) }, /^tls\.key cannot be used: .*the one of/],
      [{ cert: good.cert }, /belong together/],
      [{ key: good.key }, /belong together/],
    ] as const)
      for (const url of ["https://127.0.0.1:1", "grpcs://127.0.0.1:1"])
        t.throws(() => createClient({ url, tls }), { code: "INVALID_CERTIFICATE", executed: "no", message }, url)
  },
)

t.test("a certificate that changes is used without a restart; one that does not fit never", { skip }, async (t) => {
  const folder = t.testdir()
  const authority = await Authority.make(folder, "ours")
  const files = { cert: join(folder, "cert.pem"), key: join(folder, "key.pem") }
  const put = async (common: string): Promise<void> => {
    const made = await authority.certificate(common, names)
    await copyFile(made.key, files.key)
    await copyFile(made.cert, files.cert)
  }
  await put("first")
  const node = await openNode({ gateway: { tls: files } })
  t.teardown(() => node.stop())
  const seen = (address: string): Promise<unknown> =>
    new Promise((resolve, reject) => {
      const port = Number(address.split(":").at(-1))
      const socket = connect(
        { host: "127.0.0.1", port, rejectUnauthorized: false, ALPNProtocols: ["h2", "http/1.1"] },
        () => {
          resolve(socket.getPeerCertificate().subject.CN)
          socket.destroy()
        },
      )
      socket.on("error", reject)
    })
  const both = async (): Promise<unknown[]> => [await seen(node.rest), await seen(node.grpc)]
  t.strictSame(await both(), ["first", "first"])
  await writeFile(files.key, "no key")
  await writeFile(files.cert, "no certificate")
  await put("second")
  await until(async () => (await both()).every((name) => name === "second"), "the new certificate")
  t.strictSame(await answers(node, { ca: await readFile(authority.ca) }), welcome)
})

t.test("certificates that cannot be used are named before a door opens", { skip }, async (t) => {
  const folder = t.testdir()
  const authority = await Authority.make(folder, "ours")
  const [a, b] = [await authority.certificate("a"), await authority.certificate("b")]
  await t.rejects(openNode({ gateway: { tls: { cert: a.cert, key: b.key } } }), { code: "INVALID_CERTIFICATE" })
  await t.rejects(openNode({ gateway: { tls: { cert: join(folder, "none.pem"), key: a.key } } }), {
    message: /none\.pem/,
  })
  const noAuthority = { cert: a.cert, key: a.key, requireClientCert: true }
  await t.rejects(openNode({ gateway: { tls: noAuthority } }), { code: "INVALID_CONFIG", message: /gateway\.tls\.ca/ })
})

t.test("the command line finds a node that speaks TLS, also one that wants certificates", { skip }, async (t) => {
  for (const requireClientCert of [false, true]) {
    const folder = t.testdir()
    const authority = await Authority.make(folder, "ours")
    const { ca, cert, key } = await authority.certificate("node", ["agents.example"])
    const tls = `{ cert: ${cert}, key: ${key}, ca: ${ca}, requireClientCert: ${requireClientCert} }`
    const config = join(folder, "llmagentos.yaml")
    await writeFile(config, `gateway: { tls: ${tls} }\nknowledge: { shipped: false }\n`)
    const node = await startNode(join(folder, "data"), ["--config", config])
    t.match(node.rest, /^https:/)
    const { code, out, err } = await cli(folder, ["keys", "create", "robot", "--data", "data"])
    t.equal(code, 0, err)
    t.match(out, /lao_/)
    t.equal(await node.stop(), 0)
  }
})
