/** `node --expose-gc alone-process.js MODULE OPTIONS`: see `alone.ts`. */
import type { FromAlone, Measure } from "./alone.js"

const [, , module = "", options = "{}"] = process.argv
const { measure } = (await import(new URL(`${module}.js`, import.meta.url).href)) as {
  readonly measure: Measure<unknown, unknown>
}
const tell = (message: FromAlone): void => void process.send?.(message)
const result = await measure(JSON.parse(options), (text) => tell({ progress: text }))
process.send?.({ result } satisfies FromAlone, () => process.exit(0))
