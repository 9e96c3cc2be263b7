import assert from "node:assert/strict"
import fc from "fast-check"
import t from "tap"
import { EventLog } from "#actors/simulation/event-log.js"
import { SeededRandom } from "#actors/simulation/seeded-random.js"
import { VirtualClock, type ClockView } from "#actors/simulation/virtual-clock.js"
import type { Carrier, Stream, StreamEvents, StreamKind } from "#cluster/carrier.js"
import { VirtualWires, type WiresOptions } from "#cluster/simulation/virtual-carrier.js"

/** What one side of a stream has heard. */
class Ear implements StreamEvents {
  readonly frames: number[] = []
  readonly ends: string[] = []
  drains = 0
  stream: Stream | undefined

  frame(bytes: Uint8Array): void {
    if (this.ends.length > 0) throw new Error("a frame after the end")
    this.frames.push(bytes[0] as number)
  }
  drained(): void {
    this.drains += 1
  }
  closed(reason: string): void {
    this.ends.push(reason)
  }
}

class World {
  readonly clock = new VirtualClock()
  readonly wires: VirtualWires
  readonly views = new Map<string, ClockView>()
  readonly accepted: Ear[] = []

  constructor(seed: number, options: WiresOptions = {}) {
    this.wires = new VirtualWires(this.clock, new SeededRandom(seed), new EventLog(), options)
  }

  node(name: string): Carrier {
    const view = this.clock.view()
    this.views.set(name, view)
    return this.wires.carrier(`${name}:1`, view)
  }

  async listening(name: string): Promise<Carrier> {
    const carrier = this.node(name)
    await carrier.listen((_kind, stream) => {
      const ear = new Ear()
      ear.stream = stream
      this.accepted.push(ear)
      return ear
    })
    return carrier
  }

  kill(name: string, silently = false): void {
    this.views.get(name)?.end()
    this.wires.ended(name, silently)
  }
}

function open(carrier: Carrier, to: string, kind: StreamKind = "data"): Ear & { stream: Stream } {
  const ear = new Ear()
  ear.stream = carrier.open(`${to}:1`, kind, ear)
  return ear as Ear & { stream: Stream }
}

const bytes = (number: number, length = 1): Uint8Array => new Uint8Array(length).fill(number)

t.test("frames arrive whole, in order, both ways, also those that were sent before it was connected", async (t) => {
  const world = new World(1)
  await world.listening("bob")
  const ada = open(world.node("ada"), "bob")
  for (let n = 0; n < 20; n++) ada.stream.send(bytes(n, 1 + (n % 3) * 1000))
  await world.clock.advance(10)
  const [bob] = world.accepted as [Ear]
  t.same(bob.frames, [...Array(20).keys()])
  bob.stream?.send(bytes(7))
  ada.stream.close()
  await world.clock.advance(10)
  t.same(bob.ends, ["closed by the other side"])
  t.same(ada.ends, ["closed by this side"])
  t.equal(world.wires.streamsOf("ada") + world.wires.streamsOf("bob"), 0)
})

t.test("what was sent before a close arrives, also when it was closed before it was connected", async (t) => {
  const world = new World(2)
  await world.listening("bob")
  const ada = open(world.node("ada"), "bob")
  ada.stream.send(bytes(1))
  ada.stream.close()
  t.notOk(ada.stream.send(bytes(2)))
  await world.clock.advance(10)
  t.same((world.accepted[0] as Ear).frames, [1])
  t.same([ada.ends.length, (world.accepted[0] as Ear).ends.length], [1, 1])
})

t.test("a full buffer says so, and says when there is room; a receiver that stands still fills it", async (t) => {
  const world = new World(3, { bufferBytes: 1000, keepaliveMs: 1000 })
  await world.listening("bob")
  const ada = open(world.node("ada"), "bob")
  await world.clock.advance(5)
  t.ok(ada.stream.send(bytes(1, 500)))
  t.notOk(ada.stream.send(bytes(2, 500)))
  await world.clock.advance(5)
  t.equal(ada.drains, 1)
  world.views.get("bob")?.pause()
  ada.stream.send(bytes(3, 1500))
  await world.clock.advance(100)
  t.equal(ada.drains, 1)
  world.views.get("bob")?.goOn()
  await world.clock.advance(5)
  t.equal(ada.drains, 2)
})

t.test("where nobody listens a stream is refused, where nobody answers it is closed after a while", async (t) => {
  const world = new World(4)
  const carrier = world.node("ada")
  const refused = open(carrier, "bob")
  await world.clock.advance(5)
  t.same(refused.ends, ["nobody listens at bob:1"])
  await world.listening("bob")
  world.wires.part(["ada"], ["bob"])
  const silent = open(carrier, "bob")
  await world.clock.advance(2000)
  t.same(silent.ends, [])
  await world.clock.advance(4000)
  t.same(silent.ends, ["nobody answers at bob:1"])
})

