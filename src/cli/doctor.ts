/**
 * What this machine offers to a node, and how to get what is missing. Nothing here changes anything.
 */
import { execFile } from "node:child_process"
import { constants } from "node:fs"
import { access, lstat, stat, statfs } from "node:fs/promises"
import { createRequire } from "node:module"
import { createServer } from "node:net"
import { availableParallelism, totalmem } from "node:os"
import { dirname, resolve } from "node:path"
import Consul from "consul"
import pc from "picocolors"
import { thrownText } from "#actors/errors.js"
import type { Config } from "../config.js"
import { loadConfig, type GlobalOptions } from "./settings.js"

export interface Finding {
  readonly what: string
  readonly state: "good" | "missing" | "bad"
  readonly found: string
  /** What would mend it. */
  readonly advice?: string
}

export async function doctor(options: GlobalOptions): Promise<void> {
  const config = await loadConfig(options)
  const findings = await Promise.all([
    node(),
    machine(),
    simd(),
    tensorflow(),
    provider(),
    consul(),
    disk(config.data),
    kept("runs kept", config.retention.runs),
    kept("conversations kept", config.retention.conversations),
    definitions(config.retention.runs),
    kept("audit kept", config.retention.audit),
    log(config.retention.log),
    port("REST port", config.gateway.host, config.gateway.port),
    port("gRPC port", config.gateway.host, config.gateway.grpcPort),
  ])
  const marks = { good: pc.green("✓"), missing: pc.yellow("–"), bad: pc.red("✗") }
  for (const { what, state, found, advice } of findings) {
    console.log(`${marks[state]} ${what.padEnd(22)} ${found}`)
    if (advice !== undefined) console.log(`  ${" ".repeat(22)} ${pc.dim(advice)}`)
  }
  if (findings.some(({ state }) => state === "bad")) process.exitCode = 1
}

function node(): Finding {
  const [major = 0, minor = 0] = process.versions.node.split(".").map(Number)
  const good = major > 20 || (major === 20 && minor >= 19)
  return {
    what: "Node.js",
    state: good ? "good" : "bad",
    found: process.version,
    ...(good ? {} : { advice: "install Node 20.19 or later, 22 or 24" }),
  }
}

function machine(): Finding {
  return {
    what: "processors, memory",
    state: "good",
    found: `${availableParallelism()} × ${process.arch}, ${(totalmem() / 2 ** 30).toFixed(0)} GiB`,
  }
}

/** The smallest module with a SIMD instruction: (func (result v128) (v128.const 0)). */
const simdModule = Uint8Array.of(
  ...[0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 22, 1, 20, 0, 253, 12],
  ...new Array<number>(16).fill(0),
  11,
)

function simd(): Finding {
  return WebAssembly.validate(simdModule)
    ? { what: "WebAssembly SIMD", state: "good", found: "yes" }
    : {
        what: "WebAssembly SIMD",
        state: "bad",
        found: "no",
        advice: "this processor or Node build lacks SIMD; local models will not run",
      }
}

function tensorflow(): Finding {
  for (const name of ["@tensorflow/tfjs-node-gpu", "@tensorflow/tfjs-node"])
    if (stands(name, import.meta.url) || stands(name, resolve("package.json")))
      return { what: "TensorFlow backend", state: "good", found: `${name}; choose it with \`backend: tensorflow\`` }
  return {
    what: "TensorFlow backend",
    state: "missing",
    found: "not installed; the wasm backend is used",
    advice:
      "npm install @tensorflow/tfjs-node-gpu   (needs CUDA 11.2 and cuDNN 8.1; without a GPU: @tensorflow/tfjs-node)",
  }
}

function provider(): Finding {
  if (stands("@ai-sdk/openai-compatible", import.meta.url))
    return { what: "model servers", state: "good", found: "the OpenAI-compatible provider is installed" }
  return {
    what: "model servers",
    state: "missing",
    found: "no provider installed; only models of this process",
    advice: "npm install @ai-sdk/openai-compatible@2   (Ollama, vLLM, hosted APIs)",
  }
}

