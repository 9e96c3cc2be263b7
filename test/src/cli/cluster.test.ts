/** The commands of a cluster in processes of their own, on a gateway whose cluster is told beforehand. */
import { readdir, writeFile } from "node:fs/promises"
import { join } from "node:path"
import t from "tap"
import { openClusterDoor } from "#test/support/cluster-door.js"
import { cli } from "#test/support/command-line.js"
import { ScriptedCluster } from "#test/support/scripted-cluster.js"

t.jobs = 2
const sideBySide = { buffered: true, timeout: 120_000 }

t.test("status shows every member, and ends with 1 while one is down", sideBySide, async (t) => {
  const folder = t.testdir()
  const cluster = new ScriptedCluster()
  const door = await openClusterDoor(folder, cluster)
  t.teardown(() => door.close())
  const [shown, json] = await Promise.all([
    cli(folder, ["cluster", "status", "--data", "."]),
    cli(folder, ["cluster", "status", "--data", ".", "--json"]),
  ])
  t.equal(
    shown.out,
    [
      "town as anna sees it: 1024 shards, the registry answers, anna is ready",
      "member  state  shards  load  capacity  roles   address",
      "anna    up        400     3         1  agents  10.0.0.4:7430",
      "ben     up        424     -         1  agents  10.0.0.3:7430",
      "carlo   down      200     -       0.5  agents  10.0.0.5:7430",
      "",
    ].join("\n"),
  )
  t.equal(shown.code, 1, "carlo is down")
  t.strictSame(JSON.parse(json.out), await cluster.status())
  await cluster.forget("carlo")
  const unowned = await cli(folder, ["cluster", "status", "--data", "."])
  t.match(unowned.out, /1024 shards, 200 without an owner/)
  t.equal(unowned.code, 1)
})

t.test("drain and leave work on the node that is asked, or on the one that is named", sideBySide, async (t) => {
  const folder = t.testdir()
  const cluster = new ScriptedCluster()
  const door = await openClusterDoor(folder, cluster)
  t.teardown(() => door.close())
  const drained = await cli(folder, ["cluster", "drain", "ben", "--data", "."])
  t.match(drained, { code: 0, out: /ben +up +0 / })
  t.match(await cli(folder, ["cluster", "undrain", "ben", "--data", "."]), { code: 0, out: /^ben /m })
  t.match(await cli(folder, ["cluster", "leave", "ben", "--data", "."]), {
    code: 0,
    out: "ben has given its shards away and leaves\n",
  })
  t.match(await cli(folder, ["cluster", "leave", "--data", "."]), {
    code: 0,
    out: "anna has given its shards away and leaves\n",
  })
  t.strictSame(cluster.done, ["drain ben", "undrain ben", "leave ben", "leave anna"])
  t.match(await cli(folder, ["cluster", "drain", "nobody", "--data", "."]), {
    code: 1,
    err: /^UNKNOWN_NODE no member is called nobody; there are: carlo/,
  })
})

t.test("rebalance --dry-run shows shares, moves and minutes, and moves nothing", sideBySide, async (t) => {
  const folder = t.testdir()
  const cluster = new ScriptedCluster()
  const door = await openClusterDoor(folder, cluster)
  t.teardown(() => door.close())
  const { out } = await cli(folder, ["cluster", "rebalance", "--dry-run", "--data", "."])
  t.equal(
    out,
    [
      "member  before  after  gets  gives",
      "anna       400    410     3      0",
      "ben        424    414     0      2",
      "carlo      200    200     0      0",
      "2 shards stay on nodes that are away: their state is only there",
      "3 shards would move: 1 without state yet, 2 to level; 2 now, the last of them within 2 min",
      "",
    ].join("\n"),
  )
  t.strictSame(cluster.done, ["plan"])
  const json = await cli(folder, ["cluster", "rebalance", "--data", ".", "--json"])
  t.match(JSON.parse(json.out), { dryRun: false, minutes: 2 })
  t.strictSame(cluster.done, ["plan", "rebalance"])
})

t.test("forget asks, and does nothing where nobody can be asked; --yes says so beforehand", sideBySide, async (t) => {
  const folder = t.testdir()
  const cluster = new ScriptedCluster()
  const door = await openClusterDoor(folder, cluster)
  t.teardown(() => door.close())
  t.match(await cli(folder, ["cluster", "forget", "carlo", "--data", "."]), { code: 1, err: /--yes/ })
  t.strictSame(cluster.done, [])
  t.match(await cli(folder, ["cluster", "forget", "carlo", "--yes", "--data", "."]), { code: 0, out: /^ben /m })
  t.strictSame(cluster.done, ["forget carlo"])
})

t.test("any node can be asked by its address, with a key in the environment", sideBySide, async (t) => {
  const folder = t.testdir({ node: {}, elsewhere: {} })
  const door = await openClusterDoor(join(folder, "node"), new ScriptedCluster())
  t.teardown(() => door.close())
  const ask = (url: string, key: string) =>
    cli(join(folder, "elsewhere"), ["cluster", "status", "--url", url, "--json"], { LLMAGENTOS_KEY: key })
  const [admin, nobody, wrong, none] = await Promise.all([
    ask(`${door.rest}/`, door.token),
    cli(join(folder, "elsewhere"), ["cluster", "status", "--url", door.rest]),
    ask("127.0.0.1:7420", door.token),
    ask("http://127.0.0.1:1", door.token),
  ])
  t.match(JSON.parse(admin.out), { name: "town" })
  t.match(nobody, { code: 1, err: /^FORBIDDEN ClusterStatus needs the role admin/ })
  t.match(wrong, { code: 1, err: /^INVALID_REQUEST --url 127\.0\.0\.1:7420: give a node's REST address/ })
  t.match(none, { code: 1, err: /^UNREACHABLE no node answers at http:\/\/127\.0\.0\.1:1\n$/ })
})

t.test("without a node or a cluster the commands say what is missing, and start nothing", sideBySide, async (t) => {
  const folder = t.testdir({ alone: {} })
  const door = await openClusterDoor(join(folder, "alone"), undefined)
  t.teardown(() => door.close())
  const [absent, alone] = await Promise.all([
    cli(folder, ["cluster", "status"]),
    cli(folder, ["cluster", "status", "--data", "alone"]),
  ])
  t.match(absent, { code: 1, err: /^UNREACHABLE no node runs on the data folder data; .*--url/ })
  t.match(alone, { code: 1, err: /^NOT_CLUSTERED / })
  t.strictSame(await readdir(folder), ["alone"])
})

t.test(
  "up says how to get Consul where there is none, and refuses what cannot be, before anything is started",
  sideBySide,
  async (t) => {
    const folder = t.testdir()
    await writeFile(join(folder, "bad.yaml"), "agentz: []\n")

    const up = (...args: string[]) => cli(folder, ["cluster", "up", ...args], { CONSUL: join(folder, "consul") })
    const [missing, many, bad] = await Promise.all([up(), up("--nodes", "1000"), up("--config", "bad.yaml")])
    t.match(missing, {
      code: 1,
      err: /^CONSUL_MISSING CONSUL names .*cannot be executed.*developer\.hashicorp\.com\/consul\/install/,
    })
    t.match(many, { code: 1, err: /^INVALID_REQUEST --nodes 1000: 1 to 20 / })
    t.match(bad, { code: 1, err: /^INVALID_CONFIG bad\.yaml has 1 fault/ })
    t.strictSame(await readdir(folder), ["bad.yaml"])
  },
)
