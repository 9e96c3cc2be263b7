import { spawn } from "node:child_process"
import { existsSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { AgentOSError } from "#actors/errors.js"

/** Runs a benchmark of the repository in a process of its own, so that it measures nothing of ours. */
export async function bench(args: readonly string[]): Promise<void> {
  const main = fileURLToPath(new URL("../../test/bench/main.js", import.meta.url))
  if (!existsSync(main))
    throw new AgentOSError(
      "BENCH_MISSING",
      "benchmarks are part of the repository, not of the installed package: clone it, then `npm ci && npm run bench`",
    )
  const child = spawn(process.execPath, ["--expose-gc", main, ...args], { stdio: "inherit" })
  process.exitCode = await new Promise<number>((done) => child.on("exit", (code) => done(code ?? 1)))
}
