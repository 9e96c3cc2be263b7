/** What every adapter of the journal does alike with what it is given. */
import { AgentOSError } from "../errors.js"
import type { AppendOptions, NewEvent, PersistenceId } from "./journal.js"
import { toStored } from "./stored.js"

/** For messages. */
export const titleOf = ({ tenant, type, key }: PersistenceId): string => `${tenant}/${type}/${key}`

/** An append as it is at the call (J1), whatever becomes of what the caller gave. @throws `INVALID_PAYLOAD` */
export function heldAppend(
  actor: PersistenceId,
  events: readonly NewEvent[],
  options: AppendOptions = {},
): { readonly events: readonly NewEvent[]; readonly options: AppendOptions } {
  const { command } = options
  const held = events.map(({ name, payload, version }, i) => {
    return {
      name,
      payload: toStored(payload, () => `event ${name} (${i + 1} of ${events.length}) of ${titleOf(actor)}`),
      version,
    }
  })
  if (command === undefined) return { events: held, options: { ...options } }
  const reply = toStored(command.reply, () => `the answer to command ${command.id} of ${titleOf(actor)}`)
  return { events: held, options: { ...options, command: { id: command.id, reply } } }
}

/** J2 and J3, the same for every adapter. */
export function checkAppend(
  actor: PersistenceId,
  stored: { readonly sequence: number; readonly epoch: number },
  expectedSequence: number,
  epoch: number,
): void {
  if (epoch >= stored.epoch && expectedSequence === stored.sequence) return
  const name = titleOf(actor)
  if (epoch < stored.epoch)
    throw new AgentOSError(
      "STALE_EPOCH",
      `${name}: epoch ${epoch} was overtaken by ${stored.epoch}; another owner writes now`,
    )
  throw new AgentOSError(
    "SEQUENCE_CONFLICT",
    `${name}: expected to follow event ${expectedSequence}, but the last one is ${stored.sequence}`,
  )
}

/** J6. @param covered sequence of the stored snapshot, 0 without one */
export function checkTrim(actor: PersistenceId, upTo: number, covered: number): void {
  if (upTo <= covered) return
  throw new AgentOSError(
    "STORE_REFUSED",
    `${titleOf(actor)}: events up to ${upTo} cannot be trimmed; ${covered === 0 ? "there is no snapshot" : `the snapshot covers them up to ${covered}`}`,
  )
}
