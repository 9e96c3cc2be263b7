/** What all epochs promise, whoever keeps them. */
import t, { type Test } from "tap"
import type { Epochs } from "#cluster/epochs.js"

/** @param open two views of one store, as two nodes have them */
export function epochsContract(name: string, open: (t: Test) => Promise<readonly [Epochs, Epochs]>): void {
  void t.test(`epochs: ${name}`, async (t) => {
    const [a, b] = await open(t)
    let next = 0

    await t.test("a shard that never had an owner has epoch 0", async (t) => {
      t.same(await a.read(next++), { epoch: 0, holder: "", released: false })
    })

    await t.test("a mint grows the epoch by one and writes its holder, for all to see", async (t) => {
      const shard = next++
      t.same(await a.mint(shard, 0, "ann#1"), { kind: "minted", epoch: 1 })
      t.same(await b.read(shard), { epoch: 1, holder: "ann#1", released: false })
      t.same(await b.mint(shard, 1, "bob#7"), { kind: "minted", epoch: 2 })
      t.same(await a.read(shard), { epoch: 2, holder: "bob#7", released: false })
      t.same(await a.read(next++), { epoch: 0, holder: "", released: false }, "no other shard has changed")
    })

    await t.test("a mint that expects another epoch is refused, and told what stands there", async (t) => {
      const shard = next++
      await a.mint(shard, 0, "ann#1")
      const record = { epoch: 1, holder: "ann#1", released: false }
      t.same(await b.mint(shard, 0, "bob#7"), { kind: "refused", record })
      t.same(await a.mint(shard, 0, "ann#1"), { kind: "refused", record }, "its own mint, sent again, is known by its holder") // prettier-ignore
      t.same(await b.mint(shard, 2, "bob#7"), { kind: "refused", record })
      t.same(await b.read(shard), record)
    })

    await t.test("of those who mint at once, one succeeds", async (t) => {
      const shards = Array.from({ length: 20 }, () => next++)
      const mints = await Promise.all(
        shards.flatMap((shard) => [a.mint(shard, 0, "ann#1"), b.mint(shard, 0, "bob#7"), a.mint(shard, 0, "ann#1")]),
      )
      for (const [i, shard] of shards.entries()) {
        const kinds = mints.slice(3 * i, 3 * i + 3).map(({ kind }) => kind)
        t.same([...kinds].sort(), ["minted", "refused", "refused"], `shard ${shard}`)
        const { epoch, holder } = await b.read(shard)
        t.same([epoch, holder], [1, kinds[1] === "minted" ? "bob#7" : "ann#1"])
      }
    })

    await t.test("an owner that has stopped is told as released, until somebody mints", async (t) => {
      const shard = next++
      await a.mint(shard, 0, "ann#1")
      await a.release(shard, 1)
      t.same(await b.read(shard), { epoch: 1, holder: "ann#1", released: true })
      await a.release(shard, 1)
      t.same(await b.mint(shard, 0, "bob#7"), {
        kind: "refused",
        record: { epoch: 1, holder: "ann#1", released: true },
      })
      await b.mint(shard, 1, "bob#7")
      t.same(await a.read(shard), { epoch: 2, holder: "bob#7", released: false })
      await a.release(shard, 1)
      t.same(await a.read(shard), { epoch: 2, holder: "bob#7", released: false }, "that of an earlier epoch counts no more") // prettier-ignore
    })

    await t.test("an epoch is confirmed until there is a higher one", async (t) => {
      const shard = next++
      await a.mint(shard, 0, "ann#1")
      t.equal(await a.confirm(shard, 1), true)
      await b.mint(shard, 1, "bob#7")
      t.equal(await a.confirm(shard, 1), false)
      t.equal(await b.confirm(shard, 2), true)
    })

    await t.test("hundreds of shards are read and minted at once", async (t) => {
      const shards = Array.from({ length: 400 }, () => next++)
      t.ok((await Promise.all(shards.map((shard) => a.mint(shard, 0, "ann#1")))).every(({ kind }) => kind === "minted"))
      t.ok((await Promise.all(shards.map((shard) => b.read(shard)))).every(({ epoch }) => epoch === 1))
    })
  })
}
