/**
 * What befalls a cluster, one thing after another: promises that hold through each fault, and would break where one
 * follows another at the right moment, which seldom comes by chance. Whom it befalls and when is left to chance, as is
 * what the actors do.
 */
import type { SeededRandom } from "#actors/simulation/index.js"
import type { ClusterFault, ClusterFaultKind } from "#cluster/simulation/cluster-faults.js"
import { place, type StateIs } from "#cluster/placement.js"
import { shards } from "./program.js"
import type { Theme } from "./themes.js"

/** `one` has a shard that would go to another; `other` is a third where there is one. */
type Part = "one" | "other" | "guest"
/** Milliseconds, from the least to less than the most. */
type Span = readonly [least: number, most: number]
const nothing: Span = [0, 1]

interface Blow {
  readonly kind: ClusterFaultKind
  readonly who: readonly Part[]
  /** How long after the one before. */
  readonly after: Span
  readonly forMs: Span
  readonly byMs?: Span
  /** What clients do around it. */
  readonly beside?: readonly Traffic[]
}

/** Sent by somebody, one after the other, so far from what happens. `read`: an ask whose handler stores nothing. */
interface Traffic {
  readonly do: "tell" | "ask" | "read"
  readonly by: "one" | "other"
  readonly span: Span
  readonly everyMs: number
}

export interface ClusterTheme extends Theme {
  readonly nodes: readonly number[]
  readonly states: readonly StateIs[]
  readonly blows: readonly Blow[]
}

/** What a client is to send, and when. */
export interface Sending {
  readonly at: number
  readonly client: number
  readonly do: Traffic["do"]
}

export interface Plot {
  readonly state: StateIs
  readonly faults: readonly ClusterFault[]
  readonly sendings: readonly Sending[]
}

/** @param nodes clients have their places there, in this order */
export function plotOf({ states, blows }: ClusterTheme, nodes: readonly string[], random: SeededRandom): Plot {
  const drawn = ([least, most]: Span): number => least + random.int(Math.max(1, most - least))
  const shard = random.int(shards)
  const one = holderOf(shard, nodes)
  const rest = nodes.filter((node) => node !== one)
  const third = rest.filter((node) => node !== holderOf(shard, rest))
  const parts = { one, other: random.pick(third.length > 0 ? third : rest), guest: "guest" }
  const faults: ClusterFault[] = []
  const sendings: Sending[] = []
  let at = 0
  for (const { kind, who, after, forMs, byMs = nothing, beside = [] } of blows) {
    at += drawn(after)
    faults.push({ kind, at, nodes: who.map((part) => parts[part]), forMs: drawn(forMs), byMs: drawn(byMs) })
    for (const { by, span, everyMs, ...what } of beside)
      for (let n = span[0]; n < span[1]; n += everyMs)
        sendings.push({ at: at + n + random.int(everyMs), client: nodes.indexOf(parts[by]), ...what })
  }
  return { state: random.pick(states), faults, sendings }
}

const holderOf = (shard: number, nodes: readonly string[]): string =>
  place(shards, nodes.map((name) => ({ name, capacity: 1, roles: [] })))[shard] as string // prettier-ignore

/** So long a cluster has, to settle who has what. */
const settled: Span = [3000, 5000]
/** Some handlers store something, some nothing. */
const keeps = {
  verbs: ["persist", "persistAll"],
  shapes: { persistent: [["persist"], [], ["persistAll"], []] },
  inTurn: true,
  roles: ["persistent", "persistent"],
  folds: ["noted"],
  leastNames: 2,
} as const

