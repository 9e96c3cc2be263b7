import t, { type Test } from "tap"
import { systemClock } from "#actors/clock.js"
import { defineActor } from "#actors/index.js"
import { postgresJournal } from "#cluster/postgres-journal.js"
import { PostgresStore } from "#cluster/postgres-store.js"
import { acquaint, handed, openMeshNode } from "#test/support/mesh-node.js"
import { PipeNet } from "#test/support/pipe-carrier.js"
import { startPostgres } from "#test/support/postgres.js"
import { asked, Echo, storedValueContract, valueContract } from "#test/support/value-contract.js"

async function two(t: Test) {
  const net = new PipeNet()
  const nodes = await Promise.all(["a", "b"].map((name) => openMeshNode(name, net.carrier(`${name}:1`))))
  t.teardown(() => Promise.all(nodes.map((node) => node.stop())))
  const [a, b] = nodes as [(typeof nodes)[0], (typeof nodes)[0]]
  await acquaint(a, b)
  return { a, b }
}

valueContract("to another node and back", async (t) => {
  const { a, b } = await two(t)
  return asked(await handed(b, a, b.system.spawn(Echo)), "refused")
})

const Log = defineActor({
  name: "log",
  state: () => [] as unknown[],
  receive: {
    note: (ctx, what: unknown) => void ctx.state.push(what),
    log: (ctx) => ctx.state,
    same: (_ctx, what: unknown) => what,
    later(ctx) {
      const reply = ctx.defer<unknown>()
      const answer = { n: 1 }
      reply.reply(answer)
      answer.n = 2
      return reply
    },
  },
})

t.test("what is sent to another node, and what it answers, is as it was when it was sent", async (t) => {
  const { a, b } = await two(t)
  const ref = await handed(b, a, b.system.spawn(Log))
  const item = { n: 1, bytes: new Uint8Array([1]), list: [new Map([["a", 1]])] }
  ref.tell("note", item)
  item.n = item.bytes[0] = 2
  item.list[0]?.set("a", 2)
  const bytes = new Uint8Array([1])
  ref.tell("note", bytes)
  bytes[0] = 2
  const right = [{ n: 1, bytes: new Uint8Array([1]), list: [new Map([["a", 1]])] }, new Uint8Array([1])]
  const log = ref.ask("log")
  ref.tell("note", "later")
  t.strictSame(await log, right, "an answer does not change with the state it is a part of")
  t.strictSame(await ref.ask("later"), { n: 1 })
  for (let n = 0; n < 1000; n++) ref.tell("note", "fills the window")
  const patient = { n: 1 }
  const asked = ref.with({ whenFull: "wait" }).ask("same", patient)
  patient.n = 2
  t.strictSame(await asked, { n: 1 }, "an ask that waits for room")
})

const found = await startPostgres()
if (typeof found === "string") t.pass("skipped", { skip: found })
else {
  t.teardown(() => found.remove())
  let schemas = 0
  storedValueContract("in PostgreSQL", async (t) => {
    const schema = `values ${(schemas += 1)}`
    const store = await PostgresStore.open({ url: found.url, schema }, { clock: systemClock })
    t.teardown(() => store.close())
    return async () => ({ ...postgresJournal(store, systemClock), close: async () => {} })
  })
}
