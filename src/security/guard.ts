/**
 * The one guard of both doors: who is this, may they do this, and not too often.
 *
 * Invariants
 *   G1. Off loopback, or with `requireKeys: "always"`, nothing is done without a valid key.
 *   G2. A key that looks like ours and is not valid is refused everywhere, also where none is required: its owner should know.
 *       Where no key is required, any other bearer text is ignored, because some clients cannot send none.
 *   G3. Every refusal is on the audit record.
 *   G4. A caller works in its own tenant; an admin may name another one for one call, and nobody else may.
 */
import { hash as digest, timingSafeEqual } from "node:crypto"
import type { Clock } from "#actors/clock.js"
import { AgentOSError } from "#actors/errors.js"
import type { AuditLog } from "./audit.js"
import type { ApiKeys } from "./keys.js"
import type { Policy, PolicyRule } from "./policy.js"
import { proofOf } from "./proof.js"
import { Rates } from "./rates.js"
import { adminCaller, includes, localCaller, tenantForm, type Caller, type Role } from "./roles.js"

export interface GuardOptions {
  readonly keys: ApiKeys
  /** The token of the token file, if the node has one. */
  readonly adminToken?: string | undefined
  readonly requireKeys: boolean
  readonly requestsPerMinute: number
  readonly policy: Policy
  readonly audit: AuditLog
  readonly clock: Clock
}

export class Guard {
  readonly keys: ApiKeys
  readonly #options: GuardOptions
  readonly #rates: Rates
  readonly #adminHash: Buffer | undefined

  constructor(options: GuardOptions) {
    this.keys = options.keys
    this.#options = options
    this.#rates = new Rates(options.requestsPerMinute)
    this.#adminHash = options.adminToken === undefined ? undefined : hash(options.adminToken)
  }

  /**
   * Who sent this, and may they ask now.
   *
   * @param authorization the `Authorization` header or metadata, or undefined
   * @param tenant the `x-tenant` header or metadata, or undefined
   * @throws `UNAUTHENTICATED`, `RATE_LIMITED` (with `details.retryAfterMs`), `FORBIDDEN`, `INVALID_NAME`
   */
  admit(authorization: string | undefined, tenant: string | undefined, operation: string, traceId: string): Caller {
    const caller = this.#identify(authorization)
    if (caller === undefined) {
      const given = authorization === undefined ? "this node requires an API key" : "this API key is unknown or revoked"
      throw this.#refuse(
        "UNAUTHENTICATED",
        `${given}: send \`Authorization: Bearer KEY\``,
        "unknown",
        operation,
        traceId,
      )
    }
    const { requestsPerMinute, clock } = this.#options
    const retryAfterMs = this.#rates.admit(caller.id, caller.requestsPerMinute ?? requestsPerMinute, clock.monotonic())
    if (retryAfterMs > 0) {
      const message = `too many requests: try again in ${retryAfterMs} ms`
      throw this.#refuse("RATE_LIMITED", message, caller.id, operation, traceId, { retryAfterMs })
    }
    return tenant === undefined || tenant === caller.tenant ? caller : this.#within(tenant, caller, operation, traceId)
  }

  /** A caller at work in another tenant than its own (G4). */
  #within(tenant: string, caller: Caller, operation: string, traceId: string): Caller {
    if (!includes(caller.role, "admin")) {
      const message = `x-tenant: ${caller.id} belongs to the tenant ${caller.tenant}; only an admin may name another one`
      throw this.#refuse("FORBIDDEN", message, caller.id, operation, traceId)
    }
    if (tenantForm.test(tenant)) return { ...caller, tenant }
    throw new AgentOSError(
      "INVALID_NAME",
      "x-tenant: a tenant is 1 to 63 letters, digits, dots, dashes and underscores",
    )
  }

  /** Refuses a caller whose role does not reach. @throws `FORBIDDEN` */
  requireRole(caller: Caller, role: Role, operation: string, traceId: string): void {
    if (includes(caller.role, role)) return
    const message = `${operation} needs the role ${role}; ${caller.id} has ${caller.role}`
    throw this.#refuse("FORBIDDEN", message, caller.id, operation, traceId)
  }

  /** Refuses what the policy forbids this caller. @throws `FORBIDDEN` */
  require(caller: Caller, may: PolicyRule["may"], target: string, operation: string, traceId: string): void {
    try {
      this.#options.policy.require([caller.id], may, target)
    } catch (error) {
      this.refused(AgentOSError.from(error).code, operation, traceId, caller.id, target)
      throw error
    }
  }

  /** Proves to whoever has the node's token that this node has it, too. @returns undefined without a token */
  prove(challenge: string): string | undefined {
    const { adminToken } = this.#options
    return adminToken === undefined ? undefined : proofOf(adminToken, challenge.slice(0, 100))
  }

  /** Notes a refusal that was decided elsewhere (G3). */
  refused(code: string, operation: string, traceId: string, caller = "unknown", target?: string): void {
    const about = { caller, operation, traceId, ...(target === undefined ? {} : { target }) }
    this.#options.audit.record({ ...about, outcome: "refused", code })
  }

  /** Notes an act that changes the node. */
  done(caller: Caller, operation: string, target: string, traceId: string): void {
    this.#options.audit.record({ caller: caller.id, operation, target, outcome: "done", traceId })
  }

  #identify(authorization: string | undefined): Caller | undefined {
    const token = authorization === undefined ? undefined : withoutScheme(authorization)
    const fallback = this.#options.requireKeys ? undefined : localCaller // G1
    if (token === undefined) return fallback
    if (token.startsWith("lat_")) {
      return this.#adminHash !== undefined && timingSafeEqual(hash(token), this.#adminHash) ? adminCaller : undefined
    }
    if (token.startsWith("lao_")) return this.keys.authenticate(token)
    return /\bla[ot]_/.test(token) ? undefined : fallback // G2: one of ours in a form that is not
  }

  #refuse(
    code: string,
    message: string,
    caller: string,
    operation: string,
    traceId: string,
    details?: Readonly<Record<string, unknown>>,
  ): AgentOSError {
    this.refused(code, operation, traceId, caller)
    return new AgentOSError(code, message, details === undefined ? {} : { details })
  }
}

function hash(text: string): Buffer {
  return digest("sha256", text, "buffer")
}

/** RFC 7235: a scheme's name has no case. Most write it in one way, which costs no pattern. */
const withoutScheme = (authorization: string): string =>
  authorization.startsWith("Bearer lao_") ? authorization.slice(7) : authorization.replace(/^bearer[ \t]+/i, "")
