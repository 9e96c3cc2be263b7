/** The pages of promises and the tests that hold them name the same numbers. */
import t from "tap"
import { readdir, readFile } from "node:fs/promises"
import { fileURLToPath } from "node:url"

const root = fileURLToPath(new URL("../../../", import.meta.url))
const read = (path: string): Promise<string> => readFile(`${root}${path}`, "utf8")
const numbers = (text: string, pattern: RegExp): readonly number[] =>
  [...new Set([...text.matchAll(pattern)].map(([, number]) => Number(number)))].sort((a, b) => a - b)

for (const [page, letter, folder] of [
  ["semantics.md", "S", "test/actors"],
  ["durable-actors.md", "F", "test/actors/persistence"],
] as const)
  t.test(`each promise of docs/${page} has its test, and each such test its promise`, async (t) => {
    const promised = numbers(await read(`docs/${page}`), new RegExp(`^- \\*\\*${letter}(\\d+)\\.`, "gm"))
    const files = (await readdir(`${root}${folder}`, { recursive: true })).filter((file) => file.endsWith(".test.ts"))
    const tests = await Promise.all(files.map((file) => read(`${folder}/${file}`)))
    const tested = numbers(
      tests.join("\n"),
      new RegExp(`^\\s*(?:(?:await )?t\\.test\\()?["\`]${letter}(\\d+)\\. `, "gm"),
    )
    t.ok(promised.length > 20)
    t.same(promised, Array.from({ length: promised.length }, (_, i) => i + 1)) // prettier-ignore
    t.same(tested, promised)
  })
