import { createInterface } from "node:readline/promises"
import pc from "picocolors"
import { printable } from "./printable.js"
import { withNode } from "./node.js"
import { cutOff } from "./run-view.js"
import type { GlobalOptions } from "./settings.js"
import { showRun } from "./show-run.js"

/** A prompt; every line is a turn of one conversation. */
export async function chat(target: string, options: GlobalOptions & { readonly conversation?: string }): Promise<void> {
  const conversation = options.conversation ?? "terminal"
  await withNode(options, async (node) => {
    const terminal = createInterface({ input: process.stdin, output: process.stdout, prompt: pc.cyan("> ") })
    terminal.prompt()
    for await (const line of terminal) {
      const said = line.trim()
      if (said === "") break
      if (node.kind === "local") await showRun(node.os.stream(target, said, { conversation, caller: "local" }))
      else {
        const { output, finish } = await node.call("Run", { target, input: said, conversation })
        const cut = cutOff(finish)
        console.log(printable(output) + (cut === undefined ? "" : `\n${pc.dim(cut)}`))
      }
      terminal.prompt()
    }
    terminal.close()
  })
}
