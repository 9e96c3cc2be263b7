/**
 * Many actors of one kind: a pool behind a router, and a pool whose workers pull jobs from one queue.
 *
 * Invariants
 *   P1. A worker of a work pool has at most one job, and no job waits while a worker is free.
 *   P2. A job is begun at most `1 + retries` times, and not at all once its asker has given up.
 *   P3. A worker is free when its job has really ended, not when somebody stopped waiting for it. One that is stopping
 *       is not free, and gets no job. What a job merely owes, as its handler deferred the answer or put the message
 *       aside, holds the worker for as long as somebody waits for it; a job that was told owes nothing.
 *   P4. A job for which all workers wait is refused with `ASK_CYCLE`: none of them would ever be free to do it.
 *   P5. The queue holds `capacity` jobs, and the asks that wait for room (`whenFull: "wait"`). A job whose asker has
 *       given up holds no room: it is let go when that is wanted.
 *   P6. However the pool ends, every ask is told: by its job, which a stop lets finish, or with the pool's end; jobs
 *       that were told and not begun are dead letters.
 *   P7. A job that the workers do not understand, or cannot be given, is refused where it is sent.
 */
import { checkOptions } from "./words.js"
import { defineActor, type ActorContext, type ActorDefinition, type AnyDefinition, type SpawnOptions } from "./actor.js"
import { Ask, DeferredReply, waitsFor } from "./ask.js"
import type { Cause } from "./cause.js"
import type { Cell } from "./cell.js"
import type { Compiled } from "./compiled.js"
import { cellOf } from "./context.js"
import { AgentOSError } from "./errors.js"
import { causeOf, Own, type Meta } from "./inbox.js"
import { checkNumber, checkNumbers, count, wholeOrAll } from "./numbers.js"
import { RefBefore, type ActorRef, type AnyRef, type AskOptions, type OpenAsk } from "./ref.js"
import { router, type Broadcast, type Router, type Routing } from "./router.js"
import type { Exit, Supervision } from "./supervision.js"
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

