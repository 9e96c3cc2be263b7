/** What every carrier promises (K1 to K3 of `cluster/carrier.ts`). */
import t from "tap"
import type { Carrier, Listening, Stream, StreamEvents, StreamKind } from "#cluster/carrier.js"
import { eventually } from "./ref-contract.js"

export interface CarrierSubject {
  readonly carrier: Carrier
  /** Ends what the carrier was made with. */
  close?(): Promise<void> | void
}

/** One end of a stream, and all that happened there. */
class Witness implements StreamEvents {
  readonly frames: Uint8Array[] = []
  readonly reasons: string[] = []
  drains = 0
  arrived: () => void = () => {}
  frame(bytes: Uint8Array): void {
    if (this.reasons.length > 0) throw new Error("a frame came after the stream was closed")
    this.frames.push(bytes)
    this.arrived()
  }
  drained(): void {
    this.drains += 1
  }
  closed(reason: string): void {
    this.reasons.push(reason)
  }
}

interface Taken {
  readonly kind: StreamKind
  readonly stream: Stream
  readonly witness: Witness
}

/** @param make a carrier that reaches the other ones that are made */
export function carrierContract(name: string, make: () => Promise<CarrierSubject>): void {
  t.test(`carrier: ${name}`, async (t) => {
    const subjects = [await make(), await make()]
    const [here, there] = subjects.map(({ carrier }) => carrier) as [Carrier, Carrier]
    const taken: Taken[] = []
    const listening: Listening = await there.listen((kind, stream) => {
      const witness = new Witness()
      taken.push({ kind, stream, witness })
      return witness
    })
    t.teardown(async () => {
      await here.close()
      await listening.close()
      await there.close()
      for (const subject of subjects) await subject.close?.()
    })
    const opened = async (kind: StreamKind) => {
      const [witness, before] = [new Witness(), taken.length]
      const stream = here.open(listening.address, kind, witness)
      stream.send(new Uint8Array([1, 2, 3]))
      const other = await eventually(
        () => taken[before],
        (found) => (found?.witness.frames.length ?? 0) > 0,
      )
      if (other === undefined) throw new Error("nothing has arrived")
      return { stream, witness, other }
    }

    await t.test("what is sent at once arrives, on a stream of its kind", async (t) => {
      for (const kind of ["data", "control"] as const) {
        const { stream, other } = await opened(kind)
        t.equal(other.kind, kind)
        t.strictSame([...(other.witness.frames[0] as Uint8Array)], [1, 2, 3])
        stream.close()
      }
    })

    await t.test("frames of all sizes arrive whole and in order, both ways", async (t) => {
      const { stream, witness, other } = await opened("data")
      const sizes = [0, 1, 127, 128, 129, 16_383, 16_384, 65_536, 262_144, 5, 16_380, 1]
      const frames = sizes.map((size, n) => new Uint8Array(size).map((_, i) => (i * 7 + n) % 256))
      for (const frame of frames) stream.send(frame)
      for (const frame of frames) other.stream.send(frame)
      await eventually(
        () => other.witness.frames.length - 1 + witness.frames.length,
        (count) => count === 2 * frames.length,
      )
      const same = (got: readonly Uint8Array[]): boolean =>
        got.length === frames.length && got.every((frame, n) => Buffer.compare(frame, frames[n] as Uint8Array) === 0)
      t.ok(same(other.witness.frames.slice(1)))
      t.ok(same(witness.frames))
      stream.close()
    })

    await t.test("what was sent before a close arrives, and both sides hear of the close once", async (t) => {
      for (const closer of ["opener", "taker"] as const) {
        const { stream, witness, other } = await opened("data")
        const from = closer === "opener" ? stream : other.stream
        for (let n = 0; n < 20; n++) from.send(new Uint8Array(1000).fill(n))
        from.close()
        const reader = closer === "opener" ? other.witness : witness
        await eventually(
          () => witness.reasons.length + other.witness.reasons.length,
          (count) => count === 2,
        )
        const before = closer === "opener" ? 1 : 0
        t.equal(reader.frames.length, before + 20)
        t.equal(witness.reasons.length, 1)
        t.equal(other.witness.reasons.length, 1)
        t.equal(from.send(new Uint8Array(1)), false, "nothing is taken after that")
      }
    })

    await t.test("a stream to where nobody listens is closed", async (t) => {
      const gone = await (async () => {
        const subject = await make()
        const elsewhere = await subject.carrier.listen(() => new Witness())
        await elsewhere.close()
        await subject.carrier.close()
        await subject.close?.()
        return elsewhere.address
      })()
      const witness = new Witness()
      here.open(gone, "data", witness).send(new Uint8Array(3))
      t.equal((await eventually(() => witness.reasons, ({ length }) => length > 0)).length, 1) // prettier-ignore
      t.equal(witness.frames.length, 0)
    })

    await t.test("nothing happens inside a call", async (t) => {
      let inside = false
      const events: StreamEvents = {
        frame: () => t.notOk(inside),
        drained: () => t.notOk(inside),
        closed: () => t.notOk(inside),
      }
      const within = <T>(work: () => T): T => {
        inside = true
        const made = work()
        inside = false
        return made
      }
      const before = taken.length
      const stream = within(() => here.open(listening.address, "data", events))
      for (let n = 0; n < 100; n++) within(() => stream.send(new Uint8Array(10_000)))
      within(() => stream.close())
      const late = await eventually(
        () => taken[before]?.witness.reasons.length,
        (count) => count === 1,
      )
      t.equal(late, 1)
    })

    await t.test("a full stream says so, and when there is room again", async (t) => {
      const { stream, witness, other } = await opened("data")
      const before = witness.drains
      let sent = 1
      while (stream.send(new Uint8Array(100_000)) && sent < 2000) sent += 1
      sent += 1
      t.ok(sent < 2000, "it takes no end of frames")
      t.ok((await eventually(() => witness.drains, (drains) => drains > before)) > before) // prettier-ignore
      t.equal(await eventually(() => other.witness.frames.length, (count) => count === sent), sent) // prettier-ignore
      stream.close()
    })

    await t.test("a control stream does not wait behind data", async (t) => {
      const data = await opened("data")
      const control = await opened("control")
      let before = Infinity
      control.other.witness.arrived = () => (before = data.other.witness.frames.length)
      for (let n = 0; n < 100; n++) data.stream.send(new Uint8Array(200_000))
      control.stream.send(new Uint8Array([9]))
      await eventually(
        () => control.other.witness.frames.length,
        (count) => count === 2,
      )
      t.ok(before < 101, "it came before all of the data")
      data.stream.close()
      control.stream.close()
    })

    await t.test("when the one who listens closes, its streams are closed", async (t) => {
      const { witness } = await opened("data")
      await listening.close()
      t.equal((await eventually(() => witness.reasons, ({ length }) => length > 0)).length, 1) // prettier-ignore
    })
  })
}
