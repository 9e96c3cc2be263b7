/** Sends the deliveries of one life of a persistent actor: the next one to a receiver leaves as soon as the one before is answered. What is open stands in outbox.ts. */
import { anonymous } from "../cause.js"
import { numberedIn } from "../names.js"
import { againMs, pause } from "../timers.js"
import type { Delivery } from "./outbox.js"
import type { PersistedContext } from "./persisted-context.js"
import { fromStored, toStored } from "./stored.js"

const patient = { whenFull: "wait" } as const
const retryMs = { least: 100, most: 10_000 }

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
    for (const { number, delivery } of outbox.due()) void this.#deliver(number, delivery)
  }

  async #deliver(number: number, delivery: Delivery): Promise<void> {
    const life = this.#life
    this.underWay += 1
    for (let attempt = 0; !life.ending; attempt++) {
      try {
        await this.#ask(number, delivery)
        if (!life.revoked) this.#answered(number)
        break
      } catch (error) {
        if (life.ending) break
        if (attempt === 3)
          life.system.logger.warn(
            { actor: life.self.address, error, to: delivery.to },
            "a delivery fails; it goes on trying",
          )
        await pause(life.system.wheel, againMs(life.system.random, retryMs, attempt), life.signal)
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
