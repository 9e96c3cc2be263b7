import fc from "fast-check"
import t from "tap"
import {
  chooseToken,
  greedy,
  logProbability,
  samplingOf,
  SeededChance,
  type Sampling,
} from "#src/models/decoding/sampler.js"

const nothing: ReadonlySet<number> = new Set()
const choose = (logits: readonly number[], sampling: Partial<Sampling>, seed = 1, seen = nothing): number => {
  const chance = new SeededChance(seed)
  return chooseToken(Float32Array.from(logits), { ...greedy, ...sampling }, seen, () => chance.next())
}
const logitsOf = fc.array(fc.float({ noNaN: true, min: -20, max: 20 }), { minLength: 2, maxLength: 30 })
const seeds = fc.nat(2 ** 31)

t.test("greedy takes the likeliest, and of equals the first, whatever the seed (N1)", async () => {
  fc.assert(
    fc.property(logitsOf, seeds, (logits, seed) => {
      const values = [...Float32Array.from(logits)]
      return choose(logits, {}, seed) === values.indexOf(Math.max(...values))
    }),
  )
})

t.test("top-k chooses among the k likeliest, top-p among the fewest that hold p", async () => {
  const options = { temperature: fc.float({ min: Math.fround(0.2), max: 3, noNaN: true }), topK: fc.nat(6), topP: fc.float({ min: Math.fround(0.05), max: 1, noNaN: true }) } // prettier-ignore
  fc.assert(
    fc.property(logitsOf, fc.record(options), seeds, (logits, sampling, seed) => {
      const id = choose(logits, sampling, seed)
      const values = Float32Array.from(logits)
      const likelier = values.filter((value) => value > (values[id] as number))
      if (sampling.topK > 0 && likelier.length >= sampling.topK) return false
      const ranked = [...values].sort((a, b) => b - a).slice(0, sampling.topK || undefined)
      const weights = ranked.map((value) => Math.exp((value - (ranked[0] as number)) / sampling.temperature))
      const before = weights.slice(0, likelier.length).reduce((sum, weight) => sum + weight, 0)
      const total = weights.reduce((sum, weight) => sum + weight, 0)
      return likelier.length === 0 || before <= sampling.topP * total * (1 + 1e-6)
    }),
  )
})

t.test("a banned token is never chosen while another is left (N2)", async () => {
  fc.assert(
    fc.property(logitsOf, fc.nat(2), seeds, (logits, temperature, seed) => {
      const banned = logits.slice(1).map((_, id) => id) // all but the last
      return choose(logits, { temperature, banned }, seed) === logits.length - 1
    }),
  )
})

t.test("the repetition penalty makes what was seen less likely, on either side of zero", async (t) => {
  t.equal(choose([2, 1.5], { repetitionPenalty: 2 }, 1, new Set([0])), 1)
  t.equal(choose([-1, -1.5], { repetitionPenalty: 2 }, 1, new Set([0])), 1)
  t.equal(choose([2, 1.5], { repetitionPenalty: 1.1 }, 1, new Set([0])), 0)
})

t.test("at temperature 1 tokens come as often as they are likely", async (t) => {
  const chance = new SeededChance(5)
  const counts = [0, 0, 0]
  const draws = 20_000
  for (let i = 0; i < draws; i++) {
    const id = chooseToken(Float32Array.of(Math.log(6), Math.log(3), 0), { ...greedy, temperature: 1 }, nothing, () =>
      chance.next(),
    )
    counts[id] = (counts[id] as number) + 1
  }
  for (const [id, share] of [0.6, 0.3, 0.1].entries())
    t.ok(Math.abs((counts[id] as number) / draws - share) < 0.015, `${id}: ${counts[id]}`)
})

t.test("what a request leaves out has its default", async (t) => {
  t.same(samplingOf({}, []), greedy)
})

t.test(
  "the probabilities of all tokens are one together, and those of two are as far apart as their logits",
  async () => {
    fc.assert(
      fc.property(logitsOf, (values) => {
        const logits = Float32Array.from(values)
        const logs = values.map((_, id) => logProbability(logits, id))
        const sum = logs.reduce((total, log) => total + Math.exp(log), 0)
        const apart = (logs[0] as number) - (logs[1] as number)
        const expected = (logits[0] as number) - (logits[1] as number)
        return Math.abs(sum - 1) < 1e-6 && Math.abs(apart - expected) < 1e-6
      }),
    )
  },
)
