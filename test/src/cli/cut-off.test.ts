import { writeFile } from "node:fs/promises"
import { join } from "node:path"
import t from "tap"
import { cli } from "#test/support/command-line.js"
import { modelServer, saying } from "#test/support/model-server.js"

t.test("the command line says when an answer was cut off, and by what", async (t) => {
  const server = await modelServer()
  const folder = t.testdir()
  const config = {
    data: "memory",
    models: { far: { kind: "openai-compatible", baseUrl: server.baseUrl, model: "m" } },
    agents: [{ name: "near", model: "far", instructions: "Answer." }],
    gateway: { port: 0, grpcPort: 0 },
  }
  await writeFile(join(folder, "llmagentos.yaml"), JSON.stringify(config))
  for (const [reason, said] of [
    ["stop", undefined],
    ["length", "cut off: its model may write no more"],
    ["content_filter", "cut off by a filter of its model's server"],
  ] as const) {
    server.answers(saying("Hel", reason))
    const { code, out, err } = await cli(folder, ["run", "near", "hello"])
    t.match({ code, out }, { code: 0, out: "Hel\n" })
    if (said === undefined) t.notMatch(err, "cut off")
    else t.match(err, said)
  }
  const started = await cli(folder, ["start", "--once", "--target", "near", "hello"])
  t.match(started.out, /Hel\n.*cut off by a filter of its model's server; /)
  server.close()
})
