import {
  credentials,
  loadPackageDefinition,
  Metadata,
  status,
  type Client as GrpcClient,
  type ServiceError,
} from "@grpc/grpc-js"
import { loadFileDescriptorSetFromBuffer, loadSync } from "@grpc/proto-loader"
import { createRequire } from "node:module"
import { dirname, join } from "node:path"
import protobuf from "protobufjs"
import descriptors from "protobufjs/ext/descriptor/index.js"
import t from "tap"
import { openNode } from "#test/support/open-node.js"

type Generic = GrpcClient &
  Record<
    string,
    (...args: unknown[]) => AsyncIterable<Record<string, unknown>> & { write(value: unknown): void; end(): void }
  >
type Constructor = new (address: string, channel: ReturnType<typeof credentials.createInsecure>) => Generic
const insecure = credentials.createInsecure()
const find = createRequire(import.meta.url)

const serviceAt = (grpcObject: object, path: string): Constructor =>
  path.split(".").reduce<unknown>((value, key) => (value as Record<string, unknown>)[key], grpcObject) as Constructor

/** A client that knows only the address: it asks the server for its services and their messages. */
async function reflectedClient(address: string): Promise<{ services: string[]; client: Generic }> {
  const folder = join(dirname(find.resolve("@grpc/reflection")), "../proto/grpc/reflection/v1")
  const Reflection = serviceAt(
    loadPackageDefinition(loadSync(join(folder, "reflection.proto"))),
    "grpc.reflection.v1.ServerReflection",
  )
  const reflection = new Reflection(address, insecure)
  const ask = async (request: object): Promise<Record<string, unknown>> => {
    const call = reflection["ServerReflectionInfo"]?.()
    call?.write(request)
    call?.end()
    for await (const reply of call ?? []) return reply
    throw new Error("no reply")
  }
  const list = (await ask({ listServices: "" }))["listServicesResponse"] as { service: { name: string }[] }
  const file = (await ask({ fileContainingSymbol: "llmagentos.v1.AgentService" }))["fileDescriptorResponse"] as { fileDescriptorProto: Uint8Array[] } // prettier-ignore
  reflection.close()
  const files = file.fileDescriptorProto.map((bytes) => descriptors.FileDescriptorProto.decode(bytes))
  const set = Buffer.from(descriptors.FileDescriptorSet.encode({ file: files }).finish())
  const Service = serviceAt(loadPackageDefinition(loadFileDescriptorSetFromBuffer(set)), "llmagentos.v1.AgentService")
  return { services: list.service.map(({ name }) => name), client: new Service(address, insecure) }
}

const call = (client: Generic, method: string, request: object, metadata = new Metadata()) =>
  new Promise<Record<string, unknown>>((resolve, reject) =>
    client[method]?.(request, metadata, (error: ServiceError | null, reply: Record<string, unknown>) =>
      error === null ? resolve(reply) : reject(error),
    ),
  )

t.test("a generic client that knows only the address finds the service by reflection and uses it", async (t) => {
  const node = await openNode()
  const { services, client } = await reflectedClient(node.grpc)
  t.ok(services.includes("llmagentos.v1.AgentService"))

  t.match(await call(client, "Run", { target: "echo", input: "hello there" }), {
    output: "hello there",
    usage: { completionTokens: 2 },
  })
  const listed = (await call(client, "ListAgents", {}))["agents"] as { name: string }[]
  t.ok(listed.some(({ name }) => name === "echo"))
  const texts: unknown[] = []
  for await (const event of client["StreamRun"]?.({ target: "echo", input: "hello there" }) ?? [])
    texts.push((event["token"] as { text?: string } | null)?.text)
  t.equal(texts.filter(Boolean).join(""), "hello there")

  const failure: ServiceError = await call(client, "Run", { target: "nobody", input: "x" }).then(() => t.fail("should fail"), (error) => error) // prettier-ignore
  t.equal(failure.code, status.NOT_FOUND)
  t.strictSame(failure.metadata.get("error-code"), ["UNKNOWN_TARGET"])
  t.strictSame(failure.metadata.get("error-executed"), ["no"])
  await t.rejects(call(client, "ListKeys", {}), { code: status.PERMISSION_DENIED })
  const metadata = new Metadata()
  metadata.set("traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")
  const traced: ServiceError = await call(client, "Run", { target: "", input: "x" }, metadata).then(() => t.fail("should fail"), (error) => error) // prettier-ignore
  t.match(traced.metadata.get("traceparent")[0], /4bf92f3577b34da6a3ce929d0e0e4736/)
  client.close()
  await node.stop()
})

t.test("the standard health service says whether the node serves", async (t) => {
  const node = await openNode()
  const { protoPath } = await import("grpc-health-check")
  const Health = serviceAt(loadPackageDefinition(loadSync(protoPath)), "grpc.health.v1.Health")
  const health = new Health(node.grpc, insecure)
  for (const service of ["", "llmagentos.v1.AgentService"])
    t.match(await call(health, "check", { service }), { status: /SERVING|1/ })
  await t.rejects(call(health, "check", { service: "nothing" }), { code: status.NOT_FOUND })
  health.close()
  await node.stop()
})

t.test("the published contract still holds: no field changed its number, type or name", async (t) => {
  const shapes = (root: protobuf.Root) => {
    const found: Record<string, string> = {}
    const visit = (namespace: protobuf.NamespaceBase): void => {
      for (const item of namespace.nestedArray) {
        if (item instanceof protobuf.Type) for (const field of item.fieldsArray) found[`${item.name}.${field.name}`] = `${field.id} ${field.repeated ? "repeated " : ""}${field.type}` // prettier-ignore
        if (item instanceof protobuf.Service) for (const method of item.methodsArray) found[`${item.name}.${method.name}`] = `${method.requestType} -> ${method.responseStream ? "stream " : ""}${method.responseType}` // prettier-ignore
        if (item instanceof protobuf.Namespace) visit(item)
      }
    }
    visit(root)
    return found
  }
  const now = shapes(await protobuf.load(join(import.meta.dirname, "../../../proto/agent.proto")))
  const { readFile } = await import("node:fs/promises")
  const released = JSON.parse(
    await readFile(join(import.meta.dirname, "../../../proto/released.json"), "utf8"),
  ) as Record<string, string>
  for (const [name, shape] of Object.entries(released)) t.equal(now[name], shape, name)
  const numbers = Object.keys(now)
    .filter((name) => !name.startsWith("AgentService."))
    .map((name) => `${name.split(".")[0]} ${now[name]?.split(" ")[0]}`)
  t.equal(new Set(numbers).size, numbers.length, "no number is used twice")
})
