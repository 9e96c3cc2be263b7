/**
 * Every TypeScript snippet of the README and of the guide is a program that runs. A snippet that begins with `// continues` is appended to the
 * one before it on the same page.
 */
import t from "tap"
import { transform } from "esbuild"
import { execFile } from "node:child_process"
import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { fileURLToPath } from "node:url"

const root = fileURLToPath(new URL("../../../", import.meta.url))
/** Inside the package, so that `llmagentos` resolves to this build. */
const folder = join(root, "dist", "snippets", String(process.pid))

interface Snippet {
  readonly page: string
  readonly line: number
  readonly code: string
}

function snippets(page: string, text: string): Snippet[] {
  const found: Snippet[] = []
  for (const match of text.matchAll(/^```ts\n(.*?)^```/gms)) {
    const code = match[1] ?? ""
    const line = text.slice(0, match.index).split("\n").length + 1
    const before = found.at(-1)
    if (code.startsWith("// continues") && before !== undefined)
      found[found.length - 1] = { ...before, code: before.code + code }
    else found.push({ page, line, code })
  }
  return found
}

t.before(() => mkdir(folder, { recursive: true }))
t.after(() => rm(folder, { recursive: true, force: true }))

const pages = [
  "README.md",
  ...(await readdir(join(root, "docs")))
    .filter((name) => name.endsWith(".md") && name !== "architecture.md")
    .map((name) => `docs/${name}`),
]
for (const page of pages) {
  for (const { line, code } of snippets(page, await readFile(join(root, page), "utf8"))) {
    t.test(`the program in ${page} at line ${line} runs`, async (t) => {
      const { code: program } = await transform(code, { loader: "ts", format: "esm" })
      const file = join(folder, `${page.replaceAll(/\W/g, "-")}-${line}.mjs`)
      await writeFile(file, program)
      const result = await new Promise<{ code: number; text: string }>((done) => {
        execFile(process.execPath, [file], { cwd: t.testdir(), timeout: 60_000 }, (error, out, err) =>
          done({ code: error === null ? 0 : 1, text: out + err }),
        )
      })
      t.equal(result.code, 0, result.text)
    })
  }
}
