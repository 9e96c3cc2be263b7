import t from "tap"
import { systemClock } from "#actors/clock.js"
import { memoryJournal } from "#actors/persistence/memory-journal.js"
import { JournalLog } from "#src/runs/journal-log.js"

t.test("a turn's calls are known before the first begins, and which of them have begun", async (t) => {
  const journal = memoryJournal(systemClock)
  const log = JournalLog.begin(journal, "default", "r")
  const calls = ["a", "b", "c"].map((tool, i) => ({ callId: `r/0/${i}`, tool, arguments: { i } }))
  await log.claimTurn("0", 2, calls)
  await log.claimCall(calls[0]!)
  await log.finishCall("r/0/0", { kind: "ok", value: 1, text: "done" })
  await log.claimCall({ ...calls[1]!, idempotent: true })
  const later = await JournalLog.open(journal, "default", "r")
  t.strictSame(
    calls.map(({ callId }) => later.call(callId)),
    [
      { tool: "a", arguments: { i: 0 }, turn: 2, outcome: { kind: "ok", value: 1, text: "done" } },
      { tool: "b", arguments: { i: 1 }, turn: 2, idempotent: true },
      { tool: "c", arguments: { i: 2 }, turn: 2, begun: false },
    ],
  )
})
