/** `npm run prove -- NAME... [--json FILE]`: a folder here with a `prove.ts` is a proof. */
import { existsSync, readdirSync } from "node:fs"
import { report, type Rows } from "../bench/report.js"

const here = new URL(".", import.meta.url)
const names = readdirSync(here).filter((name) => existsSync(new URL(`${name}/prove.js`, here)))
await report(process.argv.slice(2), names, async (name) => {
  const { rows } = (await import(new URL(`${name}/prove.js`, here).href)) as { readonly rows: Rows }
  return rows
})
