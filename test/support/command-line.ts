import { spawn } from "node:child_process"
import { once } from "node:events"
import { fileURLToPath } from "node:url"

export const commandLine = fileURLToPath(new URL("../../src/cli/main.js", import.meta.url))

export interface Ended {
  readonly code: number | null
  readonly out: string
  readonly err: string
}

/** Runs a command of the real command line in a folder, until it ends. */
export async function cli(
  folder: string,
  args: readonly string[],
  more: Readonly<Record<string, string>> = {},
): Promise<Ended> {
  const { FORCE_COLOR: _, ...environment } = process.env
  // Without the hooks that the test runner puts into every Node process that a test starts: they double its time.
  const child = spawn("env", ["-u", "NODE_OPTIONS", process.execPath, commandLine, ...args], {
    cwd: folder,
    env: { ...environment, NO_COLOR: "1", ...more },
    stdio: ["ignore", "pipe", "pipe"],
  })
  let [out, err] = ["", ""]
  child.stdout.on("data", (chunk: Buffer) => (out += chunk.toString()))
  child.stderr.on("data", (chunk: Buffer) => (err += chunk.toString()))
  const [code] = (await once(child, "close")) as [number | null]
  return { code, out, err }
}
