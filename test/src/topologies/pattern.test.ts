import t from "tap"
import "#src/topologies/errors.js"
import { checkPattern, largeReads, matchesPattern, ruleReads } from "#src/topologies/pattern.js"
import { patternsAgree } from "#test/support/pattern-property.js"

t.test("a pattern that is taken says of any text what JavaScript's own engine says (R1)", async () =>
  patternsAgree(300),
)

t.test("a pattern that makes a backtracking engine explode ends on a long text (R3)", async (t) => {
  const orders = "order number ".repeat(80_000)
  t.notOk(matchesPattern("order.*number.*refund", orders))
  t.ok(matchesPattern("order.*number.*refund", `${orders.slice(0, 48_000)} refund`))
  for (const source of ["^(a+)+$", "(a|aa)+$", "(.*a){12}b", "(x+x+)+y", "(a*)*b", "([a-z]+)*\\d", "^(\\w+\\s?)*$"])
    t.notOk(matchesPattern(source, `${"a".repeat(90_000)}!`), source)
})

t.test("no pattern that is taken holds the node over 50 ms, whatever its text (R3)", async (t) => {
  const patterns = ["[ab]*a[ab]{15}q", "(a|b)*a(a|b){15}q", ".*a.{20}q", ".*a.{100}q", ".*a.{400}q", "a.{30}$",
    "\\p{L}*a\\p{L}{100}q", "(?:a.{9}b.{9}|b.{9}a.{9})+q", "order.{0,40}refund", "(a{20}){20}", "(?:.*a){20}q"] // prettier-ignore
  const random = (letters: string) => {
    let drawn = 7
    const next = () => letters[(drawn = (drawn * 48_271) % 2_147_483_647) % letters.length]
    return `q${Array.from({ length: ruleReads }, next).join("")}`
  }
  for (const source of patterns) {
    checkPattern(source)
    for (const text of [random("ab"), random("aaabbbcdefg xyz0189"), random("aéüßñ日本ab"), random("ordefun ")]) {
      const took = Array.from({ length: 3 }, () => {
        const began = process.cpuUsage()
        matchesPattern(source, text)
        const { user, system } = process.cpuUsage(began)
        return (user + system) / 1000
      })
      t.ok(Math.min(...took) < 50, `${source}: ${took.join(", ")} ms`)
    }
  }
})

t.test("a rule whose automaton is large reads as much less of the text as it is large (R3)", async (t) => {
  const found = (count: number, before: number) =>
    matchesPattern(`[ab]*a[ab]{${count}}q`, `${"-".repeat(before)}${"ab".repeat(count)}q`)
  t.ok(found(15, largeReads.most - 31))
  t.notOk(found(15, largeReads.most - 30))
  t.ok(found(301, 2000))
  t.notOk(found(301, 4000))
  t.ok(matchesPattern("[ab]*a[ab]{2}q", `${"-".repeat(90_000)}abbq`), "a small one reads on")
})

t.test("a rule reads the beginning of a text of any length (R3)", async (t) => {
  t.ok(matchesPattern("b", `${"a".repeat(ruleReads - 1)}b`))
  t.notOk(matchesPattern("b", `${"a".repeat(ruleReads)}b`))
})

t.test("what the engine lacks, and what is too large, is refused with what would be right (R2)", async (t) => {
  const table: [pattern: string, message: RegExp][] = [
    ["refund(?=s)", /look-around .* is not taken; make two rules of it/],
    ["refund(?!s)", /look-around/],
    ["(?<=no )refund", /look-around/],
    ["(?<!no )refund", /look-around/],
    ["(a+)b\\1", /back-references .* are not taken/],
    ["(?<word>a+)b\\k<word>", /back-references/],
    ["a{1001}", /at most 1,000 times/],
    ["(a{100}){100}", /at most 1,000 times/],
    ["(a{0,30}){30}", /too large: \d+ instructions of at most 500/],
    ["(", /not a regular expression/],
    ["[z-a]", /not a regular expression/],
    ["a".repeat(20_000), /has 20000 characters; at most 10000/],
  ]
  for (const [source, message] of table)
    t.throws(() => checkPattern(source), { code: "INVALID_TOPOLOGY", message }, source.slice(0, 40))
  for (const source of ["\\(?!", "[(?=]", "(?<name>a)", "\\\\1", "[\\u{1F600}-\\u{1F64F}]"]) checkPattern(source)
})
