/** The page of promises and the tests that hold them name the same numbers. */
import t from "tap"
import { readFile } from "node:fs/promises"
import { fileURLToPath } from "node:url"

const root = fileURLToPath(new URL("../../../", import.meta.url))
const numbers = (text: string, pattern: RegExp): readonly number[] =>
  [...text.matchAll(pattern)].map(([, number]) => Number(number)).sort((a, b) => a - b)

t.test("each promise of docs/semantics.md has its test, and each such test its promise", async (t) => {
  const promised = numbers(await readFile(`${root}docs/semantics.md`, "utf8"), /^- \*\*S(\d+)\.\*\*/gm)
  const tests = ["semantics", "supervision", "entities", "persistence/commands", "persistence/recovery"].map((name) =>
    readFile(`${root}test/actors/${name}.test.ts`, "utf8"),
  )
  const tested = numbers((await Promise.all(tests)).join("\n"), /^\s*(?:(?:await )?t\.test\()?"S(\d+)\. /gm)
  t.same(
    promised,
    Array.from({ length: promised.length }, (_, i) => i + 1),
  )
  t.same(tested, promised)
})
