/**
 * Many actors of one kind: a pool behind a router, and a pool whose workers pull jobs from one queue.
 *
 * Invariants
 *   P1. A worker of a work pool has at most one job, and no job waits while a worker is free.
 *   P2. A job is begun at most `1 + retries` times, and not at all once its asker has given up.
 *   P3. A worker is free when its job has really ended, not when somebody stopped waiting for it. One that is stopping is not free, and gets no job.
 *   P4. A job for which all workers wait is refused with `ASK_CYCLE`: none of them would ever be free to do it.
 *   P5. The queue holds `capacity` jobs, and the asks that wait for room (`whenFull: "wait"`).
 */
import { defineActor, type ActorContext, type ActorDefinition, type AnyDefinition, type SpawnOptions } from "./actor.js"
import { Ask, DeferredReply, waitsFor } from "./ask.js"
import type { Cause } from "./cause.js"
import type { Cell } from "./cell.js"
import { cellOf } from "./context.js"
import { AgentOSError } from "./errors.js"
import { causeOf, type Meta } from "./inbox.js"
import { checkNumber, checkNumbers, count, wholeOrAll } from "./numbers.js"
import { RefBefore, type ActorRef, type AnyRef, type AskOptions, type OpenAsk } from "./ref.js"
import { router, type Broadcast, type Router, type Routing } from "./router.js"
import type { Supervision } from "./supervision.js"
import type { ActorSystem } from "./system.js"

type Parent = ActorSystem | ActorContext<unknown>

/** `init` is asked for exactly when the state factory of the workers takes one; each worker gets the same. */
type WithInit<Init> = undefined extends Init ? { readonly init?: Init } : { readonly init: Init }

export interface PoolOptions {
  readonly size: number
  /** Of the supervisor. */
  readonly name?: string
  /** How workers that crash are treated; default that of every actor. */
  readonly supervision?: Partial<Supervision>
}

/** A pool: a router, and the actor that supervises the routees. Stop the supervisor to stop the pool. */
export type Pool<P, Q = P> = Router<P, Q> & { readonly supervisor: AnyRef }

interface Fill {
  readonly fill: () => void
}

const Supervisor = defineActor({
  name: "pool",
  state: (init: Fill) => init,
  receive: {},
  // Does something only after a restart: it has lost its children then.
  started: ({ state }) => state.fill(),
})

const spawnOptions = ({ name, supervision }: PoolOptions) => ({
  ...(name === undefined ? {} : { name }),
  ...(supervision === undefined ? {} : { supervision }),
})

/**
 * `size` supervised actors behind a router. One that crashes is started again in its place, one that has ended for good leaves the router.
 * @throws {AgentOSError} `INVALID_DEFINITION`, `NAME_TAKEN`
 */
export function spawnPool<P, Init>(
  parent: Parent,
  definition: ActorDefinition<P, Init>,
  options: PoolOptions & { readonly routing: "broadcast" } & WithInit<Init>,
): Pool<P, Broadcast<P>>
export function spawnPool<P, Init>(
  parent: Parent,
  definition: ActorDefinition<P, Init>,
  options: PoolOptions & { readonly routing?: Exclude<Routing, "broadcast"> } & WithInit<Init>,
): Pool<P>
export function spawnPool<P, Init>(
  parent: Parent,
  definition: ActorDefinition<P, Init>,
  options: PoolOptions & { readonly routing?: Routing; readonly init?: Init },
): Pool<P> | Pool<P, Broadcast<P>> {
  checkNumber("INVALID_DEFINITION", "the size of a pool", options.size, count)
  const { random } = "random" in parent ? parent : parent.system
  const routing = (options.routing ?? "least-loaded") as Exclude<Routing, "broadcast">
  const routees = router<P>([], routing, { random })
  const fill = (): void => {
    for (let missing = options.size - routees.routees.length; missing > 0; missing--)
      routees.add(spawnChild(supervisor, definition, options.init) as unknown as ActorRef<P>)
  }
  const supervisor = cellOf(parent.spawn(Supervisor, { ...spawnOptions(options), init: { fill } })) as Cell
  fill()
  return Object.assign(routees, { supervisor })
}

function spawnChild(parent: Cell, definition: AnyDefinition, init: unknown): Cell {
  return parent.system.spawnUnder(parent, definition, init === undefined ? undefined : { init })
}

export interface WorkPoolOptions extends PoolOptions {
  /** How many jobs may wait; default 1,000. */
  readonly capacity?: number
  /** How often a job whose worker crashed is begun again; default 0, as it may have had effects. */
  readonly retries?: number
}

