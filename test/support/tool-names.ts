import fc from "fast-check"
import { wireNames } from "#src/models/providers/wire-names.js"

/** Names that meet on the wire more often than chance would have it. */
const name = fc.oneof(
  fc.string({ unit: fc.constantFrom(".", "_", "a", "-", " "), maxLength: 6 }),
  fc.string({ unit: fc.constantFrom(".", "_", "x"), minLength: 62, maxLength: 67 }),
  fc.string({ unit: "binary", maxLength: 70 }),
)

const readBack = fc.property(fc.array(name, { maxLength: 40 }), (names) => {
  const wire = wireNames(names)
  const sent = names.map((each) => wire.toWire(each))
  return (
    new Set(sent).size === new Set(names).size &&
    sent.every((each, i) => /^[a-zA-Z0-9_-]{1,64}$/.test(each) && wire.fromWire(each) === names[i])
  )
})

/** Tools of a request never share a name on the wire, and are read back. */
export const namesAreReadBack = (numRuns: number): void => fc.assert(readBack, { numRuns })
