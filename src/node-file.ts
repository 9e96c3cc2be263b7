/** The file in the data folder that says where the doors of the node are that runs on it: for commands on the same machine. */
import { readFile } from "node:fs/promises"
import { writePrivate } from "./private-folder.js"

export interface NodePlace {
  readonly pid: number
  readonly rest: string
  readonly grpc: string
  /** Files of the node's own certificate, where its doors speak TLS. */
  readonly tls?: { readonly cert: string; readonly key: string }
}

/** @throws `INVALID_CONFIG` when it cannot be written */
export const writeNodeFile = (path: string, place: NodePlace): Promise<void> =>
  writePrivate(path, JSON.stringify(place))

/** @returns undefined when there is none, or it is damaged */
export async function readNodeFile(path: string): Promise<NodePlace | undefined> {
  try {
    const place = JSON.parse(await readFile(path, "utf8")) as Partial<NodePlace>
    const { rest, pid, grpc = "", tls } = place
    if (typeof rest !== "string" || !URL.canParse(rest) || pid === undefined || !Number.isSafeInteger(pid))
      return undefined
    const files = typeof tls?.cert === "string" && typeof tls.key === "string" ? { tls } : {}
    return { pid, rest, grpc: String(grpc), ...files }
  } catch {
    return undefined
  }
}
