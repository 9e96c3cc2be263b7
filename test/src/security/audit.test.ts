import { readFile } from "node:fs/promises"
import { join } from "node:path"
import t from "tap"
import { systemClock } from "#actors/clock.js"
import { silentLogger } from "#actors/telemetry.js"
import { memoryRecords } from "#src/record-store.js"
import { auditStore } from "#src/security/audit-store.js"
import { AuditLog, type AuditRecord } from "#src/security/audit.js"
import { openNode } from "#test/support/open-node.js"

const day = 86_400_000

/** A clock in the hand: it moves when it is told, and calls the one timer that is due. */
function handClock(begin: number) {
  let [now, due, call] = [begin, Infinity, (): void => undefined]
  return {
    clock: {
      ...systemClock,
      wallTime: () => now,
      timer: (milliseconds: number, work: () => void) => {
        ;[due, call] = [now + milliseconds, work]
        return () => void (due = Infinity)
      },
    },
    pass(milliseconds: number) {
      now += milliseconds
      if (now < due) return
      due = Infinity
      call()
    },
  }
}

t.test("refusals that are alike are counted, not each kept; acts are each kept", async (t) => {
  const kept: AuditRecord[] = []
  const { clock, pass } = handClock(day)
  const audit = new AuditLog({
    store: { append: async (record) => void kept.push(record) },
    logger: silentLogger,
    clock,
  })
  const refuse = (caller: string, operation: string, traceId: string) =>
    audit.record({ caller, operation, outcome: "refused", code: "UNAUTHENTICATED", traceId })
  for (let i = 0; i < 1000; i++) refuse("unknown", i % 4 === 0 ? "Chat" : "Run", String(i))
  t.match(
    kept,
    [
      { operation: "Chat", traceId: "0" },
      { operation: "Run", traceId: "1" },
    ],
    "the first of each at once",
  )
  t.equal(kept.length, 2)
  for (let i = 0; i < 3; i++)
    audit.record({ caller: "admin", operation: "CreateKey", outcome: "done", target: String(i) })
  t.equal(kept.length, 5)
  pass(3_600_000)
  t.match(kept.slice(5), [
    { operation: "Chat", more: 249 },
    { operation: "Run", more: 749 },
  ])
  pass(3_600_000)
  t.equal(kept.length, 7, "an hour without any adds nothing")
  refuse("unknown", "Run", "x")
  refuse("unknown", "Run", "y")
  await audit.close()
  t.match(
    kept.slice(7),
    [
      { operation: "Run", traceId: "x" },
      { operation: "Run", more: 1 },
    ],
    "nothing is lost at the end",
  )
})

t.test("a day of refusals by any number of strangers and keys is kept in less than three megabytes", async (t) => {
  let [bytes, count] = [0, 0]
  const { clock, pass } = handClock(day)
  const append = async (record: AuditRecord) => {
    bytes += JSON.stringify(record).length
    count += record.more ?? 0
    count += record.more === undefined ? 1 : 0
  }
  const audit = new AuditLog({ store: { append }, logger: silentLogger, clock })
  for (let hour = 0; hour < 24; hour++) {
    for (let i = 0; i < 20_000; i++) {
      const caller = i % 2 === 0 ? "unknown" : `key-${i}`
      audit.record({
        caller,
        operation: `Operation${i % 40}`,
        outcome: "refused",
        code: "RATE_LIMITED",
        traceId: "f".repeat(32),
      })
    }
    pass(3_600_000)
  }
  await audit.close()
  t.ok(bytes < 3_000_000, `${bytes} bytes`)
  t.equal(count, 24 * 20_000, "every refusal is in a sum")
})

t.test("old records of the audit and those beyond the limit are deleted", async (t) => {
  const records = memoryRecords()
  const { clock, pass } = handClock(day)
  const store = auditStore(records, "node", { count: 1500, days: 2, megabytes: 1 }, clock)
  const append = (target: number) =>
    store.append({
      at: clock.wallTime(),
      caller: "admin",
      operation: "CreateKey",
      outcome: "done",
      target: String(target),
    })
  const all = async (): Promise<AuditRecord[]> => {
    const found: AuditRecord[] = []
    for await (const [, record] of records.entries("")) found.push(record as AuditRecord)
    return found
  }
  for (let i = 0; i < 5001; i++) {
    pass(1)
    await append(i)
  }
  t.ok((await all()).length <= 1500 + 1000)
  t.equal((await all()).at(-1)?.target, "5000", "the newest stay")
  const small = auditStore(records, "small", { count: 1e9, days: 2, megabytes: 0.05 }, clock)
  await small.append({ at: clock.wallTime(), caller: "admin", operation: "CreateKey", outcome: "done" })
  t.ok(JSON.stringify(await all()).length < 51_000, "nor is it larger than it may")
  pass(3 * day)
  await append(5001)
  t.strictSame(
    (await all()).map(({ target }) => target),
    ["5001"],
  )
})

t.test("thousands of calls by strangers add next to nothing to store and log", async (t) => {
  const data = t.testdir()
  const node = await openNode({ data, security: { requireKeys: "always" }, knowledge: { shipped: false } })
  const ask = (i: number) =>
    fetch(`${node.rest}${["/v1/models", `/v1/runs/${i}`, `/v1/agents/a${i}`, "/v1/keys"][i % 4]}`, {
      headers: {
        authorization: `Bearer lao_${i}`,
        traceparent: `00-${String(i).padStart(32, "1")}-${"1".repeat(16)}-01`,
      },
    })
  for (let i = 0; i < 2000; i += 50) {
    const answers = await Promise.all(Array.from({ length: 50 }, (_, j) => ask(i + j)))
    for (const answer of answers) {
      if (answer.status !== 401) t.equal(answer.status, 401)
      await answer.arrayBuffer()
    }
  }
  await node.stop()
  const lines = (await readFile(join(data, "logs", "node.log"), "utf8")).split("\n")
  const audited = lines.filter((line) => line.includes("UNAUTHENTICATED"))
  t.ok(audited.length <= 8, `${audited.length} lines`)
  const more = audited.map((line) => (JSON.parse(line) as { audit: AuditRecord }).audit.more ?? 1)
  t.equal(
    more.reduce((sum, count) => sum + count, 0),
    2000,
    "all of them are counted",
  )
})
