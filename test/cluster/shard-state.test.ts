import { join } from "node:path"
import fc from "fast-check"
import t from "tap"
import { openLevelDatabase, type Entry } from "#actors/persistence/database.js"
import type { PersistenceId } from "#actors/persistence/journal.js"
import { keyOf, numbered } from "#actors/persistence/keys.js"
import { levelJournal } from "#actors/persistence/level-journal.js"
import { LevelStore } from "#actors/persistence/level-store.js"
import { repairStore } from "#actors/persistence/repair.js"
import { verifyFolder, verifyStore, type VerifyReport } from "#actors/persistence/verify.js"
import { levelItems } from "#cluster/level-items.js"
import { shardOf } from "#cluster/placement.js"
import { ShardState } from "#cluster/shard-state.js"
import { HandClock } from "#test/support/hand-clock.js"
import { KillDisk } from "./support/kill-disk.js"
import { all, answers, event, openNode, ordinals, SHARDS, stage, isEntity, type OneNode } from "./support/one-node.js"

const actor = (key: string, type = "account"): PersistenceId => ({ tenant: "default", type, key })
const shardOfActor = ({ tenant, type, key }: PersistenceId): number => shardOf(tenant, type, key, SHARDS)
const keys = ["a", "b", "c", "d", "e", "f", "\u0000", "ä/1", "a\u0001"]
const actors = ["account", "click"].flatMap((type) => keys.map((key) => actor(key, type)))
/** At least one of each shard and type, for tests that do everything many times. */
const few = actors.filter(({ key }) => /^[a-e]$/.test(key))
const commands = Array.from({ length: 12 }, (_, n) => `c${n}\u0000`)
const shards = [...new Array(SHARDS).keys()]

/** Old names are moved as they are. */
const damaged = ({ damages }: VerifyReport) => damages.filter(({ kind }) => kind !== "old-name")

type Step =
  | { readonly do: "append"; readonly at: number; readonly events: number; readonly command: number | undefined }
  | { readonly do: "snapshot" | "trim" | "trim-commands"; readonly at: number }

const anyStep: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant("append" as const), at: fc.nat(actors.length - 1), events: fc.nat(4), command: fc.option(fc.nat(11), { nil: undefined }) }) }, // prettier-ignore
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom("snapshot" as const, "trim" as const, "trim-commands" as const), at: fc.nat(actors.length - 1) }) }, // prettier-ignore
)

/** Lets an actor do something, wherever it lives. */
async function carryOut(node: OneNode, clock: HandClock, step: Step, epoch: number): Promise<void> {
  const id = actors[step.at] as PersistenceId
  const { journal } = node
  const last = (await node.parts.heads.load(id)).sequence
  clock.wind(10)
  if (step.do === "append") {
    const events = Array.from({ length: step.events }, (_, n) => event({ n: last + n, of: id.key }, n % 2 === 0 ? "deposited" : "withdrawn")) // prettier-ignore
    const command =
      step.command === undefined ? undefined : { id: commands[step.command] as string, reply: [last, id.key] }
    await journal.append(id, last, epoch, events, {
      fence: "f",
      command,
      traceId: "trace",
      ordered: id.type === "click",
    })
  } else if (step.do === "snapshot") {
    if (last > 0) await journal.saveSnapshot(id, { sequence: last, version: 1, state: { last }, outbox: undefined })
  } else if (step.do === "trim") {
    const covered = (await journal.snapshot(id))?.sequence ?? 0
    if (covered > 0) await journal.trim(id, covered)
  } else await journal.trimCommands(id, clock.wallTime() - 40)
}

