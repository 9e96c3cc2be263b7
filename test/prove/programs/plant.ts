/** `node --import plant.js`: plants the fault named in PLANTED into the built code while that is loaded. */
import { register } from "node:module"
import { bugs, clusterBugs } from "./bugs.js"

const name = process.env["PLANTED"]
const bug = [...bugs, ...clusterBugs].find((bug) => bug.name === name)
if (bug === undefined) throw new RangeError(`there is no fault named ${String(name)}`)
const hook = `
const { changes, name } = ${JSON.stringify(bug)}
export async function load(url, context, next) {
  const loaded = await next(url, context)
  const module = Object.keys(changes).find((module) => url.endsWith("/dist/" + module))
  if (module === undefined) return loaded
  let source = String(loaded.source)
  for (const [from, to] of changes[module]) {
    if (!source.includes(from)) throw new Error("the fault " + name + " does not fit " + module + " any more: " + from)
    source = source.replaceAll(from, () => to)
  }
  return { ...loaded, source }
}`
register(`data:text/javascript,${encodeURIComponent(hook)}`)
