import { refContract } from "#test/support/ref-contract.js"
import { PlacedSubject, Subject } from "./definitions.js"

const workers = { threads: 2 }
let keys = 0
const key = (): string => `key ${keys++}`

refContract("a local actor", {}, (system) => system.spawn(Subject), true)
refContract("an entity", { definitions: [Subject] }, (system) => system.entity(Subject, key()), false)
refContract(
  "an actor on a worker thread",
  { workers },
  (system) => system.spawn(Subject, { placement: "worker" }),
  true,
)
refContract("an actor placed by its definition", { workers }, (system) => system.spawn(PlacedSubject), true)
refContract(
  "an entity on a worker thread",
  { workers, definitions: [PlacedSubject] },
  (system) => system.entity(PlacedSubject, key()),
  false,
)
