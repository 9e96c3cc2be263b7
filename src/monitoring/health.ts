/** Is this node alive, and may it be sent work? Parts register what they know; the doors ask. */
import { thrownText } from "#actors/errors.js"

export type Health = { readonly ok: true } | { readonly ok: false; readonly reason: string }

export interface HealthReport {
  readonly ok: boolean
  readonly parts: Readonly<Record<string, Health>>
}

/** Looks and answers at once; a check that would have to wait keeps its last answer itself. */
export type HealthCheck = () => Health

export const healthy: Health = { ok: true }

export class HealthRegistry {
  readonly #live = new Map<string, HealthCheck>()
  readonly #ready = new Map<string, HealthCheck>()

  /** A check that, when it fails, means that the process should be replaced. */
  addLiveness(part: string, check: HealthCheck): void {
    this.#live.set(part, check)
  }

  /** A check that, when it fails, means that no new work should be sent for now. */
  addReadiness(part: string, check: HealthCheck): void {
    this.#ready.set(part, check)
  }

  live(): HealthReport {
    return report(this.#live)
  }

  /** Ready implies alive. */
  ready(): HealthReport {
    return report(new Map([...this.#live, ...this.#ready]))
  }
}

function report(checks: ReadonlyMap<string, HealthCheck>): HealthReport {
  const parts = Object.fromEntries([...checks].map(([part, check]) => [part, ask(check)]))
  return { ok: Object.values(parts).every(({ ok }) => ok), parts }
}

function ask(check: HealthCheck): Health {
  try {
    return check()
  } catch (error) {
    return { ok: false, reason: thrownText(error) }
  }
}
