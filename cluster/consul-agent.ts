/**
 * What this house asks of a Consul agent, in its own words. `consul-client.ts` asks a real one over HTTP; a simulation answers from memory, so that
 * the code above it is the same in both.
 *
 * Invariants
 *   C1. Every call ends within its limit, whatever becomes of the connection, and never throws.
 *   C2. `refused` means that Consul has answered; `unreachable` leaves open whether the call was carried out.
 */
export type Answer<T> =
  | { readonly kind: "ok"; readonly value: T; readonly index: number }
  | { readonly kind: "refused"; readonly status: number; readonly reason: string }
  | { readonly kind: "unreachable"; readonly reason: string }

/** How long a call may take, and what calls it off. */
export interface CallLimits {
  readonly limitMs: number
  readonly signal: AbortSignal
}

/** Waits on Consul's side until there is something after this index, or the time is over. */
export interface Blocking extends CallLimits {
  readonly index: number
  readonly waitMs: number
  /** Only as the leader sees it once the other servers have said that it still is the leader. */
  readonly consistent?: boolean
}

export interface ServiceEntry {
  readonly id: string
  readonly tags: readonly string[]
  readonly meta: Readonly<Record<string, string>>
  readonly address: string
  readonly port: number
}

/** A service with a TTL check that passes at first. */
export interface NewService extends ServiceEntry {
  readonly name: string
  readonly ttlMs: number
  /** It is struck off when its check has not passed for so long. */
  readonly forgetMs: number
}

export interface HealthEntry extends ServiceEntry {
  /** All its checks pass, those of its machine too. */
  readonly passing: boolean
}

export interface KeyEntry {
  readonly key: string
  readonly value: string
  /** Index of its last change. */
  readonly modified: number
  /** The session that holds it as a lock. */
  readonly session: string | undefined
}

/** As many operations as Consul takes in one transaction. */
export const transactionKeys = 64

/** The check that comes with a service. */
export const checkOf = (service: string): string => `service:${service}`

export interface ConsulAgent {
  register(service: NewService, limits: CallLimits): Promise<Answer<void>>
  deregister(serviceId: string, limits: CallLimits): Promise<Answer<void>>
  /** The services that this agent knows, by no means all of the cluster. */
  services(limits: CallLimits): Promise<Answer<readonly ServiceEntry[]>>
  /** All instances of a service in the cluster. */
  health(name: string, blocking: Blocking): Promise<Answer<readonly HealthEntry[]>>
  pass(check: string, limits: CallLimits): Promise<Answer<void>>
  /** @returns the id of the session */
  createSession(
    checks: readonly string[],
    lockDelayMs: number,
    name: string,
    limits: CallLimits,
  ): Promise<Answer<string>>
  renewSession(id: string, limits: CallLimits): Promise<Answer<void>>
  destroySession(id: string, limits: CallLimits): Promise<Answer<void>>
  /** Ids of all sessions of this name. */
  sessions(name: string, limits: CallLimits): Promise<Answer<readonly string[]>>
  /** @returns whether the session has the lock now */
  acquire(key: string, value: string, session: string, limits: CallLimits): Promise<Answer<boolean>>
  release(key: string, session: string, limits: CallLimits): Promise<Answer<boolean>>
  /** All of them or none; `transactionKeys` at most. @returns whether the session has all of the locks now */
  acquireAll(keys: readonly string[], value: string, session: string, limits: CallLimits): Promise<Answer<boolean>>
  /** All of them or none, when one was not held. */
  releaseAll(keys: readonly string[], session: string, limits: CallLimits): Promise<Answer<boolean>>
  /** @param limits with `consistent`, as for `Blocking` */
  get(key: string, limits: CallLimits & Pick<Blocking, "consistent">): Promise<Answer<KeyEntry | undefined>>
  /** Everything under a prefix, by key. */
  under(prefix: string, blocking: Blocking): Promise<Answer<readonly KeyEntry[]>>
  /** Waits as `under` does and tells the index alone, which costs Consul and its clients next to nothing where the list is long. */
  changed(prefix: string, blocking: Blocking): Promise<Answer<void>>
  /** @returns the new index, or undefined when the key has changed since; index 0 means that it is not there */
  compareAndSet(key: string, value: string, index: number, limits: CallLimits): Promise<Answer<number | undefined>>
  compareAndDelete(key: string, index: number, limits: CallLimits): Promise<Answer<boolean>>
  close(): void
}