/** Whether a package can be loaded from a place: the node loads providers from its own. */
function stands(name: string, from: string): boolean {
  try {
    createRequire(from).resolve(name)
    return true
  } catch {
    return false
  }
}

async function consul(): Promise<Finding> {
  const address = process.env["CONSUL_HTTP_ADDR"] ?? "127.0.0.1:8500"
  const [host = "127.0.0.1", portText = "8500"] = address.replace(/^https?:\/\//, "").split(":")
  try {
    const agent = await new Consul({ host, port: Number(portText) }).agent.self()
    const version = (agent as { Config?: { Version?: string } }).Config?.Version ?? "of unknown version"
    return { what: "Consul", state: "good", found: `agent ${version} at ${address}` }
  } catch {
    const version = await new Promise<string | undefined>((done) => {
      execFile("consul", ["version"], (error, out) => done(error === null ? out.split("\n")[0] : undefined))
    })
    return {
      what: "Consul",
      state: "missing",
      found:
        version === undefined
          ? `no agent at ${address}, no binary on PATH`
          : `${version} on PATH, no agent at ${address}`,
      advice: "only a cluster needs it; one node does not",
    }
  }
}

async function disk(data: string): Promise<Finding> {
  let folder = resolve(data)
  for (;;) {
    try {
      const stats = await statfs(folder)
      const held = data === "memory" ? undefined : await barrier(folder)
      if (held !== undefined)
        return {
          what: "disk",
          state: "bad",
          found: `${data} cannot be made or written: ${held}`,
          advice: "choose another folder with --data, or one that this user may write",
        }
      const free = Number(stats.bavail) * Number(stats.bsize)
      const state = free > 2 ** 30 ? "good" : "bad"
      const found = `${(free / 2 ** 30).toFixed(1)} GiB free for ${data}`
      return {
        what: "disk",
        state,
        found,
        ...(state === "bad" ? { advice: "free at least 1 GiB or choose another folder with --data" } : {}),
      }
    } catch (error) {
      const stands = await lstat(folder).catch(() => undefined) // a link to nothing, say
      if (stands !== undefined) return { what: "disk", state: "bad", found: thrownText(error) }
      folder = dirname(folder)
    }
  }
}

/** What keeps this user from writing into a folder. */
async function barrier(folder: string): Promise<string | undefined> {
  if (!(await stat(folder)).isDirectory()) return `${folder} is no folder`
  return access(folder, constants.W_OK).then(() => undefined, thrownText)
}

function port(what: string, host: string, number: number): Promise<Finding> {
  return new Promise((done) => {
    const server = createServer()
    server.once("error", (error: NodeJS.ErrnoException) =>
      done({
        what,
        state: error.code === "EADDRINUSE" ? "missing" : "bad",
        found: `${host}:${number} ${error.code === "EADDRINUSE" ? "is in use, perhaps by a running node" : `cannot be opened (${error.code})`}`,
        advice: "another port: `gateway.port` and `gateway.grpcPort` in llmagentos.yaml, or --port and --grpc-port",
      }),
    )
    server.listen(number, host, () =>
      server.close(() => done({ what, state: "good", found: `${host}:${number} is free` })),
    )
  })
}

function log({ megabytes, files }: Config["retention"]["log"]): Finding {
  return { what: "log kept", state: "good", found: `${files + 1} files of ${megabytes} MB at most` }
}

function definitions({ days }: Config["retention"]["runs"]): Finding {
  return {
    what: "definitions kept",
    state: "good",
    found: `while a run may go on with one, and ${days + 2} days after its last use`,
  }
}

function kept(what: string, { days, count, megabytes }: Config["retention"]["runs"]): Finding {
  const number = count.toLocaleString("en-US")
  return {
    what,
    state: "good",
    found: `${days} days, at most ${number}, at most ${megabytes.toLocaleString("en-US")} MB`,
  }
}
