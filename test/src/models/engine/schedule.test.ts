import fc from "fast-check"
import t from "tap"
import { schedule, type SequenceView } from "#src/models/engine/schedule.js"

const limits = { slots: 3, rows: 8 }

t.test("those who write come before those who read, and readers before those who wait", async (t) => {
  const feeds = schedule(
    [
      { id: 1, slot: 0, cached: 4, known: 20 },
      { id: 2, slot: 2, cached: 9, known: 10 },
      { id: 3, slot: undefined, cached: 0, known: 2 },
    ],
    limits,
  )
  t.same(feeds, [
    { id: 2, slot: 2, from: 9, to: 10, asks: true },
    { id: 1, slot: 0, from: 4, to: 11, asks: false },
  ])
})

t.test("a sequence waits while every slot is taken", async (t) => {
  const running = [0, 1, 2].map((slot) => ({ id: slot, slot, cached: 5, known: 6 }))
  t.equal(schedule([...running, { id: 9, slot: undefined, cached: 0, known: 1 }], limits).length, 3)
})

const world = fc
  .array(fc.record({ waits: fc.boolean(), cached: fc.nat(40), more: fc.integer({ min: 1, max: 30 }) }), {
    maxLength: 8,
  })
  .map((sequences) => {
    let slot = 0
    return sequences.map(({ waits, cached, more }, id): SequenceView => {
      const takes = !waits && slot < limits.slots
      return takes
        ? { id, slot: slot++, cached, known: cached + more }
        : { id, slot: undefined, cached: 0, known: more }
    })
  })

t.test("whatever is open: rows and slots are never exceeded, writers never stall, something always moves", async () => {
  fc.assert(
    fc.property(world, (sequences) => {
      const feeds = schedule(sequences, limits)
      const rows = feeds.reduce((sum, { from, to }) => sum + to - from, 0)
      const slots = feeds.map(({ slot }) => slot)
      const writers = sequences.filter(({ slot, cached, known }) => slot !== undefined && known - cached === 1)
      return (
        rows <= limits.rows &&
        new Set(slots).size === slots.length &&
        slots.every((slot) => slot < limits.slots) &&
        feeds.every(({ id, from, to, asks }) => {
          const { cached, known } = sequences[id] as SequenceView
          return from === cached && to > from && to <= known && asks === (to === known)
        }) &&
        writers.every(({ id }) => feeds.some((feed) => feed.id === id)) &&
        (sequences.length === 0 || feeds.length > 0)
      )
    }),
  )
})
