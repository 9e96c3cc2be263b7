import t from "tap"
import { createClient } from "#src/client/index.js"
import { chain, parallel, select } from "#src/topologies/topology.js"
import { openNode } from "#test/support/open-node.js"

const deny = (may: "call" | "use", target: string) => [{ caller: "local", may, target, effect: "deny" }] as const

/** Every place of a topology where an agent may stand. */
const topologies = {
  first: chain(["echo", "sums"]),
  last: chain(["sums", "echo"]),
  branch: parallel(["sums", "echo"]),
  retried: parallel(["echo"], { onError: { retry: 2 } }),
  judge: parallel(["sums", "sums"], { reduce: { judge: "echo" } }),
  chooser: select({ by: { agent: "echo" }, routes: { a: "sums" }, otherwise: "sums" }),
  route: select({ by: { rules: [{ matches: ".", to: "a" }] }, routes: { a: "echo" } }),
  otherwise: select({ by: { rules: [{ matches: "zzz", to: "a" }] }, routes: { a: "sums" }, otherwise: "echo" }),
  inner: chain(["echo"]),
  outer: chain(["inner"]),
}

for (const door of ["rest", "grpc"] as const) {
  t.test(`${door}: an agent that a caller may not call does not answer it inside a topology either`, async (t) => {
    const node = await openNode({ topologies, security: { policy: [...deny("call", "echo")] } })
    const client = createClient({ url: door === "rest" ? node.rest : `grpc://${node.grpc}` })
    for (const target of ["echo", ...Object.keys(topologies)]) {
      await t.rejects(client.run(target, "6 * 7"), { code: "FORBIDDEN" }, target)
      await t.rejects(client.run(target, "6 * 7", { idempotencyKey: target }), { code: "FORBIDDEN" }, target)
      await t.rejects(
        (async () => {
          for await (const _event of client.stream(target, "6 * 7"));
        })(),
        { code: "FORBIDDEN" },
        `stream of ${target}`,
      )
    }
    t.notOk(
      node.model.requests.some(({ messages }) => messages[0]?.content.includes("echo")),
      "it was never asked",
    )
    await client.close()
    await node.stop()
  })

  t.test(`${door}: what may not be used as a tool may not be used as an operation`, async (t) => {
    for (const target of ["knowledge.search", "*"]) {
      const node = await openNode({ security: { policy: [...deny("use", target)] } })
      const client = createClient({ url: door === "rest" ? node.rest : `grpc://${node.grpc}` })
      await t.rejects(client.search("agents"), { code: "FORBIDDEN" }, target)
      await client.close()
      await node.stop()
    }
  })
}

t.test("OpenAI's form and the programming interface ask the same policy", async (t) => {
  const node = await openNode({ topologies, security: { policy: [...deny("call", "echo"), ...deny("call", "inner")] } })
  for (const model of ["echo", "first", "outer"])
    for (const stream of [false, true]) {
      const response = await fetch(`${node.rest}/v1/chat/completions`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ model, stream, messages: [{ role: "user", content: "hello" }] }),
      })
      t.match(await response.text(), /FORBIDDEN/, `${model} ${stream}`)
    }
  for (const target of ["echo", "inner", "outer"]) {
    await t.rejects(node.os.run(target, "hello"), { code: "FORBIDDEN" }, target)
    await t.rejects(node.os.run(target, "hello", { caller: "local" }), { code: "FORBIDDEN" }, target)
  }
  t.match(
    await node.os.run("first", "6 * 7", { caller: "somebody" }),
    { output: /It is/ },
    "a rule is about its caller",
  )
  await node.stop()
})
