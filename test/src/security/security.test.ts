import { chmod, stat, writeFile } from "node:fs/promises"
import { join } from "node:path"
import fc from "fast-check"
import t from "tap"
import { systemClock, systemRandom } from "#actors/clock.js"
import { silentLogger } from "#actors/telemetry.js"
import { AuditLog, type AuditRecord } from "#src/security/audit.js"
import { Guard, type GuardOptions } from "#src/security/guard.js"
import { ApiKeys, memoryKeyStore } from "#src/security/keys.js"
import { isLoopback, judgeOrigin, ownNames } from "#src/security/origin.js"
import { decide, Policy } from "#src/security/policy.js"
import { burst, take, type Bucket } from "#src/security/rates.js"
import { ensureTokenFile, readTokenFile } from "#src/security/token-file.js"

t.test(
  "a key opens the door until it is revoked, also after a restart, and its secret is stored nowhere",
  async (t) => {
    const store = memoryKeyStore()
    const keys = await ApiKeys.open(store, systemClock, systemRandom)
    const { key, record } = await keys.create("robot", { requestsPerMinute: 60 })
    t.match(keys.authenticate(key), { id: record.id, role: "user", requestsPerMinute: 60 })
    t.equal(Buffer.from(key.split("_").slice(2).join("_"), "base64url").length, 32, "256 bits")
    t.notOk(JSON.stringify(await store.all()).includes(key.slice(21)), "only the hash is kept")

    const reopened = await ApiKeys.open(store, systemClock, systemRandom)
    t.ok(reopened.authenticate(key))
    await reopened.revoke(record.id)
    t.equal(reopened.authenticate(key), undefined)
    t.equal((await ApiKeys.open(store, systemClock, systemRandom)).authenticate(key), undefined)
    t.match(reopened.list(), [{ name: "robot", revokedAt: Number }], "it stays on record")
    await t.rejects(reopened.revoke("0000000000000000"), { code: "UNKNOWN_KEY" })
  },
)

t.test("no other text opens the door", async (t) => {
  const keys = await ApiKeys.open(memoryKeyStore(), systemClock, systemRandom)
  const { key } = await keys.create("robot")
  const altered = (at: number) => key.slice(0, at) + (key[at] === "0" ? "1" : "0") + key.slice(at + 1)
  for (let at = 0; at < key.length - 1; at++) t.equal(keys.authenticate(altered(at)), undefined, `digit ${at} changed`)
  for (const text of ["", "lao_", `${key} `, ` ${key}`, key.toUpperCase(), key.slice(0, -1), `${key}A`])
    t.notOk(keys.authenticate(text))
  fc.assert(fc.property(fc.string(), (text) => keys.authenticate(text) === undefined))
})

t.test("over any stretch of time a caller gets its rate and one burst at most", async () => {
  const arrivals = fc.array(fc.integer({ min: 0, max: 5_000 }), { maxLength: 200 })
  fc.assert(
    fc.property(arrivals, fc.integer({ min: 1, max: 6_000 }), (gaps, perMinute) => {
      let bucket: Bucket | undefined
      let now = 0
      let admitted = 0
      for (const gap of gaps) {
        now += gap
        const admission = take(bucket, perMinute, now)
        if (admission.kind === "refused") continue
        bucket = admission.bucket
        admitted++
      }
      return admitted <= burst(perMinute) + (now * perMinute) / 60_000 + 1e-6
    }),
  )
})

t.test("who waits as long as it was told is admitted", (t) => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 100_000 }), fc.integer({ min: 0, max: 10_000 }), (perMinute, start) => {
      const now = start
      let bucket: Bucket | undefined
      for (;;) {
        const admission = take(bucket, perMinute, now)
        if (admission.kind === "refused")
          return take(bucket, perMinute, now + admission.retryAfterMs).kind === "admitted"
        bucket = admission.bucket
      }
    }),
  )
  t.end()
})

t.test("the first rule that matches decides, and without one a call is allowed", async (t) => {
  const rules = [
    { caller: "robot", may: "call", target: "ask", effect: "allow" },
    { caller: "*", may: "call", target: "ask", effect: "deny" },
    { caller: "robot", may: "use", target: "*", effect: "deny" },
  ] as const
  t.same(decide(rules, "robot", "call", "ask"), { kind: "allow" })
  t.same(decide(rules, "other", "call", "ask"), { kind: "deny", rule: 1 })
  t.same(decide(rules, "other", "call", "else"), { kind: "allow" })
  t.same(decide(rules, "robot", "use", "calculator"), { kind: "deny", rule: 2 })
})

