import fc from "fast-check"
import t from "tap"
import { judgeHello, type Acquaintance, type Hello } from "#cluster/hello.js"
import { headerBytes, Session } from "#cluster/session.js"

const limits = { frameBytes: 64, textBytes: 1000 }
const framed = (text: Uint8Array): Uint8Array => Buffer.concat([Buffer.alloc(headerBytes), text])
const hex = (bytes: Uint8Array, at = 0): string => Buffer.from(bytes).toString("hex", at)

type Step =
  | { readonly do: "append"; readonly size: number }
  | { readonly do: "carry"; readonly frames: number }
  | { readonly do: "ack" }
  /** What is under way is lost, but for the first so many frames, which arrive late: after the stream was opened anew. */
  | { readonly do: "cut"; readonly late: number }

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ do: fc.constant("append" as const), size: fc.nat({ max: 300 }).map((size) => size + 1) }),
  fc.record({ do: fc.constant("carry" as const), frames: fc.nat({ max: 10 }) }),
  fc.record({ do: fc.constant("ack" as const) }),
  fc.record({ do: fc.constant("cut" as const), late: fc.nat({ max: 3 }) }),
)

t.test("texts arrive once and in order, wherever the stream is cut", async (t) => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const [from, to] = [new Session(limits), new Session(limits)]
      const sent: string[] = []
      const got: string[] = []
      let wire: Uint8Array[] = []
      let late: Uint8Array[] = []
      const take = (frame: Uint8Array): void => {
        const taken = to.take(frame)
        if (taken.kind === "gap") throw new Error(`a gap before ${taken.number}`)
        if (taken.kind === "text") got.push(hex(taken.bytes, taken.at))
      }
      const carry = (frames: number): void => {
        for (let frame = from.next(); frame !== undefined; frame = from.next()) wire.push(frame)
        for (const frame of wire.splice(0, frames)) take(frame)
      }
      for (const [n, step] of steps.entries())
        switch (step.do) {
          case "append": {
            const text = Buffer.alloc(step.size, n + 1)
            sent.push(hex(text))
            from.append(framed(text))
            break
          }
          case "carry":
            carry(step.frames)
            for (const frame of late.splice(0)) t.equal(to.take(frame).kind, "duplicate")
            break
          case "ack":
            from.takeAck(to.ack())
            break
          case "cut":
            late = wire
              .slice(0, step.late)
              .filter((frame) => frame[1] !== undefined && (frame[1] as number) <= to.received % 256)
            wire = []
            from.reopened(to.received)
        }
      wire = []
      from.reopened(to.received)
      carry(Infinity)
      from.takeAck(to.ack())
      t.equal(from.keptBytes, 0)
      t.ok(from.settled)
      return got.join() === sent.join()
    }),
    { numRuns: 300 },
  )
})

t.test("no frame is larger than the limit", async (t) => {
  const session = new Session(limits)
  session.append(framed(new Uint8Array(500)))
  const frames: Uint8Array[] = []
  for (let frame = session.next(); frame !== undefined; frame = session.next()) frames.push(frame)
  t.ok(frames.every(({ length }) => length <= limits.frameBytes))
  t.equal(frames.length, 9)
  t.equal(session.keptBytes, 500 + 9 * headerBytes)
})

t.test("what cannot be is refused", async (t) => {
  const [from, to] = [new Session(limits), new Session(limits)]
  for (let n = 0; n < 3; n++) from.append(framed(new Uint8Array(1)))
  const [first, second, third] = [from.next(), from.next(), from.next()] as [Uint8Array, Uint8Array, Uint8Array]
  t.equal(to.take(first).kind, "text")
  t.same(to.take(first), { kind: "duplicate" })
  t.same(to.take(third), { kind: "gap", number: 3 })
  t.equal(to.received, 1)
  t.equal(to.take(second).kind, "text")
  const beyond = new Session(limits).ack()
  beyond[1] = 4
  t.throws(() => from.takeAck(beyond), { code: "FRAME_REFUSED", message: /frame 4 is acknowledged/ })
  t.throws(() => from.reopened(9), { code: "FRAME_REFUSED" })
  t.throws(() => from.takeAck(first), { code: "FRAME_REFUSED" })
  t.throws(() => to.take(to.ack()), { code: "FRAME_REFUSED" })
  t.throws(() => to.take(new Uint8Array(3)), { code: "FRAME_REFUSED" })
})

t.test("a text above the limit is refused as soon as it is, not when it has all come", async (t) => {
  const [from, to] = [new Session(limits), new Session(limits)]
  from.append(framed(new Uint8Array(2000)))
  let frames = 0
  t.throws(
    () => {
      for (let frame = from.next(); frame !== undefined; frame = from.next(), frames++) to.take(frame)
    },
    { code: "FRAME_REFUSED", message: /more than 1000 bytes/ },
  )
  t.ok(frames < 20)
})

t.test("who says hello is welcomed, refused or waits", async (t) => {
  const host = { cluster: "test", id: "b#1", protocol: { min: 2, max: 3 } }
  const hello: Hello = {
    kind: "data",
    cluster: "test",
    from: "a#1",
    to: "b#1",
    protocol: { min: 1, max: 2 },
    session: 5,
    knows: 0,
    nonce: new Uint8Array(16),
  }
  const peer = (session: number, knows: number): Acquaintance => ({ kind: "peer", session, knows })
  const cases: readonly (readonly [string, Partial<Hello>, Acquaintance, string])[] = [
    ["a new one", {}, peer(7, 0), "welcome 2"],
    ["the same link again", { knows: 7 }, peer(7, 5), "welcome 2"],
    ["the same link, which has not heard of ours yet", {}, peer(7, 5), "welcome 2"],
    ["a later link", { session: 6 }, peer(7, 5), "welcome 2 anew"],
    ["an earlier link", { session: 4 }, peer(7, 5), "stale"],
    ["a link that knows one of ours which is no more", { knows: 6 }, peer(7, 0), "forgotten"],
    ["the same link, which knows one of ours that is no more", { knows: 6 }, peer(7, 5), "forgotten"],
    ["no link at all", { session: 0 }, peer(7, 0), "stale"],
    ["a stranger", {}, { kind: "stranger" }, "wait"],
    ["one that was removed", {}, { kind: "removed" }, "removed"],
    ["of another cluster", { cluster: "other" }, peer(7, 0), "other-cluster"],
    ["to an earlier incarnation of this node", { to: "b#0" }, peer(7, 0), "other-node"],
    ["no version in common", { protocol: { min: 4, max: 5 } }, peer(7, 0), "no-version"],
  ]
  for (const [name, changes, acquaintance, expected] of cases) {
    const verdict = judgeHello(host, { ...hello, ...changes }, acquaintance)
    const text =
      verdict.do === "welcome"
        ? `welcome ${verdict.protocol}${verdict.anew ? " anew" : ""}`
        : verdict.do === "refuse"
          ? verdict.refusal.why
          : "wait"
    t.equal(text, expected, name)
  }
})
