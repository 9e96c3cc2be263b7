import { formatTree } from "#actors/telemetry.js"
import { printable } from "./printable.js"
import { withNode } from "./node.js"
import type { GlobalOptions } from "./settings.js"

export async function actorsCommand(options: GlobalOptions & { readonly mostChildren: number }): Promise<void> {
  const { mostChildren } = options
  const tree = await withNode(
    options,
    async (node) =>
      node.kind === "local" ? node.os.actors.treeOf(mostChildren) : node.call("ListActors", { mostChildren }),
    { looks: true },
  )
  console.log(printable(formatTree(tree)))
}
