import t from "tap"
import { readFile } from "node:fs/promises"
import { fileURLToPath } from "node:url"
import { errorCodes } from "#actors/errors.js"
import { generatedPages } from "./pages.js"

const root = fileURLToPath(new URL("../../../", import.meta.url))

for (const [path, text] of Object.entries(await generatedPages())) {
  t.test(`${path} is what the code says; \`npm run docs\` writes it`, async (t) => {
    t.equal(await readFile(root + path, "utf8"), text)
  })
}

t.test("the errors page names every code", async (t) => {
  const page = await readFile(`${root}docs/errors.md`, "utf8")
  for (const code of errorCodes().keys()) t.match(page, `\`${code}\``)
})
