/**
 * Bugs as people make them, to be planted into the simulated cluster: a proof that finds none of these proves nothing. Each sits in a port or in a method of the runtime that is
 * replaced while the simulation runs; the runtime itself has no switch for any of them.
 */
import { Barriers } from "#cluster/barriers.js"
import { ShardClaim } from "#cluster/claim.js"
import type { ClusterOptions } from "#cluster/cluster-options.js"
import { Lines } from "#cluster/held.js"
import { DEFAULT_LEASE } from "#cluster/lease.js"
import { MembershipDriver } from "#cluster/membership-driver.js"
import { MemoryEpochs } from "#cluster/memory-epochs.js"
import type { StateIs } from "#cluster/placement.js"
import type { Registry } from "#cluster/registry.js"
import { headerBytes, Session } from "#cluster/session.js"
import { ShardState } from "#cluster/shard-state.js"
import { Elsewhere } from "#cluster/sharded-ref.js"
import { SharedOwnership } from "#cluster/shared-ownership.js"
import { Dispatch } from "#cluster/dispatch.js"
import type { Seams } from "./simulated-cluster.js"

export interface Bug extends Seams {
  readonly name: string
  readonly state: StateIs
}

/** Replaces a method. @returns puts it back */
function replace<T extends object, K extends keyof T>(object: T, name: K, by: (before: T[K]) => T[K]): () => void {
  const before = object[name]
  object[name] = by(before)
  return () => void (object[name] = before)
}

/** A port in which some methods are others; those that are not replaced keep their `this`. */
function withChanges<T extends object>(port: T, changes: Partial<T>): T {
  return new Proxy(port, {
    get(target, name) {
      const value: unknown = Reflect.get(name in changes ? changes : target, name)
      return typeof value === "function" && !(name in changes) ? (value as () => unknown).bind(target) : value
    },
  })
}

const withRegistry = (options: ClusterOptions, change: (registry: Registry) => Partial<Registry>): ClusterOptions => ({
  ...options,
  registry: withChanges(options.registry, change(options.registry)),
})

/** Writes a record whatever version it has. */
const overwriting = (registry: Registry): Partial<Registry> => ({
  async write(key, value, version) {
    const answer = await registry.write(key, value, version)
    if (answer.kind !== "conflict" || !key.startsWith("home")) return answer
    const found = await registry.read(key)
    return registry.write(key, value, found.kind === "found" ? found.record.version : 0)
  },
})

export const bugs: readonly Bug[] = [
  {
    name: "no epoch is looked at when something is appended",
    state: "shared",
    patch: () =>
      replace(MemoryEpochs.prototype, "guard", () => (journal) => ({
        ...journal,
        append: (actor, expected, _epoch, events, options) => journal.append(actor, expected, 1e9, events, options),
      })),
  },
  {
    name: "an epoch is minted without a look at the one before",
    state: "shared",
    patch: () =>
      replace(
        MemoryEpochs.prototype,
        "mint",
        (mint) =>
          async function (this: MemoryEpochs, shard, _expected, holder) {
            return mint.call(this, shard, (await this.read(shard)).epoch, holder)
          },
      ),
  },
  {
    name: "an owner answers from memory though its lease is not fresh",
    state: "shared",
    patch: () =>
      replace(
        SharedOwnership.prototype,
        "mayAnswer",
        (mayAnswer) =>
          function (this: SharedOwnership, shard) {
            const right = mayAnswer.call(this, shard)
            return right === "confirm" ? "from-memory" : right
          },
      ),
  },
  {
    name: "an owner serves before its lease was renewed after the mint (L4)",
    state: "shared",
    patch: () =>
      replace(
        ShardClaim.prototype,
        "feed",
        (feed) =>
          function (this: ShardClaim, event) {
            feed.call(this, event)
            const { claim } = this
            if (event.kind !== "minted" || claim.at !== "recovering") return
            const { mintedAt, lease } = claim
            const wall = lease.renewedFrom.wall + mintedAt - lease.renewedFrom.monotonic
            feed.call(this, { kind: "renewed", session: lease.holder, begunAt: { monotonic: mintedAt, wall } })
          },
      ),
  },
  {
    name: "a candidate does not wait until the lease of the owner before is over (L6)",
    state: "shared",
    around(options) {
      const { state } = options
      const timings = { ...DEFAULT_LEASE, lockDelayMs: 0 }
      return { ...options, state: { ...state, ownership: (ports) => state.ownership({ ...ports, timings }) } }
    },
  },
  {
    name: "what a handler answers is not looked at again when it leaves (L7)",
    state: "shared",
    patch: () =>
      replace(
        Dispatch.prototype,
        "answered",
        () => (_shard, answer) => (answer instanceof Elsewhere ? answer.told : answer),
      ),
  },
  {
    name: "the first of the messages that are held is lost when a shard is handed over",
    state: "shared",
    patch: () =>
      replace(
        Lines.prototype,
        "take",
        (take) =>
          function (this: Lines, line) {
            const taken = take.call(this, line)
            return line === "both" ? taken.slice(1) : taken
          },
      ),
  },
  {
    name: "a sender does not wait until the owner before has passed on what it was sent",
    state: "shared",
    patch: () => replace(Barriers.prototype, "mayGo", () => () => true),
  },
  {
    name: "after a cut, nothing is sent again",
    state: "shared",
    patch: () =>
      replace(
        Session.prototype,
        "reopened",
        (reopened) =>
          function (this: Session, received) {
            reopened.call(this, received)
            while (this.next() !== undefined);
          },
      ),
  },
  {
    name: "a frame that is sent again after a cut is taken in twice",
    state: "shared",
    patch: () =>
      replace(
        Session.prototype,
        "take",
        (take) =>
          function (this: Session, frame) {
            const taken = take.call(this, frame)
            return taken.kind === "duplicate" ? { kind: "text", bytes: frame, at: headerBytes } : taken
          },
      ),
  },
  {
    name: "an incarnation that was removed is a member again",
    state: "shared",
    patch: () =>
      replace(
        MembershipDriver.prototype,
        "heard",
        (heard) =>
          function (this: MembershipDriver, event) {
            heard.call(this, event)
            ;(this.view.tombstones as Map<unknown, unknown>).clear()
          },
      ),
  },
  {
    name: "the answers of commands are not looked for, so that what is sent again is done again",
    state: "shared",
    around(options) {
      const { state } = options
      const journal = (...ports: Parameters<typeof state.journal>) => ({
        ...state.journal(...ports),
        reply: () => Promise.resolve(undefined),
      })
      return { ...options, state: { ...state, journal } }
    },
  },
  {
    name: "the record of a shard's home is overwritten, so that there may be two",
    state: "on-the-node",
    around: (options) => withRegistry(options, overwriting),
  },
  {
    name: "an entity starts empty, and its state is elsewhere",
    state: "on-the-node",
    patch: () => replace(ShardState.prototype, "stage", () => async () => undefined),
  },
]
