import t from "tap"
import { Barriers } from "#cluster/barriers.js"
import type { HeldMessage } from "#cluster/held.js"

const message = (type: string) => ({
  id: { tenant: "default", type: "memo", key: "k" },
  type,
  payload: undefined,
  meta: undefined,
})

t.test("what comes back behind a barrier, and what was held before it, goes before what waits for it", async (t) => {
  const sent: HeldMessage[] = []
  let answer = (): void => undefined
  const barriers = new Barriers({
    now: () => 0,
    isOpen: () => true,
    ask: () => new Promise<void>((answered) => (answer = answered)),
    dispatch: (message) => void sent.push(message),
    passed: () => undefined,
  })
  barriers.sent(1, "a#1")
  t.equal(barriers.mayGo(1, "b#1"), false)
  barriers.wait(1, message("own 3"), undefined, false)
  barriers.wait(1, message("back 1"), "b#1", false)
  barriers.wait(1, message("own 4"), undefined, false)
  barriers.wait(1, message("held 2"), undefined, true)
  t.equal(barriers.count(1), 4)
  answer()
  await new Promise(setImmediate)
  t.same(sent.map(({ type }) => type), ["back 1", "held 2", "own 3", "own 4"]) // prettier-ignore
  t.equal(barriers.mayGo(1, "b#1"), true)
})
