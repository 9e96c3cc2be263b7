import { readFile } from "node:fs/promises"
import { join } from "node:path"
import { Ajv } from "ajv"
import protobuf from "protobufjs"
import t from "tap"
import { createClient, type Client, type InputOf, type StreamName, type UnaryName } from "#src/client/index.js"
import { jsonSchema, resolved, type JsonSchema } from "#src/gateway/json-schema.js"
import { everyOperation, isStream, operations } from "#src/gateway/operations.js"
import { fieldOf } from "#src/gateway/wire.js"
import { readTokenFile } from "#src/security/token-file.js"
import { openClusterDoor } from "#test/support/cluster-door.js"
import { openNode } from "#test/support/open-node.js"
import { ScriptedCluster } from "#test/support/scripted-cluster.js"

const contract = protobuf.parse(
  await readFile(join(import.meta.dirname, "../../../proto/agent.proto"), "utf8"),
  new protobuf.Root(),
).root
const service = contract.lookupService("llmagentos.v1.AgentService")

/** Where a message says the same in another way; see src/gateway/messages.ts and the invariants of the gRPC door. */
const others: Readonly<Record<string, { readonly lacks?: readonly string[]; readonly has?: readonly string[] }>> = {
  "Run input": { lacks: ["timeoutMs"] },
  "StreamRun input": { lacks: ["timeoutMs"] },
  "AddDocument input": { lacks: ["encoding"] },
  "ForgetNode input": { lacks: ["node"], has: ["name"] },
  "ListModels output": { lacks: ["data", "object"], has: ["models"] },
  "GetRun output": { has: ["errorCode", "errorMessage"] },
}

const scalars: Readonly<Record<string, readonly string[]>> = {
  string: ["string", "bytes"],
  integer: ["uint32", "double"],
  number: ["double"],
  boolean: ["bool"],
}

/** What differs between a schema and a message. */
function differences(place: string, schema: JsonSchema, message: protobuf.Type): readonly string[] {
  const { definitions } = schema
  const seen = new Set<string>()
  const look = (at: string, given: JsonSchema, type: protobuf.Type): readonly string[] => {
    const form = resolved(given, definitions)
    if (seen.has(`${at.length > 200} ${type.name} ${JSON.stringify(form)}`)) return []
    seen.add(`${at.length > 200} ${type.name} ${JSON.stringify(form)}`)
    const { lacks = [], has = [] } = others[at] ?? {}
    const variants = form.anyOf?.map((one) => [resolved(one, definitions).title ?? "", one] as const)
    const properties = (variants ?? Object.entries(form.properties ?? {})).filter(([, { const: constant }]) => constant === undefined) // prettier-ignore
    const wanted = new Map(properties.map(([name, property]) => [fieldOf(name, property), property]))
    const fields = new Map(type.fieldsArray.map((field) => [field.name, field.resolve()]))
    return [
      ...[...wanted.keys()].filter((name) => !fields.has(name) && !lacks.includes(name)).map((name) => `${at}: ${type.name} has no field ${name}`), // prettier-ignore
      ...[...fields.keys()].filter((name) => !wanted.has(name) && !has.includes(name)).map((name) => `${at} has no property for ${type.name}.${name}`), // prettier-ignore
      ...[...wanted].flatMap(([name, property]) => {
        const field = fields.get(name)
        if (field === undefined) return []
        const of = resolved(property, definitions)
        const item = of.type === "array" ? resolved(of.items ?? {}, definitions) : of
        if (field.repeated !== (of.type === "array")) return [`${at}.${name}: only one of them is a list`]
        if (field.resolvedType instanceof protobuf.Type) return look(`${at}.${name}`, item, field.resolvedType)
        const kinds = name.endsWith("Json") ? ["string"] : (scalars[item.type ?? ""] ?? [])
        return kinds.includes(field.type) ? [] : [`${at}.${name} is ${item.type}, its field ${field.type}`]
      }),
    ]
  }
  return look(place, schema, message)
}

t.test("agent.proto has an rpc for each operation, and a field for each property", (t) => {
  t.strictSame(Object.keys(service.methods).sort(), everyOperation.map(([name]) => name).sort())
  for (const [name, operation] of everyOperation) {
    const method = service.methods[name]?.resolve() as protobuf.Method | undefined
    if (method?.resolvedRequestType == null || method.resolvedResponseType === null) return t.fail(name)
    t.equal(method.responseStream === true, isStream(operation), name)
    t.strictSame(differences(`${name} input`, jsonSchema(operation.input), method.resolvedRequestType), [])
    t.strictSame(differences(`${name} output`, jsonSchema(operation.output), method.resolvedResponseType), [])
    const { request, reply } = operation.wire as unknown as Record<string, { readonly name: string }>
    t.strictSame([request?.name, reply?.name], [method.resolvedRequestType.name, method.resolvedResponseType.name])
  }
  t.end()
})

