/** What docs/operations.md tells people to type and to write into files, typed and read. */
import { execFile } from "node:child_process"
import { readFile, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { connect, createServer, type TLSSocket } from "node:tls"
import type { AddressInfo } from "node:net"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"
import t from "tap"
import { consulRegistry } from "#cluster/consul-registry.js"
import { openPostgresJournal } from "#cluster/open-postgres-journal.js"
import type { SeatEvent } from "#cluster/registry.js"
import { parseConfigText } from "#src/config.js"
import { cli } from "#test/support/command-line.js"
import { findConsul, startDevAgent } from "#test/support/consul.js"
import { withEnvironment } from "#test/support/environment.js"
import { startPostgres } from "#test/support/postgres.js"

const run = promisify(execFile)
const page = await readFile(fileURLToPath(new URL("../../../docs/operations.md", import.meta.url)), "utf8")
const blocks = (language: string): readonly string[] =>
  [...page.matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\``, "gms"))].map(([, code = ""]) => code)
const block = (language: string, holding = ""): string => {
  const found = blocks(language).find((code) => code.includes(holding))
  if (found === undefined) throw new Error(`docs/operations.md has no ${language} with ${holding}`)
  return found
}

t.test("the configuration of a node is one", async (t) => {
  const { cluster, gateway } = withEnvironment({ HOSTNAME: "node-1" }, () => parseConfigText(block("yaml"), "page"))
  t.match(cluster, { name: "agents", node: "node-1", advertise: "node-1.internal:7430", registry: { kind: "consul" } })
  t.equal(gateway.host, "0.0.0.0")
})

t.test("every command there is one", async (t) => {
  const commands = new Set(
    [...page.matchAll(/llmagentos ((?:cluster|store|keys) [a-z]+)/g)].map(([, words = ""]) => words),
  )
  t.ok(commands.size >= 9)
  for (const command of commands) {
    const { code, out } = await cli(t.testdir(), [...command.split(" "), "--help"])
    t.match({ code, out }, { code: 0, out: new RegExp(`^Usage: llmagentos ${command}`) }, command)
  }
})

t.test("the certificates let nodes in, and nobody else", async (t) => {
  const folder = t.testdir({ ours: {}, others: {} })
  for (const place of ["ours", "others"]) {
    const { stdout } = await run("sh", ["-e", "-c", block("sh", "genpkey")], { cwd: join(folder, place) })
    t.match(stdout, /node-1\.pem: OK\nnode-2\.pem: OK\nnode-3\.pem: OK/)
  }
  const files = async (place: string, node: string) => {
    const [ca, cert, key] = await Promise.all(["ca.pem", `${node}.pem`, `${node}.key`].map((name) => readFile(join(folder, place, name)))) // prettier-ignore
    return { ca: ca as Buffer, cert: cert as Buffer, key: key as Buffer }
  }
  const server = createServer({ ...(await files("ours", "node-1")), requestCert: true, rejectUnauthorized: true })
  server.on("secureConnection", (socket) => socket.on("error", () => undefined).end("welcome"))
  server.on("tlsClientError", () => undefined)
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done))
  t.teardown(() => server.close())
  const { port } = server.address() as AddressInfo
  const ask = (options: object): Promise<string> =>
    new Promise((done) => {
      let text = ""
      const socket: TLSSocket = connect({ port, host: "127.0.0.1", servername: "node-1", ...options })
      socket.on("data", (bytes: Buffer) => (text += bytes.toString()))
      socket.on("error", (error) => done(error.message)).on("close", () => done(text))
    })
  t.equal(await ask(await files("ours", "node-2")), "welcome")
  const { ca } = await files("ours", "node-2")
  t.not(await ask({ ca }), "welcome", "without a certificate")
  t.not(await ask({ ...(await files("others", "node-2")), ca }), "welcome", "with one of another authority")
})

const binary = await findConsul()
const skip = binary === undefined ? "no consul on this machine" : false
t.test("Consul takes the servers' settings", { skip }, async (t) => {
  // Which address it binds to depends on the machine: one may have several.
  const folder = t.testdir({ "bind.json": '{ "bind_addr": "127.0.0.1" }' })
  await writeFile(join(folder, "server.json"), block("json"))
  const files = ["server.json", "bind.json"].map((name) => join(folder, name))
  t.match((await run(binary ?? "", ["validate", ...files])).stdout, /Configuration is valid/)
})

t.test("a token with the policy is enough for a node, and one without it is not", { skip }, async (t) => {
  const folder = t.testdir()
  const master = "7f0c39a2-0d5f-4c8d-8a53-2f8d3b9c1e10"
  const acl = { enabled: true, default_policy: "deny", tokens: { master, agent: master } }
  const consul = await startDevAgent(binary ?? "", folder, { acl })
  t.teardown(() => consul.kill())
  const send = async (path: string, body: object): Promise<{ readonly SecretID: string }> => {
    const headers = { "X-Consul-Token": master }
    for (;;) {
      const answer = await fetch(`${consul.url}/v1/acl/${path}`, { method: "PUT", headers, body: JSON.stringify(body) })
      if (answer.ok) return (await answer.json()) as { SecretID: string }
      await new Promise((done) => setTimeout(done, 50)) // the first leader has still to make room for it
    }
  }
  await send("policy", { Name: "node", Rules: block("hcl") })
  const { SecretID: token } = await send("token", { Policies: [{ Name: "node" }] })
  const node = { name: "node-1", incarnation: 1, address: "127.0.0.1:7430", roles: ["x"], capabilities: {}, capacity: 1, protocol: { min: 1, max: 1 } } // prettier-ignore

  const registry = consulRegistry({ cluster: "agents", url: consul.url, token })
  const event = await new Promise<SeatEvent>((done) => registry.join(node, done))
  t.equal(event.kind, "seated", JSON.stringify(event))
  const seat = registry.join(node, () => undefined)
  t.equal((await registry.write("home/1", "node-1", 0)).kind, "written")
  t.equal((await registry.list("home/")).kind, "listed")
  const seen = await new Promise<string>((done) =>
    registry.watchNodes((sight) => {
      if (sight.kind === "current" && sight.entries.length > 0)
        done(sight.entries.map((entry) => entry.node.name).join(","))
    }),
  )
  t.equal(seen, "node-1")
  await seat.leave()
  await registry.close()

  const { SecretID: nothing } = await send("token", {})
  const refused = consulRegistry({ cluster: "agents", url: consul.url, token: nothing })
  const told = await new Promise<SeatEvent>((done) => refused.join(node, done))
  t.match(told, { kind: "waiting", reason: /Permission denied/i })
  t.equal((await refused.write("home/2", "node-1", 0)).kind, "unavailable")
  await refused.close()
})

const server = await startPostgres()
t.test(
  "the role and the database are enough for a node",
  { skip: typeof server === "string" ? server : false },
  async (t) => {
    if (typeof server === "string") return
    t.teardown(() => server.remove())
    const statements = block("sql").split(";").map((text) => text.trim()).filter((text) => text !== "") // prettier-ignore
    for (const statement of statements) await server.sql(statement)
    const url = new URL(server.url)
    Object.assign(url, { username: "llmagentos", password: encodeURIComponent("choose one"), pathname: "/llmagentos" })
    const journal = await openPostgresJournal({ url: url.href })
    await journal.close()
    t.pass("the store was made and opened")
  },
)
