/** What every store of records promises. Run by each adapter: `recordContract("leveldb", ...)`. */
import fc from "fast-check"
import t, { type Test } from "tap"
import type { RecordStore } from "#src/record-store.js"

/** A room of one store, which is made anew for each test. */
export type OpenRoom = (name: string) => RecordStore

async function all(records: RecordStore, prefix = ""): Promise<(readonly [string, unknown])[]> {
  const found: (readonly [string, unknown])[] = []
  for await (const entry of records.entries(prefix)) found.push(entry)
  return found
}

/** @param open a store that is empty @returns its rooms */
export function recordContract(name: string, open: (t: Test) => Promise<OpenRoom>): void {
  t.test(`records ${name}`, async (t) => {
    await t.test("what was written comes back as it was, and a value of undefined deletes", async (t) => {
      const records = (await open(t))("room")
      t.equal(await records.get("a"), undefined)
      const value = { text: "x\u0000y", vector: Float32Array.of(0.5, -1), list: [1n, new Date(7), null] }
      await records.write([["a", value], ["b", 1]]) // prettier-ignore
      t.same(await records.get("a"), value)
      await records.write([["a", undefined], ["never", undefined], ["c", true]]) // prettier-ignore
      t.equal(await records.get("a"), undefined)
      t.same(await all(records), [["b", 1], ["c", true]]) // prettier-ignore
      await records.write([])
    })

    await t.test("a key that could not be told from others is refused, and nothing of its write is done", async (t) => {
      const records = (await open(t))("room")
      for (const key of ["half \ud800", "\udc00"]) {
        await t.rejects(async () => records.write([["good", 1], [key, 1]]), { code: "INVALID_NAME" }) // prettier-ignore
        await t.rejects(async () => records.get(key), { code: "INVALID_NAME" })
      }
      t.same(await all(records), [])
    })

    await t.test("of several changes of one key in a write the last one counts", async (t) => {
      const records = (await open(t))("room")
      await records.write([["a", 1], ["a", undefined], ["b", undefined], ["b", 2]]) // prettier-ignore
      t.same(await all(records), [["b", 2]])
    })

    await t.test(
      "entries come in the order of their keys' bytes, page after page, only those with the prefix",
      async (t) => {
        const records = (await open(t))("room")
        const numbered = Array.from({ length: 1234 }, (_, i) => `p/${String(i).padStart(4, "0")}`)
        await records.write(numbered.map((key, i) => [key, i] as const).reverse())
        await records.write([["o", 0], ["p", 0], ["q", 0], ["p/\u00e9", 0], ["p/\u0000", 0]]) // prettier-ignore
        t.same((await all(records, "p/")).map(([key]) => key), ["p/\u0000", ...numbered, "p/\u00e9"]) // prettier-ignore
        t.equal((await all(records)).length, numbered.length + 5)
        t.same(await all(records, "p/00000"), [])
        const first: string[] = []
        for await (const [key] of records.entries("p/")) if (first.push(key) === 3) break
        t.same(first, ["p/\u0000", "p/0000", "p/0001"], "who leaves early gets no more")
      },
    )

    await t.test("rooms are apart, also those with confusable names", async (t) => {
      const room = await open(t)
      const names = ["a", "ab", "a\u0000", "a\u0000b", "a\u0001"]
      for (const name of names) await room(name).write([["key", name], ["b\u0000key", name]]) // prettier-ignore
      for (const name of names) t.same(await all(room(name)), [["b\u0000key", name], ["key", name]]) // prettier-ignore
      t.same(await all(room("b")), [])
    })

    await t.test("what is written at once, by many, is all there", async (t) => {
      const records = (await open(t))("room")
      await Promise.all(
        Array.from({ length: 40 }, (_, i) => records.write([["shared", i], [`own/${i}`, i], ["other", i]])), // prettier-ignore
      )
      t.equal((await all(records, "own/")).length, 40)
      t.equal(await records.get("shared"), await records.get("other"), "each write as a whole")
    })

    await t.test("any row of writes leaves what a map would hold", async (t) => {
      const room = await open(t)
      const key = fc.string({ unit: fc.constantFrom("a", "b", "\u0000", "\u00ff", "\u{1f600}"), maxLength: 3 })
      const value = fc.option(fc.oneof(fc.integer(), fc.string(), fc.boolean()), { nil: undefined })
      let runs = 0
      await fc.assert(
        fc.asyncProperty(
          fc.array(fc.array(fc.tuple(key, value), { maxLength: 4 }), { maxLength: 6 }),
          key,
          async (writes, prefix) => {
            const records = room(`room ${++runs}`)
            const model = new Map<string, unknown>()
            for (const changes of writes) {
              await records.write(changes)
              for (const [key, value] of changes)
                if (value === undefined) model.delete(key)
                else model.set(key, value)
            }
            const bytes = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b))
            const expected = [...model].filter(([key]) => key.startsWith(prefix)).sort(([a], [b]) => bytes(a, b))
            t.strictSame(await all(records, prefix), expected)
          },
        ),
        { numRuns: 40 },
      )
    })
  })
}
