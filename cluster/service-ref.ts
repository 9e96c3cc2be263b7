/** A service of this node as a ref, for one peer; and how services are named on a link. */
import { AgentOSError } from "#actors/errors.js"
import type { Cause } from "#actors/cause.js"
import { Ref } from "#actors/ref.js"
import type { ActorSystem } from "#actors/system.js"
import type { NodeId } from "./node.js"
import type { Service } from "./peers.js"

const prefix = "service:"

export const serviceAddress = (name: string): string => prefix + name

/** @returns the name of the service, or undefined for a name of something else */
export const serviceOf = (name: string): string | undefined =>
  name.startsWith(prefix) ? name.slice(prefix.length) : undefined

export class ServiceRef extends Ref {
  readonly address: string
  readonly #system: ActorSystem
  readonly #service: () => Service | undefined
  readonly #from: NodeId

  /** @param service which may come later than the first message to it */
  constructor(system: ActorSystem, name: string, service: () => Service | undefined, from: NodeId) {
    super()
    this.address = serviceAddress(name)
    this.#system = system
    this.#service = service
    this.#from = from
  }

  send(type: string, payload: unknown, _cause: Cause | undefined): boolean {
    this.request(type, payload).catch((error: unknown) =>
      this.#system.logger.warn({ service: this.address, type, from: this.#from, error }, "a service failed"),
    )
    return true
  }

  async request(type: string, payload: unknown): Promise<never> {
    const service = this.#service()
    if (service === undefined)
      throw new AgentOSError("UNAVAILABLE", `${this.#system.node} has no ${this.address} at the moment`)
    return (await service.handle(type, payload as never, this.#from)) as never
  }
}
