/** A real node in a process of its own, for tests that kill it. */
import { spawn, type ChildProcess } from "node:child_process"
import { mkdir, readFile, rm } from "node:fs/promises"
import { join } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import { fileURLToPath } from "node:url"

const cli = fileURLToPath(new URL("../../src/cli/main.js", import.meta.url))

export interface NodeProcess {
  readonly rest: string
  readonly grpc: string
  readonly token: string
  /** Milliseconds from spawn until it was ready. */
  readonly readyMs: number
  readonly pid: number
  output(): string
  kill(): Promise<void>
  stop(): Promise<number>
}

/** Starts `llmagentos start` on free ports and waits until it serves. */
export async function startNode(data: string, args: readonly string[] = [], patienceMs = 30_000): Promise<NodeProcess> {
  await mkdir(data, { recursive: true })
  await rm(join(data, "node.json"), { force: true })
  const started = performance.now()
  const child = spawn(process.execPath, [cli, "start", "--data", data, "--port", "0", "--grpc-port", "0", ...args], {
    stdio: ["ignore", "pipe", "pipe"],
  })
  let text = ""
  child.stdout.on("data", (chunk: Buffer) => (text += chunk.toString()))
  child.stderr.on("data", (chunk: Buffer) => (text += chunk.toString()))
  const exit = new Promise<number>((done) => child.on("exit", (code) => done(code ?? -1)))
  for (;;) {
    const described = await readFile(join(data, "node.json"), "utf8").catch(() => undefined)
    if (described !== undefined) {
      const { rest, grpc, pid } = JSON.parse(described) as { rest: string; grpc: string; pid: number }
      if (pid === child.pid) {
        const token = await readFile(join(data, "token"), "utf8").catch(() => "")
        return {
          rest,
          grpc,
          token: token.trim(),
          pid,
          readyMs: performance.now() - started,
          output: () => text,
          kill: () => end(child, exit, "SIGKILL").then(() => undefined),
          stop: () => end(child, exit, "SIGTERM"),
        }
      }
    }
    if (child.exitCode !== null) throw new Error(`the node ended with ${child.exitCode}:\n${text}`)
    if (performance.now() - started > patienceMs) {
      child.kill("SIGKILL")
      throw new Error(`the node was not ready after ${patienceMs} ms:\n${text}`)
    }
    await sleep(5)
  }
}

async function end(child: ChildProcess, exit: Promise<number>, signal: NodeJS.Signals): Promise<number> {
  if (child.exitCode === null && child.signalCode === null) child.kill(signal)
  return exit
}

export interface Answer {
  readonly status: number
  readonly body: {
    readonly runId?: string
    readonly output?: string
    readonly error?: { readonly code: string; readonly message: string }
  }
}

/** Asks a node over REST. Throws when the connection breaks. */
export async function ask(
  node: NodeProcess,
  target: string,
  input: string,
  options: { conversation?: string; key?: string; signal?: AbortSignal } = {},
): Promise<Answer> {
  const response = await fetch(`${node.rest}/v1/runs`, {
    method: "POST",
    headers: {
      "content-type": "application/json",
      ...(options.key === undefined ? {} : { "idempotency-key": options.key }),
    },
    body: JSON.stringify({
      target,
      input,
      ...(options.conversation === undefined ? {} : { conversation: options.conversation }),
    }),
    ...(options.signal === undefined ? {} : { signal: options.signal }),
  })
  return { status: response.status, body: (await response.json()) as Answer["body"] }
}
