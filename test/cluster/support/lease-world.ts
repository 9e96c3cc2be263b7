/**
 * A rough world for `lease.ts`: three nodes that all want one shard, a registry with sessions and lock-delay that may be wiped or cut off, a store with
 * epochs, and clocks of different speed. Deterministic by seed; time is virtual. The value of the shard is a counter; an answer contradicts another owner
 * when it is lower than what was acknowledged before the question came.
 */
import {
  ASIDE,
  DEFAULT_LEASE,
  mayAnswer,
  stepClaim,
  type Claim,
  type ClaimAction,
  type ClaimEvent,
  type Moment,
} from "#cluster/lease.js"

/** Mistakes that the world must find. */
export type Planted = "no-epoch-check" | "plain-increment" | "lease-from-answer" | "no-wait" | "no-confirm"

export interface Run {
  readonly violation: string | undefined
  readonly fromMemory: number
  readonly confirmed: number
  readonly owners: number
  readonly wipes: number
}

interface Node {
  readonly id: string
  readonly speed: number
  claim: Claim
  session: string
  pausedUntil: number
  cutFromRegistry: number
  cutFromStore: number
  /** What its memory says the counter is. */
  value: number
}

const length = 60_000
const sessionTtl = 2_000

function generator(seed: number): () => number {
  let a = seed | 0
  return () => {
    a = (a + 0x6d2b79f5) | 0
    let x = Math.imul(a ^ (a >>> 15), a | 1)
    x ^= x + Math.imul(x ^ (x >>> 7), x | 61)
    return ((x ^ (x >>> 14)) >>> 0) / 0x1_0000_0000
  }
}

