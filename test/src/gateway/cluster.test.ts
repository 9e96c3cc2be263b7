import t from "tap"
import { createClient, type Client } from "#src/client/index.js"
import { openClusterDoor, type ClusterDoor } from "#test/support/cluster-door.js"
import { ScriptedCluster } from "#test/support/scripted-cluster.js"

const allOf = (client: Client): readonly Promise<unknown>[] => [
  client.cluster(),
  client.drainNode(),
  client.undrainNode(),
  client.leaveCluster(),
  client.rebalanceCluster(),
  client.forgetNode("ben"),
]

/** What every transport promises of the operations of a cluster. */
function clusterContract(name: string, connect: (door: ClusterDoor, apiKey?: string) => Client): void {
  t.test(`${name}: the cluster is shown, member by member`, async (t) => {
    const door = await openClusterDoor(t.testdir(), new ScriptedCluster())
    const client = connect(door, door.token)
    t.strictSame(await client.cluster(), {
      name: "town",
      node: "anna",
      ready: true,
      waitingFor: [],
      registry: true,
      shards: 1024,
      unowned: 0,
      moving: 0,
      members: [
        { name: "anna", incarnation: 1_764_000_000_000, address: "10.0.0.4:7430", status: "up", roles: ["agents"], capacity: 1, shards: 400, queued: 3 }, // prettier-ignore
        { name: "ben", incarnation: 1_764_000_000_000, address: "10.0.0.3:7430", status: "up", roles: ["agents"], capacity: 1, shards: 424 }, // prettier-ignore
        { name: "carlo", incarnation: 1_764_000_000_000, address: "10.0.0.5:7430", status: "down", roles: ["agents"], capacity: 0.5, shards: 200 }, // prettier-ignore
      ],
    })
    t.strictSame(door.audited, [], "a look changes nothing")
    await client.close()
    await door.close()
  })

  t.test(
    `${name}: a node is drained, leaves and is forgotten, this one or another, and each stands on the record`,
    async (t) => {
      const cluster = new ScriptedCluster()
      const door = await openClusterDoor(t.testdir(), cluster)
      const client = connect(door, door.token)
      t.match((await client.drainNode()).members[0], { name: "anna", shards: 0 })
      t.match((await client.drainNode("ben")).members[1], { name: "ben", shards: 0 })
      t.equal((await client.undrainNode("ben")).node, "anna")
      t.equal((await client.leaveCluster("ben")).members.length, 2)
      t.equal((await client.forgetNode("carlo")).members.length, 1)
      await client.leaveCluster()
      t.strictSame(cluster.done, ["drain anna", "drain ben", "undrain ben", "leave ben", "forget carlo", "leave anna"])
      t.strictSame(
        door.audited.map(({ caller, operation, target, outcome }) => `${caller} ${operation} ${target} ${outcome}`),
        [
          "admin DrainNode anna done",
          "admin DrainNode ben done",
          "admin UndrainNode ben done",
          "admin LeaveCluster ben done",
          "admin ForgetNode carlo done",
          "admin LeaveCluster anna done",
        ],
      )
      await t.rejects(client.drainNode("nobody"), { code: "UNKNOWN_NODE", message: /nobody/ })
      await t.rejects(client.forgetNode(""), { code: "INVALID_REQUEST" })
      t.equal(door.audited.length, 6, "what was not done is not told as done")
      await client.close()
      await door.close()
    },
  )

  t.test(`${name}: a rebalance is planned without being done, or done`, async (t) => {
    const cluster = new ScriptedCluster()
    const door = await openClusterDoor(t.testdir(), cluster)
    const client = connect(door, door.token)
    t.strictSame(await client.rebalanceCluster({ dryRun: true }), await cluster.rebalance({ dryRun: true }))
    t.strictSame(door.audited, [])
    t.match(await client.rebalanceCluster(), { dryRun: false, minutes: 2 })
    t.strictSame(cluster.done, ["plan", "plan", "rebalance"])
    t.match(door.audited, [{ operation: "RebalanceCluster", target: "anna" }])
    await client.close()
    await door.close()
  })

  t.test(`${name}: only an administrator may, and a node without a cluster says so`, async (t) => {
    const door = await openClusterDoor(t.testdir(), new ScriptedCluster())
    const { key } = await door.keys.create("robot", { role: "operator" })
    for (const apiKey of [undefined, key]) {
      const client = connect(door, apiKey)
      for (const call of allOf(client))
        // prettier-ignore
        await t.rejects(call, { code: "FORBIDDEN", message: /needs the role admin/ })
      await client.close()
    }
    await door.close()
    const alone = await openClusterDoor(t.testdir(), undefined)
    const client = connect(alone, alone.token)
    for (const call of allOf(client))
      // prettier-ignore
      await t.rejects(call, { code: "NOT_CLUSTERED", retryable: false, executed: "no" })
    await client.close()
    await alone.close()
  })
}

clusterContract("REST", ({ rest }, apiKey) => createClient({ url: rest, ...(apiKey === undefined ? {} : { apiKey }) }))
clusterContract("gRPC", ({ grpc }, apiKey) =>
  createClient({ url: `grpc://${grpc}`, ...(apiKey === undefined ? {} : { apiKey }) }),
)

t.test("the operations stand in the OpenAPI document, with what they take and answer", async (t) => {
  const door = await openClusterDoor(t.testdir(), new ScriptedCluster())
  const { paths } = (await (await fetch(`${door.rest}/docs/json`)).json()) as { paths: Record<string, object> }
  t.match(paths["/v1/cluster"], { get: { operationId: "ClusterStatus", responses: { 200: {} } } })
  for (const [path, operationId] of [
    ["drain", "DrainNode"],
    ["undrain", "UndrainNode"],
    ["leave", "LeaveCluster"],
    ["rebalance", "RebalanceCluster"],
    ["forget", "ForgetNode"],
  ])
    t.match(paths[`/v1/cluster/${path}`], { post: { operationId, requestBody: {}, responses: { 200: {} } } })
  await door.close()
})
