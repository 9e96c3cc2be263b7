import type { RunResult } from "../run.js"
import { printable } from "./printable.js"
import { withNode } from "./node.js"
import { cutOff } from "./run-view.js"
import type { GlobalOptions } from "./settings.js"

/** Asks once and prints the answer. */
export async function run(
  target: string,
  input: string,
  options: GlobalOptions & { readonly json?: boolean; readonly conversation?: string },
): Promise<void> {
  const conversation = options.conversation === undefined ? {} : { conversation: options.conversation }
  const result = await withNode<Pick<RunResult, "output" | "finish">>(options, (node) =>
    node.kind === "local"
      ? node.os.run(target, input, { caller: "local", ...conversation })
      : node.call("Run", { target, input, ...conversation }),
  )
  const cut = cutOff(result.finish)
  if (cut !== undefined && options.json !== true) console.error(cut)
  console.log(options.json === true ? JSON.stringify(result, null, 2) : printable(result.output))
}