t.test("whatever a shard holds, its new node answers the same, goes on, and can give it back", async (t) => {
  const folder = t.testdir()
  let run = 0
  await fc.assert(
    fc.asyncProperty(
      fc.array(anyStep, { minLength: 5, maxLength: 60 }),
      fc.array(fc.tuple(fc.nat(SHARDS - 1), fc.array(anyStep, { maxLength: 8 })), { minLength: 1, maxLength: 6 }),
      async (before, moves) => {
        run += 1
        const clock = new HandClock()
        const folders = ["one", "two"].map((name) => join(folder, `${run}-${name}`))
        const nodes = await Promise.all(folders.map(async (name) => openNode(await openLevelDatabase(name), clock)))
        const at = new Map(shards.map((shard) => [shard, 0]))
        const nodeOf = (id: PersistenceId): OneNode => nodes[at.get(shardOfActor(id)) as number] as OneNode
        let epoch = 1
        for (const step of before) await carryOut(nodeOf(actors[step.at] as PersistenceId), clock, step, epoch)
        const everything = async () => Promise.all(actors.map((id) => answers(nodeOf(id).journal, id, commands)))
        for (const [shard, steps] of moves) {
          const from = at.get(shard) as number
          const [giver, taker] = [nodes[from], nodes[1 - from]] as [OneNode, OneNode]
          const known = await everything()
          const staged = { giver: String(from), epoch: epoch++, born: 1 }
          await stage(giver, taker, shard, staged)
          t.same(await everything(), known, "what is staged is not seen")
          await taker.state.promote(shard, staged, [])
          await giver.state.remove(shard, staged, [])
          at.set(shard, 1 - from)
          t.same(await everything(), known)
          t.notOk(await giver.state.holds(shard))
          for (const id of actors.filter((id) => shardOfActor(id) === shard)) {
            t.same(await answers(giver.journal, id, commands), { events: [], replies: commands.map(() => undefined), snapshot: undefined, known: false }) // prettier-ignore
            const { sequence } = await taker.parts.heads.load(id)
            await t.rejects(taker.journal.append(id, sequence + 1, epoch, [event(0)]), { code: "SEQUENCE_CONFLICT" })
          }
          for (const step of steps) await carryOut(nodeOf(actors[step.at] as PersistenceId), clock, step, epoch)
        }
        // Each node's order has each event that lives there once, an actor's in their order.
        for (const [n, { journal }] of nodes.entries()) {
          const order = await ordinals(journal, "click")
          const here = actors.filter((id) => id.type === "click" && nodeOf(id) === nodes[n])
          for (const id of here) {
            const stored = (await all(journal.read(id))).map(({ sequence }) => sequence)
            t.same(order.filter(([, key]) => key === id.key).map(([, , sequence]) => sequence), stored) // prettier-ignore
          }
          t.equal(order.filter(([, key]) => !here.some((id) => id.key === key)).length, 0)
        }
        await Promise.all(nodes.map(({ journal }) => journal.close()))
        for (const name of folders) t.same(damaged(await verifyFolder(name)), [])
      },
    ),
    { numRuns: 12 },
  )
})

/** With another last byte. */
function broken(bytes: Uint8Array): Buffer {
  const copy = Buffer.from(bytes)
  copy[copy.length - 1] = (copy.at(-1) as number) ^ 1
  return copy
}

/** A node with something of everything, on a disk of its own. */
async function filled(disk: KillDisk): Promise<OneNode> {
  const node = await openNode(disk.open())
  for (const id of few) {
    for (let n = 0; n < 4; n++)
      await node.journal.append(id, 2 * n, 1, [event(n), event(-n)], { fence: "f", command: { id: commands[n] as string, reply: n }, ordered: id.type === "click" }) // prettier-ignore
    await node.journal.saveSnapshot(id, { sequence: 6, version: 1, state: id.key })
    await node.journal.trim(id, 3)
  }
  return node
}

for (const lastOneStays of [false, true])
  t.test(
    `a promotion that is cut short ${lastOneStays ? "after" : "before"} any of its writes is carried to its end`,
    async (t) => {
      for (let cut = 0; ; cut++) {
        const [giver, disk] = [await filled(new KillDisk()), new KillDisk()]
        const known = await Promise.all(few.map((id) => answers(giver.journal, id, commands)))
        let taker = await openNode(disk.open())
        await ordinals(taker.journal, "click") // it is ordered there
        const staged = { giver: "one", epoch: 1, born: 1 }
        for (const shard of shards) await stage(giver, taker, shard, staged)
        disk.left = cut
        disk.lastOneStays = lastOneStays
        const home = (shard: number): Buffer => keyOf("home", String(shard))
        const killed = await promoteAll(taker, staged, home).then(
          () => false,
          () => true,
        )
        const raw = new LevelStore(disk.open())
        t.same(damaged(await verifyStore(raw)), [], `killed at write ${cut}: nothing is taken for damaged`)
        taker = await openNode(disk.open())
        for (const [shard, of] of await taker.state.staged()) await taker.state.promote(shard, of, [[home(shard), one]])
        for (const shard of shards) t.ok(await taker.store.get(home(shard)))
        t.same(await Promise.all(few.map((id) => answers(taker.journal, id, commands))), known)
        const order = await ordinals(taker.journal, "click")
        t.equal(order.length, (5 * few.length) / 2)
        t.equal(new Set(order.map(([, ...of]) => JSON.stringify(of))).size, order.length)
        t.same(damaged(await verifyStore(taker.store)), [])
        if (!killed) break
      }
    },
  )

