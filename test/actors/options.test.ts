/**
 * Whatever is no object of options is refused at its door, by name; so is an option that there is not, save in what
 * each message may be sent with.
 */
import t, { type Test } from "tap"
import {
  backupStore,
  circuitBreaker,
  createActorSystem,
  defineActor,
  definePersistentActor,
  defineProjection,
  forgetProjection,
  openStream,
  rateLimit,
  readStream,
  repairStore,
  resumeDeliveries,
  router,
  spawnPool,
  startProjection,
  startReminders,
  verifyFolder,
  workPool,
  type ActorContext,
  type ActorSystem,
} from "#actors/index.js"

const spec = { name: "plain", state: () => null, receive: { fine: () => "fine" } }
const Plain = defineActor(spec)
const kept = { name: "kept", version: 1, state: () => 0, events: {} }
const Kept = definePersistentActor(kept).receive({ fine: () => "fine" })
const seen = { name: "seen", version: 1, from: Kept, state: () => 0, apply: {} }
const Seen = defineProjection(seen)
const noObject = [null, 5, 5n, "x", "", true, Symbol("x"), [], () => undefined] as never[]
const misspelt = { nmae: 1, name: "x" } as never

async function opened(t: Test): Promise<{ readonly system: ActorSystem; readonly inside: ActorContext<null> }> {
  let inside: ActorContext<null> | undefined
  const Opens = defineActor({
    name: "opens",
    state: () => null,
    started: (ctx) => void (inside = ctx),
    receive: spec.receive,
  })
  const system = await createActorSystem({ name: "test", definitions: [Kept] })
  t.teardown(() => system.stop())
  await system.spawn(Opens).ask("fine")
  return { system, inside: inside as unknown as ActorContext<null> }
}

/** Each is given what is no object of options. `loose`: it is not looked at which options there are. */
interface Door {
  readonly code: "INVALID_DEFINITION" | "INVALID_OPTION"
  readonly loose?: true
  readonly open: (options: never) => unknown
}

const defined = (open: Door["open"]): Door => ({ code: "INVALID_DEFINITION", open })
const called = (open: Door["open"], loose?: true): Door => ({ code: "INVALID_OPTION", open, ...(loose && { loose }) })

t.test("what is no object of options, or names one that there is not, is refused at every door", async (t) => {
  const { system, inside } = await opened(t)
  const ref = system.spawn(Plain)
  const entity = system.entity(Kept, "a")
  const reminders = await startReminders(system)
  const items = async function* () {}
  const stream = openStream(inside, items())
  const doors: Readonly<Record<string, Door>> = {
    defineActor: defined((options) => defineActor(options)),
    "mailbox of a definition": defined((mailbox) => defineActor({ ...spec, mailbox })),
    "supervision of a definition": defined((supervision) => defineActor({ ...spec, supervision })),
    intensity: defined((intensity) => defineActor({ ...spec, supervision: { intensity } })),
    backoff: defined((backoff) => defineActor({ ...spec, supervision: { backoff } })),
    definePersistentActor: defined((options) => definePersistentActor(options)),
    retention: defined((retention) => definePersistentActor({ ...kept, retention })),
    defineProjection: defined((options) => defineProjection(options)),
    createActorSystem: defined((options) => createActorSystem(options)),
    entities: defined((entities) => createActorSystem({ name: "test", entities })),
    workers: defined((workers) => createActorSystem({ name: "test", workers })),
    spawn: defined((options) => system.spawn(Plain, options)),
    "mailbox of a spawn": defined((mailbox) => system.spawn(Plain, { mailbox })),
    "supervision of a spawn": defined((supervision) => system.spawn(Plain, { supervision })),
    "spawn of a context": defined((options) => inside.spawn(Plain, options)),
    router: defined((options) => router([ref], "random", options)),
    spawnPool: defined((options) => spawnPool(system, Plain, options)),
    workPool: defined((options) => workPool(system, Plain, options)),
    circuitBreaker: defined((options) => circuitBreaker(ref, options)),
    rateLimit: defined((options) => rateLimit(ref, options)),
    entity: called((options) => system.entity(Kept, "a", options)),
    with: called((options) => ref.with(options), true),
    "with of a ref with options": called((options) => ref.with({}).with(options), true),
    "with of an entity": called((options) => entity.with(options), true),
    "with of a router": called((options) => router([ref], "random").with(options), true),
    cause: called((cause) => ref.with({ cause }), true),
    run: called((options) => inside.run(async () => undefined, "fine", undefined, options), true),
    openStream: called((options) => openStream(inside, items(), options)),
    readStream: called((options) => readStream(system, stream, options).next()),
    reminders: called((schedule) => reminders.set(entity, "r", schedule, "fine")),
    startProjection: called((options) => startProjection(system, Seen, options)),
    forgetProjection: called((options) => forgetProjection(system, Seen, options)),
    resumeDeliveries: called((options) => resumeDeliveries(system, Kept, options)),
    backupStore: called((options) => backupStore(undefined as never, "/none", options)),
    repairStore: called((options) => repairStore("/none", options)),
    verifyFolder: called((options) => verifyFolder("/none", options)),
  }
  for (const [name, { code, loose, open }] of Object.entries(doors)) {
    for (const options of noObject)
      await t.rejects(
        async () => open(options),
        { code, message: /is .*; it is an object$/ },
        `${name} ${typeof options}`,
      )
    if (loose !== true) await t.rejects(async () => open(misspelt), { code, message: /no option "nmae"/ }, name)
  }
})

t.test("parts of a definition or a system that are no objects are refused by name", async (t) => {
  for (const part of noObject) {
    if (typeof part !== "function")
      t.throws(() => defineActor({ ...spec, name: part === "x" ? (5n as never) : part }), {
        code: "INVALID_DEFINITION",
      })
    t.throws(() => defineActor({ ...spec, receive: part }), { code: "INVALID_DEFINITION", message: /receive/ })
    t.throws(() => defineActor({ ...spec, schemas: part }), { code: "INVALID_DEFINITION", message: /schemas/ })
    t.throws(() => definePersistentActor({ ...kept, events: part }), { code: "INVALID_DEFINITION", message: /events/ })
    t.throws(() => definePersistentActor({ ...kept, upgrade: part }), {
      code: "INVALID_DEFINITION",
      message: /upgrade/,
    })
    for (const name of ["telemetry", "logger", "journal", "clock", "random"])
      await t.rejects(
        createActorSystem({ name: "test", [name]: part }),
        { code: "INVALID_DEFINITION", message: new RegExp(name) },
        name,
      )
  }
})
