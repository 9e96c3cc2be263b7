/** Malformed topologies and journal records: each ends in its own clear error or, if the damage made no difference, in the value. */
import { AgentOSError } from "#actors/errors.js"
import { actorNames, decodeRecord, encodeRecord } from "#actors/persistence/record.js"
import { parseTopology } from "#src/topologies/yaml.js"
import { broken, seeded } from "#test/support/fuzz-gateway.js"

export interface ParserOutcome {
  readonly refused: number
  readonly taken: number
  /** Anything thrown that is no error of ours, or does not say what is wrong. */
  readonly unclear: readonly string[]
  readonly worstMs: number
}

function feed(
  count: number,
  seed: number,
  samples: readonly Uint8Array[],
  codes: readonly string[],
  parse: (bytes: Buffer) => unknown,
): ParserOutcome {
  const random = seeded(seed)
  const unclear: string[] = []
  let refused = 0
  let taken = 0
  let worstMs = 0
  for (let n = 0; n < count; n++) {
    const bytes = broken(samples[n % samples.length] as Uint8Array, random)
    const began = performance.now()
    try {
      parse(bytes)
      taken += 1
    } catch (error) {
      if (error instanceof AgentOSError && codes.includes(error.code) && error.message !== "") refused += 1
      else unclear.push(`${String(error)}: ${JSON.stringify(bytes.toString("latin1"))}`)
    }
    worstMs = Math.max(worstMs, performance.now() - began)
  }
  return { refused, taken, unclear, worstMs }
}

const topologies = [
  "name: ask\ndescription: d\ntopology:\n  select:\n    by: { agent: router }\n    routes:\n      math: mathematician\n      both:\n        chain:\n          - parallel:\n              branches: [a, b]\n              reduce: { judge: c }\n              onError: { retry: 2 }\n          - writer\n    otherwise: companion\n",
  "name: t\ntopology:\n  chain: [a, { topology: b }, { agent: c }]\n",
  "name: t\ntopology:\n  parallel:\n    branches: [a, &x b, *x]\n    reduce: vote\n",
].map((text) => Buffer.from(text))

export const fuzzTopologies = (count: number, seed: number): ParserOutcome =>
  feed(count, seed, topologies, ["INVALID_TOPOLOGY"], (bytes) => parseTopology(bytes.toString("utf8"), "fuzz.yaml"))

const actor = { tenant: "default", type: "account", key: "alice" }
const event = { sequence: 7, epoch: 1, wallTime: 1_790_000_000_000, name: "deposited", version: 1 }
const records = [
  { ...event, payload: { amount: 5, note: "x".repeat(200), list: [1, 2.5, null, true, new Uint8Array(9)] } },
  { ...event, payload: null, commandId: "command-1" },
  { ...event, payload: [[[[1n, new Date(0), new Map([["a", 1]])]]]], traceId: "0123456789abcdef0123456789abcdef" },
].map((each) => encodeRecord(actorNames(actor), each))

export const fuzzRecords = (count: number, seed: number): ParserOutcome =>
  feed(count, seed, records, ["RECORD_DAMAGED", "RECORD_UNKNOWN"], (bytes) => decodeRecord(bytes, "record 7"))
