import t from "tap"
import { execFile } from "node:child_process"
import { readdir } from "node:fs/promises"
import { fileURLToPath } from "node:url"

const folder = fileURLToPath(new URL("../../examples/", import.meta.url))

for (const name of (await readdir(folder)).filter((name) => name.endsWith(".js")).sort()) {
  t.test(`example ${name.replace(/\.js$/, "")} runs and says something`, async (t) => {
    const result = await new Promise<{ code: number; out: string; err: string }>((done) => {
      execFile(process.execPath, [folder + name], { cwd: t.testdir(), timeout: 60_000 }, (error, out, err) =>
        done({ code: error === null ? 0 : 1, out, err }),
      )
    })
    t.equal(result.code, 0, result.err)
    t.not(result.out.trim(), "", "it prints its result")
  })
}
