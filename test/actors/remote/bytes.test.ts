/** The protocol knows nothing of threads: here it goes between two systems as bytes. */
import { deserialize, serialize } from "node:v8"
import { setTimeout as sleep } from "node:timers/promises"
import t from "tap"
import { createActorSystem, defineActor, type ActorRef, type ActorSystem } from "#actors/index.js"
import type { AnyDefinition, ErasedSpec } from "#actors/actor.js"
import type { Cell } from "#actors/cell.js"
import { cellOf } from "#actors/context.js"
import { AgentOSError } from "#actors/errors.js"
import { Directory } from "#actors/remote/directory.js"
import { Far } from "#actors/remote/far.js"
import { Link, type Seats } from "#actors/remote/link.js"
import { nearSpec, Seat, type Places } from "#actors/remote/near.js"
import type { Ref } from "#actors/ref.js"
import { ActorSystem as System } from "#actors/system.js"
import { eventually, refContract, type SubjectRef } from "#test/support/ref-contract.js"
import { Subject } from "#test/actors/workers/definitions.js"

const none: Seats = { at: () => undefined, news() {}, credit() {} }

/** Two sides of one connection that carries bytes, each batch a turn of the event loop later. */
function connected(a: ActorSystem, b: ActorSystem, seatsA: Seats, seatsB: Seats): readonly [Link, Link] {
  const sent = (to: () => Link) => ({
    post(batch: readonly unknown[]) {
      const bytes = serialize(batch)
      setImmediate(() => {
        if (!to().closed) to().receive(deserialize(bytes) as unknown[])
      })
    },
  })
  const links: [Link, Link] = [
    new Link(
      a,
      new Directory(),
      sent(() => links[1]),
      seatsA,
    ),
    new Link(
      b,
      new Directory(),
      sent(() => links[0]),
      seatsB,
    ),
  ]
  return links
}

/** Another system behind the first one: its actors live there. */
class Elsewhere implements Places {
  readonly link: Link
  readonly #seats = new Map<number, Seat>()
  readonly near: AnyDefinition

  constructor(system: ActorSystem, definition: AnyDefinition) {
    const there = new System(
      { name: system.name },
      {
        node: "there",
        ready: (spec: ErasedSpec) => spec,
        entity() {
          throw new Error("no entities")
        },
      },
    )
    const far = new Far({ find: () => definition, compile: (found) => there.compile(found) })
    const seats: Seats = {
      at: () => undefined,
      news: (seat, news) => this.#seats.get(seat)?.news(news),
      credit: (seat, count) => this.#seats.get(seat)?.credit(count),
    }
    const [here, other] = connected(system, there, seats, far)
    far.link = other
    this.link = here
    this.near = { name: definition.name, spec: nearSpec(definition.spec, this, 5000) }
  }

  seatOf(cell: Cell): Seat {
    let seat = this.#seats.get(cell.incarnation)
    if (seat === undefined) this.#seats.set(cell.incarnation, (seat = new Seat(this, cell, Subject.spec)))
    return seat
  }

  async linkFor(): Promise<Link> {
    return this.link
  }
}

const elsewheres = new WeakMap<ActorSystem, Elsewhere>()
refContract(
  "an actor of another system, by bytes",
  {},
  (system) => {
    let elsewhere = elsewheres.get(system)
    if (elsewhere === undefined) elsewheres.set(system, (elsewhere = new Elsewhere(system, Subject)))
    return system.spawn(elsewhere.near as never) as never as SubjectRef
  },
  true,
)

const Pinger = defineActor({
  name: "pinger",
  state: () => ({}),
  receive: {
    ping: (_ctx, n: number) => n + 1,
    hang: () => new Promise<void>(() => {}),
    stop: (ctx) => ctx.stop(),
  },
})

