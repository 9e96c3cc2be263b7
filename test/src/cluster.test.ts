/** Whole nodes of LLMAgentOS as a cluster, in processes of their own, over a real Consul and a real PostgreSQL. */
import { spawn, type ChildProcess } from "node:child_process"
import { access, mkdir, readFile, rm, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import t from "tap"
import { createClient } from "#src/client/index.js"
import { findConsul, startDevAgent } from "#test/support/consul.js"
import type { OsNodeSettings } from "#test/support/os-node.js"
import { startPostgres, type PostgresServer } from "#test/support/postgres.js"
import { until } from "#test/support/until.js"

const program = fileURLToPath(new URL("../support/os-node.js", import.meta.url))
const binary = await findConsul()
const postgres = binary === undefined ? "no consul on PATH" : await startPostgres()
if (binary === undefined || typeof postgres === "string") t.pass("skipped", { skip: String(postgres) })
else await run(binary, postgres)

interface Node {
  readonly rest: string
  readonly grpc: string
  /** Of the node itself: for administrators. */
  readonly token: string
  kill(): Promise<void>
  /** @returns its exit code */
  stop(): Promise<number>
}

async function run(binary: string, server: PostgresServer): Promise<void> {
  t.setTimeout(600_000) // a node takes a second to start, and many on a busy machine
  t.teardown(() => server.remove())
  const consul = await startDevAgent(binary, t.testdir())
  t.teardown(() => consul.kill())

  /** Starts a node, and waits until it has joined and serves. */
  async function start(settings: Omit<OsNodeSettings, "consul" | "data">): Promise<Node> {
    const data = join(settings.folder, settings.name)
    await mkdir(data, { recursive: true })
    await rm(join(data, "node.json"), { force: true })
    const all: OsNodeSettings = { ...settings, data, consul: new URL(consul.url).host }
    const child: ChildProcess = spawn(process.execPath, [program, JSON.stringify(all)], { stdio: ["ignore", "pipe", "pipe"] }) // prettier-ignore
    let output = ""
    for (const stream of [child.stdout, child.stderr])
      stream?.on("data", (chunk: Buffer) => (output += chunk.toString()))
    const ended = new Promise<number>((done) => child.once("exit", (code) => done(code ?? -1)))
    t.teardown(() => child.kill("SIGKILL"))
    let doors: { readonly rest: string; readonly grpc: string } | undefined
    await until(async () => {
      if (child.exitCode !== null) throw new Error(`${settings.name} has ended:\n${output}`)
      const text = await readFile(join(data, "node.json"), "utf8").catch(() => undefined)
      doors = text === undefined ? undefined : (JSON.parse(text) as typeof doors)
      return doors !== undefined && (await fetch(`${doors.rest}/readyz`)).ok
    }, `${settings.name} to be ready`, 60_000) // prettier-ignore
    return {
      ...doors!,
      token: (await readFile(join(data, "token"), "utf8")).trim(),
      async kill() {
        child.kill("SIGKILL")
        await ended
      },
      async stop() {
        child.kill("SIGTERM")
        return ended
      },
    }
  }

  const ask = async (
    node: Node,
    target: string,
    key: string,
  ): Promise<{ output?: string; error?: { code: string } }> => {
    const headers = { "content-type": "application/json", "idempotency-key": key }
    const body = JSON.stringify({ target, input: "go" })
    return (await fetch(`${node.rest}/v1/runs`, { method: "POST", headers, body })).json() as Promise<{
      output?: string
    }>
  }

  t.test("nodes find each other, share the work, and lose none of it when one is killed", async (t) => {
    const folder = t.testdir()
    const store = `${server.url}?schema=killed`
    const common = { folder, store }
    const calls = async () => (await readFile(join(folder, "calls"), "utf8").catch(() => "")).trim().split("\n").filter(Boolean) // prettier-ignore
    /** The next run waits in its second step, until `goOn`. Its calls are recorded then: killed before that, it could not know whether they were made. */
    const stick = async () => {
      for (const file of ["calls", "waiting"]) await rm(join(folder, file), { force: true })
      await writeFile(join(folder, "stuck"), "")
    }
    const stuck = () => until(async () => access(join(folder, "waiting")).then(() => true, () => false), "a run to wait in its second step") // prettier-ignore
    const goOn = () => rm(join(folder, "stuck"))
    const a = await start({ ...common, name: "a", models: [] })
    const others = { b: await start({ ...common, name: "b", models: ["scripted"] }), c: await start({ ...common, name: "c", models: ["scripted"] }) } // prettier-ignore
    t.match(await ask(a, "job", "one"), { output: "first, second" }, "asked at the node without the model")
    t.strictSame((await calls()).map((line) => line.split(" ")[1]), ["first", "second"]) // prettier-ignore
    t.notOk((await calls()).some((line) => line.startsWith("a ")))

    const client = createClient({ url: a.rest, apiKey: a.token })
    const agent = await client.agent("first")
    t.match(agent, { state: "running", replicas: 3, nodes: [{ node: "a" }, { node: "b" }, { node: "c" }] })
    const overGrpc = createClient({ url: `grpc://${others.b.grpc}`, apiKey: others.b.token })
    t.match(await overGrpc.agent("first"), { nodes: [{ node: "a" }, { node: "b" }, { node: "c" }] })
    const { members, shards, unowned } = await client.cluster()
    t.match(members.map(({ name, status }) => `${name} ${status}`).sort(), ["a up", "b up", "c up"])
    t.strictSame([shards, unowned], [64, 0])
    await client.stopAgent("first")
    await until(async () => (await overGrpc.agent("first")).state === "stopped", "an agent to be stopped on all nodes")
    await overGrpc.startAgent("first")
    await until(async () => (await client.agent("first")).replicas === 3, "it to be started on all nodes")
    overGrpc.close()

    await t.test("the node that works is killed: the step is done again elsewhere, its call is not", async (t) => {
      await stick()
      const answer = ask(a, "job", "two")
      await stuck()
      const worker = (await calls())[1]!.split(" ")[0] as "b" | "c"
      await others[worker].kill()
      await goOn()
      t.match(await answer, { output: "first, second" })
      t.strictSame((await calls()).map((line) => line.split(" ")[1]), ["first", "second"]) // prettier-ignore
      others[worker] = await start({ ...common, name: worker, models: ["scripted"] })
    })

    await t.test("the node of the run is killed: the run goes on at another, and answers there", async (t) => {
      await stick()
      const lost = ask(a, "job", "three").catch(() => "lost")
      await stuck()
      const waits = ask(others.b, "job", "three") // follows it at `a`, for now
      await a.kill()
      t.equal(await lost, "lost")
      await goOn()
      t.match(await waits, { output: "first, second" })
      t.match(await ask(others.c, "job", "three"), { output: "first, second" })
      t.strictSame((await calls()).map((line) => line.split(" ")[1]), ["first", "second"]) // prettier-ignore
    })

    await t.test("a node that is stopped hands over, and what it left open goes on", async (t) => {
      await stick()
      const lost = ask(others.b, "job", "four").catch(() => "lost")
      await stuck()
      t.equal(await others.b.stop(), 0)
      await lost
      await goOn()
      t.match(await ask(others.c, "job", "four"), { output: "first, second" })
      t.strictSame((await calls()).map((line) => line.split(" ")[1]), ["first", "second"]) // prettier-ignore
      const { members } = await createClient({ url: others.c.rest, apiKey: others.c.token }).cluster()
      const there = members.filter(({ status }) => status !== "down").map(({ name }) => name)
      t.strictSame(there, ["c"], "the one that left is no member, the one that was killed may come back")
      t.equal(await others.c.stop(), 0)
    })
  })
}
