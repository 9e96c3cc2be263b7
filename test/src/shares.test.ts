import fc from "fast-check"
import t from "tap"
import { Holder, Holders, Shares } from "#src/shares.js"
import { Slots } from "#src/agents/slots.js"
import { Cancellation } from "#src/cancellation.js"

t.test("whatever is taken and given, nobody takes more than its share and a newcomer finds a place", async () => {
  const steps = fc.array(fc.tuple(fc.integer({ min: 0, max: 5 }), fc.boolean()), { maxLength: 400 })
  fc.assert(
    fc.property(fc.integer({ min: 8, max: 100 }), fc.constantFrom(1, 3), steps, (all, times, moves) => {
      const shares = new Shares(all)
      const held = new Map<number, number>()
      const holders = Array.from({ length: 6 }, (_, i) => new Holder(String(i)))
      for (const [which, wants] of moves) {
        const holder = holders[which] as Holder
        const has = held.get(which) ?? 0
        const taken = [...held.values()].reduce((sum, count) => sum + count, 0)
        if (shares.taken !== taken) return false
        if (!wants) {
          if (has === 0) continue
          shares.give([holder])
          held.set(which, has - 1)
        } else if (shares.mayTake(holder, times)) {
          shares.take([holder])
          held.set(which, has + 1)
          if (has + 1 > Math.ceil((times * all) / (times + 1)) || taken + 1 > all) return false
        } else if (has === 0 && taken < all) return false
      }
      return true
    }),
  )
})

t.test("one holder alone gets its share, and six of them all places but a few", (t) => {
  const shares = new Shares(100)
  const [a, b, ...others] = ["a", "b", "c", "d", "e", "f"].map((name) => new Holder(name)) as [
    Holder,
    Holder,
    ...Holder[],
  ]
  const fill = (holder: Holder): number => {
    let count = 0
    for (; shares.mayTake(holder, 3); count++) shares.take([holder])
    return count
  }
  t.equal(fill(a), 75)
  t.equal(fill(b), 19)
  t.notOk(shares.mayTake(a, 3))
  for (const holder of others) fill(holder)
  t.ok(shares.taken >= 99, String(shares.taken))
  shares.give([a], 50)
  t.ok(shares.mayTake(a, 3))
  t.end()
})

t.test("a holder is one and the same as long as somebody is there under its name, and then forgotten", (t) => {
  const holders = new Holders((name) => new Holder(name))
  const [first, second] = [holders.enter("a"), holders.enter("a")]
  t.equal(first, second)
  t.not(holders.enter("b"), first)
  holders.leave("a", first)
  t.equal(holders.enter("a"), first)
  holders.leave("a", first)
  holders.leave("a", first)
  t.not(holders.enter("a"), first)
  t.end()
})

/** Takes a place for each name, in that order. @returns who works, and how to end one's work */
function working(count: number, names: readonly string[]) {
  const slots = new Slots(count)
  const works: string[] = []
  const ask = async (name: string): Promise<void> => {
    await slots.take(new Cancellation(), name)
    works.push(name)
  }
  for (const name of names) void ask(name)
  const settle = () => new Promise<void>((done) => setImmediate(done))
  const end = async (name: string): Promise<void> => {
    works.splice(works.indexOf(name), 1)
    slots.leave(name)
    await settle()
  }
  return { slots, works, ask: (name: string) => void ask(name), settle, end }
}

const counts = (works: readonly string[]): Record<string, number> =>
  works.reduce<Record<string, number>>((sums, name) => ({ ...sums, [name]: (sums[name] ?? 0) + 1 }), {})

t.test("who comes after a holder that takes all places begins at once, up to a quarter more", async (t) => {
  const { slots, works, ask, settle } = working(16, new Array<string>(200).fill("greedy"))
  await settle()
  t.same(counts(works), { greedy: 16 })
  for (const name of ["b", "b", "b", "c", "c", "d", "e"]) ask(name)
  await settle()
  t.same(counts(works), { greedy: 16, b: 2, c: 1, d: 1 })
  t.equal(slots.waiting, 184 + 3)
})

t.test("a place that becomes free goes to the holder with the fewest, then to who waits longest", async (t) => {
  const { works, ask, settle, end } = working(4, new Array<string>(50).fill("greedy"))
  for (const name of ["b", "b", "b", "c", "c"]) ask(name)
  await settle()
  t.same(counts(works), { greedy: 4, b: 1 })
  await end("greedy")
  t.same(counts(works), { greedy: 3, b: 1, c: 1 })
  await end("greedy")
  t.same(counts(works), { greedy: 2, b: 1, c: 1 }, "the one more is kept for who holds none")
  for (let i = 0; i < 30; i++) {
    await end(i % 3 === 0 ? "b" : "greedy")
    const held = Object.values(counts(works))
    t.equal(works.length, 4)
    t.ok(Math.max(...held) - Math.min(...held) <= 1 || held.length < 3, JSON.stringify(counts(works)))
  }
})