t.test("a short partition delays, a long one ends the stream on both sides", async (t) => {
  const world = new World(5)
  await world.listening("bob")
  const ada = open(world.node("ada"), "bob")
  await world.clock.advance(5)
  const [bob] = world.accepted as [Ear]
  let join = world.wires.part(["bob"], ["ada"])
  ada.stream.send(bytes(1))
  ada.stream.send(bytes(2))
  await world.clock.advance(2000)
  t.same(bob.frames, [])
  join()
  ada.stream.send(bytes(3))
  await world.clock.advance(10)
  t.same(bob.frames, [1, 2, 3])
  join = world.wires.part(["bob"], ["ada"])
  ada.stream.send(bytes(4))
  await world.clock.advance(2900)
  t.same([ada.ends, bob.ends], [[], []])
  await world.clock.advance(1000)
  join()
  await world.clock.advance(1000)
  t.same([ada.ends, bob.ends], [["no answer to keepalive"], ["no answer to keepalive"]])
  t.same(bob.frames, [1, 2, 3])
})

t.test("whoever gave a stream up beyond a partition, the other learns when it is over", async (t) => {
  const world = new World(6)
  await world.listening("bob")
  const ada = open(world.node("ada"), "bob")
  await world.clock.advance(5)
  const [bob] = world.accepted as [Ear]
  const join = world.wires.part(["bob"], ["ada"])
  ada.stream.close()
  await world.clock.advance(100)
  t.same([ada.ends.length, bob.ends.length], [1, 0])
  join()
  await world.clock.advance(100)
  t.equal(bob.ends.length, 1)
})

t.test("a process that stands still finds its streams closed, behind what came before", async (t) => {
  const world = new World(7)
  await world.listening("bob")
  const ada = open(world.node("ada"), "bob")
  await world.clock.advance(5)
  const [bob] = world.accepted as [Ear]
  world.views.get("bob")?.pause()
  world.wires.stoodStill("bob")
  ada.stream.send(bytes(1))
  await world.clock.advance(5000)
  t.same(ada.ends, ["no answer to keepalive"])
  t.same([bob.frames, bob.ends], [[], []])
  world.views.get("bob")?.goOn()
  await world.clock.advance(1)
  t.same([bob.frames, bob.ends], [[1], ["reset by the other side"]])
})

t.test("a killed process is told at once, a machine that is gone only by silence, or by its next life", async (t) => {
  const world = new World(8)
  await world.listening("bob")
  const carrier = world.node("ada")
  const first = open(carrier, "bob")
  await world.clock.advance(5)
  const old = (world.accepted[0] as Ear).stream as Stream
  world.kill("bob")
  t.notOk(old.send(bytes(9)))
  await world.clock.advance(5)
  t.same([first.ends.length, first.frames], [1, []])
  const second = open(carrier, "bob")
  await world.clock.advance(5)
  t.same(second.ends, ["nobody listens at bob:1"])
  await world.listening("bob")
  const third = open(carrier, "bob")
  const fourth = open(carrier, "bob")
  await world.clock.advance(5)
  world.kill("bob", true)
  await world.clock.advance(2000)
  t.same(third.ends, [])
  await world.listening("bob")
  await world.clock.advance(5)
  t.same(fourth.ends, ["reset by the other side"])
})

t.test(
  "whatever happens, frames of a stream arrive as a beginning of what was sent, and each side hears of one end",
  () =>
    fc.assert(
      fc.asyncProperty(fc.nat(1_000_000), async (seed) => {
        const world = new World(seed, { bufferBytes: 3000 })
        const chance = new SeededRandom(seed).fork("test")
        await world.listening("bob")
        const carrier = world.node("ada")
        const opened: { readonly ear: Ear; readonly sent: number[] }[] = []
        let join = (): void => undefined
        for (let n = 0; n < 60; n++) {
          const what = chance.int(12)
          if (what < 2) opened.push({ ear: open(carrier, "bob", chance.chance(0.5) ? "data" : "control"), sent: [] })
          else if (what === 2) world.wires.cut("ada", "bob")
          else if (what === 3) join()
          else if (what === 4) {
            join()
            join = world.wires.part(["ada"], ["bob"])
          } else if (what === 5 && chance.chance(0.3)) {
            world.kill("bob", chance.chance(0.5))
            await world.listening("bob")
          } else if (what === 6) {
            world.views.get("bob")?.pause()
            world.wires.stoodStill("bob")
          } else if (what === 7) world.views.get("bob")?.goOn()
          else
            for (const { ear, sent } of opened) {
              if (ear.ends.length > 0 || chance.chance(0.3)) continue
              const number = sent.length % 200
              sent.push(number)
              ear.stream?.send(bytes(number, 1 + chance.int(500)))
            }
          await world.clock.advance(chance.interval(chance.chance(0.1) ? 2000 : 5))
        }
        join()
        world.views.get("bob")?.goOn()
        await world.clock.advance(10_000)
        for (const { ear } of opened) ear.stream?.close()
        await world.clock.advance(10_000)
        for (const { ear } of opened) assert.equal(ear.ends.length, 1, "each stream that was opened has ended once")
        for (const { frames } of world.accepted) {
          const isBeginning = ({ sent }: { readonly sent: number[] }) => frames.every((frame, i) => frame === sent[i])
          assert.ok(opened.some(isBeginning), `a beginning of what was sent: ${frames.join(" ")}`)
        }
        assert.equal(world.wires.streamsOf("ada") + world.wires.streamsOf("bob"), 0, "no stream is left")
      }),
      { numRuns: 300 },
    ),
)
