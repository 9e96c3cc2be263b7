import { chmod, mkdir, readdir, stat, writeFile } from "node:fs/promises"
import { join } from "node:path"
import t from "tap"
import { startNode } from "#test/support/node-process.js"
import { cli } from "#test/support/command-line.js"
import { openNode } from "#test/support/open-node.js"

/** Everything below a folder that others can read, write or enter. */
async function openToOthers(folder: string): Promise<string[]> {
  const names = (await readdir(folder, { recursive: true })).map((name) => join(folder, name))
  const found: string[] = []
  for (const name of [folder, ...names]) if (((await stat(name)).mode & 0o077) !== 0) found.push(name)
  return found
}

t.test("what a node writes is its owner's alone, also where it was open to others before", async (t) => {
  const home = t.testdir()
  const config = join(home, "llmagentos.yaml")
  await writeFile(config, "knowledge: { shipped: false }\n")
  const data = join(home, "data")
  const first = await startNode(data, ["--config", config])
  t.strictSame(await openToOthers(data), [])
  const names = await readdir(data, { recursive: true })
  for (const name of ["token", "node.json", "logs/node.log", "store/CURRENT", "store/ACKNOWLEDGED"])
    t.ok(name === "store/ACKNOWLEDGED" || names.includes(name), name)
  t.equal((await cli(home, ["keys", "create", "robot"])).code, 0)
  t.strictSame(await openToOthers(data), [])
  t.equal(await first.stop(), 0)

  for (const name of [".", ...(await readdir(data, { recursive: true }))]) {
    const path = join(data, name)
    await chmod(path, (await stat(path)).isDirectory() ? 0o755 : 0o644)
  }
  t.not((await openToOthers(data)).length, 0)
  const again = await startNode(data, ["--config", config])
  t.strictSame(await openToOthers(data), [], "it is mended")
  await again.stop()
})

t.test("a node in a program of one's own closes its data folder, whatever files it makes there", async (t) => {
  const data = join(t.testdir(), "made", "data")
  await mkdir(data, { recursive: true })
  await chmod(data, 0o777)
  const node = await openNode({ data, knowledge: { shipped: false } })
  for (const name of [".", "store", "logs"]) t.equal((await stat(join(data, name))).mode & 0o077, 0, name)
  for (const name of ["token", "node.json", "logs/node.log"])
    t.equal((await stat(join(data, name))).mode & 0o777, 0o600, name)
  await node.stop()
})