interface Job {
  readonly type: string
  readonly payload: unknown
}

interface QueuedJob extends Job {
  /** The ask that waits for it, or the cause of a tell. */
  readonly meta: Meta | undefined
  attempts: number
}

interface Finished {
  readonly worker: Cell
  readonly job: QueuedJob
  /** Present when it failed. */
  readonly failure?: { readonly error: unknown }
  readonly reply?: unknown
}

interface WorkPoolInit {
  readonly definition: AnyDefinition
  readonly options: WorkPoolOptions
  readonly init: unknown
  /** Lies here so that a restart of the pool keeps what waits. */
  readonly waiting: QueuedJob[]
}

class WorkPoolState {
  readonly given: WorkPoolInit
  readonly waiting: QueuedJob[]
  readonly free: Cell[] = []
  hired = false

  constructor(given: WorkPoolInit) {
    this.given = given
    this.waiting = given.waiting
  }

  /** How many jobs could be begun at once. */
  get idle(): number {
    return this.hired ? this.free.filter(isFree).length : this.given.options.size
  }
}

/** P3 */
const isFree = (worker: Cell): boolean => !worker.stopping

/** Crashes of a worker; what a handler refused by an `AgentOSError` of its own is not tried again. */
const crashCodes = new Set(["ACTOR_CRASHED", "HANDLER_TIMEOUT", "LINKED_CRASH", "ACTOR_STOPPED"])

const WorkPool = defineActor({
  name: "work-pool",
  state: (given: WorkPoolInit) => new WorkPoolState(given),
  started(ctx) {
    const { definition, options, init } = ctx.state.given
    for (let count = 0; count < options.size; count++) hire(ctx, definition, init)
    ctx.state.hired = true
    begin(ctx)
  },
  receive: {
    job(ctx, job: Job) {
      const meta = selfCell(ctx).current
      if (meta instanceof Ask && ctx.state.free.length === 0 && isAwaitedByAll(ctx, meta)) {
        const message = `all workers of ${ctx.self.address} would wait for ${job.type}, which waits for one of them`
        meta.fail(new AgentOSError("ASK_CYCLE", message))
        return new DeferredReply(meta)
      }
      ctx.state.waiting.push({ type: job.type, payload: job.payload, meta, attempts: 0 })
      begin(ctx)
      return new DeferredReply(meta instanceof Ask ? meta : undefined) // kept when the pool is restarted, as what it defers would not be
    },
    finished(ctx, { worker, job, failure, reply }: Finished) {
      const { state } = ctx
      const { retries = 0 } = state.given.options
      if (!worker.stopping) state.free.push(worker)
      if (failure !== undefined && job.attempts <= retries && isCrash(failure.error)) state.waiting.unshift(job)
      else if (job.meta instanceof Ask) {
        if (failure === undefined) job.meta.reply(reply)
        else job.meta.fail(failure.error)
      }
      begin(ctx)
    },
  },
  // A worker that stopped by itself leaves a place.
  ended(ctx, ref) {
    const { state } = ctx
    const place = state.free.indexOf(ref as Cell)
    if (place >= 0) state.free.splice(place, 1)
    hire(ctx, state.given.definition, state.given.init)
    begin(ctx)
  },
  stopping({ state }) {
    for (const { meta } of state.waiting)
      if (meta instanceof Ask) meta.fail(new AgentOSError("ACTOR_STOPPED", "the work pool has stopped"))
  },
})

type PoolContext = ActorContext<WorkPoolState>

const selfCell = (ctx: PoolContext): Cell => cellOf(ctx.self) as Cell

/** P4 */
const isAwaitedByAll = (ctx: PoolContext, { asker, serving }: Ask): boolean =>
  asker !== undefined &&
  selfCell(ctx)
    .family.children.toArray()
    .every((worker) => waitsFor(worker, asker, serving))

const isCrash = (error: unknown): boolean => error instanceof AgentOSError && crashCodes.has(error.code)

function hire(ctx: PoolContext, definition: AnyDefinition, init: unknown): void {
  const worker = spawnChild(selfCell(ctx), definition, init)
  ctx.watch(worker)
  ctx.state.free.push(worker)
}

/** Gives the free workers what waits (P1). */
function begin(ctx: PoolContext): void {
  const { free, waiting } = ctx.state
  for (;;) {
    while (free[0] !== undefined && !isFree(free[0])) free.shift() // P3: its end makes room for another
    if (free.length === 0) return
    const job = waiting.shift()
    if (job === undefined) return
    if (isGivenUp(job, ctx.system.wheel.now)) continue // P2
    job.attempts += 1
    // One that waits to be started again after a crash is the last choice.
    const place = Math.max(
      free.findIndex((worker) => isFree(worker) && !worker.suspended),
      0,
    )
    run(selfCell(ctx), free.splice(place, 1)[0] as Cell, job)
  }
}

