/**
 * The calls under way at both doors: what ends them from outside, and when none is left.
 *
 * Invariants
 *   C1. A call of a key that is revoked ends at once with `UNAUTHENTICATED`: a stream too, and one whose body came late.
 *   C2. Once the doors close, no call is taken (`NODE_STOPPING`) and what has no end of its own ends. The rest goes on,
 *       until it is cut with `SYSTEM_STOPPED`; its runs stay open in the journal.
 */
import { Bag } from "#actors/bag.js"
import { AgentOSError } from "#actors/errors.js"
import { Cancellation } from "../cancellation.js"
import type { ApiKeys } from "../security/keys.js"

/** A call under way. */
export interface OpenCall {
  /** Calls its work off: when the caller gives up, its key is revoked, or the node stops. */
  readonly work: Cancellation
  /** It was answered. */
  end(): void
}

interface Member {
  place: number
  readonly caller: string
  readonly endless: boolean
  readonly work: Cancellation
}

const notTaken = (): AgentOSError =>
  new AgentOSError("NODE_STOPPING", "the node is stopping: ask another one, or this one once it is back", {
    details: { retryAfterMs: 1000 },
  })

export class OpenCalls {
  readonly #keys: ApiKeys
  readonly #open = new Bag<Member>()
  #entered = 0
  #closing = false
  #cut = false

  constructor(keys: ApiKeys) {
    this.#keys = keys
    keys.onRevoked((id) => this.#cancel(revoked(), ({ caller }) => caller === id)) // C1
  }

  /** Those that go on, whatever they ask for. */
  get size(): number {
    return this.#open.size + this.#entered
  }

  /** A call was taken that nothing ends from outside. @returns says that it was answered */
  enter(): () => void {
    this.#entered += 1
    return () => (this.#entered -= 1)
  }

  get closing(): boolean {
    return this.#closing
  }

  get areCut(): boolean {
    return this.#cut
  }

  /** Whether calls are still taken: asked before anything is read of one. @throws `NODE_STOPPING` */
  checkTaking(): void {
    if (this.#closing) throw notTaken() // C2
  }

  /**
   * @param signal the caller's own
   * @param endless it has no end of its own, as that of somebody who watches
   * @throws `UNAUTHENTICATED` when the key was revoked since it was looked at
   */
  begin(call: { caller: { id: string }; signal?: Cancellation | undefined }, { endless = false } = {}): OpenCall {
    if (this.#keys.isRevoked(call.caller.id)) throw revoked() // C1
    const work = new Cancellation()
    const { signal } = call
    const stay = signal?.onCancel(() => work.cancel(AgentOSError.from(signal.reason, "CANCELLED")))
    const member: Member = { place: 0, caller: call.caller.id, endless, work }
    this.#open.add(member)
    if (endless && this.#closing) work.cancel(notTaken())
    return {
      work,
      end: () => {
        stay?.()
        this.#open.remove(member)
      },
    }
  }

  /** Takes no more calls, and ends those that have no end of their own (C2). */
  close(): void {
    this.#closing = true
    this.#cancel(notTaken(), ({ endless }) => endless)
  }

  /** Ends whatever goes on (C2). */
  cut(): void {
    this.#cut = true
    const why = "the node stopped before this call ended; what is journalled of it goes on at the next start"
    this.#cancel(new AgentOSError("SYSTEM_STOPPED", why, { executed: "maybe" }), () => true)
  }

  #cancel(reason: AgentOSError, which: (member: Member) => boolean): void {
    for (const member of this.#open.members()) if (which(member)) member.work.cancel(reason)
  }
}

const revoked = (): AgentOSError => new AgentOSError("UNAUTHENTICATED", "this API key was revoked")
