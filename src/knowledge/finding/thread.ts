/** The thread that finds passages: it holds the indexes of all tenants, and answers one message at a time. */
import type { Passage } from "../reading/passages.js"
import { PassageIndex, type Place, type PlaceQuery } from "./passage-index.js"

export type FindTask = { readonly tenant: string } & (
  | { readonly do: "stage"; readonly document: string; readonly version: string; readonly passages: readonly Passage[] }
  | { readonly do: "commit"; readonly document: string }
  | { readonly do: "forget" }
  | ({ readonly do: "search" } & PlaceQuery)
)

const tenants = new Map<string, PassageIndex>()

export default async function find(task: FindTask): Promise<readonly Place[] | undefined> {
  if (task.do === "forget") {
    tenants.delete(task.tenant)
    return undefined
  }
  let index = tenants.get(task.tenant)
  if (index === undefined) tenants.set(task.tenant, (index = new PassageIndex()))
  if (task.do === "search") return index.search(task)
  if (task.do === "stage") await index.stage(task.document, task.version, task.passages)
  else index.commit(task.document)
  return undefined
}
