import { join } from "node:path"
import { pathToFileURL } from "node:url"
import t from "tap"
import { z } from "zod"
import { createAgentOS, type AgentOS } from "#src/os.js"
import { definePlugin, loadPlugins, pluginContract, type Plugin } from "#src/plugins/plugin.js"
import type { RunEvent } from "#src/run.js"
import { asked, scriptedModel } from "#test/support/scripted-model.js"

/** A plugin as somebody would write it in a file of their own: everything a plugin may register. */
const parrot = `
import { z } from "zod"

export const told = []
const usage = { promptTokens: 1, completionTokens: 1, cachedTokens: 0 }

export default {
  name: "parrot",
  contract: 1,
  models: {
    parrot: {
      info: { id: "parrot", provider: "feathers", backend: "none" },
      async *generate({ messages }) {
        const last = messages.at(-1)
        if (last.role === "tool") yield { type: "text", text: last.content }
        else yield { type: "tool-call", call: { id: "1", tool: "shout", arguments: { text: last.content } } }
        yield { type: "finish", reason: last.role === "tool" ? "stop" : "tool-calls", usage }
      },
      async stop() { told.push("model stopped") },
    },
  },
  tools: [
    {
      name: "shout",
      description: "Says it louder.",
      parameters: z.object({ text: z.string() }),
      execute: ({ text }) => text.toUpperCase() + "!",
    },
  ],
  agents: [{ name: "parrot", model: "parrot", instructions: "repeat", tools: ["shout"], memory: false }],
  topologies: { twice: { kind: "chain", steps: [{ kind: "agent", agent: "parrot" }, { kind: "agent", agent: "parrot" }] } },
  hooks: {
    onRunStart: ({ target, input }) => told.push("start " + target + " " + input),
    onRunEnd: ({ target, output }) => told.push("end " + target + " " + output),
    onToolCall: ({ tool, status }) => told.push("tool " + tool + " " + status),
  },
}
`

const quiet = { data: "memory", knowledge: { shipped: false } } as const

async function withNode(plugins: readonly (string | Plugin)[], work: (os: AgentOS) => Promise<void>): Promise<void> {
  const os = await createAgentOS({ ...quiet, plugins })
  try {
    await work(os)
  } finally {
    await os.stop()
  }
}

t.test("a plugin in a file brings a model, a tool, an agent and a topology, and its hooks are told", async (t) => {
  const file = join(t.testdir({ "parrot.mjs": parrot }), "parrot.mjs")
  const { told } = (await import(pathToFileURL(file).href)) as { told: string[] }
  await withNode([file], async (os) => {
    t.match(
      os.tools.list().find(({ name }) => name === "shout"),
      { description: "Says it louder." },
    )
    t.match(os.agents.describe("parrot"), { model: "parrot", tools: ["shout"], state: "running" })
    t.ok(os.topologies.has("twice"))
    t.ok(os.models.describe().some(({ provider }) => provider === "feathers"))

    t.equal((await os.run("parrot", "hello")).output, "HELLO!")
    t.same(told.splice(0), ["start parrot hello", "tool shout called", "tool shout ok", "end parrot HELLO!"])

    t.equal((await os.run("twice", "hello")).output, "HELLO!!")
    t.equal(told.splice(0).filter((line) => line === "tool shout ok").length, 2)

    const events: RunEvent[] = []
    for await (const event of os.stream("parrot", "again")) events.push(event)
    t.match(events.at(-1), { type: "end", run: { output: "AGAIN!" } })
    t.same(told.splice(0), ["start parrot again", "tool shout called", "tool shout ok", "end parrot AGAIN!"])
  })
  t.same(told, ["model stopped"], "what a plugin brings is stopped with the node")
})

t.test("a plugin may be named relative to the folder that the node runs in", async (t) => {
  const folder = t.testdir({ "parrot.mjs": parrot })
  const before = process.cwd()
  process.chdir(folder)
  t.teardown(() => process.chdir(before))
  t.match(await loadPlugins(["./parrot.mjs"]), [{ name: "parrot" }])
})

t.test("plugins are loaded in order, from files and as values", async (t) => {
  const file = join(t.testdir({ "parrot.mjs": parrot }), "parrot.mjs")
  const value = definePlugin({ name: "value", contract: pluginContract })
  t.same(
    (await loadPlugins([value, file])).map(({ name }) => name),
    ["value", "parrot"],
  )
})

t.test("a hook that throws ends the run it was told of, and no other", async (t) => {
  const echo = scriptedModel((request) => asked(request).question)
  const picky = definePlugin({
    name: "picky",
    contract: 1,
    models: { echo },
    agents: [{ name: "echo", model: "echo", instructions: "echo", memory: false }],
    hooks: {
      onRunStart({ input }) {
        if (input === "bad") throw new Error("not today")
      },
    },
  })
  await withNode([picky], async (os) => {
    await t.rejects(os.run("echo", "bad"), /not today/)
    const events: RunEvent[] = []
    for await (const event of os.stream("echo", "bad")) events.push(event)
    t.match(events, [{ type: "error", error: { message: "not today" } }])
    t.equal(echo.requests.length, 0, "nothing was begun")
    t.equal((await os.run("echo", "good")).output, "good")
  })
})

