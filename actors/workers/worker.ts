/** What runs on a worker thread: an actor system whose actors stand in the tree of the main thread. */
import { isMainThread, parentPort, workerData } from "node:worker_threads"
import { entityAddress, formatAddress } from "../address.js"
import type { AnyDefinition, ErasedHandler, ErasedSpec } from "../actor.js"
import { adoptErrors, AgentOSError, thrownText } from "../errors.js"
import { Directory } from "../remote/directory.js"
import { failureOf } from "../remote/failure.js"
import { Far } from "../remote/far.js"
import { JOURNAL, remoteJournal } from "../remote/journal-ref.js"
import { Link } from "../remote/link.js"
import { ActorSystem } from "../system.js"
import type { Logger } from "../telemetry.js"
import type { FromThread, ThreadStart, ToThread } from "./control.js"

if (isMainThread || parentPort === null) throw new Error("worker.js is started by an actor system, on a worker thread")
const main = parentPort
const { port, board, system: name, node, shutdownTimeoutMs, errors, logs } = workerData as ThreadStart
adoptErrors(errors)
const post = (message: FromThread): void => main.postMessage(message)

// --- definitions -----------------------------------------------------------------------------------------------------------------------------

const modules = new Map<string, Readonly<Record<string, unknown>>>()
let boarded = 0

/** A definition whose handlers write on the board that they have begun. */
function boardedSpec(spec: ErasedSpec): ErasedSpec {
  const definition = ++boarded
  const types = Object.keys(spec.receive)
  post({ kind: "definition", name: spec.name, types })
  const written =
    (handler: ErasedHandler, number: number): ErasedHandler =>
    (ctx, payload) => {
      board[0] = definition
      board[1] = number
      return handler(ctx, payload)
    }
  const receive = types.map((type, i) => [type, written(spec.receive[type] as ErasedHandler, i + 1)] as const)
  return { ...spec, receive: Object.fromEntries(receive) }
}

function isDefinition(value: unknown): value is AnyDefinition {
  return typeof value === "object" && value !== null && "spec" in value && "name" in value
}

function find(module: string, wanted: string): AnyDefinition | Promise<AnyDefinition> {
  const loaded = modules.get(module)
  if (loaded === undefined)
    return import(module).then((exports: Readonly<Record<string, unknown>>) => {
      modules.set(module, exports)
      return find(module, wanted)
    })
  const found = Object.values(loaded).find((value) => isDefinition(value) && value.name === wanted)
  if (found !== undefined) return found as AnyDefinition
  const names = Object.keys(loaded)
  const has = names.length === 0 ? "exports nothing" : `exports ${names.join(", ")}`
  throw new AgentOSError("UNKNOWN_DEFINITION", `${module} ${has}, but no definition named ${JSON.stringify(wanted)}`)
}

// --- the system ------------------------------------------------------------------------------------------------------------------------------

type Level = "debug" | "info" | "warn" | "error"
const log =
  (level: Level) =>
  ({ error, ...fields }: Readonly<Record<string, unknown>>, message: string): void => {
    if (!logs) return
    const texts = Object.entries(fields).map(([key, value]) => [key, plainField(value)])
    const failure = error === undefined ? undefined : failureOf(error)
    post({ kind: "log", level, fields: Object.fromEntries(texts), error: failure, message })
  }
const plainField = (value: unknown): string | number | boolean =>
  typeof value === "number" || typeof value === "boolean" ? value : thrownText(value)
const logger: Logger = { debug: log("debug"), info: log("info"), warn: log("warn"), error: log("error") }

const far = new Far({ find, compile: (definition) => system.compile(definition) })
const system: ActorSystem = new ActorSystem(
  {
    name,
    shutdownTimeoutMs,
    logger,
    telemetry: { deadLetter: (letter) => post({ kind: "letter", letter }) },
    journal: remoteJournal(() => link.refOf(JOURNAL, undefined)),
  },
  {
    node,
    ready: boardedSpec,
    entity(tenant, type, key) {
      const compiled = link.vocabulary.kind(type)
      if (compiled !== undefined) return link.remote(formatAddress(entityAddress(name, tenant, type, key)), compiled)
      throw new AgentOSError("UNKNOWN_DEFINITION", `${type} is not among the definitions that the system was made with`)
    },
  },
)
const link = new Link(system, new Directory(), { post: (batch) => port.postMessage(batch) }, far)
far.link = link
// A promise that nobody looked at is no reason to lose all actors of the thread.
process.on("unhandledRejection", (error) => logger.error({ error }, "a promise was rejected, and nobody looked at it"))
port.on("message", (batch: readonly unknown[]) => link.receive(batch))

main.on("message", ({ kind }: ToThread) => {
  if (kind === "ping") return post({ kind: "pong" })
  void link.anchor
    .stopChildrenOf()
    .then(() => system.stop())
    .then(() => {
      link.flush()
      post({ kind: "stopped" })
    })
})
post({ kind: "ready" })
