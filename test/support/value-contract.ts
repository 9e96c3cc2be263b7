/** The one set of values: what each path on which a value travels takes, gives back as it was, and refuses by name. */
import t, { type Test } from "tap"
import {
  AgentOSError,
  createActorSystem,
  defineActor,
  definePersistentActor,
  type ActorRef,
  type ActorSystem,
  type AnyRef,
} from "#actors/index.js"
import type { Journal } from "#actors/persistence/journal.js"
import { shape } from "#test/support/wire-values.js"

const own = (key: string, value: unknown): object => Object.fromEntries([[key, value]])
const nested = (depth: number): unknown => {
  let value: unknown = 1
  for (let i = 0; i < depth; i++) value = [value]
  return value
}
const sharedBytes = (): Uint8Array => new Uint8Array(new SharedArrayBuffer(8), 2, 3).fill(7)

/** Made anew each time: a path may change none of them. */
export const taken: Readonly<Record<string, () => unknown>> = {
  undefined: () => undefined,
  null: () => null,
  numbers: () => [0, -0, NaN, Infinity, -Infinity, 2 ** 53, -(2 ** 31), 1e-300, 63, 64],
  "minus zero": () => -0,
  "not a number": () => NaN,
  "half a surrogate pair": () => ["\ud800", "a\udfffb", "😀"],
  "a text of half a surrogate pair": () => "\ud800",
  bigints: () => [0n, -1n, 2n ** 64n, -(2n ** 64n), 2n ** 5000n],
  dates: () => [new Date(0), new Date(-1.5e12), new Date(8.64e15), new Date(NaN)],
  "nested undefined": () => ({ a: undefined, b: [undefined, { c: undefined }] }),
  "any key": () => Object.fromEntries(["__proto__", "constructor", "toJSON", "prototype", "", "\ud800", "then", "a.b"].map((key) => [key, { key }])), // prettier-ignore
  "__proto__ alone": () => own("__proto__", 1),
  bytes: () => new Uint8Array([1, 2, 3]),
  "a part of a buffer": () => Buffer.from("some text").subarray(2, 6),
  "every kind of bytes": () => [
    ...[new Int8Array([-1]), new Uint8ClampedArray([255]), new Int16Array([-2]), new Uint16Array([2])],
    ...[new Int32Array([-3]), new Uint32Array([3]), new Float32Array([0.5, NaN]), new Float64Array([-0, 1e300])],
    ...[new BigInt64Array([-4n]), new BigUint64Array([4n]), new DataView(new ArrayBuffer(3), 1), new ArrayBuffer(5)],
    ...[new Uint8Array(0), new Float64Array(new ArrayBuffer(32), 8, 2), new Uint8Array(20_000).fill(9)],
  ],
  "a view of shared memory": sharedBytes,
  maps: () => new Map<unknown, unknown>([["a", 1], [{ k: 1 }, new Map([[undefined, null]])], [-1, undefined]]), // prettier-ignore
  sets: () => new Set<unknown>(["a", undefined, new Set([1n]), { deep: new Set() }]),
  "a map in a list": () => [{ of: new Map([["k", [new Set([new Date(7)])]]]) }],
  "no prototype": () => Object.assign(Object.create(null) as object, { a: 1 }),
  "a getter": () => Object.defineProperty({}, "a", { get: () => [1], enumerable: true }),
  "a symbol for a key": () => ({ a: { [Symbol("x")]: 1, b: 2 } }),
  "a symbol for a key of a small one": () => ({ [Symbol("x")]: () => 1, b: 2 }),
  "a proxy": () => new Proxy({ a: [1] }, {}),
  "something frozen": () => Object.freeze([Object.freeze({ a: 1 })]),
  "an error": () => [
    new TypeError(""),
    Object.assign(new RangeError("far", { cause: Object.assign(new Error("c"), { code: "ENOENT" }) }), { code: "E1", details: { m: [1n] } }), // prettier-ignore
    Object.assign(new Error("14 UNAVAILABLE: gone"), { code: 14, details: "gone" }),
    new AgentOSError("DISK_FULL", "full", {
      details: { free: 0 },
      cause: new Error("why", { cause: { status: 404 } }),
    }),
    new Error("a cause that is none", { cause: null }),
  ],
  "999 arrays": () => nested(999),
  "met twice": () => {
    const twice = { a: new Date(1) }
    return [twice, twice, new Map([[twice, twice]])]
  },
}

