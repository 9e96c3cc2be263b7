/** A bank in a process of its own, to be killed: takes commands over its channel and answers each when it is durable. `node bank-process.js FOLDER` */
import {
  createActorSystem,
  openLevelJournal,
  resumeDeliveries,
  type Journal,
  type PersistenceId,
} from "#actors/index.js"
import { Outbox, type OutboxState } from "#actors/persistence/outbox.js"
import { Account, carryOut, type Command, type Statement } from "./bank.js"

export type ToBank =
  | { readonly kind: "commands"; readonly commands: readonly Command[] }
  | { readonly kind: "open" }
  | { readonly kind: "statements" }
  | { readonly kind: "stop" }

export type FromBank =
  | { readonly kind: "ready"; readonly resumed: number }
  | { readonly kind: "answered"; readonly number: number; readonly answer: number }
  | { readonly kind: "failed"; readonly number: number; readonly error: string }
  | { readonly kind: "open"; readonly open: number }
  | { readonly kind: "statements"; readonly statements: readonly Statement[] }

const send = (message: FromBank): void => void process.send?.(message)

const journal = await openLevelJournal(process.argv[2] as string)
const system = await createActorSystem({
  name: "bank",
  definitions: [Account],
  journal,
  entities: { maxResident: 30 }, // fewer than there are accounts: they sleep and wake all the time
})

async function keys(): Promise<string[]> {
  const all: string[] = []
  for await (const key of journal.keys("default", "account")) all.push(key)
  return all
}

/** How many deliveries an account has open, from what is durable: to ask the account would wake it. */
async function openDeliveries(from: Journal, id: PersistenceId): Promise<number> {
  const outbox = new Outbox()
  const snapshot = await from.snapshot(id)
  outbox.restore(snapshot?.outbox as OutboxState | undefined)
  for await (const events of from.read(id, snapshot?.sequence ?? 0))
    for (const { name, payload } of events) if (name.startsWith("$")) outbox.fold(name, payload, 0)
  return outbox.size
}

async function take(message: ToBank): Promise<void> {
  switch (message.kind) {
    case "commands":
      for (const command of message.commands)
        carryOut(system.entity(Account, command.account), command).then(
          (answer) => send({ kind: "answered", number: command.number, answer }),
          (error: unknown) => send({ kind: "failed", number: command.number, error: String(error) }),
        )
      return
    case "open": {
      let open = 0
      for (const key of await keys()) open += await openDeliveries(journal, { tenant: "default", type: "account", key })
      return send({ kind: "open", open })
    }
    case "statements": {
      const statements: Statement[] = []
      for (const key of await keys()) statements.push({ key, ...(await system.entity(Account, key).ask("statement")) })
      return send({ kind: "statements", statements })
    }
    case "stop":
      await system.stop()
      process.disconnect()
  }
}

process.on("message", (message) => void take(message as ToBank))
send({ kind: "ready", resumed: await resumeDeliveries(system, Account) })
