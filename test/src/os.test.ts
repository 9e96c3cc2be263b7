import { join } from "node:path"
import t from "tap"
import { parseConfig } from "#src/config.js"
import { createAgentOS } from "#src/os.js"

t.test("a system that cannot be made leaves its folder free", async (t) => {
  const data = t.testdir()
  const agents = [{ name: "clerk", model: "nobody", instructions: "count" }]
  await t.rejects(createAgentOS({ data, agents }), { code: "UNKNOWN_MODEL", message: /clerk wants the model "nobody"/ })
  const os = await createAgentOS({ data })
  await t.rejects(createAgentOS({ data }), { code: "LEVEL_LOCKED" })
  await os.stop()
  await (await createAgentOS({ data })).stop()
})

t.test("a data folder that cannot be made or written is refused by name, wherever it stands", async (t) => {
  const there = t.testdir({ file: "" })
  const file = join(there, "file")
  const folders = [
    file,
    join(file, "below"),
    "/proc",
    "/proc/x",
    "/proc/x/y",
    "/dev/null",
    "/sys/x",
    "a\0b",
    "x".repeat(300),
  ]
  for (const data of folders)
    await t.rejects(createAgentOS({ data }), {
      code: "INVALID_CONFIG",
      message: /^data: the folder .* cannot be made or written \(.+\); name one that this user may write$/,
    })
  await t.rejects(createAgentOS({ data: "" }), { code: "INVALID_CONFIG", message: /data: name a folder, or "memory"/ })
  for (const log of [join(file, "node.log"), "/proc/x/y/node.log", there])
    await t.rejects(createAgentOS({ data: "memory", monitoring: { file: log } }), {
      code: "INVALID_CONFIG",
      message: /^monitoring\.file: the log .* cannot be made or written \(.+\); name a file/,
    })
})

t.test("the shipped documents are known, unless they are not wanted", async (t) => {
  const os = await createAgentOS({ data: "memory" })
  t.match(await os.knowledge.search("where is actor state kept", { unit: "sentence", limit: 1 }), [
    { text: "Actor state is kept in LevelDB.", source: "llmagentos/facts.md" },
  ])
  await os.stop()
  const without = await createAgentOS({ data: "memory", knowledge: { shipped: false } })
  t.same(await without.knowledge.documents(), [])
  await without.stop()
})

t.test("creating a system opens no door, and stopping twice is stopping once", async (t) => {
  const os = await createAgentOS({ data: "memory", gateway: { port: 0, grpcPort: 0 } })
  const doors = await os.listen()
  t.same(await os.listen(), doors, "the doors are opened once")
  t.equal((await fetch(`${doors.rest}/healthz`)).status, 200)
  await Promise.all([os.stop(), os.stop()])
  await t.rejects(fetch(`${doors.rest}/healthz`))
})

t.test("agents stay as they were started, stopped and replicated over a restart of the node", async (t) => {
  const options = { data: t.testdir(), knowledge: { shipped: false }, gateway: { port: 0, grpcPort: 0 } }
  const first = await createAgentOS(options)
  await first.agents.stop("companion")
  await first.agents.replicate("writer", 3)
  await first.agents.stop("router")
  await first.agents.start("router")
  await first.stop()

  const second = await createAgentOS(options)
  t.match(second.agents.describe("companion"), { state: "stopped" })
  t.match(second.agents.describe("writer"), { state: "running", replicas: 3 })
  t.match(second.agents.describe("router"), { state: "running", replicas: 1 })
  await second.agents.start("companion")
  await second.stop()

  const third = await createAgentOS({ ...options, limits: { maxReplicas: 6 } })
  t.match(third.agents.describe("companion"), { state: "running" })
  t.match(third.agents.describe("writer"), { replicas: 1 }, "no more than this node may hold now")
  await third.stop()
})

t.test("an agent whose definition asks for another number of replicas has that number", async (t) => {
  const clerk = { name: "clerk", instructions: "chat" }
  const options = { data: t.testdir(), knowledge: { shipped: false } }
  const first = await createAgentOS({ ...options, agents: [{ ...clerk, replicas: 2 }] })
  await first.agents.replicate("clerk", 5)
  await first.stop()
  const second = await createAgentOS({ ...options, agents: [{ ...clerk, replicas: 3 }] })
  t.equal(second.agents.describe("clerk").replicas, 3)
  await second.stop()
})

t.test(
  "an agent in a configuration file remembers a conversation as one in code does, unless it says otherwise",
  (t) => {
    const { agents } = parseConfig({ agents: [{ name: "clerk", instructions: "chat" }] })
    t.equal(agents[0]?.memory, true)
    t.end()
  },
)