export const clusterThemes: readonly ClusterTheme[] = [
  // The way to who gives its shards away is slow: they are elsewhere before what was sent there comes.
  {
    verbs: ["tell", "persist", "sleep"],
    shapes: { entity: [[]], persistent: [[], ["persist"]] },
    roles: ["entity", "persistent"],
    leastNames: 3,
    nodes: [3, 4],
    states: ["shared", "on-the-node"],
    blows: [
      { kind: "slowLink", who: ["one", "other"], after: settled, forMs: [2000, 4000], byMs: [100, 300] },
      {
        ...{ kind: "drain", who: ["one"], after: [100, 500], forMs: [200, 2000] },
        beside: [{ do: "tell", by: "other", span: [-300, 600], everyMs: 15 }],
      },
    ],
  },
  // One is cut off, and the registry forgets what it had, while another waits for that.
  {
    ...keeps,
    leastNames: 4,
    nodes: [2],
    states: ["shared"],
    blows: [
      { kind: "join", who: ["guest"], after: settled, forMs: [8000, 14_000] },
      { kind: "partition", who: ["one"], after: [0, 300], forMs: [8000, 14_000] },
      { kind: "consulCut", who: ["one"], after: [500, 1500], forMs: [6000, 14_000] },
      {
        ...{ kind: "wipe", who: [], after: [20, 200], forMs: nothing },
        beside: [
          { do: "read", by: "one", span: [0, 3000], everyMs: 15 },
          { do: "ask", by: "other", span: [0, 3000], everyMs: 15 },
        ],
      },
    ],
  },
  // One stands still until others have what it had, and wakes when they are about to go.
  {
    ...keeps,
    nodes: [2],
    states: ["shared"],
    blows: [
      {
        ...{ kind: "pause", who: ["one"], after: settled, forMs: [14_000, 14_001] },
        beside: [{ do: "ask", by: "one", span: [-2000, 0], everyMs: 100 }],
      },
      {
        ...{ kind: "leave", who: ["other"], after: [13_700, 14_000], forMs: [200, 2000] },
        beside: [
          { do: "ask", by: "other", span: [-3000, 0], everyMs: 100 },
          { do: "read", by: "one", span: [0, 1500], everyMs: 50 },
        ],
      },
    ],
  },
  // One that is taken for dead, and is not, gives its shards away to who thinks so, and dies then.
  {
    ...keeps,
    nodes: [2],
    states: ["shared", "on-the-node", "on-the-node"],
    blows: [
      {
        ...{ kind: "consulCut", who: ["one"], after: settled, forMs: [14_000, 18_000] },
        beside: [{ do: "ask", by: "other", span: [-1000, 0], everyMs: 50 }],
      },
      { kind: "partition", who: ["one"], after: [3000, 3600], forMs: [4000, 4500] },
      { kind: "drain", who: ["one"], after: [4200, 5500], forMs: [2000, 8000] },
      { kind: "crash", who: ["one"], after: [200, 2000], forMs: [200, 2000] },
    ],
  },
  // One has no lease and no way to the store, which alone could confirm what it answers.
  {
    ...keeps,
    nodes: [2, 3],
    states: ["shared"],
    blows: [
      {
        ...{ kind: "consulCut", who: ["one"], after: settled, forMs: [8000, 14_000] },
        beside: [{ do: "ask", by: "one", span: [-1000, 0], everyMs: 50 }],
      },
      {
        ...{ kind: "storeCut", who: ["one"], after: [3200, 5000], forMs: [2000, 5000] },
        beside: [
          { do: "read", by: "one", span: [0, 1000], everyMs: 50 },
          { do: "ask", by: "other", span: [0, 1000], everyMs: 100 },
        ],
      },
    ],
  },
  // Streams are cut while much is under way.
  {
    verbs: ["tell", "persist"],
    shapes: { entity: [[]], persistent: [["persist"], []] },
    roles: ["entity", "persistent"],
    leastNames: 3,
    nodes: [2, 3],
    states: ["shared", "on-the-node"],
    blows: [
      { kind: "slowLink", who: ["one", "other"], after: settled, forMs: [2000, 4000], byMs: [5, 100] },
      {
        ...{ kind: "streamCut", who: ["one", "other"], after: [100, 500], forMs: nothing },
        beside: [
          { do: "tell", by: "one", span: [-200, 1000], everyMs: 20 },
          { do: "tell", by: "other", span: [-200, 1000], everyMs: 20 },
        ],
      },
      { kind: "streamCut", who: ["one", "other"], after: [100, 400], forMs: nothing },
      { kind: "streamCut", who: ["one", "other"], after: [100, 400], forMs: nothing },
      { kind: "streamCut", who: ["one", "other"], after: [100, 400], forMs: nothing },
    ],
  },
]
