import t from "tap"
import { callStandsIn, isFaithful } from "#src/agents/verify.js"

const call = (tool: string, args: Record<string, unknown>) => ({ id: "1", tool, arguments: args })

t.test("a call passes when its numbers and words stand in the request", async (t) => {
  t.ok(callStandsIn("What is 48 times 17?", call("calculator", { expression: "48 * 17" })))
  t.ok(callStandsIn("Where is actor state kept?", call("knowledge.search", { query: "Actor state" })))
  t.ok(callStandsIn("What time is it?", call("clock", {})))
  t.notOk(callStandsIn("What is 48 times 17?", call("calculator", { expression: "48 * 71" })))
  t.notOk(
    callStandsIn("What is 148 times 17?", call("calculator", { expression: "48 * 17" })),
    "part of a number is another number",
  )
  t.notOk(callStandsIn("Where is actor state kept?", call("knowledge.search", { query: "spare key" })))
})

t.test("a merge is faithful when nothing of its input is missing, as often as it was there", async (t) => {
  t.ok(isFaithful("48 * 17 = 816\nLevelDB.", "48 * 17 = 816, and LevelDB."))
  t.notOk(isFaithful("48 * 17 = 816\nLevelDB.", "48 * 17 = 861, and LevelDB."))
  t.notOk(isFaithful("7 * 7 = 49\nroom 7", "7 * 7 = 49, room"), "the third seven is missing")
})
