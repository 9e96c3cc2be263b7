import { formatTree } from "#actors/telemetry.js"
import { printable } from "./printable.js"
import { withNode } from "./node.js"
import type { GlobalOptions } from "./settings.js"

export async function actorsCommand(options: GlobalOptions & { readonly mostChildren: number }): Promise<void> {
  await withNode(options, async (node) => {
    const tree =
      node.kind === "local" ? node.os.actors.treeOf(options.mostChildren) : await node.call("ListActors", options)
    console.log(printable(formatTree(tree)))
  })
}
