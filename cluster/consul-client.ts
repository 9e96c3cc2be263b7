/**
 * A Consul agent over HTTP, by the npm package `consul`; nothing of that package is seen outside this file.
 *
 * What it is kept from doing
 *   - a call that never settles, because the agent died in the middle of its answer: each ends at its limit by our clock (C1)
 *   - hundreds of sockets: Consul hangs up on an address that has two hundred, and several nodes may share an address. Locks and records, of which there
 *     may be hundreds at once, queue for a few sockets; signs of life, renewals and watches have sockets of their own, so that they never queue behind
 *   - `undefined` for a lock or a comparison that failed, `null` for an empty value, an error for a prefix that has no keys
 *   - half a minute of silence after a cut: an agent that has lost all its servers looks for them no sooner by itself; here it is asked to
 *   - paths that Go cleans: a key is a path there, so what could make `//` or `..` of it is written as %XX
 */
import Consul from "consul"
import { EventEmitter } from "node:events"
import { Agent as HttpAgent } from "node:http"
import { Agent as HttpsAgent } from "node:https"
import type { Clock } from "#actors/clock.js"
import { thrownText } from "#actors/errors.js"
import type { Answer, Blocking, CallLimits, ConsulAgent, KeyEntry, NewService, ServiceEntry } from "./consul-agent.js"

export interface ConsulOptions {
  /** Of the agent on this machine; default `http://127.0.0.1:8500`. */
  readonly url?: string
  /**
   * Of Consul's access control lists: needs `service:write` for the node, `session:write` for all (the lease of one that went down is ended by another), `key:write` for its cluster;
   * with `agent:write` and `node:read`, too, Consul is found again sooner after a cut.
   */
  readonly token?: string
  /** PEM texts for https: the authority that signed the agent's certificate, and the certificate and key to show it. */
  readonly tls?: { readonly ca?: string; readonly cert?: string; readonly key?: string; readonly serverName?: string }
}

interface Response {
  readonly headers: Readonly<Record<string, string | undefined>>
  readonly statusCode: number
  readonly body?: unknown
}

type Failed = Error & { readonly response?: Response }

/** A call of the client; it is given what must stand among the options of each. */
type Call = (common: object) => Promise<unknown>

interface RawService {
  readonly ID: string
  readonly Tags: readonly string[] | null
  readonly Meta: Readonly<Record<string, string>> | null
  readonly Address: string
  readonly Port: number
}

interface RawHealth {
  readonly Service: RawService
  readonly Checks: readonly { readonly Status: string }[]
}

interface RawKey {
  readonly Key: string
  readonly Value: string | null
  readonly ModifyIndex: number
  readonly Session?: string
}

interface RawSession {
  readonly ID: string
  readonly Name: string
}

interface RawMember {
  readonly Addr: string
  readonly Port: number
  readonly Tags: Readonly<Record<string, string>> | null
}

/** What an agent answers that knows no server. */
const withoutServers = "No known Consul servers"
/** Between two searches for them, and how long one may take. */
const searchMs = 1000

const nothing = (): void => undefined
const isTrue = (body: unknown): boolean => body === true

export function consulClient(options: ConsulOptions, clock: Clock): ConsulAgent {
  return new ConsulClient(options, clock)
}

class ConsulClient implements ConsulAgent {
  readonly #clock: Clock
  /** For what must not wait. */
  readonly #consul: Consul
  /** For locks and records. */
  readonly #bulk: Consul
  readonly #closed = new AbortController()
  #searchedAt = -Infinity

  constructor({ url = "http://127.0.0.1:8500", token, tls = {} }: ConsulOptions, clock: Clock) {
    const { protocol, hostname, port } = new URL(url)
    if (protocol !== "http:" && protocol !== "https:") throw new TypeError(`not the address of a Consul agent: ${url}`)
    const secure = protocol === "https:"
    const { serverName: servername, ...pem } = tls
    const client = (maxSockets: number): Consul => {
      const sockets = { keepAlive: true, maxSockets }
      return new Consul({
        host: hostname,
        port: Number(port || (secure ? 443 : 80)),
        secure,
        agent: secure
          ? new HttpsAgent({ ...sockets, ...pem, ...(servername === undefined ? {} : { servername }) })
          : new HttpAgent(sockets),
        ...(token === undefined ? {} : { defaults: { token } }),
      })
    }
    this.#clock = clock
    this.#consul = client(100)
    this.#bulk = client(8)
  }

  register({ id, name, tags, meta, address, port, ttlMs, forgetMs }: NewService, limits: CallLimits) {
    const check = {
      name: `signs of life of ${id}`,
      ttl: `${ttlMs}ms`,
      status: "passing",
      deregistercriticalserviceafter: `${forgetMs}ms`,
    } as never // its type asks for what a TTL check has not
    const service = { id, name, tags: [...tags], meta: { ...meta }, address, port, check }
    return this.#call((common) => this.#consul.agent.service.register({ ...service, ...common }), nothing, limits)
  }