const one = Buffer.from([1])
async function promoteAll(
  node: OneNode,
  staged: Parameters<ShardState["promote"]>[1],
  home: (shard: number) => Buffer,
) {
  for (const shard of shards) await node.state.promote(shard, staged, [[home(shard), one]])
}

for (const what of ["remove", "setAside"] as const)
  t.test(`${what} that is cut short at any of its writes is carried to its end`, async (t) => {
    for (let cut = 1; ; cut++) {
      const disk = new KillDisk()
      let node = await filled(disk)
      await ordinals(node.journal, "click")
      const rest = few.filter((id) => shardOfActor(id) !== 2)
      const known = await Promise.all(rest.map((id) => answers(node.journal, id, commands)))
      disk.left = cut
      const killed = await node.state[what](2, { born: 1, epoch: 1 }, []).then(
        () => false,
        () => true,
      )
      t.same(damaged(await verifyStore(new LevelStore(disk.open()))), [], `killed at write ${cut}`)
      node = await openNode(disk.open())
      t.notOk(await node.state.holds(2))
      t.same(await Promise.all(rest.map((id) => answers(node.journal, id, commands))), known)
      t.same(damaged(await verifyStore(node.store)), [])
      const aside = await all(node.store.pages(keyOf("aside", "2", "1"), Buffer.from("asidf")))
      if (what === "remove") t.equal(aside.length, 0)
      else t.equal(aside.length, few.filter((id) => shardOfActor(id) === 2).length * (5 + 1 + 4 + 4 + 1))
      if (!killed) break
    }
  })

t.test("events that come back are seen again only where a projection may have missed them", async (t) => {
  const [here, there] = [await openNode(new KillDisk().open()), await openNode(new KillDisk().open())]
  const [mover, other] = [actor("a", "click"), actor("b", "click")]
  const shard = shardOfActor(mover)
  t.not(shard, shardOfActor(other))
  const append = (node: OneNode, id: PersistenceId, after: number): Promise<number> =>
    node.journal.append(id, after, 1, [event(after + 1)], { fence: "f", ordered: true })
  for (let n = 0; n < 3; n++) await append(here, mover, n)
  await append(here, other, 0)
  // A projection has stored that it folded as far as the second.
  await here.journal.saveSnapshot({ tenant: "default", type: "~projection", key: "p" }, { sequence: 2, version: 1, state: { from: "click" } }) // prettier-ignore
  const move = async (from: OneNode, to: OneNode, epoch: number, born = 1): Promise<void> => {
    const staged = { giver: "", epoch, born }
    await stage(from, to, shard, staged)
    await to.state.promote(shard, staged, [])
    await from.state.remove(shard, staged, [])
  }
  await move(here, there, 1)
  t.same(await ordinals(here.journal, "click"), [[4, "b", 1]])
  t.same(await ordinals(there.journal, "click"), [[1, "a", 1], [2, "a", 2], [3, "a", 3]], "all of them are new there") // prettier-ignore
  await append(there, mover, 3)
  await move(there, here, 2)
  t.same(await ordinals(here.journal, "click"), [[1, "a", 1], [2, "a", 2], [4, "b", 1], [5, "a", 3], [6, "a", 4]]) // prettier-ignore

  // Another life of the shard, begun empty elsewhere: its first events are not those that had ordinals here.
  await here.state.remove(shard, { born: 1, epoch: 3 }, [])
  const anew = await openNode(new KillDisk().open())
  await append(anew, mover, 0)
  await move(anew, here, 9, 7)
  t.same(await ordinals(here.journal, "click"), [
    [4, "b", 1],
    [7, "a", 1],
  ])
})

