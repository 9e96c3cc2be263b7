import t from "tap"
import {
  createActorSystem,
  defineProjection,
  definePersistentActor,
  memoryJournal,
  startProjection,
  systemClock,
  type AgentOSError,
  type Journal,
  type NewEvent,
} from "#actors/index.js"

type Upgrade = NonNullable<Parameters<typeof definePersistentActor>[0]["upgrade"]>
type UpgradeState = NonNullable<Parameters<typeof definePersistentActor>[0]["upgradeState"]>

const listOf = (version: number, upgrade?: unknown, upgradeState?: unknown) =>
  definePersistentActor({
    name: "list",
    version,
    state: () => ({ items: [] as unknown[] }),
    events: { put: (state, item: unknown) => void state.items.push(item) },
    ...(upgrade === undefined ? {} : { upgrade: upgrade as Upgrade }),
    ...(upgradeState === undefined ? {} : { upgradeState: upgradeState as UpgradeState }),
  }).receive({ items: (ctx) => [...ctx.state.items], put: (ctx, item: unknown) => ctx.persist("put", item) })
type List = ReturnType<typeof listOf>

const id = (key: string) => ({ tenant: "default", type: "list", key })
const put = (version: number, payload: unknown = "tea"): NewEvent => ({ name: "put", payload, version })

async function stored(): Promise<Journal> {
  const journal = memoryJournal(systemClock)
  await journal.append(id("event"), 0, 0, [put(1)])
  await journal.append(id("snapshot"), 0, 0, [put(1)])
  await journal.saveSnapshot(id("snapshot"), { sequence: 1, version: 1, state: { items: ["from the snapshot"] } })
  return journal
}

async function items(List: List, key: string): Promise<unknown> {
  const system = await createActorSystem({ name: "test", definitions: [List], journal: await stored() })
  return system.entity(List, key).ask("items").finally(() => system.stop()) // prettier-ignore
}

const same = (event: unknown): unknown => event
const none: Record<string, (event: unknown) => unknown> = {
  nothing: () => undefined,
  null: () => null,
  "a promise": async (event) => event,
  "a promise that is rejected": async () => Promise.reject(new Error("late")),
  "a text": () => "put",
  "a payload alone": () => ({ payload: "tea" }),
  "a promise inside": () => ({ name: "put", payload: Promise.resolve("tea") }),
  "an event of the runtime": () => ({ name: "$deliver", payload: {} }),
}

await t.test("an upgrade that gives no event is told by version and event, and is not folded", async (t) => {
  for (const [what, upgrade] of Object.entries(none)) {
    const error = await items(listOf(2, { 1: upgrade }), "event").catch((error: unknown) => error as AgentOSError)
    t.match(
      error,
      { code: "RECOVERY_FAILED", message: /list event: event 1 "put" cannot be upgraded from version 1/ },
      what,
    )
  }
})

await t.test("a gap in the upgrades is told; a definition without any takes old events as they are", async (t) => {
  for (const upgrade of [{ 1: same, 3: same }, { 3: same }, { 2: same, 3: same }, { 1: same, 2: same }])
    await t.rejects(items(listOf(4, upgrade), "event"), {
      code: "RECOVERY_FAILED",
      message: /there is no such upgrade/,
    })
  t.same(await items(listOf(4, { 1: same, 2: same, 3: same }), "event"), ["tea"])
  t.same(await items(listOf(2, { 0: same, 1: same }), "event"), ["tea"], "what no event needs may lack")
  t.same(await items(listOf(4), "event"), ["tea"])
  t.same(await items(listOf(4, {}), "event"), ["tea"])
})

await t.test("an upgrade of a state that gives none is told; without one the snapshot is not used", async (t) => {
  for (const wrong of [
    () => undefined,
    () => null,
    async (state: unknown) => state,
    () => Promise.reject(new Error("late")),
  ])
    await t.rejects(items(listOf(2, { 1: same }, { 1: wrong }), "snapshot"), {
      code: "RECOVERY_FAILED",
      message: /its snapshot at event 1 cannot be upgraded from version 1/,
    })
  t.same(await items(listOf(2, { 1: same }, { 1: same }), "snapshot"), ["from the snapshot"])
  t.same(await items(listOf(3, { 1: same, 2: same }, { 1: same }), "snapshot"), ["tea"])
})

await t.test("nothing is a state for a definition that begins with none, after an upgrade, too", async (t) => {
  for (const nothing of [null, undefined]) {
    const journal = memoryJournal(systemClock)
    await journal.append(id("a"), 0, 0, [put(1)])
    await journal.saveSnapshot(id("a"), { sequence: 1, version: 1, state: nothing })
    await journal.trim(id("a"), 1)
    const Bare = definePersistentActor({
      name: "list",
      version: 2,
      state: () => nothing,
      events: { put: () => {} },
      upgradeState: { 1: () => nothing },
    }).receive({ is: (ctx) => ctx.state })
    const system = await createActorSystem({ name: "test", definitions: [Bare], journal })
    t.equal(await system.entity(Bare, "a").ask("is"), nothing)
    await system.stop()
  }
})

const sumOf = (from: List) =>
  defineProjection({
    name: "sum",
    version: 1,
    from,
    state: () => ({ got: [] as unknown[] }),
    apply: { put: (state, item, { version }) => void state.got.push([item, version]) },
  })

await t.test("a projection is given events in the form of the version of its definition", async (t) => {
  const List = listOf(3, {
    1: ({ name, payload }: NewEvent) => ({ name, payload: { name: payload } }),
    2: ({ name, payload }: NewEvent) => ({ name, payload: { ...(payload as object), pieces: 1 } }),
  })
  const journal = memoryJournal(systemClock)
  await journal.append(id("a"), 0, 0, [put(1), put(2, { name: "milk" })])
  const system = await createActorSystem({ name: "test", definitions: [List], journal })
  t.teardown(() => system.stop())
  await system.entity(List, "a").ask("put", { name: "salt", pieces: 3 })
  const now = startProjection(system, sumOf(List))
  await now.caughtUp()
  const upgraded = [
    { name: "tea", pieces: 1 },
    { name: "milk", pieces: 1 },
    { name: "salt", pieces: 3 },
  ]
  t.same(
    now.state.got,
    upgraded.map((item, i) => [item, i + 1]),
    "`version` is the one that was stored",
  )
  t.same(await system.entity(List, "a").ask("items"), upgraded, "as the actor is")
  await now.stop()
  const named = startProjection(system, { ...sumOf({ name: "list" } as List), name: "named" })
  await named.caughtUp()
  t.same(named.state.got[0], ["tea", 1], "who names no definition is given what is stored")
})

await t.test("a projection tells why an event cannot be given in that form", async (t) => {
  for (const [List, code] of [
    [listOf(2, { 1: () => undefined }), "RECOVERY_FAILED"],
    [listOf(3, { 2: same }), "RECOVERY_FAILED"],
  ] as const) {
    const system = await createActorSystem({ name: "test", definitions: [List], journal: await stored() })
    const sum = startProjection(system, sumOf(List))
    await t.rejects(sum.caughtUp(), { code })
    t.same(sum.state.got, [])
    await system.stop()
  }
})