/** One input for each operation: who adds one has to say here how it is asked. */
const inputs: { readonly [Name in UnaryName]: InputOf<Name> } & { readonly [Name in StreamName]: InputOf<Name> } = {
  Run: { target: "sums", input: "6 * 7", includeContext: true },
  StreamRun: { target: "sums", input: "6 * 7", includeContext: true },
  GetRun: { runId: "the last one" },
  CancelRun: { runId: "the last one" },
  ListRuns: {},
  WatchRuns: {},
  ListAgents: {},
  DescribeAgent: { name: "echo" },
  StartAgent: { name: "echo" },
  StopAgent: { name: "slow" },
  RestartAgent: { name: "echo" },
  ReplicateAgent: { name: "echo", count: 2 },
  ListTopologies: {},
  DescribeTopology: { name: "twice" },
  AddDocument: { id: "keys.md", format: "markdown", content: "# Keys\n\nThe spare key hangs behind the clock." },
  ListDocuments: {},
  RemoveDocument: { id: "a/keys.md" },
  AssertFact: { subject: "Ada", relation: "owns", object: "the spare key", source: "a talk" },
  RetractFact: { subject: "Ada", relation: "owns", object: "the lamp" },
  FindFacts: { subject: "Ada", limit: 5 },
  FindRecords: { type: "article", where: { price: { max: 50 } }, limit: 5 },
  SearchKnowledge: { query: "spare key" },
  ListModels: {},
  ListActors: { mostChildren: 2 },
  CreateKey: { name: "robot", role: "operator", requestsPerMinute: 60 },
  ListKeys: {},
  RevokeKey: { id: "the last one" },
  ClusterStatus: {},
  DrainNode: { node: "ben" },
  UndrainNode: {},
  LeaveCluster: { node: "ben" },
  RebalanceCluster: { dryRun: true },
  ForgetNode: { node: "carlo" },
}

const checks = new Ajv({ strict: false, formats: { name: true } })
const ofClusters = /Cluster$|Node$|ClusterStatus/

/** What every door promises of every operation. */
function answersInForm(door: string, connect: (node: { rest: string; grpc: string }, apiKey: string) => Client): void {
  t.test(`${door}: every operation answers in the form that it states, and holds nothing back`, async (t) => {
    const folder = t.testdir({ node: {}, member: {} })
    const node = await openNode({ data: join(folder, "node"), monitoring: { level: "silent" } })
    t.teardown(() => node.stop())
    const cluster = await openClusterDoor(join(folder, "member"), new ScriptedCluster())
    t.teardown(() => cluster.close())
    const alone = connect(node, (await readTokenFile(`${node.os.data}/token`)) ?? "")
    const member = connect(cluster, cluster.token)
    const last = { run: "", key: "" }
    for (const [name, operation] of everyOperation) {
      const check = checks.compile(jsonSchema(operation.output))
      const right = (value: unknown): void =>
        void t.ok(check(value), `${name} ${JSON.stringify(check.errors)} ${JSON.stringify(value).slice(0, 300)}`)
      const client = ofClusters.test(name) ? member : alone
      const given: object = inputs[name as keyof typeof inputs]
      if (isStream(operation)) {
        for await (const event of client.follow(name as StreamName, given as never)) {
          right(event)
          if ((event as { type?: string }).type === undefined) break
        }
        continue
      }
      const input = name === "RevokeKey" ? { id: last.key } : /(Get|Cancel)Run/.test(name) ? { runId: last.run } : given
      const entry = operation as { handle: typeof operation.handle }
      const handle = entry.handle.bind(operation)
      let said: unknown
      entry.handle = async (...call) => (said = await handle(...call))
      const answer = (await client.call(name as UnaryName, input as never, {
        ...(name === "Run" && { idempotencyKey: "k" }),
      })) as Record<string, unknown>
      entry.handle = handle
      right(answer)
      t.strictSame(answer, JSON.parse(JSON.stringify(said)), name)
      if (name === "Run") last.run = String(answer["runId"])
      if (name === "CreateKey") last.key = (answer["record"] as { id: string }).id
    }
    await Promise.all([alone.close(), member.close()])
  })
}

answersInForm("REST", ({ rest }, apiKey) => createClient({ url: rest, apiKey }))
answersInForm("gRPC", ({ grpc }, apiKey) => createClient({ url: `grpc://${grpc}`, apiKey }))

t.test("no two operations share a path and a method, but for one that streams the same", (t) => {
  const places = everyOperation.map(
    ([, { rest, ...operation }]) => `${rest.method} ${rest.path} ${"follow" in operation}`,
  )
  t.equal(new Set(places).size, places.length)
  t.ok(Object.keys(operations).every((name) => /^[A-Z][A-Za-z]+$/.test(name)))
  t.end()
})
