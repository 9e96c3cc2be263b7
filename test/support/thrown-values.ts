/** What a program may throw that resists being looked at: each made anew, by name. */
import { AgentOSError } from "#actors/errors.js"

const refusing = (): never => {
  throw new TypeError("not to be looked at")
}
const without = (error: Error, part: string): Error => Object.defineProperty(error, part, { get: refusing })
const revoked = (target: object): unknown => {
  const { proxy, revoke } = Proxy.revocable(target, {})
  revoke()
  return proxy
}
function circle(): Error {
  const first = new Error("first") as Error & { cause?: unknown }
  first.cause = new Error("second", { cause: first })
  return first
}

export const thrownValues: Readonly<Record<string, () => unknown>> = {
  "an object without prototype": () => Object.create(null) as unknown,
  "a toString that throws": () => ({ toString: refusing }),
  "a toString that is none": () => ({ toString: 1, valueOf: null }),
  "a toPrimitive that throws": () => ({ [Symbol.toPrimitive]: refusing }),
  "a toJSON that throws": () => ({ toJSON: refusing }),
  "getters that throw": () => ({
    get message() {
      return refusing()
    },
    get code() {
      return refusing()
    },
    get [Symbol.toStringTag]() {
      return refusing()
    },
  }),
  "a message that throws": () => without(new Error("x"), "message"),
  "a name that throws": () => without(new Error("x"), "name"),
  "a stack that throws": () => without(new Error("x"), "stack"),
  "a cause that throws": () => without(new Error("x"), "cause"),
  "a message that is no text": () => Object.assign(new Error("x"), { message: Symbol("m") }),
  "an AgentOSError whose message throws": () => without(new AgentOSError("CANCELLED", "x"), "message"),
  "an AgentOSError whose code throws": () => without(new AgentOSError("CANCELLED", "x"), "code"),
  "details that cannot travel": () =>
    new AgentOSError("ACTOR_CRASHED", "x", { details: { of: refusing, self: Symbol("s") } }),
  "a Symbol": () => Symbol("thrown"),
  undefined: () => undefined,
  null: () => null,
  "a bigint": () => 7n,
  "a function": () => refusing,
  "a class": () => class Thrown {},
  "a revoked proxy": () => revoked({}),
  "a revoked function": () => revoked(() => {}),
  "a revoked error": () => revoked(new Error("x")),
  "a proxy that refuses": () => new Proxy(new Error("x"), { get: refusing, getPrototypeOf: refusing, has: refusing }),
  "a proxy of an AgentOSError": () => new Proxy(new AgentOSError("CANCELLED", "x"), { get: refusing }),
  "a frozen error": () => Object.freeze(new Error("frozen")),
  "causes in a circle": circle,
  "itself as its cause": () => {
    const error = new Error("x") as Error & { cause?: unknown }
    error.cause = error
    return error
  },
  "causes without end": () => {
    const next = (n: number): Error =>
      Object.defineProperty(new Error(`cause ${n}`), "cause", { get: () => next(n + 1) })
    return next(0)
  },
  "a promise that rejects": () => {
    const promise = Promise.reject(new Error("x"))
    promise.catch(() => {})
    return promise
  },
  "half a surrogate pair": () => new Error("\ud800"),
  "a very long text": () => "x".repeat(1_000_000),
}