t.test("a foreign origin and a rebound name are told apart from the node's own page", async (t) => {
  const own = ownNames("127.0.0.1", ["agents.example"])
  for (const [host, origin, verdict] of [
    ["127.0.0.1:7420", undefined, "own"],
    ["localhost:7420", "http://localhost:7420", "own"],
    ["[::1]:7420", undefined, "own"],
    ["agents.example", "https://agents.example", "own"],
    ["AGENTS.example:443", undefined, "own"],
    ["127.0.0.1:7420", "http://127.0.0.1:3000", "foreign-origin"],
    ["127.0.0.1:7420", "https://evil.example", "foreign-origin"],
    ["127.0.0.1:7420", "null", "foreign-origin"],
    ["evil.example:7420", "http://evil.example:7420", "foreign-host"],
    ["127.0.0.1.evil.example", undefined, "foreign-host"],
    ["10.0.0.1:7420", undefined, "foreign-host"],
    ["", undefined, "foreign-host"],
    [undefined, undefined, "foreign-host"],
  ] as const)
    t.equal(judgeOrigin(own, host, origin), verdict, `${host} ${origin}`)

  const everywhere = ownNames("0.0.0.0", [])
  t.equal(judgeOrigin(everywhere, "10.0.0.1:7420", undefined), "own", "an address cannot be rebound")
  t.equal(judgeOrigin(everywhere, "evil.example:7420", undefined), "foreign-host")
  t.strictSame(
    ["127.0.0.1", "127.9.9.9", "::1", "localhost", "0.0.0.0", "10.0.0.1", "127.0.0.1.evil.example"].map(isLoopback),
    [true, true, true, true, false, false, false],
  )
})

t.test("the token file is made once, readable by its owner alone, and a damaged one is replaced", async (t) => {
  const path = join(t.testdir(), "data", "token")
  t.equal(await readTokenFile(path), undefined)
  const token = await ensureTokenFile(path, systemRandom)
  t.equal((await stat(path)).mode & 0o777, 0o600)
  t.equal(await ensureTokenFile(path, systemRandom), token)
  t.equal(await readTokenFile(path), token)
  for (const damaged of ["", "nonsense", `${token}x`, "\u0000"]) {
    await writeFile(path, damaged)
    await chmod(path, 0o666)
    const made = await ensureTokenFile(path, systemRandom)
    t.not(made, token)
    t.equal(await readTokenFile(path), made)
    t.equal((await stat(path)).mode & 0o777, 0o600, "it does not keep the mode of the damaged one")
  }
  await chmod(path, 0o644)
  await ensureTokenFile(path, systemRandom)
  t.equal((await stat(path)).mode & 0o777, 0o600)
})

async function guardWith(options: Partial<GuardOptions>) {
  const audit: AuditRecord[] = []
  const store = { append: async (record: AuditRecord) => void audit.push(record) }
  const log = new AuditLog({ store, logger: silentLogger, clock: { ...systemClock, timer: () => () => undefined } })
  const guard = new Guard({
    keys: await ApiKeys.open(memoryKeyStore(), systemClock, systemRandom),
    requireKeys: true,
    requestsPerMinute: 600,
    policy: new Policy([]),
    audit: log,
    clock: systemClock,
    ...options,
  })
  return { guard, audit, log }
}

t.test("where keys are required nobody gets in without one, and each refusal is on record", async (t) => {
  const { guard, audit, log } = await guardWith({ adminToken: `lat_${"x".repeat(43)}` })
  const { key, record } = await guard.keys.create("robot")
  for (const text of [undefined, "", "Bearer ", "Bearer local", `Bearer ${key}x`, "Basic abc", "Bearer lat_wrong"])
    t.throws(() => guard.admit(text, undefined, "Run", "trace"), { code: "UNAUTHENTICATED" }, String(text))
  t.equal(audit.length, 1, "the first at once")
  await log.close()
  t.match(audit[1], { operation: "Run", outcome: "refused", code: "UNAUTHENTICATED", more: 6 })
  t.match(audit[0], { operation: "Run", outcome: "refused", code: "UNAUTHENTICATED", traceId: "trace" })
  t.equal(guard.admit(`Bearer ${key}`, undefined, "Run", "trace").id, record.id)
  t.equal(guard.admit(key, undefined, "Run", "trace").id, record.id)
  t.equal(guard.admit(`Bearer lat_${"x".repeat(43)}`, undefined, "Run", "trace").role, "admin")
})

