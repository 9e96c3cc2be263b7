import { readdir, readFile, stat, writeFile, chmod } from "node:fs/promises"
import { join } from "node:path"
import t from "tap"
import { RotatingFile } from "#src/monitoring/rotating-file.js"
import { openLog } from "#src/monitoring/log.js"

t.test("a log that is full begins anew, and only so many full ones are kept", async (t) => {
  const folder = join(t.testdir(), "logs")
  const path = join(folder, "node.log")
  const file = new RotatingFile(path, { megabytes: 0.001, files: 2 })
  for (let i = 0; i < 500; i++) file.write(`${String(i).padStart(98, ".")}\n`)
  file.close()
  t.strictSame((await readdir(folder)).sort(), ["node.log", "node.log.1", "node.log.2"])
  const lines: string[] = []
  for (const name of ["node.log.2", "node.log.1", "node.log"]) {
    const text = await readFile(join(folder, name), "utf8")
    t.ok(text.length <= 1000)
    t.equal((await stat(join(folder, name))).mode & 0o777, 0o600)
    lines.push(...text.trim().split("\n"))
  }
  t.strictSame(
    lines,
    Array.from({ length: lines.length }, (_, i) => String(500 - lines.length + i).padStart(98, ".")),
  )
  t.equal(lines.length, 30, "the last ones, none twice and none missing")
})

t.test(
  "it goes on where it was, takes a line longer than a file, and keeps no full one where none is wanted",
  async (t) => {
    const folder = t.testdir({ "node.log": "x".repeat(900) })
    const path = join(folder, "node.log")
    await chmod(path, 0o644)
    const file = new RotatingFile(path, { megabytes: 0.001, files: 0 })
    t.equal((await stat(path)).mode & 0o777, 0o600, "one from before is closed to others")
    file.write("é".repeat(50))
    file.write("next")
    t.equal(await readFile(path, "utf8"), "next")
    file.write("y".repeat(5000))
    t.equal(await readFile(path, "utf8"), "y".repeat(5000))
    file.close()
  },
)

t.test("a device does not turn, and a disk that takes nothing fails nobody", async (t) => {
  const file = new RotatingFile("/dev/full", { megabytes: 1e-5, files: 1 })
  for (let i = 0; i < 5; i++) file.write("too much for it\n")
  t.equal(file.lost, 5)
  file.close()
  t.strictSame(
    (await readdir("/dev")).filter((name) => name.startsWith("full.")),
    [],
  )
})

t.test("the node's log turns by its own configuration", async (t) => {
  const path = join(t.testdir(), "logs", "node.log")
  const log = openLog({ level: "info", file: path, rotation: { megabytes: 0.01, files: 3 }, node: "test" })
  for (let i = 0; i < 1000; i++) log.info({ i }, "a line")
  await log.close()
  await writeFile(path, "")
  const names = (await readdir(join(path, ".."))).sort()
  t.strictSame(names, ["node.log", "node.log.1", "node.log.2", "node.log.3"])
  for (const line of (await readFile(`${path}.1`, "utf8")).trim().split("\n")) JSON.parse(line)
})
