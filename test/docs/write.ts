/** Writes the generated pages: `npm run docs`. */
import { writeFile } from "node:fs/promises"
import { generatedPages } from "./pages.js"

for (const [path, text] of Object.entries(await generatedPages())) {
  await writeFile(path, text)
  console.log(`wrote ${path}`)
}
