import t from "tap"
import { systemClock } from "#actors/clock.js"
import { memoryJournal } from "#actors/persistence/memory-journal.js"
import { LevelStore } from "#actors/persistence/level-store.js"
import { levelJournal } from "#actors/persistence/level-journal.js"
import { defineAgent } from "#src/agents/agent.js"
import { levelRecords, memoryRecords } from "#src/record-store.js"
import type { Retention } from "#src/runs/kept.js"
import { conversationLimits } from "#src/runs/conversations.js"
import { chain } from "#src/topologies/topology.js"
import type { Script } from "#test/support/scripted-model.js"
import { smallNode } from "#test/support/small-node.js"
import { until } from "#test/support/until.js"

const agents = [defineAgent({ name: "one", instructions: "one" })]
const topologies = { job: chain(["one"]) }
const short: Script = () => "ok"

/** A node whose journal counts the bytes that it is given. */
async function counted(retention?: Retention) {
  const journal = memoryJournal(systemClock)
  const written = { bytes: 0 }
  const append: typeof journal.append = (...args) => {
    written.bytes += JSON.stringify(args[3]).length
    return journal.append(...args)
  }
  const records = memoryRecords()
  const node = await smallNode({
    agents,
    topologies,
    script: short,
    journal: { ...journal, append },
    records,
    ...(retention && { retention }),
  })
  const held = async () => {
    let [runs, bytes] = [0, 0]
    for (const type of ["run", "conversation", "conversation-of"])
      for await (const key of journal.keys("default", type)) {
        if (type === "run") runs += 1
        for await (const page of journal.read({ tenant: "default", type, key })) bytes += JSON.stringify(page).length
      }
    let notes = 0
    for await (const _ of records.entries("")) notes += 1
    return { runs, bytes, notes }
  }
  return { node, written, held }
}

t.test("what is written of a run does not grow with its conversation", async (t) => {
  const { node, written, held } = await counted()
  const text = "x".repeat(100_000)
  let said = 0
  for (let i = 0; i < 60; i++) {
    await node.runs.run("one", text, { conversation: "c" })
    said += text.length
  }
  t.ok(written.bytes < 2.5 * said, `${written.bytes} bytes for ${said} said`)
  const journal = await held()
  t.ok(journal.bytes < said + 3 * conversationLimits.letters, "and of the conversation itself the last turns are kept")
  t.ok((await node.runs.conversation("one", "c")).length >= 2)
  const last = await node.runs.run("one", "and?", { conversation: "c" })
  t.ok(JSON.stringify(last.context.messages).length < 2 * conversationLimits.letters)
  await node.stop()
})

t.test("the answer under a key has the context that it had, whatever was said since", async (t) => {
  const { node } = await counted()
  await node.runs.run("one", "first", { conversation: "c" })
  const run = await node.runs.run("one", "second", { conversation: "c", idempotencyKey: "k" })
  for (const text of ["third", "fourth"]) await node.runs.run("one", text, { conversation: "c" })
  t.strictSame(await node.runs.run("one", "second", { conversation: "c", idempotencyKey: "k" }), run)
  t.match(
    run.context.messages.map(({ content }) => content),
    ["first", "ok", "second", "ok"],
  )
  await node.stop()
})

t.test("a run that was refused before it began leaves nothing", async (t) => {
  const { node, held } = await counted()
  await node.agents.stop("one")
  const before = await held()
  for (let i = 0; i < 50; i++)
    for (const [target, options] of [
      ["job", {}],
      ["one", { conversation: `c${i}` }],
      ["job", { idempotencyKey: `k${i}` }],
    ] as const)
      await t.rejects(node.runs.run(target, "go", options), { code: "AGENT_STOPPED", executed: "no" })
  t.strictSame(await held(), { ...before, notes: before.notes + 2 }, "but the definitions of agent and topology")
  node.agents.start("one")
  t.equal((await node.runs.run("job", "go", { idempotencyKey: "k1" })).output, "ok", "and its key is free")
  await node.stop()
})

t.test("of runs and conversations so many, so much and so long are kept as is configured", async (t) => {
  const limits = (more: object) => ({ days: 1, count: 1000, megabytes: 10, ...more })
  const cases = {
    "by number": { runs: limits({ count: 5 }), conversations: limits({ count: 5 }) },
    "by size": { runs: limits({ megabytes: 0.02 }), conversations: limits({ megabytes: 0.02 }) },
  }
  for (const [name, retention] of Object.entries(cases)) {
    const { node, held } = await counted(retention)
    for (let i = 0; i < 40; i++) {
      await node.runs.run("one", "x".repeat(2000), { conversation: `c${i}` })
      await node.runs.run("job", "x".repeat(2000), { idempotencyKey: `k${i}`, caller: "ada" })
    }
    await node.runs.sweep()
    const { runs, bytes, notes } = await held()
    t.ok(runs > 0 && runs <= 10, `${name}: ${runs} runs`)
    t.ok(bytes < 120_000, `${name}: ${bytes} bytes`)
    t.ok(notes < 30, `${name}: ${notes} notes`)
    t.equal((await node.runs.conversation("one", "c39")).length, 2, "what was written last is there")
    t.strictSame(await node.runs.conversation("one", "c0"), [])
    t.match(await node.runs.run("one", "again", { conversation: "c0" }), { output: "ok" }, "and goes on anew")
    await node.stop()
  }
})

