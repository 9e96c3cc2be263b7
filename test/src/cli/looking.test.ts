/** What commands without a node do to a data folder, and to the runs that a node left open. */
import { access, writeFile } from "node:fs/promises"
import { join } from "node:path"
import t from "tap"
import { cli } from "#test/support/command-line.js"
import { modelServer, saying } from "#test/support/model-server.js"
import { ask, startNode } from "#test/support/node-process.js"

const looks = [["agents"], ["agents", "describe", "near"], ["actors"], ["keys", "list"], ["knowledge", "list"]]

t.test("no command takes up a run that a node left open; the next node does", async (t) => {
  const server = await modelServer()
  t.teardown(() => server.close())
  const folder = t.testdir()
  const config = {
    models: { far: { kind: "openai-compatible", baseUrl: server.baseUrl, model: "m" } },
    agents: [{ name: "near", model: "far", instructions: "Answer." }],
    knowledge: { shipped: false },
  }
  const file = join(folder, "llmagentos.yaml")
  await writeFile(file, JSON.stringify(config))
  const start = () => startNode(join(folder, "data"), ["--config", file])
  const asked = new Promise<void>((done) => server.answers(() => done()))
  const node = await start()
  const cut = ask(node, "near", "hello", { key: "k" }).catch(() => undefined)
  await asked
  t.match(await cli(folder, ["runs"]), { code: 0, out: /running near, asked by local/ })
  await node.kill()
  await cut
  for (const args of [...looks, ["knowledge", "search", "harbor"], ["run", "companion", "hello"]])
    t.equal((await cli(folder, args)).code, 0, args.join(" "))
  t.match(await cli(folder, ["runs"]), { code: 1, out: "", err: /^UNREACHABLE no node runs on the data folder data/ })
  t.equal(server.requests.length, 1, "the model was asked by the node only")
  const again = new Promise<void>((done) =>
    server.answers((response, request) => {
      saying("there")(response, request)
      done()
    }),
  )
  const next = await start()
  t.teardown(() => next.kill())
  await again
  t.match((await ask(next, "near", "hello", { key: "k" })).body.output, "there")
  t.equal(server.requests.length, 2)
})

t.test("a command that only looks makes no data folder", async (t) => {
  const folder = t.testdir({ "llmagentos.yaml": "agents: [{ name: near, instructions: Answer. }]\n" })
  for (const args of [...looks, ["knowledge", "search", "harbor"]]) {
    t.equal((await cli(folder, args)).code, 0, args.join(" "))
    await t.rejects(access(join(folder, "data")))
  }
  t.equal((await cli(folder, ["runs"])).code, 1)
  await t.rejects(access(join(folder, "data")))
})
