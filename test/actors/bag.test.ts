import fc from "fast-check"
import t from "tap"
import { Bag } from "#actors/bag.js"
import { Table } from "#actors/table.js"

t.test("a bag holds what was added and not removed, whatever the order", async () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.boolean(), fc.nat(20))), (acts) => {
      const bag = new Bag<{ place: number }>()
      const expected = new Set<{ place: number }>()
      const members = Array.from({ length: 21 }, () => ({ place: 0 }))
      for (const [adds, n] of acts) {
        const member = members[n] as { place: number }
        if (adds && !expected.has(member)) {
          bag.add(member)
          expected.add(member)
        } else if (!adds) {
          bag.remove(member)
          expected.delete(member)
        }
      }
      const found = bag.members()
      return bag.size === expected.size && found.length === expected.size && found.every((each) => expected.has(each))
    }),
  )
})

t.test("a table is a map by name, whatever the order", async () => {
  const name = fc.constantFrom("a", "b", "c", "", "__proto__")
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.constantFrom("set", "delete"), name, fc.nat())), (acts) => {
      const table = new Table<number>()
      const expected = new Map<string, number>()
      for (const [act, key, value] of acts) {
        if (act === "set") {
          table.set(key, value)
          expected.set(key, value)
        } else {
          table.delete(key)
          expected.delete(key)
        }
      }
      return (
        table.size === expected.size &&
        JSON.stringify(table.entries().toSorted()) === JSON.stringify([...expected].toSorted()) &&
        [...expected].every(([key, value]) => table.get(key) === value)
      )
    }),
  )
})
