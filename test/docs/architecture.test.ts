/** The floor plan in docs/architecture.md is held to the tree: what it names is there, and what is there it names. */
import t from "tap"
import { existsSync } from "node:fs"
import { readdir, readFile } from "node:fs/promises"
import { join } from "node:path"
import { fileURLToPath } from "node:url"

const root = fileURLToPath(new URL("../../../", import.meta.url))
const page = await readFile(join(root, "docs/architecture.md"), "utf8")
const plan = /^## Rooms\n\n```\n([^]*?)^```/m.exec(page)?.[1] ?? ""

/** Every file and folder that the plan names, as a path from the root. */
const named = new Set<string>()
let [floor, folder] = ["", ""]
for (const line of plan.split("\n")) {
  if (/^\w/.test(line)) floor = line.trim()
  // A line that goes on with the one before speaks of the same folder.
  if (/^ {2}\w/.test(line)) folder = /^ {2}(\w+\/)/.exec(line)?.[1] ?? ""
  for (const [name] of line.matchAll(/(?<![\w./-])[\w-]+(?:\.(?:ts|proto)|\/)(?!\w)/g)) {
    if (name !== floor) named.add(existsSync(join(root, floor, name)) ? join(floor, name) : join(floor, folder, name))
  }
}

t.test("every room of the floor plan is there", (t) => {
  t.ok(named.size > 60, "the plan is read")
  for (const path of named) t.ok(existsSync(join(root, path)), path)
  t.end()
})

t.test("every folder of the floors stands on the floor plan", async (t) => {
  for (const floor of ["actors", "cluster", "src"]) {
    for (const entry of await readdir(join(root, floor), { withFileTypes: true }))
      if (entry.isDirectory()) t.ok(named.has(join(floor, entry.name, "/")), `${floor}/${entry.name}`)
  }
  for (const file of await readdir(join(root, "proto")))
    if (file.endsWith(".proto")) t.ok(named.has(join("proto", file)), file)
})
