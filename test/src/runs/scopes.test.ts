import t from "tap"
import fc from "fast-check"
import { systemClock } from "#actors/clock.js"
import { memoryJournal } from "#actors/persistence/memory-journal.js"
import { defineAgent } from "#src/agents/agent.js"
import { memoryRecords } from "#src/record-store.js"
import { chain } from "#src/topologies/topology.js"
import { JournalLog } from "#src/runs/journal-log.js"
import type { Script } from "#test/support/scripted-model.js"
import { smallNode } from "#test/support/small-node.js"
import { until } from "#test/support/until.js"

const recall: Script = (request) =>
  request.messages
    .filter(({ role }) => role === "user")
    .map(({ content }) => content)
    .join(" / ")
const agents = ["one", "two"].map((name) => defineAgent({ name, instructions: name }))
const scopes = [{}, { caller: "ada" }, { caller: "bob" }, { tenant: "acme" }, { tenant: "acme", caller: "ada" }]

t.test("a conversation is that of its caller: nobody else who knows its id reads or continues it", async (t) => {
  const journal = memoryJournal(systemClock)
  const open = () => smallNode({ agents, script: recall, journal: { ...journal, close: async () => {} } })
  for (const node of [await open(), await open()]) {
    for (const [i, scope] of scopes.entries())
      for (const target of ["one", "two"]) {
        const said = await node.runs.run(target, `I am ${i}`, { conversation: "c", ...scope })
        t.match(said.output, new RegExp(`^(I am ${i}( / )?)+$`))
        t.notOk(
          (await node.runs.conversation(target, "c", scope)).some(({ content }) => !content.includes(`I am ${i}`)),
        )
      }
    await node.stop()
  }
  const node = await open()
  t.equal((await node.runs.conversation("one", "c")).length, 4, "it is remembered")
  t.strictSame(await node.runs.conversation("one", "c", { caller: "eve" }), [])
  await node.stop()
})

t.test("a run is found and cancelled in its tenant only", async (t) => {
  const node = await smallNode({
    agents,
    script: () => new Promise<never>(() => undefined),
    topologies: { job: chain(["one"]) },
  })
  for (const target of ["one", "job"]) {
    const stream = node.runs.stream(target, "go", { tenant: "acme", caller: "ada" })
    const first = await stream.next()
    const runId = first.value?.type === "start" ? first.value.runId : ""
    t.equal(await node.runs.status(runId), undefined)
    t.equal(node.runs.cancel(runId), false)
    t.match(await node.runs.status(runId, "acme"), { state: "running", caller: "ada" })
    t.equal(node.runs.cancel(runId, "acme"), true)
    await until(async () => (await node.runs.status(runId, "acme"))?.state !== "running")
    t.equal(await node.runs.status(runId), undefined)
    await stream.return(undefined)
  }
  await node.stop()
})

t.test("ids that are no names are refused, and no two that are share anything", async (t) => {
  const node = await smallNode({ agents, script: recall, topologies: { "a/b": chain(["one"]), a: chain(["one"]) } })
  for (const bad of ["", "\u0000", "a\u0000b", "half \ud800", "\u001b[2J", "x".repeat(513)]) {
    for (const options of [{ conversation: bad }, { idempotencyKey: bad }, { tenant: bad }, { caller: bad }])
      await t.rejects(node.runs.run("one", "go", options), { code: "INVALID_NAME" })
    await t.rejects(node.runs.status(bad), { code: "INVALID_NAME" })
    await t.rejects(node.runs.conversation("one", bad), { code: "INVALID_NAME" })
    const refused = await node.runs.run(bad, "go").catch((error: Error) => error)
    t.match(refused, { code: "INVALID_NAME" })
    t.ok((refused as Error).message.length < 300, "and what it quotes is clipped")
  }
  const odd = fc.string({
    unit: fc.constantFrom("a", "b", "/", "%", "2", "F", ":", "~", "é"),
    minLength: 1,
    maxLength: 6,
  })
  const seen = new Map<string, string>()
  const property = fc.asyncProperty(fc.constantFrom("a", "a/b"), odd, odd, odd, async (target, tenant, caller, id) => {
    const name = JSON.stringify([target, tenant, caller, id])
    const { output, runId } = await node.runs.run(target, name, {
      tenant,
      caller,
      conversation: id,
      idempotencyKey: `${id} ${target}`,
    })
    if ((seen.get(runId) ?? name) !== name) throw new Error(`${name} and ${seen.get(runId)} are one run`)
    seen.set(runId, name)
    if (!output.split(" / ").every((said) => said === name)) throw new Error(`${name} heard ${output}`)
  })
  await fc.assert(property, { numRuns: 300 })
  await node.stop()
})

t.test("notes and conversations of stores from before are found", async (t) => {
  const [journal, records] = [memoryJournal(systemClock), memoryRecords()]
  const turn = { user: "I am Ada.", reply: "Hello.", runId: "r" }
  await journal.append({ tenant: "default", type: "conversation", key: "one/c/1" }, 0, 0, [
    { name: "turn", payload: turn, version: 1 },
  ])
  const old = JournalLog.begin(journal, "default", "old")
  await old.append({ name: "started", payload: { target: "job", input: "go" } })
  await records.write([["open\u0000default\u0000old", true]])
  const ended = JournalLog.begin(journal, "default", "ended")
  const context = { version: 1 as const, messages: [], values: {}, provenance: [] }
  const usage = { promptTokens: 1, completionTokens: 1, cachedTokens: 0 }
  await ended.append({ name: "started", payload: { target: "job", input: "go", caller: "ada" } })
  await ended.append({
    name: "ended",
    payload: { runId: "ended", target: "job", output: "was", context, usage, elapsedMs: 1 } as never,
  })
  const node = await smallNode({ agents, script: recall, journal, records, topologies: { job: chain(["one"]) } })
  t.equal((await node.runs.run("one", "Who?", { conversation: "c/1" })).output, "I am Ada. / Who?")
  t.strictSame(await node.runs.resume(), ["old"])
  await until(async () => (await node.runs.status("old"))?.state === "finished")
  t.strictSame(await node.runs.resume(), [], "its note is gone")
  t.match(await node.runs.status("ended"), { state: "finished", output: "was", caller: "ada" })
  await node.stop()
})
