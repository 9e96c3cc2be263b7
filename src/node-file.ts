/** The file in the data folder that says where the doors of the node are that runs on it: for commands on the same machine. */
import { mkdir, readFile, rename, rm, writeFile } from "node:fs/promises"
import { dirname } from "node:path"

export interface NodePlace {
  readonly pid: number
  readonly rest: string
  readonly grpc: string
  /** Files of the node's own certificate, where its doors speak TLS. */
  readonly tls?: { readonly cert: string; readonly key: string }
}

export async function writeNodeFile(path: string, place: NodePlace): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 })
  const made = `${path}.new`
  await rm(made, { force: true }) // one that was left over has its own mode
  await writeFile(made, JSON.stringify(place), { mode: 0o600, flag: "wx" })
  await rename(made, path)
}

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