t.test("where no key is required a foreign bearer is ignored, but a wrong key of ours is refused", async (t) => {
  const { guard } = await guardWith({ requireKeys: false })
  t.equal(guard.admit(undefined, undefined, "Run", "t").id, "local")
  t.equal(guard.admit("Bearer sk-unused", undefined, "Run", "t").id, "local")
  t.throws(() => guard.admit("Bearer lao_0123456789abcdef_wrong", undefined, "Run", "t"), { code: "UNAUTHENTICATED" })
  t.throws(() => guard.requireRole(guard.admit(undefined, undefined, "CreateKey", "t"), "admin", "CreateKey", "t"), {
    code: "FORBIDDEN",
  })
})

t.test("the scheme of a key has no case, and a key of ours in any other form opens nothing", async (t) => {
  const { guard } = await guardWith({ requireKeys: false })
  const { key, record } = await guard.keys.create("robot")
  for (const scheme of ["bearer ", "BEARER ", "bEaReR  ", "Bearer\t", ""])
    t.equal(guard.admit(scheme + key, undefined, "Run", "t").id, record.id, scheme)
  await guard.keys.revoke(record.id)
  for (const scheme of ["bearer ", "BEARER ", "Bearer: ", "Token ", "Basic ", "Bearer Bearer ", "key=", '"', ""])
    t.throws(() => guard.admit(scheme + key, undefined, "Run", "t"), { code: "UNAUTHENTICATED" }, scheme)
  t.throws(() => guard.admit("token lat_wrong", undefined, "Run", "t"), { code: "UNAUTHENTICATED" })
})

t.test("a caller works in the tenant of its key; an admin may name another one, and nobody else may", async (t) => {
  const { guard, audit } = await guardWith({ requireKeys: false })
  const { key } = await guard.keys.create("robot", { tenant: "acme" })
  const { key: chief } = await guard.keys.create("chief", { role: "admin", tenant: "acme" })
  t.equal(guard.admit(undefined, undefined, "Run", "t").tenant, "default")
  t.equal(guard.admit(key, undefined, "Run", "t").tenant, "acme")
  t.equal(guard.admit(key, "acme", "Run", "t").tenant, "acme")
  for (const other of ["default", "else", "", "not a name"]) {
    t.throws(() => guard.admit(key, other, "Run", "t"), { code: "FORBIDDEN" }, other)
    t.match(audit.at(-1), { code: "FORBIDDEN", operation: "Run" })
  }
  t.throws(() => guard.admit(undefined, "acme", "Run", "t"), { code: "FORBIDDEN" }, "an operator is no admin")
  t.match(guard.admit(chief, "else", "Run", "t"), { tenant: "else", role: "admin" })
  t.equal(guard.admit(chief, undefined, "Run", "t").tenant, "acme", "for one call only")
  for (const wrong of ["", "a/b", "a b", "\u0000", "x".repeat(64), "ä"])
    t.throws(() => guard.admit(chief, wrong, "Run", "t"), { code: "INVALID_NAME" }, wrong)
})

t.test("a key from before keys had tenants belongs to the default one", async (t) => {
  const store = memoryKeyStore()
  const keys = await ApiKeys.open(store, systemClock, systemRandom)
  const { key, record } = await keys.create("old")
  const { tenant: _tenant, ...old } = record
  await store.put(old as typeof record)
  t.equal((await ApiKeys.open(store, systemClock, systemRandom)).authenticate(key)?.tenant, "default")
})

t.test("a key has its own rate, which others do not use up", async (t) => {
  const { guard } = await guardWith({ requireKeys: false, requestsPerMinute: 50 })
  const { key } = await guard.keys.create("slow", { requestsPerMinute: 10 })
  guard.admit(key, undefined, "Run", "t")
  t.throws(() => guard.admit(key, undefined, "Run", "t"), { code: "RATE_LIMITED", details: { retryAfterMs: Number } })
  for (let i = 0; i < 5; i++) guard.admit(undefined, undefined, "Run", "t")
  t.throws(() => guard.admit(undefined, undefined, "Run", "t"), { code: "RATE_LIMITED" })
})
