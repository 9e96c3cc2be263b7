/** API keys, for administrators. */
import { z } from "zod"
import { llmagentos } from "#proto/agent.generated.js"
import type { KeyRecord } from "../../security/keys.js"
import { roles, tenantForm } from "../../security/roles.js"
import { count, name, nothing } from "./forms.js"
import { ofStores, operation } from "./operation.js"

const { v1 } = llmagentos

const key = z
  .object({
    id: z.string(),
    name: z.string(),
    role: z.enum(roles),
    tenant: z.string(),
    createdAt: z.number().describe("Wall time in milliseconds since 1970."),
    revokedAt: z.number().exactOptional(),
    requestsPerMinute: count.exactOptional(),
  })
  .meta({ id: "Key" })

/** A key's record without the hash of its secret. */
const keyView = ({ hash: _hash, ...view }: KeyRecord): Omit<KeyRecord, "hash"> => view

export const keys = {
  CreateKey: operation({
    role: "admin",
    tag: "keys",
    summary: "Makes an API key; the answer is the only place where it stands.",
    rest: { method: "POST", path: "/v1/keys" },
    input: z.strictObject({
      name: name.describe("What the key is for."),
      role: z.enum(roles).optional().describe("Default: user."),
      tenant: z
        .string()
        .regex(tenantForm)
        .optional()
        .describe("Whose runs, conversations and knowledge it is for; default: the tenant of the call."),
      requestsPerMinute: z.int().min(1).max(1_000_000_000).optional(),
    }),
    output: z.object({ record: key, key: z.string().describe("The whole key; it cannot be had again.") }),
    errors: [...ofStores],
    wire: { request: v1.CreateKeyRequest, reply: v1.NewKey },
    async handle({ name, role, tenant = undefined, requestsPerMinute }, call, { parts }) {
      const { key, record } = await parts.guard.keys.create(name, {
        tenant: tenant ?? call.caller.tenant,
        ...(role === undefined ? {} : { role }),
        ...(requestsPerMinute === undefined ? {} : { requestsPerMinute }),
      })
      parts.guard.done(call.caller, call.operation, record.id, call.traceId)
      return { key, record: keyView(record) }
    },
  }),
  ListKeys: operation({
    role: "admin",
    tag: "keys",
    summary: "Every API key, without its secret.",
    rest: { method: "GET", path: "/v1/keys" },
    input: nothing,
    output: z.object({ keys: z.array(key) }),
    errors: [],
    wire: { request: v1.ListRequest, reply: v1.KeyList },
    handle: async (_input, _call, { parts }) => ({ keys: parts.guard.keys.list().map(keyView) }),
  }),
  RevokeKey: operation({
    role: "admin",
    tag: "keys",
    summary: "Refuses a key from now on.",
    rest: { method: "DELETE", path: "/v1/keys/:id" },
    input: z.strictObject({ id: name }),
    output: key,
    errors: ["UNKNOWN_KEY", ...ofStores],
    wire: { request: v1.KeyId, reply: v1.Key },
    async handle({ id }, call, { parts }) {
      const record = await parts.guard.keys.revoke(id)
      parts.guard.done(call.caller, call.operation, id, call.traceId)
      return keyView(record)
    },
  }),
}
