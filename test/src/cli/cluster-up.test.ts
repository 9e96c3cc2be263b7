/** `llmagentos cluster up` with a real Consul and nodes in processes of their own, steered by the command line. */
import { spawn } from "node:child_process"
import { join } from "node:path"
import t from "tap"
import type { ClusterView } from "#src/gateway/backend.js"
import { cli, commandLine } from "#test/support/command-line.js"
import { findConsul } from "#test/support/consul.js"

const binary = await findConsul()
const skip = binary === undefined ? "no consul on this machine" : false
const patience = 300_000
t.setTimeout(patience)

t.test(
  "a cluster comes up, is asked through either node, drained and stopped in order",
  { skip, timeout: patience },
  async (t) => {
    const folder = t.testdir({ "town.yaml": "knowledge: { shipped: false }\ncluster: { shards: 64 }\n" })
    const { NODE_OPTIONS: _hooks, FORCE_COLOR: _colors, ...environment } = process.env
    const up = spawn(process.execPath, [commandLine, "cluster", "up", "--nodes", "2", "--config", "town.yaml"], {
      cwd: folder,
      env: { ...environment, NO_COLOR: "1", CONSUL: binary ?? "" },
      stdio: ["ignore", "pipe", "pipe"],
    })
    t.teardown(() => up.exitCode === null && up.kill("SIGTERM"))
    let text = ""
    for (const stream of [up.stdout, up.stderr]) stream.on("data", (chunk: Buffer) => (text += chunk.toString()))
    const ended = new Promise<number | null>((done) => up.once("exit", done))
    const until = async (fits: () => boolean | Promise<boolean>): Promise<void> => {
      while (!(await fits())) {
        if (up.exitCode !== null) throw new Error(`it has ended:\n${text}`)
        await new Promise((done) => setTimeout(done, 100))
      }
    }
    await until(() => text.includes("Ctrl-C stops the cluster"))
    t.match(
      text,
      /✓ Consul .*\n✓ node-\d {3}REST http:\/\/127.0.0.1:\d+ {3}gRPC 127\.0\.0\.1:\d+ .*ready in [\d.]+ s, pid \d+\n✓ node-/,
    )

    const command = (node: number, ...args: string[]) =>
      cli(folder, [...args, "--data", join("cluster-data", `node-${node}`)])
    const status = async (node: number): Promise<ClusterView> =>
      JSON.parse((await command(node, "cluster", "status", "--json")).out) as ClusterView
    const shards = async (): Promise<readonly number[]> => (await status(1)).members.map((member) => member.shards)

    const seen = await status(2)
    t.match(seen, { node: "node-2", ready: true, registry: true, shards: 64, unowned: 0, members: [{ name: "node-1", status: "up" }, { name: "node-2", status: "up" }] }) // prettier-ignore
    for (const node of [1, 2])
      t.match(await command(node, "run", "mathematician", "what is 6 * 7?"), { code: 0, out: /\b42\b/ })

    const drained = await command(1, "cluster", "drain", "node-2")
    t.equal(drained.code, 0, drained.err)
    t.strictSame(await shards(), [64, 0])
    t.match(await command(2, "run", "mathematician", "what is 6 * 8?"), { code: 0, out: /\b48\b/ })
    t.match(await command(2, "cluster", "undrain"), { code: 0 })
    await until(async () => ((await shards())[1] ?? 0) > 0)
    t.match(await command(1, "cluster", "rebalance", "--dry-run"), { code: 0, out: /^member +before +after/ })

    const pids = [...text.matchAll(/pid (\d+)/g)].map(([, pid]) => Number(pid))
    up.kill("SIGINT")
    t.equal(await ended, 0, text)
    t.match(text, /– node-2 stopped\n– node-1 stopped\n– Consul stopped\n$/)
    for (const pid of pids) t.throws(() => process.kill(pid, 0), { code: "ESRCH" }, "nothing is left behind")
  },
)