  deregister(id: string, limits: CallLimits) {
    return this.#call((common) => this.#consul.agent.service.deregister({ id, ...common }), nothing, limits)
  }

  services(limits: CallLimits) {
    const entries = (body: unknown) => Object.values((body ?? {}) as Record<string, RawService>).map(serviceEntry)
    return this.#call((common) => this.#consul.agent.service.list({ ...common }), entries, limits)
  }

  health(service: string, { index, waitMs, ...limits }: Blocking) {
    return this.#call(
      (common) => this.#consul.health.service({ service, ...blocking(index, waitMs), ...common }),
      (body) =>
        ((body ?? []) as readonly RawHealth[]).map(({ Service, Checks }) => ({
          ...serviceEntry(Service),
          passing: Checks.every(({ Status }) => Status === "passing"),
        })),
      limits,
    )
  }

  pass(id: string, limits: CallLimits) {
    return this.#call((common) => this.#consul.agent.check.pass({ id, ...common }), nothing, limits)
  }

  createSession(checks: readonly string[], lockDelayMs: number, name: string, limits: CallLimits) {
    const session = { name, checks: [...checks], lockdelay: `${lockDelayMs}ms`, behavior: "release" as const }
    return this.#call(
      (common) => this.#consul.session.create({ ...session, ...common }),
      (body) => (body as { ID: string }).ID,
      limits,
    )
  }

  renewSession(id: string, limits: CallLimits) {
    return this.#call((common) => this.#consul.session.renew({ id, ...common }), nothing, limits)
  }

  destroySession(id: string, limits: CallLimits) {
    return this.#call((common) => this.#consul.session.destroy({ id, ...common }), nothing, limits)
  }

  sessions(name: string, limits: CallLimits) {
    const alike = (body: unknown) =>
      ((body ?? []) as readonly RawSession[]).filter(({ Name }) => Name === name).map(({ ID }) => ID)
    return this.#call((common) => this.#consul.session.list({ ...common }), alike, limits)
  }

  acquire(key: string, value: string, acquire: string, limits: CallLimits) {
    return this.#call((common) => this.#bulk.kv.set({ key: path(key), value, acquire, ...common }), isTrue, limits)
  }

  release(key: string, release: string, limits: CallLimits) {
    // Releasing writes a value too; who held it last is of no interest.
    return this.#call((common) => this.#bulk.kv.set({ key: path(key), value: "", release, ...common }), isTrue, limits)
  }

  async acquireAll(keys: readonly string[], value: string, session: string, limits: CallLimits) {
    const bytes = Buffer.from(value).toString("base64")
    const operations = keys.map((key) => ({ Verb: "lock", Key: path(key), Value: bytes, Session: session }))
    return orConflict(await this.#transaction(operations, () => true, limits), false)
  }

  async releaseAll(keys: readonly string[], session: string, limits: CallLimits) {
    const operations = keys.map((key) => ({ Verb: "unlock", Key: path(key), Value: "", Session: session }))
    return orConflict(await this.#transaction(operations, () => true, limits), false)
  }

  get(key: string, { consistent = false, ...limits }: CallLimits & Pick<Blocking, "consistent">) {
    const how = consistent ? { consistent } : {}
    return this.#call(
      (common) => this.#bulk.kv.get({ key: path(key), ...how, ...common }),
      (body) => (body === undefined ? undefined : keyEntries([body as RawKey])[0]),
      limits,
    )
  }

  under(prefix: string, { index, waitMs, consistent = false, ...limits }: Blocking) {
    const how = { ...blocking(index, waitMs), ...(consistent ? { consistent } : {}) }
    return this.#call(
      (common) => this.#consul.kv.get({ key: path(prefix), recurse: true, ...how, ...common }),
      (body) => keyEntries((body ?? []) as readonly RawKey[]),
      limits,
    )
  }

  changed(prefix: string, { index, waitMs, ...limits }: Blocking) {
    // All keys under it begin alike up to its last character, so that they are one name in the answer.
    const all = path(prefix)
    const [key, separator] = [all.slice(0, -1), all.slice(-1)]
    return this.#call(
      (common) =>
        this.#consul.kv
          .keys({ key, separator, ...blocking(index, waitMs), ...common })
          .catch((error: Failed) => (error.response?.statusCode === 404 ? [error.response] : Promise.reject(error))),
      nothing,
      limits,
    )
  }

  // A transaction tells the new index; a plain write only that it was done.
  async compareAndSet(key: string, value: string, index: number, limits: CallLimits) {
    const bytes = Buffer.from(value).toString("base64")
    const operation = { Verb: "cas", Key: path(key), Value: bytes, Index: index }
    const written = (body: unknown): number | undefined =>
      (body as { Results: readonly { KV: RawKey }[] }).Results[0]?.KV.ModifyIndex
    return orConflict(await this.#transaction([operation], written, limits), undefined)
  }

  async compareAndDelete(key: string, index: number, limits: CallLimits) {
    const operation = { Verb: "delete-cas", Key: path(key), Index: index }
    return orConflict(await this.#transaction([operation], () => true, limits), false)
  }

  close(): void {
    this.#closed.abort()
    this.#consul.destroy()
    this.#bulk.destroy()
  }

  /** Lets the agent join the servers again that it knew. */
  async #search(): Promise<void> {
    const now = this.#clock.monotonic()
    if (now < this.#searchedAt + searchMs || this.#closed.signal.aborted) return
    this.#searchedAt = now
    const limits = { limitMs: searchMs, signal: this.#closed.signal }
    const serversOf = (body: unknown) =>
      (body as readonly RawMember[]).filter(({ Tags }) => Tags?.["role"] === "consul")
    const servers = await this.#call((common) => this.#consul.agent.members({ ...common }), serversOf, limits)
    if (servers.kind !== "ok") return
    const joins = servers.value.map(({ Addr, Port }) => {
      const address = `${Addr.includes(":") ? `[${Addr}]` : Addr}:${Port}`
      return this.#call((common) => this.#consul.agent.join({ address, ...common }), nothing, limits)
    })
    await Promise.all(joins)
  }

  #transaction<T>(all: readonly object[], read: (body: unknown) => T, limits: CallLimits): Promise<Answer<T>> {
    // Its types have lower-case names, which the client sends as they are, and Consul takes no notice of case; ours are Consul's own.
    const operations = all.map((KV) => ({ KV })) as never
    return this.#call((common) => this.#bulk.transaction.create(operations, { ...common } as never), read, limits)
  }

  #call<T>(call: Call, read: (body: unknown) => T, { limitMs, signal }: CallLimits): Promise<Answer<T>> {
    const context = Object.assign(new EventEmitter(), { includeResponse: true })
    return new Promise((resolve) => {
      const end = (answer: Answer<T>): void => {
        cancelTimer()
        signal.removeEventListener("abort", abort)
        resolve(answer)
      }
      const giveUp = (reason: string): void => {
        end({ kind: "unreachable", reason })
        context.emit("cancel")
      }
      const abort = (): void => giveUp("called off")
      const cancelTimer = this.#clock.timer(limitMs, () => giveUp(`no answer within ${Math.round(limitMs)} ms`))
      if (signal.aborted) return abort()
      signal.addEventListener("abort", abort, { once: true })
      call({ ctx: context }).then(
        (answer) => {
          const [{ headers }, body] = answer as readonly [Response, unknown]
          end({ kind: "ok", value: read(body), index: Number(headers["x-consul-index"] ?? 0) })
        },
        (error: Failed) => {
          const answer = failure(error)
          if (answer.kind === "refused" && answer.reason.includes(withoutServers)) void this.#search()
          end(answer)
        },
      ).catch((error: unknown) => end({ kind: "unreachable", reason: `not what Consul answers: ${thrownText(error)}` })) // prettier-ignore
    })
  }
}

