import { spawn } from "node:child_process"
import { once } from "node:events"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import t from "tap"
import { systemClock } from "#actors/clock.js"
import { levelJournal } from "#actors/persistence/level-journal.js"
import { LevelStore } from "#actors/persistence/level-store.js"
import { keyOf, numbered } from "#actors/persistence/keys.js"
import { verifyStore } from "#actors/persistence/verify.js"

const main = fileURLToPath(new URL("../../../src/cli/main.js", import.meta.url))

async function store(
  data: string,
  ...args: string[]
): Promise<{ readonly code: number | null; readonly text: string }> {
  const child = spawn("env", ["-u", "NODE_OPTIONS", process.execPath, main, "--data", data, "store", ...args], {
    env: { ...process.env, NO_COLOR: "1", FORCE_COLOR: "" },
    stdio: ["ignore", "pipe", "pipe"],
  })
  let text = ""
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk: Buffer) => (text += chunk.toString()))
  const [code] = (await once(child, "close")) as [number | null]
  return { code, text }
}

t.test("store backup, verify and repair look after a store that nobody uses", async (t) => {
  const data = t.testdir({})
  const level = await LevelStore.open(join(data, "store"))
  const journal = levelJournal(level, systemClock)
  const id = { tenant: "default", type: "run", key: "a" }
  await journal.append(id, 0, 0, [1, 2, 3].map((payload) => ({ name: "step", payload, version: 1 }))) // prettier-ignore

  const [locked, missing] = await Promise.all([store(data, "verify"), store(join(data, "none"), "repair")])
  t.match(locked, { code: 1, text: /LEVEL_LOCKED/ })
  t.match(missing, { code: 1, text: /STORE_REFUSED there is no store/ })

  await level.write([[numbered(keyOf("journal", "default", "run", "a"), 2), Buffer.from("broken")]])
  await journal.close()
  const verified = await store(data, "verify")
  t.match(verified, { code: 1, text: /event 2 of default\/run\/a: 6 bytes are too few/ })
  t.match(await store(data, "backup", join(data, "copy")), { code: 0, text: /records copied/ })
  t.match(await store(data, "repair", "--cut-tails"), { code: 0, text: /set aside: event 3 of default\/run\/a[^]*all whole/ }) // prettier-ignore

  const copy = await LevelStore.open(join(data, "copy"))
  t.same((await verifyStore(copy)).damages.map(({ name }) => name), ["event 2 of default/run/a"]) // prettier-ignore
  await copy.close()
})
