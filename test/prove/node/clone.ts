/** Both commands of the README, in a clean clone in an empty directory. */
import { execFile, spawn } from "node:child_process"
import { mkdtemp, readFile, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"

const root = fileURLToPath(new URL("../../../../", import.meta.url))
const question = "What is 48 * 17, and where is actor state kept?"

export interface CloneOutcome {
  /** Milliseconds from the node's own start until it served, as it says itself. */
  readonly readyMs: number
  readonly answered: boolean
  readonly stoppedInOrder: boolean
  /** The last line of the tests, and those that failed. */
  readonly tests: string
  readonly testsPass: boolean
}

export async function runReadme(progress: (text: string) => void): Promise<CloneOutcome> {
  const folder = await mkdtemp(join(tmpdir(), "llmagentos-clone-"))
  try {
    progress("cloning")
    await promisify(execFile)("git", ["clone", "--quiet", "--no-hardlinks", root, folder])
    progress("npm ci && npm start")
    const started = await startAndStop(folder)
    progress("npm ci && npm test")
    const tested = await shell("npm ci && npm test", folder).ended
    const failures = tested.text.split("\n").filter((line) => /^\s*not ok/.test(line))
    const summary =
      tested.text
        .replace(/\s+/g, " ")
        .match(/# \{ total: [^}]*\}/g)
        ?.at(-1) ?? tested.text.slice(-500)
    return { ...started, tests: [summary, ...failures].join("\n"), testsPass: tested.code === 0 }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** `npm start` with the question, Ctrl-C once it serves. */
async function startAndStop(folder: string): Promise<Pick<CloneOutcome, "readyMs" | "answered" | "stoppedInOrder">> {
  const run = shell(`npm ci && npm start -- ${JSON.stringify(question)}`, folder)
  const serving = await run.seen(/serving; Ctrl-C stops/, 300_000)
  // To the node itself: npm would end by the signal, whatever the node does about it.
  if (serving) {
    const { pid } = JSON.parse(await readFile(join(folder, "data", "node.json"), "utf8")) as { pid: number }
    process.kill(pid, "SIGINT")
  }
  const { code, text } = await run.ended
  const readyMs = Number(/ready in (\d+) ms/.exec(text)?.[1] ?? NaN)
  return { readyMs, answered: /\n\S*48 \* 17 = 816\b.*\bLevelDB\b/.test(text), stoppedInOrder: serving && code === 0 }
}

function shell(command: string, cwd: string) {
  const child = spawn("sh", ["-c", command], { cwd, stdio: ["ignore", "pipe", "pipe"] })
  let text = ""
  const watchers = new Set<() => void>()
  for (const stream of [child.stdout, child.stderr])
    stream.on("data", (chunk: Buffer) => {
      text += chunk.toString()
      for (const watcher of watchers) watcher()
    })
  const ended = new Promise<{ code: number | null; text: string }>((done) =>
    child.on("close", (code) => done({ code, text })),
  )
  return {
    ended,
    /** Whether a text came within a time, before the end. */
    seen: (pattern: RegExp, limitMs: number): Promise<boolean> =>
      Promise.race([
        new Promise<boolean>((done) => watchers.add(() => pattern.test(text) && done(true))),
        ended.then(() => false),
        new Promise<boolean>((done) => setTimeout(() => done(false), limitMs).unref()),
      ]),
  }
}
