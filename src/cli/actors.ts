import { formatTree } from "#actors/telemetry.js"
import { printable } from "./printable.js"
import { withNode } from "./node.js"
import type { GlobalOptions } from "./settings.js"

export async function actorsCommand(options: GlobalOptions & { readonly mostChildren: number }): Promise<void> {
  const { mostChildren } = options
  await withNode(options, async (node) => {
    const tree =
      node.kind === "local" ? node.os.actors.treeOf(mostChildren) : await node.call("ListActors", { mostChildren })
    console.log(printable(formatTree(tree)))
  })
}