function isGivenUp({ meta }: QueuedJob, now: number): boolean {
  const deadline = causeOf(meta)?.deadline
  return meta instanceof Ask ? meta.ended : deadline !== undefined && deadline < now
}

/** Puts the job into the worker's mailbox, beside an ask that ends only when the worker has done with it (P3). */
function run(pool: Cell, worker: Cell, job: QueuedJob): void {
  const { system } = worker
  const { life } = pool
  const finished = (how: Pick<Finished, "reply" | "failure">): void => {
    if (pool.life === life) pool.put(pool.compiled.number("finished"), { worker, job, ...how }, undefined, true)
    else if (job.meta instanceof Ask) job.meta.fail(new AgentOSError("ACTOR_CRASHED", `${pool.address} crashed`))
  }
  const ask = new Ask(
    system,
    worker,
    job.type,
    Infinity,
    false,
    causeOf(job.meta),
    job.meta instanceof Ask ? job.meta.asker : undefined,
    job.meta instanceof Ask ? job.meta.serving : undefined,
    (reply: unknown) => finished({ reply }),
    (error) => finished({ failure: { error } }),
  )
  ask.deadline = job.meta instanceof Ask ? job.meta.deadline : (causeOf(job.meta)?.deadline ?? Infinity)
  try {
    if (!worker.put(worker.compiled.number(job.type), job.payload, ask, true))
      ask.fail(new AgentOSError("ACTOR_STOPPED", `${worker.address} has stopped`))
  } catch (error) {
    ask.fail(error)
  }
}

/** The work pool, spoken to as if it were one worker: a message is a job. */
class WorkPoolRef extends RefBefore {
  readonly #pool: Cell
  readonly #capacity: number

  constructor(pool: Cell, capacity: number) {
    super(pool)
    this.#pool = pool
    this.#capacity = capacity
  }

  /** Jobs that wait. */
  get waiting(): number {
    const state = this.#pool.state
    return this.#pool.waiting + (state instanceof WorkPoolState ? state.waiting.length : 0)
  }

  get #full(): boolean {
    const { state } = this.#pool
    const free = state instanceof WorkPoolState ? state.idle : 0
    return this.waiting >= this.#capacity + free
  }

  override send(type: string, payload: unknown, cause: Cause | undefined): boolean {
    return !this.#full && this.#pool.send("job", { type, payload }, cause)
  }

  override request(
    type: string,
    payload: unknown,
    cause: Cause | undefined,
    options: AskOptions | undefined,
    serving: OpenAsk | undefined,
    asker: object | undefined,
  ): Promise<never> {
    if (!this.#full || options?.whenFull === "wait")
      // P5
      return this.#pool.request("job", { type, payload }, cause, options, serving, asker)
    const message = `${this.#capacity} jobs wait in ${this.address} already`
    return Promise.reject(new AgentOSError("MAILBOX_FULL", message))
  }

  override check(_type: string, payload: unknown): unknown {
    return payload
  }
}

/** A ref to a work pool, which is stopped like every other actor. */
export interface WorkPoolRefOf<P> extends ActorRef<P> {
  readonly waiting: number
}

/**
 * `size` workers that pull jobs from one bounded queue. A message to the ref is a job: an ask gets its result. When the queue is full an ask rejects
 * with `MAILBOX_FULL`, unless it waits for room, and a tell answers false, at once; when its worker crashed it rejects with `ACTOR_CRASHED`, unless it is tried again (`retries`).
 * @throws {AgentOSError} `INVALID_DEFINITION`, `NAME_TAKEN`
 */
export function workPool<P, Init>(
  parent: Parent,
  definition: ActorDefinition<P, Init>,
  options: WorkPoolOptions & WithInit<Init>,
): WorkPoolRefOf<P> {
  checkNumber("INVALID_DEFINITION", "the size of a pool", options.size, count)
  checkNumbers("INVALID_DEFINITION", "work pool: ", options, { capacity: wholeOrAll, retries: wholeOrAll })
  const init: WorkPoolInit = { definition, options, init: (options as SpawnOptions<unknown>).init, waiting: [] }
  const pool = parent.spawn(WorkPool, { ...spawnOptions(options), init })
  return new WorkPoolRef(cellOf(pool) as Cell, options.capacity ?? 1000) as unknown as WorkPoolRefOf<P>
}
