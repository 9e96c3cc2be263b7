import { readdir, readFile, writeFile } from "node:fs/promises"
import { join } from "node:path"
import t from "tap"
import { systemClock, systemRandom } from "#actors/clock.js"
import { LevelStore } from "#actors/persistence/level-store.js"
import { recordsOf } from "#actors/persistence/log-file.js"
import { verifyFolder } from "#actors/persistence/verify.js"
import { createAgentOS } from "#src/os.js"
import { ApiKeys } from "#src/security/keys.js"

const quiet = { knowledge: { shipped: false }, monitoring: { level: "silent" } } as const

/** A node's data with one key, revoked: nothing was written since. */
async function revoked(data: string) {
  const os = await createAgentOS({ data, ...quiet })
  const keys = await ApiKeys.open(os.keys, systemClock, systemRandom)
  const { key, record } = await keys.create("robot")
  await keys.revoke(record.id)
  await os.stop()
  return key
}

t.test(
  "a revocation that is damaged in the log is told and the store refused; its key never opens the door",
  async (t) => {
    const data = t.testdir()
    const key = await revoked(data)
    const folder = join(data, "store")
    const [log = ""] = (await readdir(folder)).filter((name) => name.endsWith(".log"))
    const whole = await readFile(join(folder, log))
    const last = [...recordsOf(whole)].at(-1)?.bytes.length ?? 0
    t.ok(whole.includes("revokedAt", whole.length - last), "the last record of the log revokes the key")
    const flips = [1, 2, 5, 17, Math.floor(last / 2), last, last + 1, last + 3, last + 6].map(
      (back) => whole.length - back,
    )
    const cuts = [whole.length - 1, whole.length - last, whole.length - last - 7]
    for (const at of [...flips, ...cuts]) {
      const damaged = cuts.includes(at) ? whole.subarray(0, at) : Buffer.from(whole)
      if (!cuts.includes(at)) damaged[at] = (damaged[at] ?? 0) ^ 0x55
      await writeFile(join(folder, log), damaged)
      await t.rejects(createAgentOS({ data, ...quiet }), { code: "RECORD_DAMAGED" }, `byte ${at - whole.length}`)
      t.not((await verifyFolder(folder)).damages.length, 0, "and `store verify` sees it")
    }
    await writeFile(join(folder, log), whole)
    const os = await createAgentOS({ data, ...quiet })
    t.equal((await ApiKeys.open(os.keys, systemClock, systemRandom)).authenticate(key), undefined)
    await os.stop()
  },
)

t.test("a revocation that is damaged in a table never makes its key valid again", async (t) => {
  const data = t.testdir()
  const key = await revoked(data)
  const folder = join(data, "store")
  const store = await LevelStore.open(folder)
  await store.compact()
  await store.close()
  const tables = (await readdir(folder)).filter((name) => name.endsWith(".ldb"))
  for (const name of tables) {
    const whole = await readFile(join(folder, name))
    const from = whole.indexOf("revok")
    if (from < 0) continue
    for (let at = from - 60; at < from + 30; at += 3) {
      const damaged = Buffer.from(whole)
      damaged[at] = (damaged[at] ?? 0) ^ 0x01
      await writeFile(join(folder, name), damaged)
      const valid = await createAgentOS({ data, ...quiet }).then(
        async (os) => {
          const keys = await ApiKeys.open(os.keys, systemClock, systemRandom).catch(() => undefined)
          await os.stop()
          return keys?.authenticate(key)
        },
        () => undefined,
      )
      t.equal(valid, undefined, `byte ${at}`)
      t.not((await verifyFolder(folder)).damages.length, 0)
    }
    await writeFile(join(folder, name), whole)
  }
})
