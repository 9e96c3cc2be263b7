import { formatTree, type ActorNode } from "#actors/telemetry.js"
import { printable } from "./printable.js"
import { withNode } from "./node.js"
import type { GlobalOptions } from "./settings.js"

export async function actorsCommand(options: GlobalOptions & { readonly mostChildren: number }): Promise<void> {
  await withNode(options, async (node) => {
    const tree =
      node.kind === "local"
        ? node.os.actors.treeOf(options.mostChildren)
        : await node.call<ActorNode>("GET", `/v1/actors?mostChildren=${options.mostChildren}`)
    console.log(printable(formatTree(tree)))
  })
}