t.test("what a hook throws as a promise, or not as an error, ends its run with a code, and not the node", async (t) => {
  const shouts = scriptedModel((request) => {
    const { question, results } = asked(request)
    return results[0] ?? { tool: "shout", arguments: { text: question } }
  })
  const hooks = ["onRunStart", "onToolCall", "onRunEnd"] as const
  const refusals = {
    "a promise": () => Promise.reject(new Error("not today")),
    "a Symbol": () => {
      throw Symbol("not today")
    },
    "a promise of a Symbol": () => Promise.reject(Symbol("not today")),
  }
  for (const hook of hooks)
    for (const [how, refuse] of Object.entries(refusals)) {
      let bad = true
      const picky = definePlugin({
        name: "picky",
        contract: 1,
        models: { shouts },
        agents: [{ name: "echo", model: "shouts", instructions: "echo", tools: ["shout"] }],
        tools: [
          { name: "shout", description: "s", parameters: z.object({ text: z.string() }), execute: async ({ text }) => text }, // prettier-ignore
        ],
        hooks: { [hook]: () => (bad ? refuse() : undefined) },
      })
      await withNode([picky], async (os) => {
        const refused = { code: "RUN_FAILED", message: /not today/ }
        await t.rejects(os.run("echo", "bad"), refused, `${hook}, ${how}`)
        const events: RunEvent[] = []
        for await (const event of os.stream("echo", "bad")) events.push(event)
        t.match(events.at(-1), { type: "error", error: refused }, `${hook}, ${how}, as a stream`)
        bad = false
        t.equal((await os.run("echo", "good")).output, "good")
      })
    }
})

t.test("a plugin of a wrong form is refused by a message that names it and what is wrong", async (t) => {
  const right = { name: "odd", contract: 1 }
  const tool = { name: "x", description: "x", parameters: z.object({}), execute: () => 1 }
  const topology = { kind: "agent", agent: "router" }
  for (const [what, plugin, told] of [
    ["nothing", undefined, /no default export made by definePlugin/],
    ["a function", () => right, /no default export made by definePlugin/],
    ["no name", { contract: 1 }, /it has no name/],
    ["no contract", { name: "odd" }, /odd was written for contract undefined; this release has contract 1/],
    ["a later contract", { ...right, contract: 2 }, /odd was written for contract 2; this release has contract 1/],
    ["an unknown field", { ...right, agentz: [] }, /odd .*agentz/s],
    ["agents that are no list", { ...right, agents: { a: 1 } }, /odd .*agents/s],
    ["an agent without instructions", { ...right, agents: [{ name: "a" }] }, /odd .*agents\[0\]\.instructions/s],
    ["a tool without execute", { ...right, tools: [{ ...tool, execute: 1 }] }, /odd .*tools\[0\]\.execute/s],
    ["a tool without schema", { ...right, tools: [{ ...tool, parameters: {} }] }, /odd .*tools\[0\]\.parameters/s],
    ["a model that is none", { ...right, models: { m: { stop() {} } } }, /odd .*models\.m/s],
    ["a topology that is none", { ...right, topologies: { t: { ...topology, kind: "ring" } } }, /odd .*topologies\.t/s],
    ["an unknown hook", { ...right, hooks: { onRunStarted() {} } }, /odd .*onRunStarted/s],
    ["a hook that is no function", { ...right, hooks: { onRunEnd: true } }, /odd .*hooks\.onRunEnd/s],
  ] as const)
    await t.rejects(
      loadPlugins([plugin as unknown as Plugin]),
      { code: "INVALID_PLUGIN", message: told },
      `${what} is refused`,
    )
  t.match(
    await loadPlugins([{ ...right, tools: [tool], topologies: { t: topology } } as unknown as Plugin]),
    [{ name: "odd" }],
    "while what the faults were made from is accepted",
  )
})

t.test("a plugin that cannot be loaded is refused by the name it was given", async (t) => {
  const folder = t.testdir({
    "broken.mjs": "export default {{",
    "throws.mjs": 'throw new Error("no seed")',
    "empty.mjs": "export const name = 'empty'",
  })
  for (const [specifier, told] of [
    [join(folder, "broken.mjs"), /broken\.mjs: it cannot be loaded: /],
    [join(folder, "throws.mjs"), /throws\.mjs: it cannot be loaded: no seed/],
    [join(folder, "empty.mjs"), /empty\.mjs: it has no default export/],
    [join(folder, "missing.mjs"), /missing\.mjs: it cannot be loaded: /],
    ["llmagentos-plugin-that-nobody-wrote", /llmagentos-plugin-that-nobody-wrote: it cannot be loaded: /],
  ] as const)
    await t.rejects(loadPlugins([specifier]), { code: "INVALID_PLUGIN", message: told })
})

t.test("what a plugin registers in vain is told under the plugin's name", async (t) => {
  const tool = { name: "calculator", description: "x", parameters: z.object({}), execute: () => 1 }
  const agent = { name: "a", instructions: "a" }
  for (const [parts, told] of [
    [{ tools: [tool] }, /plugin odd: there is a tool named calculator already/],
    [{ tools: [{ ...tool, name: "1st" }] }, /plugin odd: "1st" is no name for a tool/],
    [{ agents: [agent, agent] }, /plugin odd: there is an agent named a already/],
    [{ agents: [{ ...agent, name: "A" }] }, /plugin odd: agent "A": a name is/],
    [{ agents: [agent], topologies: { a: { kind: "agent", agent: "a" } } }, /plugin odd: there is an agent .*named a/],
  ] as const)
    await t.rejects(createAgentOS({ ...quiet, plugins: [{ name: "odd", contract: 1, ...parts }] }), {
      code: "INVALID_PLUGIN",
      message: told,
    })
})
