/**
 * What a node counts, in Prometheus' form.
 *
 * Invariants
 *   M1. Counting costs an addition: series are found once and held, and nothing is formatted before someone reads `/metrics`.
 *   M2. Labels come from closed sets (operations, codes, agents, tools), never from a request's text, so the number of series is bounded.
 */
import { collectDefaultMetrics, Counter, Gauge, Registry, type Metric } from "prom-client"
import type { DefinitionMeter, Histogram } from "#actors/meter.js"
import type { SystemStatistics } from "#actors/telemetry.js"
import type { Usage } from "../models/model.js"
import type { RunEvent } from "../run.js"
import { liveHistogram } from "./live-histogram.js"

/** Upper bounds in seconds. */
const bounds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60]

/** Durations of one operation at one door. */
export class OperationMeter {
  readonly door: string
  readonly operation: string
  readonly counts = new Float64Array(bounds.length + 1)
  readonly codes = new Map<string, number>()
  seconds = 0

  constructor(door: string, operation: string) {
    this.door = door
    this.operation = operation
  }

  /** Counts one request: how it ended ("OK" or an error code) and how long it took. */
  observe(code: string, milliseconds: number): void {
    const seconds = milliseconds / 1000
    let slot = 0
    while (slot < bounds.length && seconds > (bounds[slot] ?? Infinity)) slot++
    this.counts[slot] = (this.counts[slot] ?? 0) + 1
    this.seconds += seconds
    this.codes.set(code, (this.codes.get(code) ?? 0) + 1)
  }
}

/** Actors' own bounds in seconds: powers of two of a microsecond. */
const actorBounds = Array.from({ length: 31 }, (_, i) => 2 ** i / 1e6)

/** What is read of an actor system. */
export interface MeasuredActors {
  readonly statistics: SystemStatistics
  readonly metrics: readonly DefinitionMeter[]
}

export class Metrics {
  readonly #registry = new Registry()
  readonly #meters: OperationMeter[] = []
  readonly #tokens = new Map<string, { prompt: number; completion: number }>()
  #running = 0
  readonly #tools: Counter<"agent" | "tool" | "status">
  readonly #steps: Counter<"agent" | "status">

  /** @param options.actors the actor system, whose counters are read */
  constructor(options: { actors?: MeasuredActors | undefined; processMetrics?: boolean } = {}) {
    const registers = [this.#registry]
    if (options.processMetrics !== false) collectDefaultMetrics({ register: this.#registry })
    this.#tools = new Counter({
      name: "llmagentos_tool_calls_total",
      help: "Tool calls, by agent, tool and outcome.",
      labelNames: ["agent", "tool", "status"],
      registers,
    })
    this.#steps = new Counter({
      name: "llmagentos_steps_total",
      help: "Steps of runs, by agent and outcome.",
      labelNames: ["agent", "status"],
      registers,
    })
    this.#registerMeters()
    this.#registerRuns()
    if (options.actors !== undefined) this.#registerActors(options.actors)
  }

  /** The meter of one operation; hold it (M1). */
  meter(door: string, operation: string): OperationMeter {
    const meter = new OperationMeter(door, operation)
    this.#meters.push(meter)
    return meter
  }

  runStarted(): void {
    this.#running++
  }

  /** Counts the end of a run, with its tokens unless it failed. */
  runEnded(target: string, usage: Usage | undefined): void {
    this.#running--
    if (usage === undefined) return
    const spent = this.#tokens.get(target)
    if (spent === undefined)
      this.#tokens.set(target, { prompt: usage.promptTokens, completion: usage.completionTokens })
    else {
      spent.prompt += usage.promptTokens
      spent.completion += usage.completionTokens
    }
  }

  /** Counts what a run tells of itself: its steps and tools. For an observer of every run, whoever began it. */
  follow(event: RunEvent): void {
    if (event.type === "step" && event.status !== "started") {
      this.#steps.inc({ agent: event.agent, status: event.status })
    } else if (event.type === "tool" && event.status !== "called") {
      this.#tools.inc({ agent: event.agent, tool: event.tool, status: event.status })
    }
  }

  /** Registers a metric of another part. */
  register(metric: Metric): void {
    this.#registry.registerMetric(metric)
  }

  /** Everything in Prometheus' text form. */
  text(): Promise<string> {
    return this.#registry.metrics()
  }

  get contentType(): string {
    return this.#registry.contentType
  }

  #registerMeters(): void {
    const meters = this.#meters
    const registers = [this.#registry]
    new Counter({
      name: "llmagentos_requests_total",
      help: "Requests, by door, operation and outcome.",
      labelNames: ["door", "operation", "code"],
      registers,
      collect() {
        this.reset()
        for (const { door, operation, codes } of meters) {
          for (const [code, count] of codes) this.inc({ door, operation, code }, count)
        }
      },
    })
    this.#registry.registerMetric(
      liveHistogram("llmagentos_request_seconds", "How long requests took, by door and operation.", bounds, () =>
        meters.map(({ door, operation, counts, seconds }) => ({ labels: { door, operation }, counts, sum: seconds })),
      ),
    )
  }

  #registerRuns(): void {
    const registers = [this.#registry]
    const tokens = this.#tokens
    const running = () => this.#running
    new Gauge({
      name: "llmagentos_runs_in_flight",
      help: "Runs that are going on.",
      registers,
      collect() {
        this.set(running())
      },
    })
    new Counter({
      name: "llmagentos_tokens_total",
      help: "Tokens spent, by agent or topology.",
      labelNames: ["target", "kind"],
      registers,
      collect() {
        this.reset()
        for (const [target, { prompt, completion }] of tokens) {
          this.inc({ target, kind: "prompt" }, prompt)
          this.inc({ target, kind: "completion" }, completion)
        }
      },
    })
  }

  #registerActors(system: MeasuredActors): void {
    const registers = [this.#registry]
    new Gauge({ name: "llmagentos_actors", help: "Actors alive.", registers, collect() { this.set(system.statistics.actors) } }) // prettier-ignore
    new Counter({
      name: "llmagentos_actor_events_total",
      help: "What the actor system counted: messages handled and refused, dead letters, crashes, restarts, asks out of time.",
      labelNames: ["kind"],
      registers,
      collect() {
        this.reset()
        const { actors: _alive, ...counts } = system.statistics
        for (const [kind, count] of Object.entries(counts)) this.inc({ kind }, count)
      },
    })
    new Counter({
      name: "llmagentos_actor_messages_total",
      help: "Messages handled, by definition of the actor and type.",
      labelNames: ["definition", "type"],
      registers,
      collect() {
        this.reset()
        for (const { name: definition, messages } of system.metrics)
          for (const [type, count] of Object.entries(messages)) if (count > 0) this.inc({ definition, type }, count)
      },
    })
    const sampled = (name: string, help: string, of: (meter: DefinitionMeter) => Histogram): void =>
      this.#registry.registerMetric(
        liveHistogram(name, help, actorBounds, () =>
          system.metrics.map((meter) => {
            const { buckets, sumMs } = of(meter)
            return { labels: { definition: meter.name }, counts: buckets, sum: sumMs / 1000 }
          }),
        ),
      )
    const sample = "a sample of them, by definition of the actor."
    sampled("llmagentos_actor_handler_seconds", `How long handlers held their actor, ${sample}`, (m) => m.handlerTime)
    sampled("llmagentos_actor_mailbox_seconds", `How long messages waited, ${sample}`, (m) => m.mailboxAge)
  }
}
