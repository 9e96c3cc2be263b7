import { execFile } from "node:child_process"
import { readdir, readFile, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"
import t from "tap"
import { parse, parseAllDocuments } from "yaml"
import { parseConfigText } from "#src/config.js"
import { cli } from "#test/support/command-line.js"
import { findConsul } from "#test/support/consul.js"
import { withEnvironment } from "#test/support/environment.js"
import { faultsOf, type Manifest } from "#test/support/manifest-check.js"

const folder = fileURLToPath(new URL("../../../deploy/kubernetes/", import.meta.url))

/** Every object, as it stands in the files. */
async function manifests(): Promise<readonly Manifest[]> {
  const files = (await readdir(folder)).filter((name) => name !== "kustomization.yaml").sort()
  const texts = await Promise.all(files.map((name) => readFile(join(folder, name), "utf8")))
  return texts.flatMap((text) =>
    parseAllDocuments(text).map((document) => {
      t.strictSame(document.errors, [])
      return document.toJS() as Manifest
    }),
  )
}

interface Container {
  readonly name: string
  readonly env: readonly { readonly name: string }[]
  readonly ports: readonly { readonly name: string; readonly containerPort: number }[]
  readonly volumeMounts: readonly { readonly name: string; readonly mountPath: string }[]
  readonly startupProbe: { readonly httpGet: { readonly port: string } }
  readonly livenessProbe: Container["startupProbe"]
  readonly readinessProbe: Container["startupProbe"]
  readonly lifecycle: { readonly preStop: { readonly exec: { readonly command: readonly string[] } } }
}

interface Pod {
  readonly containers: readonly [Container]
  readonly initContainers: readonly [Container]
  readonly volumes: readonly { readonly name: string }[]
}

const all = await manifests()
const find = <T>(kind: string, name: string): T => {
  const found = all.find((one) => one.kind === kind && one.metadata.name === name)
  if (found === undefined) throw new Error(`there is no ${kind} ${name}`)
  return found as T
}
const set = find<{ spec: { serviceName: string; selector: { matchLabels: object }; template: { metadata: { labels: object }; spec: Pod }; volumeClaimTemplates: readonly Manifest[] } }>("StatefulSet", "llmagentos") // prettier-ignore
const pod = set.spec.template.spec
const [node] = pod.containers

t.test("every object is as Kubernetes describes it, and the check finds what is not", async (t) => {
  t.strictSame(faultsOf(all), [])
  const broken = structuredClone(all) as unknown as Record<string, Record<string, unknown>>[]
  const [one] = broken.filter(({ kind }) => (kind as unknown) === "StatefulSet")
  Object.assign(one?.["spec"] ?? {}, { replicas: "3", replcas: 3 })
  t.match(faultsOf(broken as unknown as Manifest[]).join("\n"), /'string' is not assignable to type 'number'/)
  delete one?.["spec"]?.["replicas"]
  t.match(
    faultsOf(broken as unknown as Manifest[]).join("\n"),
    /"replcas": 3: Object literal may only specify known properties/,
  )
})

t.test("the kustomization names every file", async (t) => {
  const { resources } = parse(await readFile(join(folder, "kustomization.yaml"), "utf8")) as { resources: string[] }
  const files = (await readdir(folder)).filter((name) => name !== "kustomization.yaml")
  t.strictSame(resources.toSorted(), files.sort())
})

t.test("what refers to something by its name or number, refers to something", async (t) => {
  const ports = new Map(node.ports.map(({ name, containerPort }) => [name, containerPort]))
  for (const { spec } of all.filter(({ kind }) => kind === "Service") as unknown as {
    spec: { ports: { port: number; targetPort: string }[]; selector: object }
  }[]) {
    for (const { port, targetPort } of spec.ports) t.equal(ports.get(targetPort), port, targetPort)
    t.strictSame(spec.selector, set.spec.template.metadata.labels)
  }
  for (const probe of [node.startupProbe, node.livenessProbe, node.readinessProbe]) t.ok(ports.has(probe.httpGet.port))
  const volumes = [
    ...pod.volumes.map(({ name }) => name),
    ...set.spec.volumeClaimTemplates.map((one) => one.metadata.name),
  ]
  for (const container of [...pod.containers, ...pod.initContainers])
    for (const { name } of container.volumeMounts) t.ok(volumes.includes(name), `${container.name} mounts ${name}`)
  t.strictSame(set.spec.selector.matchLabels, set.spec.template.metadata.labels)
  find("Service", set.spec.serviceName)
  const open = find<{ spec: { ingress: readonly { ports: readonly { port: number }[] }[] } }>(
    "NetworkPolicy",
    "llmagentos",
  )
  const allowed = new Set(open.spec.ingress.flatMap(({ ports }) => ports.map(({ port }) => port)))
  for (const container of [...pod.containers, ...pod.initContainers])
    for (const { containerPort } of container.ports)
      t.ok(allowed.has(containerPort), `port ${containerPort} may be reached`)
})

t.test("nodes accept the configuration, find its files where they are mounted, and know the commands", async (t) => {
  const { data } = find<{ data: Record<string, string> }>("ConfigMap", "llmagentos")
  const { cluster, gateway, storeEnv } = withEnvironment({ HOSTNAME: "llmagentos-0" }, () =>
    parseConfigText(data["llmagentos.yaml"] ?? "", "llmagentos.yaml"),
  )
  const mesh = Number(cluster?.listen.split(":").at(-1))
  t.match(node.ports, [{ containerPort: gateway.port }, { containerPort: gateway.grpcPort }, { containerPort: mesh }])
  t.match(cluster, { node: "llmagentos-0", advertise: `llmagentos-0.${set.spec.serviceName}:${mesh}` })
  for (const path of Object.values(cluster?.tls ?? {}))
    t.ok(
      node.volumeMounts.some(({ mountPath }) => path.startsWith(`${mountPath}/`)),
      path,
    )
  const given = node.env.map(({ name }) => name)
  t.strictSame(given, [storeEnv, cluster?.registry.kind === "consul" ? cluster.registry.tokenEnv : undefined])
  const [, ...command] = node.lifecycle.preStop.exec.command
  t.match(await cli(t.testdir(), [...command, "--help"]), { code: 0, out: /^Usage: llmagentos cluster drain/ })
})

const binary = await findConsul()
const skip = binary === undefined ? "no consul on this machine" : false
t.test("Consul takes the settings of its agents and servers", { skip }, async (t) => {
  const { data } = find<{ data: Record<string, string> }>("ConfigMap", "llmagentos")
  // Which address it binds to is given on the command line, or depends on the machine.
  const place = t.testdir({ "bind.json": '{ "bind_addr": "127.0.0.1" }' })
  await writeFile(join(place, "agent.json"), data["agent.json"] ?? "")
  const server = await readFile(join(folder, "../consul/server.json"), "utf8")
  await writeFile(join(place, "server.json"), server)
  for (const name of ["agent.json", "server.json"]) {
    const { stdout } = await promisify(execFile)(binary ?? "", [
      "validate",
      join(place, name),
      join(place, "bind.json"),
    ])
    t.match(stdout, /Configuration is valid/, name)
  }
})
