/**
 * Clients of a cluster: one for each account, which sends deposits and reads to some node, and, until a deposit is acknowledged, sends it again elsewhere under the same id.
 * What they did and what they were answered is for `judge`.
 */
import { setTimeout as sleep } from "node:timers/promises"
import { seeded } from "#test/support/fuzz-gateway.js"
import type { Answer, Deposit } from "./account.js"
import type { Operation } from "./history.js"
import type { MeshNode, Outcome } from "./mesh-node.js"

export interface ClientOptions {
  readonly accounts: number
  /** Between two operations of a client, on average. */
  readonly pauseMs: number
  readonly seed: number
  /** Nodes that clients may go to at the moment. */
  readonly nodes: () => readonly MeshNode[]
}

const askTimeoutMs = 2000
const retryMs = 50
/** How long open deposits are sent again after the end. */
const patienceMs = 60_000
/** In which part of the cases a client moves to another node without need, and reads instead of paying in. */
const moves = 0.05
const reads = 0.4
const largestAmount = 2 ** 30

export class Clients {
  readonly operations: Operation[] = []
  /** Attempts that failed, by code. */
  readonly failures = new Map<string, number>()
  /** What no client should be told: codes that cannot be tried again, with their messages. */
  readonly refusals: string[] = []
  readonly #options: ClientOptions
  readonly #random: () => number
  readonly #owners = new Map<string, string>()
  #running: Promise<unknown> | undefined
  #stopped = false
  #late = false
  #count = 0
  /** Deposits that nobody has acknowledged at the end. */
  unanswered = 0

  constructor(options: ClientOptions) {
    this.#options = options
    this.#random = seeded(options.seed)
  }

  get keys(): readonly string[] {
    return Array.from({ length: this.#options.accounts }, (_, i) => `account-${i}`)
  }

  /** Accounts by the node that answered for them last. */
  ownedBy(id: string): readonly string[] {
    return this.keys.filter((key) => this.#owners.get(key) === id)
  }

  start(): void {
    this.#running = Promise.all(this.keys.map((key) => this.#live(key)))
  }

  /** Begins nothing new, and waits until all deposits are acknowledged. */
  async stop(): Promise<void> {
    this.#stopped = true
    const timer = setTimeout(() => (this.#late = true), patienceMs)
    await this.#running
    clearTimeout(timer)
  }

  /** A deposit that no client has sent yet. */
  newDeposit(): Deposit {
    return { id: `deposit-${++this.#count}`, amount: 1 + Math.floor(this.#random() * largestAmount) }
  }

  /** Sends one node one deposit or read, once; what came of it is noted. */
  async attempt(node: MeshNode, key: string, deposit?: Deposit, patienceMs?: number): Promise<Outcome<Answer>> {
    const begun = performance.now()
    const request = { key, timeoutMs: askTimeoutMs }
    const outcome = await (patienceMs === undefined
      ? this.#send(node, key, deposit)
      : node.askPatiently(deposit === undefined ? { kind: "read", ...request } : { kind: "deposit", deposit, ...request }, patienceMs)) // prettier-ignore
    const { ended, answer } = outcome.kind === "answered" ? { ended: performance.now(), answer: outcome.value } : {}
    if (deposit !== undefined || answer !== undefined) this.operations.push({ key, deposit, begun, ended, answer })
    return outcome
  }

  async #live(key: string): Promise<void> {
    await this.#pause()
    let node = this.#elsewhere(undefined)
    while (!this.#stopped) {
      if (this.#random() < moves || node === undefined || !this.#options.nodes().includes(node))
        node = this.#elsewhere(undefined)
      const deposit = this.#random() < reads ? undefined : this.newDeposit()
      let begun = performance.now()
      for (;;) {
        const outcome = node === undefined ? undefined : await this.#send(node, key, deposit)
        if (outcome?.kind === "answered") {
          const answer = outcome.value
          this.operations.push({ key, deposit, begun, ended: performance.now(), answer })
          this.#owners.set(key, answer.by)
          break
        }
        if (outcome !== undefined) this.#failed(outcome)
        if (deposit === undefined && this.#stopped) break
        if (this.#late) {
          this.unanswered++
          this.operations.push({ key, deposit, begun, ended: undefined, answer: undefined })
          break
        }
        await sleep(retryMs)
        node = this.#elsewhere(node)
        if (deposit === undefined) begun = performance.now() // a read is begun anew
      }
      await this.#pause()
    }
  }

  #send(node: MeshNode, key: string, deposit: Deposit | undefined): ReturnType<MeshNode["read"]> {
    return deposit === undefined ? node.read(key, askTimeoutMs) : node.deposit(key, deposit, askTimeoutMs)
  }

  #failed(outcome: Extract<Outcome<unknown>, { kind: "failed" }>): void {
    const { code, retryable, message } = outcome.failure
    this.failures.set(code, (this.failures.get(code) ?? 0) + 1)
    if (!retryable && this.refusals.length < 100) this.refusals.push(message)
  }

  #elsewhere(node: MeshNode | undefined): MeshNode | undefined {
    const nodes = this.#options.nodes().filter((other) => other !== node)
    return nodes[Math.floor(this.#random() * nodes.length)] ?? node
  }

  #pause(): Promise<void> {
    return sleep(this.#options.pauseMs * (0.5 + this.#random()))
  }
}

export interface Takeover {
  /** Until the first of the accounts had another owner. */
  readonly firstMs: number
  /** Until each of them had. */
  readonly allMs: number
}

/**
 * How long accounts had no owner after the moment at which theirs was lost: until another has acknowledged a deposit.
 * @param operations those that ended after that moment, and any others
 * @returns undefined while not all have another
 */
export function takeover(
  operations: readonly Operation[],
  keys: readonly string[],
  lost: string,
  at: number,
): Takeover | undefined {
  const moments = new Map<string, number>()
  for (const { key, deposit, ended = -Infinity, answer } of operations)
    if (deposit !== undefined && answer !== undefined && answer.by !== lost && ended > at)
      moments.set(key, Math.min(moments.get(key) ?? Infinity, ended - at))
  const found = keys.map((key) => moments.get(key) ?? Infinity)
  return found.length === 0 || found.includes(Infinity)
    ? undefined
    : { firstMs: Math.min(...found), allMs: Math.max(...found) }
}