t.test("a taker with records of the shard takes no second copy, nor what is not of the shard", async (t) => {
  const [one, two] = [await filled(new KillDisk()), await openNode(new KillDisk().open())]
  await two.journal.append(actors[0] as PersistenceId, 0, 1, [event(1)], { fence: "f" })
  await t.rejects(two.state.beginStaging(shardOfActor(actors[0] as PersistenceId)), { code: "STORE_REFUSED" })
  const [items] = await all(one.state.items(1))
  t.ok(items)
  for await (const page of one.state.items(1)) await t.rejects(two.state.stage(2, page), { code: "STORE_REFUSED" })
  t.equal((await two.state.staged()).size, 0)
})

t.test("a damaged record stops the move by name, and so does one that is missing", async (t) => {
  const one = await filled(new KillDisk())
  const id = actors.find((id) => shardOfActor(id) === 3) as PersistenceId
  const fifth = numbered(keyOf("journal", id.tenant, id.type, id.key), 5)
  const record = Buffer.from((await one.store.get(fifth)) as Uint8Array)
  await one.store.write([[fifth, broken(record)]])
  await t.rejects(all(one.state.items(3)), { code: "RECORD_DAMAGED", message: `event 5 of default/${id.type}/${id.key}: its checksum does not fit its content` }) // prettier-ignore
  await one.store.write([[fifth, undefined]])
  await t.rejects(all(one.state.items(3)), { code: "RECORD_DAMAGED", message: /event 5 is missing/ })
  await one.store.write([[fifth, record]])
  t.ok((await all(one.state.items(3))).length > 0)
})

t.test(
  "a store from before gets its index, actors that only answered commands too; it is for one count of shards",
  async (t) => {
    const store = new LevelStore(new KillDisk().open())
    const journal = levelJournal(store, new HandClock())
    for (const id of actors) await journal.append(id, 0, 0, [event(1)])
    await journal.append(actor("asked only"), 0, 0, [], { command: { id: "x", reply: 1 } })
    await journal.saveSnapshot(
      { tenant: "default", type: "~projection", key: "p" },
      { sequence: 1, version: 1, state: 1 },
    )
    const { database } = { database: store }
    void database
    const parts = (await openNodeOver(store)).parts
    t.ok(parts)
    const found = new Set<string>()
    const { state } = await openNodeOver(store)
    for (const shard of shards)
      for (const item of await all(state.items(shard)))
        if (item.kind === "head") found.add(`${item.actor.type}/${item.actor.key}`)
    t.same(found, new Set([...actors, actor("asked only")].map(({ type, key }) => `${type}/${key}`)))
    await t.rejects(ShardState.open(store, parts, SHARDS + 1, isEntity), { code: "STORE_REFUSED", message: /made for 4 shards/ }) // prettier-ignore
  },
)

async function openNodeOver(store: LevelStore): Promise<OneNode> {
  return openNode({
    location: store.location,
    get: (key) => store.get(key),
    range: (from, to, options) => store.pages(from, to, options),
    write: (changes) => store.write(changes),
    close: () => store.close(),
  })
}

t.test("verify names what is damaged in a copy that arrives; repair keeps index and marks", async (t) => {
  const folder = join(t.testdir(), "store")
  const giver = await filled(new KillDisk())
  const node = await openNode(await openLevelDatabase(folder))
  await stage(giver, node, 0, { giver: "one", epoch: 1, born: 1 })
  await node.journal.append(actor("own"), 0, 1, [event(1)], { fence: "f" })
  const staged = (await all(node.store.pages(keyOf("staged", "0"), Buffer.from("stagee")))).find(([key]) => key.includes("journal")) // prettier-ignore
  const [key, value] = staged as Entry
  const index = keyOf("shard", String(shardOfActor(actor("own"))), "default", "account", "own")
  await node.store.write([[key, broken(value)], [index, Buffer.from([0xc1, 0, 0, 0, 0, 1])]]) // prettier-ignore
  await node.store.close()
  const damages = damaged(await verifyFolder(folder))
  t.match(damages.map(({ name }) => name), [/"shard\/\d\/default\/account\/own\/"/, /^event \d of default\/.* \(arriving\)$/]) // prettier-ignore
  await t.rejects(levelItems(folder).read(async (source) => all(source.items())), { code: "STORE_REFUSED", message: /shard 0 is on its way/ }) // prettier-ignore
  const { left } = await repairStore(folder)
  t.same(left, [])
  const again = await openNode(await openLevelDatabase(folder))
  t.ok(await again.state.holds(shardOfActor(actor("own"))))
  t.ok((await again.state.staged()).has(0))
  await again.store.close()
})