class Thing {
  n = 1
}

export const refused: Readonly<Record<string, readonly [() => unknown, RegExp]>> = {
  "a function": [() => () => 1, /the payload is a function/],
  "a symbol": [() => [Symbol("x")], /the payload\[0\] is a symbol/],
  "an instance": [() => ({ list: [1, new Thing()] }), /the payload\.list\[1\] is an instance of Thing/],
  "an instance in a map": [() => new Map([["a", new Thing()]]), /the payload\[1\] is an instance of Thing/],
  "an instance in a set": [() => new Set([new Thing()]), /the payload\[0\] is an instance of Thing/],
  "a kind of map": [() => new (class Own extends Map {})(), /an instance of Own/],
  "a kind of list": [() => new (class Own extends Array {})(), /an instance of Own/],
  "a promise": [() => ({ a: Promise.resolve(1) }), /the payload\.a is an instance of Promise/],
  "a weak map": [() => new WeakMap(), /an instance of WeakMap/],
  "a regular expression": [() => /a/, /an instance of RegExp/],
  "a boxed text": [() => [Object("a")], /an instance of String/],
  "a URL": [() => new URL("http://a"), /an instance of URL/],
  "an array with holes": [() => ({ a: [1, , 3] }), /the payload\.a\[1\] is an array with holes|the payload\.a is an array with holes/], // prettier-ignore
  "shared memory": [() => new SharedArrayBuffer(8), /an instance of SharedArrayBuffer/],
  "a getter that throws": [
    () => ({ a: Object.defineProperty({}, "b", { get: () => { throw new Error("no") }, enumerable: true }) }), // prettier-ignore
    /the payload\.a.* is something that cannot be read \(no\)/,
  ],
  "a proxy that was revoked": [
    () => {
      const { proxy, revoke } = Proxy.revocable({}, {})
      revoke()
      return [proxy]
    },
    /the payload.* cannot be read/,
  ],
  "what only looks like a date": [() => Object.create(Date.prototype) as unknown, /cannot be read/],
  "1,001 arrays": [() => nested(1001), /nested more than 1000 deep/],
  "100,000 arrays": [() => nested(100_000), /nested more than 1000 deep/],
}

/** A way on which a value travels. */
export interface ValuePath {
  /** What comes of a value that is given. */
  carry(value: unknown): Promise<unknown>
  /** Circles are refused, too. */
  readonly stores: boolean
}

export function valueContract(name: string, open: (t: Test) => Promise<ValuePath>): void {
  t.test(`values ${name}`, async (t) => {
    const path = await open(t)
    await t.test("come back as they were", async (t) => {
      for (const [title, make] of Object.entries(taken)) {
        try {
          t.equal(JSON.stringify(shape(await path.carry(make()))), JSON.stringify(shape(normal(make()))), title)
        } catch (error) {
          t.fail(`${title}: ${String(error)}`)
        }
      }
    })
    await t.test("that are no plain data are refused with their place", async (t) => {
      for (const [title, [make, message]] of Object.entries(refused))
        await t.rejects(path.carry(make()), { code: "INVALID_PAYLOAD", message }, title)
    })
    if (path.stores)
      await t.test("that hold themselves are refused", async (t) => {
        const circle: unknown[] = []
        circle.push({ circle })
        await t.rejects(path.carry(circle), { code: "INVALID_PAYLOAD", message: /\[0\]\.circle is a part of itself/ })
      })
  })
}

