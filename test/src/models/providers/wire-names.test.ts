import t from "tap"
import { wireNames } from "#src/models/providers/wire-names.js"
import { namesAreReadBack } from "#test/support/tool-names.js"

t.test("names that only differ where a server allows no difference stay apart on the wire", (t) => {
  const names = [
    "a.b",
    "a__b",
    "a b",
    "a_b",
    "a/b",
    "ä",
    "ö",
    "_",
    "x".repeat(64),
    `${"x".repeat(63)}.`,
    `${"x".repeat(64)}.`,
    "",
  ]
  const wire = wireNames(names)
  t.equal(wire.toWire("a__b"), "a__b", "what a server takes goes as it is")
  t.equal(wireNames(["knowledge.search"]).toWire("knowledge.search"), "knowledge__search")
  t.equal(new Set(names.map(wire.toWire)).size, names.length)
  for (const name of names) {
    t.match(wire.toWire(name), /^[a-zA-Z0-9_-]{1,64}$/)
    t.equal(wire.fromWire(wire.toWire(name)), name)
  }
  t.equal(wire.fromWire("made-up"), "made-up")
  t.end()
})

t.test("any set of names is sent in a server's letters and read back as it was", (t) => {
  namesAreReadBack(200)
  t.end()
})
