/**
 * `llmagentos start`: boot a node, answer the question given, then serve; in a terminal without a question, a chat
 * prompt.
 *
 * Invariants
 *   C1. The first Ctrl-C (or SIGTERM) stops in order: the prompt, the doors, the agents, the journal. A second one
 *       ends at once.
 *   C2. With `--once` no port is opened.
 *   C3. A rejection that nobody handles is logged, and the node lives on. An error that nobody catches stops it in
 *       order: the process ends with 70.
 *   C4. When another node or the cluster ends this one, the process ends too: with 0 where it was asked to leave, with
 *       75 where it is to be started anew.
 */
import { stat } from "node:fs/promises"
import { createInterface } from "node:readline/promises"
import pc from "picocolors"
import { AgentOSError, errorOf, thrownText } from "#actors/errors.js"
import { embeddedModel } from "../models/registry.js"
import { createAgentOS, type AgentOS, type Doors } from "../os.js"
import { packageVersion } from "../version.js"
import { showRun } from "./show-run.js"
import { loadConfig, optionsOf, type GlobalOptions } from "./settings.js"
import { addFolders } from "./knowledge.js"

/** EX_SOFTWARE of sysexits.h: an internal fault. */
const uncaughtCode = 70
/** EX_TEMPFAIL: to be tried again. */
const startAnewCode = 75

export interface StartOptions extends GlobalOptions {
  readonly once?: boolean
  readonly knowledge: readonly string[]
  readonly target: string
  readonly conversation: string
}

export async function start(question: string, options: StartOptions): Promise<void> {
  for (const folder of options.knowledge) {
    const found = await stat(folder).catch(() => undefined)
    if (found === undefined)
      throw new AgentOSError("DOCUMENT_UNREADABLE", `--knowledge ${folder}: no such file or folder`)
  }
  const config = await loadConfig(options)
  const os = await createAgentOS(optionsOf(config))
  if (question !== "") void os.models.get(embeddedModel).catch(() => undefined) // its thread starts meanwhile; who needs it hears of a fault
  const stopping = new AbortController()
  const stop = (): void => {
    if (stopping.signal.aborted) process.exit(130) // C1
    stopping.abort()
  }
  process.on("SIGINT", stop)
  process.on("SIGTERM", stop)
  const { logger } = os.actors
  const rejected = (reason: unknown): void => logger.error({ error: reason }, "a rejection that nobody handles")
  const uncaught = (error: unknown): void => {
    logger.error({ error }, "an error that nobody catches: the node stops")
    console.error(pc.red(`an error that nobody catches: ${errorOf(error).stack ?? thrownText(error)}`))
    if (process.exitCode === uncaughtCode) process.exit(uncaughtCode) // while stopping for the one before
    process.exitCode = uncaughtCode
    stopping.abort()
  }
  process.on("unhandledRejection", rejected)
  process.on("uncaughtException", uncaught)
  void os.ended.then((end) => {
    // A cluster that ends a node wants it started anew, which the process manager does for a process that failed.
    if (end !== undefined && end.why !== "left") process.exitCode = startAnewCode
    stopping.abort()
  })
  try {
    const doors = options.once === true ? undefined : await os.listen() // C2
    greet(os, doors)
    await addFolders(os.knowledge, options.knowledge)
    if (question !== "") {
      await answer(os, question, options, stopping.signal)
    } else if (process.stdin.isTTY && options.once !== true) {
      await prompt(os, options, stopping)
    }
    if (doors !== undefined && !stopping.signal.aborted) {
      console.log(pc.dim("serving; Ctrl-C stops"))
      await new Promise((done) => stopping.signal.addEventListener("abort", done, { once: true }))
    }
  } finally {
    await os.stop()
    process.off("SIGINT", stop)
    process.off("SIGTERM", stop)
    process.off("unhandledRejection", rejected)
    process.off("uncaughtException", uncaught)
  }
}

function greet(os: AgentOS, doors: Doors | undefined): void {
  const ready = Math.round(process.uptime() * 1000)
  const rows = [
    [
      "model",
      os.models
        .describe()
        .map(({ id, backend }) => `${id} (${backend})`)
        .join(", "),
    ],
    ["data", os.store.startsWith(os.data) ? os.data : `${os.data}; events and records: ${os.store}`],
    ...(os.cluster === undefined ? [] : [["member", `${os.cluster.node.name} of ${os.actors.name}`]]),
    ...(doors === undefined
      ? []
      : [
          ["REST", `${doors.rest}   status page: ${doors.rest}/   API: ${doors.rest}/docs`],
          ["gRPC", doors.grpc],
        ]),
  ]
  console.log(`${pc.bold("LLMAgentOS")} ${packageVersion} ready in ${ready} ms`)
  for (const [name = "", text = ""] of rows) console.log(`  ${pc.dim(name.padEnd(6))} ${text}`)
}

/** Asks, shows every step, prints the answer. A failed run is told, not thrown: the node lives on. */
async function answer(os: AgentOS, question: string, options: StartOptions, signal: AbortSignal): Promise<void> {
  console.log(`\n${pc.dim("?")} ${question}`)
  const run = await showRun(
    os.stream(options.target, question, { conversation: options.conversation, caller: "local", signal }),
  )
  if (run === undefined && options.once === true) process.exitCode = 1
}

async function prompt(os: AgentOS, options: StartOptions, stopping: AbortController): Promise<void> {
  console.log(pc.dim("ask something; an empty line or Ctrl-C ends the prompt"))
  const terminal = createInterface({ input: process.stdin, output: process.stdout })
  terminal.on("SIGINT", () => stopping.abort())
  try {
    while (!stopping.signal.aborted) {
      const line = (await terminal.question(pc.cyan("> "), { signal: stopping.signal })).trim()
      if (line === "") break
      await showRun(
        os.stream(options.target, line, {
          conversation: options.conversation,
          caller: "local",
          signal: stopping.signal,
        }),
      )
    }
  } catch (error) {
    if (!stopping.signal.aborted) throw error
  } finally {
    terminal.close()
    stopping.abort()
  }
}