const poolOptions: Readonly<Record<keyof PoolOptions | "init", true>> = {
  size: true,
  name: true,
  supervision: true,
  init: true,
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
 * `size` supervised actors behind a router. One that crashes is started again in its place, one that has ended for
 * good leaves the router.
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
  checkOptions("INVALID_DEFINITION", "the options of a pool", options ?? null, { ...poolOptions, routing: true })
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

/** How a job ended. */
interface Outcome {
  /** Present when it failed. */
  readonly failure?: { readonly error: unknown }
  readonly reply?: unknown
}

/** What lies beside a job in its worker's mailbox: it ends when the worker has done with it (P3). */
class JobAsk extends Ask {
  readonly worker: Cell
  readonly job: QueuedJob
  #deferred = false

  constructor(worker: Cell, job: QueuedJob, end: (outcome: Outcome) => void) {
    const { meta, type } = job
    const asked = meta instanceof Ask ? meta : undefined
    super(
      worker.system,
      worker,
      type,
      Infinity,
      false,
      causeOf(meta),
      asked?.asker,
      asked?.serving,
      (reply: unknown) => end({ reply }),
      (error) => end({ failure: { error } }),
    )
    this.worker = worker
    this.job = job
    this.deadline = asked?.deadline ?? causeOf(meta)?.deadline ?? Infinity
  }

  override handled(result: unknown): void {
    super.handled(result)
    // The handler of a proxy has only passed it on; the ask over there ends by itself.
    this.#deferred = !this.ended && !this.stashed && this.worker.compiled.spec.carried !== true
    this.endIfOwedToNobody()
  }

  override get staysOpen(): boolean {
    return this.job.meta instanceof Ask
  }

  /** P3 */
  endIfOwedToNobody(): void {
    const { meta } = this.job
    if (meta instanceof Ask ? meta.ended && (this.#deferred || this.stashed) : this.#deferred) this.reply(undefined)
  }
}

interface WorkPoolInit {
  readonly definition: AnyDefinition
  readonly options: WorkPoolOptions
  readonly init: unknown
  /** Lies here so that a restart of the pool keeps what waits. */
  readonly waiting: QueuedJob[]
  readonly underWay: Set<JobAsk>
}

class WorkPoolState {
  readonly given: WorkPoolInit
  readonly free: Cell[] = []

  constructor(given: WorkPoolInit) {
    this.given = given
  }
}

/** P3 */
const isFree = (worker: Cell): boolean => !worker.stopping

/** Crashes of a worker; what a handler refused by an `AgentOSError` of its own is not tried again. */
const crashCodes = new Set(["ACTOR_CRASHED", "HANDLER_TIMEOUT", "LINKED_CRASH", "ACTOR_STOPPED", "WORKER_LOST"])

const WorkPool = defineActor({
  name: "work-pool",
  state: (given: WorkPoolInit) => new WorkPoolState(given),
  started(ctx) {
    const { definition, options, init } = ctx.state.given
    for (let count = 0; count < options.size; count++) hire(ctx, definition, init)
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
      ctx.state.given.waiting.push({ type: job.type, payload: job.payload, meta, attempts: 0 })
      begin(ctx)
      // Kept when the pool is restarted, as what it defers would not be.
      return new DeferredReply(meta instanceof Ask ? meta : undefined)
    },
    /** In a turn of its own: one that has told itself to stop is stopping by now (P3). */
    done(ctx, worker: Cell) {
      if (!worker.stopping) ctx.state.free.push(worker)
      begin(ctx)
    },
  },
  // A worker that stopped by itself leaves a place.
  ended(ctx, ref) {
    if (selfCell(ctx).stopping) return
    const { state } = ctx
    const place = state.free.indexOf(ref as Cell)
    if (place >= 0) state.free.splice(place, 1)
    hire(ctx, state.given.definition, state.given.init)
    begin(ctx)
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
  const { free, given } = ctx.state
  for (;;) {
    while (free[0] !== undefined && !isFree(free[0])) free.shift() // P3: its end makes room for another
    if (free.length === 0) return
    const job = given.waiting.shift()
    if (job === undefined) return
    if (isGivenUp(job, ctx.system.wheel.now)) {
      if (!(job.meta instanceof Ask)) ctx.system.deadLetter(selfCell(ctx), job.type, job.meta, "expired")
      continue // P2
    }
    job.attempts += 1
    // One that waits to be started again after a crash is the last choice.
    const place = Math.max(
      free.findIndex((worker) => isFree(worker) && !worker.suspended),
      0,
    )
    run(selfCell(ctx), given, free.splice(place, 1)[0] as Cell, job)
  }
}

function isGivenUp({ meta }: QueuedJob, now: number): boolean {
  const deadline = causeOf(meta)?.deadline
  return meta instanceof Ask ? meta.ended : deadline !== undefined && deadline < now
}

/** P5 */
function dropGivenUp(waiting: QueuedJob[]): void {
  let kept = 0
  for (const job of waiting) if (!(job.meta instanceof Ask && job.meta.ended)) waiting[kept++] = job
  waiting.length = kept
}

/** Puts the job into the worker's mailbox. */
function run(pool: Cell, given: WorkPoolInit, worker: Cell, job: QueuedJob): void {
  const { life } = pool
  const ask = new JobAsk(worker, job, (outcome) => {
    conclude(given, ask, outcome)
    if (pool.life === life && !pool.stopping)
      pool.putOwn(pool.compiled.number("done"), worker, new Own(life, undefined, undefined), true)
  })
  given.underWay.add(ask)
  try {
    if (!worker.put(worker.compiled.number(job.type), job.payload, ask, true))
      ask.fail(new AgentOSError("ACTOR_STOPPED", `${worker.address} has stopped`))
  } catch (error) {
    ask.fail(error)
  }
}

/** A job has ended: it waits again (P2), or its asker is told at once, whatever becomes of the pool (P6). */
function conclude({ options: { retries = 0 }, waiting, underWay }: WorkPoolInit, ask: JobAsk, outcome: Outcome): void {
  const { job } = ask
  const { failure, reply } = outcome
  underWay.delete(ask)
  if (failure !== undefined && job.attempts <= retries && isCrash(failure.error)) waiting.unshift(job)
  else if (job.meta instanceof Ask) {
    if (failure === undefined) job.meta.reply(reply)
    else job.meta.fail(failure.error)
  }
}

/** P6 */
function close(pool: Cell, given: WorkPoolInit, exit: Exit): void {
  const why = exit.kind === "crashed" ? pool.crashOf(exit.error) : undefined
  for (const ask of given.underWay) ask.fail(why ?? new AgentOSError("ACTOR_STOPPED", `${pool.address} has stopped`))
  for (const { type, meta } of given.waiting.splice(0)) pool.system.deadLetter(pool, type, meta, "stopped", why)
}

/** The work pool, spoken to as if it were one worker: a message is a job. */
class WorkPoolRef extends RefBefore {
  readonly #pool: Cell
  readonly #given: WorkPoolInit
  readonly #capacity: number
  /** The definition of the workers. */
  readonly #compiled: Compiled
  /** Asks have failed since the queue was looked through: it may hold jobs that nobody waits for (P5). */
  #someGivenUp = false

  constructor(pool: Cell, given: WorkPoolInit) {
    super(pool)
    this.#pool = pool
    this.#given = given
    this.#capacity = given.options.capacity ?? 1000
    this.#compiled = pool.system.compile(given.definition)
  }

  /** Jobs that wait. */
  get waiting(): number {
    return this.#pool.waiting + this.#given.waiting.length
  }

  get #full(): boolean {
    if (!this.#crowded) return false
    if (!this.#someGivenUp) return true
    this.#someGivenUp = false
    dropGivenUp(this.#given.waiting)
    return this.#crowded
  }

  get #crowded(): boolean {
    const { options, underWay } = this.#given
    return this.waiting >= this.#capacity + options.size - underWay.size
  }

  /** @throws {AgentOSError} P7: `UNKNOWN_MESSAGE`, `INVALID_PAYLOAD` */
  #jobOf(type: string, payload: unknown): Job {
    const compiled = this.#compiled
    const number = compiled.number(type)
    return { type, payload: compiled.isolated ? compiled.isolate(number, payload) : payload }
  }

  override send(type: string, payload: unknown, cause: Cause | undefined): boolean {
    const job = this.#jobOf(type, payload)
    return !this.#full && this.#pool.send("job", job, cause)
  }

  override async request(
    type: string,
    payload: unknown,
    cause: Cause | undefined,
    options: AskOptions | undefined,
    serving: OpenAsk | undefined,
    asker: object | undefined,
  ): Promise<never> {
    const job = this.#jobOf(type, payload)
    if (this.#full && options?.whenFull !== "wait")
      // P5
      throw new AgentOSError("MAILBOX_FULL", `${this.#capacity} jobs wait in ${this.address} already`)
    try {
      return await this.#pool.request("job", job, cause, options, serving, asker)
    } catch (error) {
      for (const ask of this.#given.underWay) ask.endIfOwedToNobody()
      this.#someGivenUp = true
      throw error
    }
  }

  override check(type: string, payload: unknown): unknown {
    return this.#compiled.checked(type, payload)
  }
}

/** A ref to a work pool, which is stopped like every other actor. */
export interface WorkPoolRefOf<P> extends ActorRef<P> {
  readonly waiting: number
}

/**
 * `size` workers that pull jobs from one bounded queue. A message to the ref is a job: an ask gets its result. When
 * the queue is full an ask rejects with `MAILBOX_FULL`, unless it waits for room, and a tell answers false, at once;
 * when its worker crashed it rejects with `ACTOR_CRASHED`, unless it is tried again (`retries`).
 * @throws {AgentOSError} `INVALID_DEFINITION`, `NAME_TAKEN`
 */
export function workPool<P, Init>(
  parent: Parent,
  definition: ActorDefinition<P, Init>,
  options: WorkPoolOptions & WithInit<Init>,
): WorkPoolRefOf<P> {
  const known = { ...poolOptions, capacity: true, retries: true }
  checkOptions("INVALID_DEFINITION", "the options of a work pool", options ?? null, known)
  checkNumber("INVALID_DEFINITION", "the size of a pool", options.size, count)
  checkNumbers("INVALID_DEFINITION", "work pool: ", options, { capacity: wholeOrAll, retries: wholeOrAll })
  const init: WorkPoolInit = {
    definition,
    options,
    init: (options as SpawnOptions<unknown>).init,
    waiting: [],
    underWay: new Set(),
  }
  const pool = cellOf(parent.spawn(WorkPool, { ...spawnOptions(options), init })) as Cell
  pool.family.onStopped((exit) => close(pool, init, exit))
  return new WorkPoolRef(pool, init) as unknown as WorkPoolRefOf<P>
}
