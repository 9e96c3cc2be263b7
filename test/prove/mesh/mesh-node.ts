/** A node of a proof as its maker sees it: a machine, and the process that runs on it at the moment. */
import type { ChildProcess } from "node:child_process"
import { setTimeout as sleep } from "node:timers/promises"
import { fileURLToPath } from "node:url"
import type { Answer, Deposit } from "./account.js"
import type { Failure, FromNode, NodeSettings, NodeStatus, NodeUsage, HistoryEvent, Request } from "./node-process.js"
import type { Machine } from "./world.js"

const program = fileURLToPath(new URL("node-process.js", import.meta.url))
const startPatienceMs = 60_000

export type Outcome<T> =
  { readonly kind: "answered"; readonly value: T } | { readonly kind: "failed"; readonly failure: Failure }

const failed = (code: string, message: string, executed: Failure["executed"] = "maybe"): Outcome<never> => ({
  kind: "failed",
  failure: { code, message, retryable: true, executed },
})

export class MeshNode {
  readonly machine: Machine
  readonly settings: NodeSettings
  #child: ChildProcess | undefined
  #exit: Promise<void> = Promise.resolve()
  #id = ""
  #joined: (() => void) | undefined
  #output = ""
  #number = 0
  readonly #waiting = new Map<number, (outcome: Outcome<unknown>) => void>()
  /** Ends that nobody asked for. */
  readonly deaths: string[] = []

  constructor(machine: Machine, settings: NodeSettings) {
    this.machine = machine
    this.settings = settings
  }

  get name(): string {
    return this.settings.node
  }

  /** `name#incarnation` of the process that runs or ran last. */
  get id(): string {
    return this.#id
  }

  get runs(): boolean {
    return this.#child !== undefined
  }

  /** Of the process that runs. */
  get pid(): number | undefined {
    return this.#child?.pid
  }

  /** What it printed. */
  get output(): string {
    return this.#output
  }

  /** Starts it and waits until it has joined. */
  async start(): Promise<void> {
    const child = this.machine.spawn(process.execPath, [program, JSON.stringify(this.settings)], {
      stdio: ["ignore", "pipe", "pipe", "ipc"],
    })
    this.#child = child
    this.#output = ""
    for (const stream of [child.stdout, child.stderr])
      stream?.on("data", (chunk: Buffer) => (this.#output = (this.#output + chunk.toString()).slice(-20_000)))
    child.on("error", () => undefined)
    const joined = new Promise<void>((done) => (this.#joined = done))
    this.#exit = new Promise((done) =>
      child.once("exit", (code, signal) => {
        if (this.#child === child) {
          this.#child = undefined
          this.deaths.push(`${this.name} ended with ${code ?? signal}:\n${this.#output}`)
        }
        for (const settle of this.#waiting.values()) settle(failed("GONE", `${this.name} has ended`))
        this.#waiting.clear()
        done()
      }),
    )
    child.on("message", (message: FromNode) => {
      if (message.kind === "joined") {
        this.#id = message.id
        this.#joined?.()
        return
      }
      const settle = this.#waiting.get(message.number)
      this.#waiting.delete(message.number)
      settle?.(message.kind === "answered" ? { kind: "answered", value: message.value } : message)
    })
    const tooLate = sleep(startPatienceMs, "late" as const, { ref: false })
    const first = await Promise.race([
      joined.then(() => "joined" as const),
      this.#exit.then(() => "gone" as const),
      tooLate,
    ])
    if (first !== "joined") throw new Error(`${this.name} has not joined (${first}):\n${this.#output}`)
  }

  /** Ends it at once and waits until it is gone. */
  async kill(): Promise<void> {
    const child = this.#child
    this.#child = undefined
    child?.kill("SIGKILL")
    await this.#exit
  }

  /** Waits until it has ended by itself, as it does after `leave`. */
  async ended(): Promise<void> {
    const child = this.#child
    this.#child = undefined
    if (child?.connected === true) child.disconnect()
    await this.#exit
  }

  /** Stops it where it stands; it does not notice. */
  pause(): void {
    this.#child?.kill("SIGSTOP")
  }

  resume(): void {
    this.#child?.kill("SIGCONT")
  }

  deposit(key: string, deposit: Deposit, timeoutMs: number): Promise<Outcome<Answer>> {
    return this.#ask({ kind: "deposit", key, deposit, timeoutMs }, timeoutMs + 500)
  }

  read(key: string, timeoutMs: number): Promise<Outcome<Answer>> {
    return this.#ask({ kind: "read", key, timeoutMs }, timeoutMs + 500)
  }

  /** As `deposit` or `read`, with patience of its own: for one that is paused. */
  askPatiently(request: Extract<Request, { readonly key: string }>, limitMs: number): Promise<Outcome<Answer>> {
    return this.#ask(request, limitMs)
  }

  status(): Promise<NodeStatus> {
    return this.#expect({ kind: "status" }, 5000)
  }

  usage(): Promise<NodeUsage> {
    return this.#expect({ kind: "usage" }, 5000)
  }

  history(): Promise<readonly HistoryEvent[]> {
    return this.#expect({ kind: "history" }, 60_000)
  }

  drain(): Promise<unknown> {
    return this.#expect({ kind: "drain" }, 60_000)
  }

  leave(): Promise<unknown> {
    return this.#expect({ kind: "leave" }, 60_000)
  }

  forget(name: string): Promise<unknown> {
    return this.#expect({ kind: "forget", name }, 60_000)
  }

  async #expect<T>(request: Request, limitMs: number): Promise<T> {
    const outcome = await this.#ask<T>(request, limitMs)
    if (outcome.kind === "answered") return outcome.value
    throw new Error(`${this.name} did not carry out ${request.kind}: ${outcome.failure.message}`)
  }

  #ask<T>(request: Request, limitMs: number): Promise<Outcome<T>> {
    const child = this.#child
    if (child?.connected !== true) return Promise.resolve(failed("GONE", `${this.name} does not run`, "no"))
    const number = ++this.#number
    return new Promise((done) => {
      const timer = setTimeout(() => settle(failed("SILENT", `${this.name} gave no answer in ${limitMs} ms`)), limitMs)
      const settle = (outcome: Outcome<unknown>): void => {
        clearTimeout(timer)
        this.#waiting.delete(number)
        done(outcome as Outcome<T>)
      }
      this.#waiting.set(number, settle)
      child.send({ number, request }, (error) => {
        if (error !== null) settle(failed("GONE", String(error)))
      })
    })
  }
}