t.test("two systems that are connected", async (t) => {
  const [a, b] = [await createActorSystem({ name: "a" }), await createActorSystem({ name: "b" })]
  t.teardown(() => Promise.all([a.stop(), b.stop()]))
  const [here, there] = connected(a, b, none, none)
  type PingerRef = ActorRef<{ ping: (n: number) => number; hang: () => void; stop: () => void }>
  const refTo = (actor: unknown): PingerRef => here.refOf(there.nameOf(actor as Ref), undefined) as never as PingerRef

  await t.test("a ref is one ref as long as it is held, and reaches the actor of its name", async (t) => {
    const pinger = b.spawn(Pinger)
    const ref = refTo(pinger)
    t.equal(refTo(pinger), ref)
    t.equal(ref.address, pinger.address)
    t.equal(await ref.ask("ping", 1), 2)
  })

  await t.test("what is not known of its definition is refused over there", async (t) => {
    await t.rejects(refTo(b.spawn(Pinger)).ask("pong" as "hang"), { code: "UNKNOWN_MESSAGE" })
  })

  await t.test("an actor that has ended is not found, nor is its successor of the same name", async (t) => {
    const first = b.spawn(Pinger, { name: "same" })
    const ref = refTo(first)
    await b.stopActor(first)
    b.spawn(Pinger, { name: "same" })
    await t.rejects(ref.ask("ping", 1), { code: "ACTOR_STOPPED" })
    t.equal(ref.tell("ping", 1), false, "after that, nothing is sent any more")
  })

  await t.test("it can be stopped from here", async (t) => {
    const pinger = b.spawn(Pinger)
    await a.stopActor(refTo(pinger))
    t.equal(cellOf(pinger)?.alive, false)
  })

  await t.test("what looks like plain data and cannot be sent takes nothing else with it", async (t) => {
    const ref = refTo(b.spawn(Pinger))
    const answers = [ref.ask("ping", 1), ref.ask("ping", new Proxy({ n: 1 }, {}) as never), ref.ask("ping", 2)]
    t.same(await Promise.all(answers), [2, "[object Object]1", 3])
  })

  await t.test(
    "what cannot be read is refused when it is sent, alone, and an answer that cannot is told",
    async (t) => {
      const unreadable = (): { readonly n: number } => ({
        get n(): number {
          throw new RangeError("not now")
        },
      })
      const Odd = defineActor({
        name: "odd",
        state: () => ({ noted: 0 }),
        receive: {
          heard: (_ctx, what: unknown) => typeof what,
          answers: () => unreadable(),
          note: (ctx, _what: unknown) => ++ctx.state.noted,
        },
      })
      type OddRef = ActorRef<{
        heard: (what: unknown) => string
        answers: () => object
        note: (what: unknown) => number
      }>
      const ref = refTo(b.spawn(Odd)) as never as OddRef
      const answers = [ref.ask("heard", unreadable()), ref.ask("note", 1), ref.ask("answers")] as const
      t.throws(() => ref.tell("note", unreadable()), { code: "INVALID_PAYLOAD" })
      await t.rejects(answers[0], { code: "INVALID_PAYLOAD", message: /not now/ })
      t.equal(await answers[1], 1)
      await t.rejects(answers[2], { code: "INVALID_ANSWER", executed: "yes" })
      t.equal(await ref.ask("note", 2), 2, "what was told and could not be sent was not heard")
    },
  )

  await t.test("tells that are refused over there do not count as under way for ever", async (t) => {
    const ref = refTo(b.spawn(Pinger))
    for (let n = 0; n < 3; n++) {
      for (let k = 0; k < 8192; k++) ref.tell("pong" as "hang")
      const answer = await eventually(() => ref.ask("ping", 1).catch(() => undefined), (found) => found === 2) // prettier-ignore
      t.equal(answer, 2)
    }
  })

  await t.test("when the connection is lost, what is open fails, and who watches is told", async (t) => {
    const pinger = b.spawn(Pinger)
    const ref = refTo(pinger)
    const ends: string[] = []
    const Watcher = defineActor({
      name: "watcher",
      state: () => ({}),
      receive: { watch: (ctx, other: PingerRef) => ctx.watch(other) },
      ended: (_ctx, _ref, reason) => void ends.push(reason.kind),
    })
    await a.spawn(Watcher).ask("watch", ref)
    const open = ref.ask("hang")
    await sleep(20)
    here.close(new AgentOSError("WORKER_LOST", "gone"))
    await t.rejects(open, { code: "WORKER_LOST" })
    await t.rejects(ref.ask("ping", 1), { code: "ACTOR_STOPPED" })
    t.same(
      await eventually(
        () => ends,
        ({ length }) => length === 1,
      ),
      ["crashed"],
    )
    await b.stopActor(pinger)
  })
})
