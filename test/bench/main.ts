/** `npm run bench -- NAME... [--json FILE]`: a folder here with a `bench.ts` is a benchmark. */
import { existsSync, readdirSync } from "node:fs"
import { report, type Rows } from "./report.js"

const here = new URL(".", import.meta.url)
const names = readdirSync(here).filter((name) => existsSync(new URL(`${name}/bench.js`, here)))
await report(process.argv.slice(2), names, async (name) => {
  const { rows } = (await import(new URL(`${name}/bench.js`, here).href)) as { readonly rows: Rows }
  return rows
})