function failure(error: Failed): Answer<never> {
  const { response } = error
  // An answer that cannot be read comes with its response too.
  if (response === undefined || response.statusCode < 300) return { kind: "unreachable", reason: error.message }
  const { body: said } = response
  const body = typeof said === "string" ? said.trim() : said === undefined ? "" : JSON.stringify(said)
  return { kind: "refused", status: response.statusCode, reason: body || error.message }
}

/** A transaction whose comparison failed is answered with 409, and so is one that the token does not allow. */
const orConflict = <T>(answer: Answer<T>, conflict: T): Answer<T> =>
  answer.kind === "refused" && answer.status === 409 && !/permission denied/i.test(answer.reason)
    ? { kind: "ok", value: conflict, index: 0 }
    : answer

const blocking = (index: number, waitMs: number): object =>
  index === 0 ? {} : { index: String(index), wait: `${waitMs}ms` }

const serviceEntry = ({ ID, Tags, Meta, Address, Port }: RawService): ServiceEntry => ({
  id: ID,
  tags: Tags ?? [],
  meta: Meta ?? {},
  address: Address,
  port: Port,
})

/** Keys of others, which are not written as ours are, are passed over. */
function keyEntries(raw: readonly RawKey[]): readonly KeyEntry[] {
  return raw.flatMap(({ Key, Value, ModifyIndex: modified, Session: session }) => {
    try {
      return [{ key: decodeURIComponent(Key), value: Value ?? "", modified, session }]
    } catch {
      return []
    }
  })
}

/** A key as Consul stores it: what begins alike still does, so that prefixes stay prefixes. */
function path(key: string): string {
  return key.replaceAll(/[^A-Za-z0-9_~/-]+|(?<=\/)\/+/g, (text) =>
    text.startsWith("/") ? "%2F".repeat(text.length) : encodeURIComponent(text).replaceAll(".", "%2E"),
  )
}
