/**
 * Sends the deliveries of one life of a persistent actor: the next one to a receiver leaves as soon as the one before
 * is answered. What is open stands in outbox.ts.
 */
import { anonymous } from "../cause.js"
import { AgentOSError } from "../errors.js"
import { numberedIn } from "../names.js"
import { againMs, pause } from "../timers.js"
import type { Delivery } from "./outbox.js"
import type { PersistedContext } from "./persisted-context.js"
import { fromStored, toStored } from "./stored.js"

const patient = { whenFull: "wait" } as const
const retryMs = { least: 100, most: 10_000 }
/** Between two attempts at one that its receiver refuses: another version of the receiver may take it. */
const refusedMs = { least: 1000, most: 60_000 }

export class Postman {
  readonly #life: PersistedContext
  /** Deliveries whose answer is awaited. */
  underWay = 0
  #writing = false

  constructor(life: PersistedContext) {
    this.#life = life
  }

  /** Sends all that can be sent now. */
  send(): void {
    const life = this.#life
    if (life.ending) return
    const { outbox } = life.persisted
    if (outbox.nothingDue) return // as after most writes
    for (const { number, delivery } of outbox.due()) void this.#deliver(number, delivery)
  }

  async #deliver(number: number, delivery: Delivery): Promise<void> {
    const life = this.#life
    this.underWay += 1
    let passedOver = false
    for (let attempt = 0; !life.ending; attempt++) {
      try {
        await this.#ask(number, delivery)
        if (!life.revoked) this.#answered(number)
        break
      } catch (error) {
        // One that is to stop has nothing to wait for, though a handler of its may still go on.
        if (life.ending || life.signal.aborted) break
        if (isArrival(error)) {
          if (!life.revoked) this.#answered(number)
          break
        }
        if (isRefusal(error)) {
          if (!passedOver)
            life.system.logger.error(
              { actor: life.self.address, error, to: delivery.to, type: delivery.type, number },
              "a delivery is refused by its receiver; later ones go on, and it is tried again",
            )
          passedOver = true
          life.persisted.outbox.passOver(number)
          this.send()
        } else if (attempt === 3)
          life.system.logger.warn(
            { actor: life.self.address, error, to: delivery.to },
            "a delivery fails; it goes on trying",
          )
        const between = isRefusal(error) ? refusedMs : retryMs
        await pause(life.system.wheel, againMs(life.system.random, between, attempt), life.signal)
      }
    }
    this.underWay -= 1
  }

  /** On behalf of nobody: it goes on when the caller has given up. */
  #ask(number: number, { to, type, payload }: Delivery): Promise<never> {
    const { system, persisted } = this.#life
    const { tenant, type: own, key } = persisted.id
    const cause = { ...anonymous, commandId: numberedIn(tenant, own, key, number) }
    const copy = fromStored(
      toStored(payload, () => `delivery ${number} of ${persisted.title}`),
      system,
    )
    return system.entityAt(to.tenant, to.type, to.key).request(type, copy, cause, patient, undefined, undefined)
  }

  /** Written down with what is stored next, or when none is open any more, or many are not written. */
  #answered(number: number): void {
    const { outbox } = this.#life.persisted
    outbox.acknowledge(number)
    this.send()
    if (!outbox.worthWriting || this.#writing) return
    this.#writing = true
    const over = (): void => {
      this.#writing = false
    }
    this.#life.appends.append([], undefined, undefined).then(over, over)
  }
}

/**
 * Whether a receiver has handled the message, though its answer, which nobody waits for, cannot be told, or is lost.
 */
export const isArrival = (error: unknown): boolean => error instanceof AgentOSError && error.executed === "yes"

/** Whether a receiver that is well refuses the message for what it is, and would do so again. */
const isRefusal = (error: unknown): boolean =>
  error instanceof AgentOSError &&
  error.executed === "no" &&
  (error.code === "UNKNOWN_MESSAGE" || error.code === "INVALID_PAYLOAD")
