/** A real process that is killed with -9 at random moments while many commands are under way, and what its successor still knows. */
import { fork, type ChildProcess } from "node:child_process"
import { once } from "node:events"
import { setTimeout as sleep } from "node:timers/promises"
import { fileURLToPath } from "node:url"
import { seeded } from "#test/support/fuzz-gateway.js"
import { audit, type Command } from "./bank.js"
import type { FromBank, ToBank } from "./bank-process.js"

const program = fileURLToPath(new URL("bank-process.js", import.meta.url))
const accounts = 50
const inFlight = 256
/** In which part of the cases an acknowledged command is sent once more. */
const askedAgain = 0.02
const patienceMs = 60_000

export interface KillOutcome {
  readonly kills: number
  readonly commands: number
  readonly transfers: number
  /** Commands that were not answered at a kill, and were sent again under their id. */
  readonly retried: number
  /** Accounts that were woken because deliveries were open. */
  readonly resumed: number
  readonly lost: readonly string[]
  readonly wrong: readonly string[]
}

/** One life of the bank. */
class Bank {
  readonly #child: ChildProcess
  readonly #waiting = new Map<FromBank["kind"], (message: FromBank) => void>()
  readonly #exit: Promise<unknown>
  #dead = false

  constructor(folder: string, answered: (message: FromBank) => void) {
    this.#child = fork(program, [folder])
    this.#exit = once(this.#child, "exit")
    this.#child.on("message", (message: FromBank) => {
      if (this.#dead) return // what was still in the pipe counts as not heard
      const waiting = this.#waiting.get(message.kind)
      if (waiting === undefined) return answered(message)
      this.#waiting.delete(message.kind)
      waiting(message)
    })
  }

  send(message: ToBank): void {
    if (!this.#dead) this.#child.send(message, () => undefined)
  }

  /** The next message of a kind. */
  hear<K extends FromBank["kind"]>(kind: K): Promise<Extract<FromBank, { kind: K }>> {
    const heard = new Promise<FromBank>((done) => this.#waiting.set(kind, done))
    const ended = this.#exit.then(() => {
      throw new Error(`the bank ended before it told ${kind}`)
    })
    return Promise.race([heard, ended]) as Promise<Extract<FromBank, { kind: K }>>
  }

  async kill(): Promise<void> {
    this.#dead = true
    this.#child.kill("SIGKILL")
    await this.#exit
  }

  async stop(): Promise<void> {
    this.send({ kind: "stop" })
    await this.#exit
  }
}

/** The clients: they know each command, and which answer it got. */
class Clients {
  readonly all: Command[] = []
  readonly #random: () => number
  readonly #answers = new Map<number, number>()
  readonly #open = new Map<number, Command>()
  readonly #wrong: string[]
  bank: Bank | undefined
  /** Whether they send new commands. */
  busy = true
  retried = 0

  constructor(random: () => number, wrong: string[]) {
    this.#random = random
    this.#wrong = wrong
  }

  get answeredAll(): boolean {
    return this.#open.size === 0
  }

  /** Goes on with another life of the bank. */
  goOn(bank: Bank): void {
    this.bank = bank
    this.retried += this.#open.size
    if (this.#open.size > 0) bank.send({ kind: "commands", commands: [...this.#open.values()] })
    this.#fill()
  }

  heard(message: FromBank): void {
    if (message.kind === "failed") {
      const command = this.all[message.number - 1]
      if (command !== undefined) setTimeout(() => this.bank?.send({ kind: "commands", commands: [command] }), 20)
      return
    }
    if (message.kind !== "answered") return
    const { number, answer } = message
    const before = this.#answers.get(number)
    if (before !== undefined && before !== answer)
      this.#wrong.push(`command ${number} was answered ${before}, and later ${answer}`)
    this.#answers.set(number, answer)
    if (this.#random() < askedAgain && this.busy) {
      const old = this.all[Math.floor(this.#random() * this.all.length)] as Command
      this.bank?.send({ kind: "commands", commands: [old] })
    }
    if (this.#open.delete(number)) this.#fill()
  }

  #fill(): void {
    const commands: Command[] = []
    while (this.busy && this.#open.size < inFlight) {
      const command = this.#make()
      commands.push(command)
      this.all.push(command)
      this.#open.set(command.number, command)
    }
    if (commands.length > 0) this.bank?.send({ kind: "commands", commands })
  }

  #make(): Command {
    const number = this.all.length + 1
    const account = this.#account()
    const to = this.#account()
    return to === account || this.#random() < 0.5 ? { number, account } : { number, account, to }
  }

  #account(): string {
    return `account-${Math.floor(this.#random() * accounts)}`
  }
}

export async function killBank(
  folder: string,
  kills: number,
  seed: number,
  progress: (text: string) => void,
): Promise<KillOutcome> {
  const random = seeded(seed)
  const wrong: string[] = []
  const clients = new Clients(random, wrong)
  let resumed = 0
  const start = async (): Promise<Bank> => {
    const bank = new Bank(folder, (message) => clients.heard(message))
    resumed += (await bank.hear("ready")).resumed
    return bank
  }
  for (let round = 0; round < kills; round++) {
    progress(`bank killed ${round} of ${kills} times, ${clients.all.length} commands`)
    const bank = await start()
    clients.goOn(bank)
    // The last kill comes when the clients have their answers, but deliveries are under way: nothing but the bank itself may finish them.
    if (round === kills - 1) {
      await sleep(200)
      clients.busy = false
      await until(() => clients.answeredAll, "the commands are not answered")
    } else await sleep(30 + random() * 270)
    await bank.kill()
  }
  const bank = await start()
  let open = 0
  await until(async () => {
    bank.send({ kind: "open" })
    return (open = (await bank.hear("open")).open) === 0
  }, "").catch(() => wrong.push(`${open} deliveries were left behind`))
  bank.send({ kind: "statements" })
  const { statements } = await bank.hear("statements")
  await bank.stop()
  const found = audit(statements, clients.all)
  const transfers = clients.all.filter(({ to }) => to !== undefined).length
  const { retried } = clients
  return { kills, commands: clients.all.length, transfers, retried, resumed, lost: found.lost, wrong: [...wrong, ...found.wrong] } // prettier-ignore
}

async function until(enough: () => boolean | Promise<boolean>, otherwise: string): Promise<void> {
  const end = performance.now() + patienceMs
  while (!(await enough())) {
    if (performance.now() > end) throw new Error(otherwise)
    await sleep(50)
  }
}