t.test("runs and conversations from before there were notes of them are let go in their turn", async (t) => {
  const [journal, records] = [{ ...memoryJournal(systemClock), close: async () => {} }, memoryRecords()]
  let held = false
  const script: Script = () => (held ? new Promise<never>(() => undefined) : "ok")
  const options = { agents, topologies, script, journal, records }
  const first = await smallNode(options)
  for (let i = 0; i < 10; i++) {
    await first.runs.run("one", "hello", { conversation: `c${i}` })
    await first.runs.run("job", "hello", { idempotencyKey: `k${i}`, caller: "ada" })
  }
  held = true
  const open = first.runs.run("job", "go", { idempotencyKey: "open" }).catch(() => undefined)
  await until(() => first.model.requests.length === 21)
  await first.runs.drain(0)
  await open
  await first.stop()
  for await (const [key] of records.entries("kept")) await records.write([[key, undefined]])

  const keysOf = async (type: string) => {
    const keys: string[] = []
    for await (const key of journal.keys("default", type)) keys.push(key)
    return keys.length
  }
  const limits = { days: 1, count: 5, megabytes: 10 }
  const second = await smallNode({ ...options, retention: { runs: limits, conversations: limits } })
  await second.runs.sweep()
  t.equal(await keysOf("run"), 6, "so many, and the one that is open")
  t.equal(await keysOf("conversation"), 5)
  held = false
  const [runId = ""] = await second.runs.resume()
  await until(async () => (await second.runs.status(runId))?.state === "finished")
  await second.stop()
})

t.test("a definition is kept as long as a run may go on with it, and then let go", async (t) => {
  const day = 86_400_000
  let days = 0
  const clock = { ...systemClock, wallTime: () => systemClock.wallTime() + days * day }
  const [journal, records] = [{ ...memoryJournal(clock), close: async () => {} }, memoryRecords()]
  let held = true
  const script: Script = () => (held ? new Promise<never>(() => undefined) : "ok")
  const options = { agents, script, journal, records, clock }
  const first = await smallNode({ ...options, topologies })
  const open = first.runs.run("job", "go", { idempotencyKey: "open" }).catch(() => undefined)
  await until(() => first.model.requests.length === 1)
  await first.runs.drain(0)
  await open
  await first.stop()

  const definitions = async () => {
    let found = 0
    for await (const _ of records.entries("definition")) found += 1
    return found
  }
  const second = await smallNode({ ...options, topologies: { job: chain(["one", "one"]) } })
  days = 100
  await second.runs.sweep()
  t.equal(await definitions(), 1, "a run is open")
  held = false
  const [runId = ""] = await second.runs.resume()
  await until(async () => (await second.runs.status(runId))?.state === "finished")
  t.match(await second.runs.status(runId), { output: "ok" })
  await second.runs.run("job", "now", {})
  t.equal(await definitions(), 2)
  days = 108
  await second.runs.run("job", "later", {})
  days = 110
  await until(async () => {
    await second.runs.sweep()
    return (await definitions()) === 1
  })
  days = 130
  await second.runs.sweep()
  t.equal(await definitions(), 0)
  t.match(await second.runs.run("job", "again", { idempotencyKey: "k" }), { output: "ok" })
  t.equal(await definitions(), 1, "one that is asked for again is written again")
  await second.stop()
})

t.test("what is open, or goes on again, is not let go of", async (t) => {
  const none = { days: 0, count: 0, megabytes: 0 }
  const journal = memoryJournal(systemClock)
  let held = true
  const script: Script = () => (held ? new Promise<never>(() => undefined) : "done")
  const node = await smallNode({ agents, topologies, script, journal, retention: { runs: none, conversations: none } })
  const open = node.runs.run("job", "go", { idempotencyKey: "k" })
  await until(() => node.model.requests.length === 1)
  await node.runs.sweep()
  held = false
  const keys: string[] = []
  for await (const key of journal.keys("default", "run")) keys.push(key)
  t.equal(keys.length, 1)
  t.match(await node.runs.status(keys[0]!), { state: "running" })
  node.runs.cancel(keys[0]!)
  await open.catch(() => undefined)
  await node.stop()
})

t.test("conversations in memory take so many bytes, and those left out are read again", async (t) => {
  const { node } = await counted()
  const before = conversationLimits.resident
  conversationLimits.resident = 100_000
  t.teardown(() => (conversationLimits.resident = before))
  await Promise.all(
    Array.from({ length: 200 }, async (_, i) => {
      for (let n = 0; n < 3; n++) await node.runs.run("one", `${i}:${n} ${"x".repeat(3000)}`, { conversation: `c${i}` })
    }),
  )
  for (let i = 0; i < 200; i += 20) {
    const said = await node.runs.conversation("one", `c${i}`)
    t.strictSame(
      said.filter(({ role }) => role === "user").map(({ content }) => content.split(" ")[0]),
      [`${i}:0`, `${i}:1`, `${i}:2`],
    )
  }
  await node.stop()
})

t.test("a store on disk stays within what is kept", async (t) => {
  const store = await LevelStore.open(t.testdir())
  const journal = levelJournal(store, systemClock)
  const limits = { days: 1, count: 20, megabytes: 1 }
  const node = await smallNode({
    agents,
    topologies,
    script: short,
    journal,
    records: levelRecords(store, "run"),
    retention: { runs: limits, conversations: limits },
  })
  for (let i = 0; i < 100; i++) await node.runs.run("job", "go", { idempotencyKey: `k${i}` })
  const kept = async () => {
    let runs = 0
    for await (const _ of journal.keys("default", "run")) runs += 1
    return runs
  }
  await until(async () => {
    await node.runs.sweep() // that a run has ended is noted beside its answer
    return (await kept()) === 20
  }, "20 runs to be kept")
  t.match(await node.runs.run("job", "go", { idempotencyKey: "k99" }), { output: "ok" })
  t.equal(node.model.requests.length, 100, "its answer is kept")
  await node.runs.run("job", "go", { idempotencyKey: "k0" })
  t.equal(node.model.requests.length, 101, "one that was let go of is carried out again")
  await node.stop()
})
