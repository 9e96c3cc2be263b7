/**
 * Maps in stores of before: msgpack has one kind of map, which becomes an object, so a `Map` was stored as its entries, marked by an extension. Today `stored-codec.ts` writes
 * them; this reads what was written then.
 */
import { addExtension } from "msgpackr"

addExtension({
  type: 0x4d, // "M"; it stands in stored values: never another
  read: (entries: readonly (readonly [unknown, unknown])[]) => new Map(entries),
})
