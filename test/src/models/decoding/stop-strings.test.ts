import fc from "fast-check"
import t from "tap"
import { StopStrings } from "#src/models/decoding/stop-strings.js"

const letters = (minLength: number, maxLength: number) => fc.stringMatching(new RegExp(`^[ab]{${minLength},${maxLength}}$`)) // prettier-ignore

t.test(
  "however the text is cut: all before the first stop string is shown, and nothing of it or after it",
  async () => {
    fc.assert(
    fc.property(fc.array(letters(0, 4), { maxLength: 8 }), fc.array(letters(1, 4), { maxLength: 3 }), (pieces, stops) => {
      const filter = new StopStrings(stops)
      let shown = ""
      for (const piece of pieces) {
        shown += filter.push(piece)
        if (filter.stopped) break
      }
      shown += filter.flush()
      // The first place where any stop string is complete as letters arrive piece by piece.
      let known = ""
      for (const piece of pieces) {
        known += piece
        const found = stops.map((stop) => known.indexOf(stop)).filter((at) => at >= 0)
        if (found.length > 0) return filter.stopped && shown === known.slice(0, Math.min(...found))
      }
      return !filter.stopped && shown === known
    }),
    { numRuns: 500 },
  ) // prettier-ignore
  },
)

t.test("text that cannot begin a stop string is shown at once", async (t) => {
  const filter = new StopStrings(["###"])
  t.equal(filter.push("hello #"), "hello ")
  t.equal(filter.push("1 "), "#1 ")
  t.equal(filter.push("##"), "")
  t.equal(filter.push("#gone"), "")
  t.equal(filter.stopped, true)
})
