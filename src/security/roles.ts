import { DEFAULT_TENANT } from "#actors/cause.js"

/** What a caller may do at all, before the policy says with which agents. Each role includes the ones before it. */
export const roles = ["user", "operator", "admin"] as const

/** `user` asks agents; `operator` also steers agents and adds knowledge; `admin` also manages keys and the cluster. */
export type Role = (typeof roles)[number]

/** Whether one role includes another. */
export function includes(has: Role, needed: Role): boolean {
  return roles.indexOf(has) >= roles.indexOf(needed)
}

/** Who is on the other side of a door. */
export interface Caller {
  /** Id of the API key; "local" for a program of this machine, "admin" for the holder of the token file. */
  readonly id: string
  readonly role: Role
  /** Whose runs, conversations and knowledge it works with. */
  readonly tenant: string
  /** Requests a minute this caller may make; absent: no limit. */
  readonly requestsPerMinute?: number
}

/** A program on this machine, where no key is required. */
export const localCaller: Caller = { id: "local", role: "operator", tenant: DEFAULT_TENANT }

/** Whoever can read the node's token file. */
export const adminCaller: Caller = { id: "admin", role: "admin", tenant: DEFAULT_TENANT }

/** What a tenant may be called: it stands in headers, in files and in the keys of every store. */
export const tenantForm = /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/
