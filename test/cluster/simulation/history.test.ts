import fc from "fast-check"
import assert from "node:assert/strict"
import t from "tap"
import { emptyPrint, History, printWith, type Told } from "#cluster/simulation/history.js"

const told = (...values: number[]): Told => ({ count: values.length, print: values.reduce(printWith, emptyPrint) })

t.test("what is wrong with a history is told", async (t) => {
  const table: readonly [string, RegExp | undefined, (history: History) => readonly number[]][] = [
    [
      "a write and a read",
      undefined,
      (history) => {
        history.write("k", 1).done(told(1))
        history.read("k").done(told(1))
        return [1]
      },
    ],
    ["an open write that stands", undefined, (history) => (history.write("k", 1), [1])],
    ["an open write that does not", undefined, (history) => (history.write("k", 1).unknown(), [])],
    ["a lost one", /acknowledged, and is lost/, (history) => (history.write("k", 1).done(told(1)), [])],
    ["one done twice", /stands twice/, (history) => (history.write("k", 1).done(told(1)), [1, 1])],
    ["one of nobody", /by nobody/, () => [1]],
    ["one that was not written", /told as not written/, (history) => (history.write("k", 1).notDone(), [1])],
    [
      "two owners",
      /told of as others/,
      (history) => {
        history.write("k", 1)
        history.write("k", 2).done(told(2))
        history.read("k").done(told(1))
        return [2]
      },
    ],
    [
      "a stale read",
      /a read counts 0, and 1 were told/,
      (history) => {
        history.write("k", 1).done(told(1))
        history.read("k").done(told())
        return [1]
      },
    ],
    [
      "a read beside a write sees it or not",
      undefined,
      (history) => {
        const write = history.write("k", 1)
        const [one, other] = [history.read("k"), history.read("k")]
        one.done(told(1))
        other.done(told())
        write.done(told(1))
        return [1]
      },
    ],
    [
      "a read of what is written later",
      /value 2 counts 2, and 2 were told/,
      (history) => {
        history.write("k", 1).done(told(1))
        history.read("k").done(told(1, 2))
        history.write("k", 2)
        return [1, 2]
      },
    ],
  ]
  for (const [name, wrong, make] of table) {
    const history = new History()
    const found = history.check("k", make(history))
    if (wrong === undefined) t.same(found, [], name)
    else t.match(found.join("\n"), wrong, name)
  }
})

t.test("whatever happens at one place in one order, is no violation; an old answer is one", async () =>
  fc.assert(
    fc.property(fc.array(fc.nat(99), { maxLength: 80 }), fc.boolean(), (chance, stale) => {
      const history = new History()
      const values: number[] = []
      const open: (() => void)[] = []
      let next = 0
      for (const n of chance) {
        if (n < 40) {
          const value = ++next
          const write = history.write("k", value)
          // It takes effect now, or never; it is answered later, or never.
          if (n < 30) {
            values.push(value)
            const then = told(...values)
            if (n < 25) open.push(() => write.done(then))
          } else write.notDone()
        } else if (n < 70) {
          const read = history.read("k")
          const then = told(...values)
          open.push(() => read.done(then))
        } else open.splice(n % Math.max(1, open.length), 1)[0]?.()
      }
      for (const end of open) end()
      assert.deepEqual(history.check("k", values), [])
      if (!stale || values.length === 0) return
      history.read("k").done(told(...values))
      history.read("k").done(told(...values.slice(0, -1)))
      assert.equal(history.check("k", values).length, 1)
    }),
    { numRuns: 500 },
  ),
)