/** What arrives is an object literal, and bytes are not those of Node.js. */
export function normal(value: unknown): unknown {
  if (Buffer.isBuffer(value)) return new Uint8Array(value)
  if (typeof value !== "object" || value === null || Object.getPrototypeOf(value) !== null) return value
  return { ...value }
}

export const Echo = defineActor({
  name: "echo",
  state: () => ({}),
  receive: { echo: (_ctx, what: unknown) => what },
})

type EchoRef = ActorRef<{ echo: (what: unknown) => unknown }>

/** The path there and back of an ask. */
export const asked = (ref: AnyRef, circles: "carried" | "refused"): ValuePath => ({
  carry: async (value) => (ref as EchoRef).ask("echo", value),
  stores: circles === "refused",
})

interface State {
  last: unknown
}

const Keeper = definePersistentActor({
  name: "keeper",
  version: 1,
  state: (): State => ({ last: "nothing" }),
  events: { kept: (state, what: unknown) => void (state.last = what) },
}).receive({
  keep: async (ctx, { what }: { what: () => unknown }) => ctx.persist("kept", what()),
  took: async (ctx, what: unknown) => ctx.persist("kept", what),
  answer: (_ctx, { what }: { what: () => unknown }) => what(),
  send: async (ctx, { what, to }: { what: () => unknown; to: string }) => {
    await ctx.deliver(ctx.system.entity(Keeper, to) as never as ActorRef<{ took: (what: unknown) => unknown }>, "took" as never, what() as never) // prettier-ignore
  },
  last: (ctx) => ctx.state.last,
})

const Snapped = definePersistentActor({ ...snapped(), snapshotEvery: 1, retention: { keepEvents: 0 } }).receive({
  keep: async (ctx, { what }: { what: () => unknown }) => ctx.persist("kept", what()),
  last: (ctx) => ctx.state.last,
})

function snapped() {
  return {
    name: "snapped",
    version: 1,
    state: (): State => ({ last: "nothing" }),
    events: { kept: (state: State, what: unknown) => void (state.last = what) },
  }
}

/**
 * What is stored, on each of its ways into the store.
 * @param open the journal, again and again with what was stored in it
 */
export function storedValueContract(name: string, open: (t: Test) => Promise<() => Promise<Journal>>): void {
  type Use = (system: ActorSystem, key: string, what: () => unknown, again: boolean) => Promise<unknown>
  const ways: Readonly<Record<string, Use>> = {
    async "in an event"(system, key, what, again) {
      const keeper = system.entity(Keeper, key)
      if (!again) await keeper.ask("keep", { what } as never)
      return keeper.ask("last")
    },
    async "in a snapshot"(system, key, what, again) {
      const keeper = system.entity(Snapped, key)
      if (!again) await keeper.ask("keep", { what } as never)
      return keeper.ask("last")
    },
    "in the answer of a command": (system, key, what) =>
      system
        .entity(Keeper, key)
        .with({ commandId: "once" })
        .ask("answer", { what } as never),
    async "in a delivery"(system, key, what, again) {
      const to = system.entity(Keeper, `${key} receives`)
      if (!again) await system.entity(Keeper, key).ask("send", { what, to: `${key} receives` } as never)
      for (let last = await to.ask("last"); ; last = await to.ask("last")) if (last !== "nothing") return last
    },
  }
  for (const [title, use] of Object.entries(ways))
    valueContract(`${title}, ${name}`, async (t) => {
      const journal = await open(t)
      const started = async (): Promise<ActorSystem> =>
        createActorSystem({ name: "test", definitions: [Keeper, Snapped], journal: await journal() })
      let system = await started()
      t.teardown(() => system.stop())
      let keys = 0
      const carry = async (value: unknown): Promise<unknown> => {
        const key = `k${(keys += 1)}`
        const before = JSON.stringify(shape(await use(system, key, () => value, false)))
        await system.stop()
        system = await started()
        const after = await use(system, key, () => "carried out again", true)
        if (title !== "in the answer of a command" && before !== JSON.stringify(shape(after)))
          throw new Error("the restart has changed it")
        return after
      }
      return { carry, stores: true }
    })
}