/** One run of a minute. */
export function simulate(seed: number, bug?: Planted): Run {
  const chance = generator(seed)
  const timings = bug === "no-wait" ? { ...DEFAULT_LEASE, lockDelayMs: 0 } : DEFAULT_LEASE
  let now = 0
  let order = 0
  const queue: { at: number; order: number; run: () => void }[] = []
  const later = (ms: number, run: () => void) => void queue.push({ at: now + ms, order: order++, run })
  /** Each run draws which troubles it has and how often: many troubles at once hide those that need quiet before. */
  const trouble = () => (chance() < 0.5 ? Infinity : 4000 + chance() * 20_000)
  const slow = chance() < 0.5 ? 0.02 : chance() * 0.3
  const delay = () => (chance() < slow ? chance() * 4000 : chance() * 40)

  const nodes: Node[] = ["n1", "n2", "n3"].map((id) => {
    const speed = 0.9 + chance() * 0.2
    const fine = { pausedUntil: 0, cutFromRegistry: 0, cutFromStore: 0, value: 0 }
    return { id, speed, claim: ASIDE, session: "", ...fine }
  })
  const registry = { sessions: new Map<string, number>(), holder: "", freeFrom: 0, downUntil: 0 }
  const store = { epoch: 0, holder: "", released: false, value: 0 }
  let acknowledged = 0
  let sessions = 0
  const seen = { fromMemory: 0, confirmed: 0, owners: 0, wipes: 0 }
  let violation: string | undefined

  /** How many actions of each kind a node has begun (L9). */
  const begun = new Map<string, number>()
  const momentOf = (node: Node): Moment => ({ monotonic: now * node.speed, wall: now * node.speed })
  const say = (node: Node, what: string) => `${Math.round(now)} ms: ${node.id} ${what}`

  /** Runs in a node's process: not while it is paused. */
  function inside(node: Node, run: () => void): void {
    if (node.pausedUntil > now) later(node.pausedUntil - now + chance(), () => inside(node, run))
    else run()
  }

  /** A question over a network that may be cut on either way. `failed` says that nothing is known. */
  function ask<Answer>(
    node: Node,
    where: "registry" | "store",
    serve: () => Answer,
    answered: (answer: Answer) => void,
    failed: () => void,
  ): void {
    const cut = () =>
      where === "registry" ? Math.max(node.cutFromRegistry, registry.downUntil) > now : node.cutFromStore > now
    later(delay(), () => {
      if (cut()) return later(1500, () => inside(node, failed))
      const answer = serve()
      later(delay(), () => (cut() ? later(1500, () => inside(node, failed)) : inside(node, () => answered(answer))))
    })
  }

  function expire(): void {
    for (const [session, renewedAt] of registry.sessions) {
      if (registry.downUntil > now || now - renewedAt < sessionTtl) continue
      registry.sessions.delete(session)
      if (registry.holder !== session) continue
      registry.holder = ""
      registry.freeFrom = now + DEFAULT_LEASE.lockDelayMs
    }
  }

  const holderFor = (node: Node) => {
    expire()
    return registry.holder === "" ? "nobody" : registry.holder === node.session ? "me" : "another"
  }

  /** Feeds the answers to an action while it is the last of its kind (L9). */
  function feeder(node: Node, what: string): (event: ClaimEvent) => boolean {
    const key = `${node.id} ${what}`
    const number = (begun.get(key) ?? 0) + 1
    begun.set(key, number)
    return (event) => {
      const last = begun.get(key) === number
      if (last) feed(node, event)
      return last
    }
  }

  function feed(node: Node, event: ClaimEvent): void {
    const before = node.claim
    const { claim, actions } = stepClaim(before, event, node.id, timings, momentOf(node))
    node.claim = claim
    for (const action of actions) carryOut(node, action)
  }

  function carryOut(node: Node, action: ClaimAction): void {
    const answer = feeder(node, action.do)
    const failed = () => answer({ kind: "failed" })
    const begunAt = momentOf(node)
    const { session } = node
    switch (action.do) {
      case "glance":
      case "look":
        return ask(
          node,
          "registry",
          () => holderFor(node),
          (holder) => answer({ kind: action.do === "look" ? "lock-looked" : "lock-glanced", holder }),
          failed,
        )
      case "read-epoch":
        return ask(
          node,
          "store",
          () => ({ ...store }),
          (record) => answer({ kind: "epoch-read", record }),
          failed,
        )
      case "lock": {
        const take = () => {
          expire()
          if (!registry.sessions.has(session)) return false
          if (registry.holder === session) return true
          if (registry.holder !== "" || registry.freeFrom > now) return false
          registry.holder = session
          return true
        }
        const took = () => (take() ? "held" : registry.holder === "" ? "refused" : "taken")
        const answered = (outcome: ReturnType<typeof took>) =>
          answer({ kind: "lock-answered", outcome, session, begunAt })
        return ask(node, "registry", took, answered, failed)
      }
      case "unlock":
        return ask(
          node,
          "registry",
          () => registry.holder === session && (registry.holder = ""),
          () => {},
          () => {},
        )
      case "mint": {
        const mint = () => {
          if (bug !== "plain-increment" && store.epoch !== action.expected) return { ...store }
          Object.assign(store, { epoch: action.expected + 1, holder: node.id, released: false })
          return undefined
        }
        const answered = (record: ReturnType<typeof mint>) =>
          answer(record === undefined ? { kind: "minted" } : { kind: "mint-refused", record })
        return ask(node, "store", mint, answered, () => answer({ kind: "mint-unknown" }))
      }
      case "recover": {
        const answered = (value: number) => {
          if (answer({ kind: "recovered" })) node.value = value
        }
        return ask(
          node,
          "store",
          () => store.value,
          answered,
          () => answer({ kind: "recovery-failed" }),
        )
      }
      case "renew":
        return renew(node)
      case "serve":
        seen.owners++
        return
      case "record-release": {
        const release = () => store.epoch === action.epoch && store.holder === node.id && (store.released = true)
        return ask(
          node,
          "store",
          release,
          () => {},
          () => {},
        )
      }
    }
  }

  function renew(node: Node): void {
    const begunAt = momentOf(node)
    const { session } = node
    const serve = () => {
      expire()
      if (registry.sessions.has(session)) registry.sessions.set(session, now)
      return registry.sessions.has(session)
    }
    const answered = (lives: boolean) => {
      if (node.session !== session) return
      if (lives) {
        const from = bug === "lease-from-answer" ? momentOf(node) : begunAt
        return feed(node, { kind: "renewed", session, begunAt: from })
      }
      const made = `s${sessions++}`
      node.session = made
      registry.sessions.set(made, now)
      feed(node, { kind: "session-lost" })
    }
    ask(node, "registry", serve, answered, () => {})
  }

  function write(node: Node): void {
    const { claim } = node
    if (claim.at !== "owning" || claim.regaining === "minting") return
    const { epoch } = claim
    const append = () => {
      if (epoch < store.epoch && bug !== "no-epoch-check") return undefined
      return ++store.value
    }
    const answered = (value: number | undefined) => {
      if (value === undefined) return feed(node, { kind: "stale", epoch })
      acknowledged = Math.max(acknowledged, value)
      node.value = Math.max(node.value, value)
    }
    // Whether it was carried out is not known: the owner reads its state again before it answers on.
    const unknown = () => {
      if (node.claim.at === "owning")
        node.claim = stepClaim(
          node.claim,
          { kind: "stale", epoch: claim.epoch },
          node.id,
          timings,
          momentOf(node),
        ).claim
    }
    ask(node, "store", append, answered, unknown)
  }

  function read(node: Node): void {
    const { claim, value } = node
    const asked = acknowledged
    const right = mayAnswer(claim, momentOf(node))
    const check = (how: string) => {
      if (value < asked) violation ??= say(node, `answers ${value} ${how}, but ${asked} was acknowledged`)
    }
    if (right === "refuse" || claim.at !== "owning") return
    if (right === "from-memory" || bug === "no-confirm") {
      seen.fromMemory++
      return check("from memory")
    }
    const confirmed = (same: boolean) => {
      if (!same) return feed(node, { kind: "stale", epoch: claim.epoch })
      seen.confirmed++
      check("confirmed")
    }
    ask(
      node,
      "store",
      () => store.epoch === claim.epoch,
      confirmed,
      () => {},
    )
  }

  function every(ms: number, run: () => void, node?: Node): void {
    if (ms === Infinity) return
    later(chance() * ms, function again() {
      if (node !== undefined && node.pausedUntil > now) return later(node.pausedUntil - now + chance(), again)
      run()
      later(ms * (0.5 + chance()), again)
    })
  }

  const [pauses, cuts, releases, hints] = [trouble(), trouble(), trouble(), 300 + chance() * 2000]
  for (const node of nodes) {
    const want = () => feed(node, { kind: "wanted", now: true })
    later(0, want)
    every(500, () => renew(node), node)
    every(250, () => feed(node, { kind: "tick" }), node)
    const hint = (holder: ReturnType<typeof holderFor>) => feed(node, { kind: "lock-changed", holder })
    every(
      hints,
      () =>
        ask(
          node,
          "registry",
          () => holderFor(node),
          hint,
          () => {},
        ),
      node,
    )
    every(60, () => write(node), node)
    every(40, () => read(node), node)
    every(pauses, () => (node.pausedUntil = now + chance() * 12_000))
    every(cuts, () => (node.cutFromRegistry = now + chance() * 12_000))
    every(2 * trouble(), () => (node.cutFromStore = now + chance() * 4_000))
    const release = () => {
      feed(node, { kind: "stopped" })
      later(500, () => inside(node, want))
    }
    every(2 * releases, release, node)
  }
  const wipe = () => {
    seen.wipes++
    registry.sessions.clear()
    registry.holder = ""
    registry.freeFrom = 0
  }
  // A wipe seldom comes alone: an operator who tries again, a disk that is lost twice.
  every(trouble(), () => {
    wipe()
    for (let n = 0; n < 3; n++) if (chance() < 0.5) later(chance() * 7_000, wipe)
  })
  every(2 * trouble(), () => (registry.downUntil = now + chance() * 8_000))

  while (violation === undefined && now < length) {
    let next = 0
    for (let n = 1; n < queue.length; n++) {
      const [a, b] = [queue[n]!, queue[next]!]
      if (a.at < b.at || (a.at === b.at && a.order < b.order)) next = n
    }
    const [event] = queue.splice(next, 1)
    if (event === undefined) break
    now = event.at
    event.run()
  }
  return { violation, ...seen }
}
