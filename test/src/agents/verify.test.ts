import t from "tap"
import { callStandsIn, endedWhole, isExtract, isFaithful } from "#src/agents/verify.js"

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

t.test("an answer is an extract when it is a whole stretch of the text", async (t) => {
  const text = "Since 2019 the license\nis Apache-2.0, in LICENSE_FILE of data/logs/node.log."
  for (const answer of ["Apache-2.0", "apache-2.0.", "the license is Apache-2.0", "data/logs/node.log", "2019"])
    t.ok(isExtract(text, answer), answer)
  for (const answer of ["Apache-2", "FILE", "logs/node.log", "data/logs", "MIT", "", ".", "201"])
    t.notOk(isExtract(text, answer), answer)
})

t.test("an answer that breaks off within a name or a number is that name or number", async (t) => {
  const text = "Version 20.19 keeps 65,536 of proto/agent.proto, a.b, a.c and data-base (Apache-2.0)."
  for (const [answer, whole] of [
    ["20", "20.19"],
    ["65", "65,536"],
    ["proto", "proto/agent.proto"],
    ["apache-2", "Apache-2.0"],
    ["Version 20", "Version 20.19"],
    ["20.19", "20.19"],
    ["a", "a"],
    ["prot", "prot"],
    ["19", "19"],
    ["(", "("],
    ["", ""],
  ] as const)
    t.equal(endedWhole(text, answer), whole, answer)
})
