/**
 * Streams between actors, with demand: the reader asks for a page, the source reads ahead no further than its buffer.
 *
 * Invariants
 *   S1. Every item arrives once, in order; the error of the source, or of an item that cannot travel, comes after the
 *       items before it.
 *   S2. The source holds at most `buffer` items (the one being read counted), the reader at most `batch`; those the
 *       source keeps until the next pull, as they may not have arrived.
 *   S3. When the reader stops, or the producer does, `return()` of the iterable is called, once.
 *   S4. A reader that has begun gives signs of life. One that gives none any more (its thread or node is lost) has
 *       stopped: known at once where its end can be seen, else after some twenty seconds. So have the reader's pulls
 *       an error when the source is lost.
 */
import { checkOptions, checkSignal } from "./words.js"
import { defineActor, type ActorContext } from "./actor.js"
import { causeWith, type Cause } from "./cause.js"
import { cellOf } from "./context.js"
import { AgentOSError, thrownText } from "./errors.js"
import { follow, unfollow } from "./following.js"
import { checkNumber, count, countOrAll } from "./numbers.js"
import { Ref, type ActorRef, type AnyRef, type Deferred } from "./ref.js"
import type { ActorSystem } from "./system.js"
import { Limit } from "./timers.js"

/**
 * Between two signs of a reader, and how many turns without one the source waits (S4). Turns are counted and not time:
 * a loop that was blocked heard no signs.
 */
const signEveryMs = 4000
const mostSilent = 5

/** A page of a stream; after the last one nothing comes. */
export interface Page<T> {
  readonly items: readonly T[]
  readonly last: boolean
}

export type StreamProtocol<T> = {
  /** Answers at least one item and at most so many, or the last page. */
  readonly pull: (most: number) => Promise<Page<T>>
  /** As `pull`, beginning with what the last page held: that could not be given. */
  readonly again: (most: number) => Promise<Page<T>>
  /** A sign of the reader (S4), and who it is, where it is an actor. */
  readonly reads: (reader?: AnyRef) => void
  readonly close: () => void
}

/** Where a stream is read; it may travel in a message. One reader. */
export type StreamRef<T> = ActorRef<StreamProtocol<T>>

export interface StreamOptions {
  /** How many items are read ahead; default 16. */
  readonly buffer?: number
}

export interface ReadOptions {
  /** How many items a page holds at most; default 16. */
  readonly batch?: number
  /** Ends the stream when it aborts. */
  readonly signal?: AbortSignal
}

interface Pull {
  readonly most: number
  readonly reply: Deferred<Page<unknown>>
}

class SourceState {
  readonly iterable: AsyncIterable<unknown>
  /** Made when the first item is read: what is thrown then is an error of the source like any other. */
  iterator: AsyncIterator<unknown> | undefined
  readonly capacity: number
  readonly held: unknown[] = []
  /** The items of the last page. */
  given: readonly unknown[] = []
  reading = false
  /** Turns since the last sign of the reader; undefined before the first. */
  silent: number | undefined
  /** How the iterable ended. */
  end: { readonly error?: unknown; readonly failed: boolean } | undefined
  pull: Pull | undefined

  constructor(iterable: AsyncIterable<unknown>, capacity: number) {
    this.iterable = iterable
    this.capacity = capacity
  }
}

type SourceContext = ActorContext<SourceState>

const Source = defineActor({
  name: "stream-source",
  state: ({ iterable, capacity }: { iterable: AsyncIterable<unknown>; capacity: number }) =>
    new SourceState(iterable, capacity),
  started: (ctx) => readAhead(ctx),
  receive: {
    pull: (ctx, most: number) => pulled(ctx, most),
    again(ctx, most: number) {
      ctx.state.held.unshift(...ctx.state.given)
      return pulled(ctx, most)
    },
    reads(ctx, reader?: AnyRef) {
      heard(ctx)
      if (reader instanceof Ref && cellOf(reader) !== undefined) ctx.watch(reader)
    },
    listen(ctx) {
      if ((ctx.state.silent = (ctx.state.silent ?? 0) + 1) > mostSilent) ctx.stop()
    },
    close: (ctx) => ctx.stop(),
    item(ctx, result: IteratorResult<unknown>) {
      const { state } = ctx
      state.reading = false
      if (result.done === true) state.end = { failed: false }
      else state.held.push(result.value)
      serve(ctx)
    },
    failed(ctx, error: unknown) {
      ctx.state.reading = false
      ctx.state.end = { failed: true, error }
      serve(ctx)
    },
  },
  ended: (ctx) => ctx.stop(), // S4
  stopping({ state }) {
    if (state.end !== undefined) return
    state.end = { failed: false }
    // A generator that is in the middle of something returns when that is done: nobody waits for it.
    void (async () => state.iterator?.return?.())().catch(() => {})
  },
})

function pulled(ctx: SourceContext, most: number): Deferred<Page<unknown>> {
  const { state } = ctx
  const reply = ctx.defer<Page<unknown>>()
  if (!count.fits(most)) {
    reply.fail(new AgentOSError("INVALID_OPTION", `a page of ${thrownText(most)} items was asked for`))
    return reply
  }
  heard(ctx)
  state.given = []
  state.pull?.reply.fail(new AgentOSError("CANCELLED", "a later pull took the place of this one"))
  state.pull = { most, reply }
  serve(ctx)
  return reply
}

/** S4 */
function heard(ctx: SourceContext): void {
  if (ctx.state.silent === undefined) ctx.every(signEveryMs, "listen")
  ctx.state.silent = 0
}

/** Answers the pull that waits, if there is something to answer, and reads on. */
function serve(ctx: SourceContext): void {
  const { state } = ctx
  const { pull, end } = state
  if (pull !== undefined && (state.held.length > 0 || end !== undefined)) {
    state.pull = undefined
    if (state.held.length === 0 && end?.failed === true) return pull.reply.fail(end.error)
    const items = (state.given = state.held.splice(0, pull.most))
    pull.reply.reply({ items, last: end?.failed === false && state.held.length === 0 })
  }
  readAhead(ctx)
}

function readAhead(ctx: SourceContext): void {
  const { state } = ctx
  if (state.reading || state.end !== undefined || state.held.length >= state.capacity) return // S2
  state.reading = true
  ctx.run(
    async () => resultOf(await (state.iterator ??= state.iterable[Symbol.asyncIterator]()).next()),
    "item",
    "failed",
  )
}

function resultOf(result: IteratorResult<unknown> | undefined): IteratorResult<unknown> {
  if (typeof result === "object" && result !== null) return result
  throw new TypeError(`the iterable gave ${thrownText(result)}, and not { done, value }`)
}

/** Makes a source of the iterable, a child of this actor: it ends with it. @returns where to read it */
export function openStream<T>(
  ctx: Pick<ActorContext<unknown>, "spawn">,
  iterable: AsyncIterable<T>,
  options: StreamOptions = {},
): StreamRef<T> {
  checkOptions("INVALID_OPTION", "the options of a stream", options, { buffer: true })
  const { buffer = 16 } = options
  checkNumber("INVALID_OPTION", "buffer", buffer, countOrAll)
  const init = { iterable, capacity: buffer }
  return ctx.spawn(Source, { kind: "temporary", init }) as unknown as StreamRef<T>
}

/** A page is waited for until the cause, the signal or the source ends it. */
const noLimit = { timeoutMs: Infinity }

/**
 * The items of a stream. Leaving the loop, an abort of the signal, or the end of the actor that reads closes the
 * source.
 * @throws {AgentOSError} (as rejection) what the source threw, `CANCELLED`, `ACTOR_STOPPED`
 */
export async function* readStream<T>(
  reader: ActorContext<unknown> | ActorSystem,
  stream: StreamRef<T>,
  options: ReadOptions = {},
): AsyncGenerator<T, void, undefined> {
  checkOptions("INVALID_OPTION", "the options of reading a stream", options, { batch: true, signal: true })
  const { batch = 16, signal } = options
  checkSignal("INVALID_OPTION", "signal", signal)
  checkNumber("INVALID_OPTION", "batch", batch, count)
  const ref = stream as unknown as Ref
  const inside = "cause" in reader ? reader : undefined
  const own = inside?.signal
  const signals = [own, signal].filter((one) => one !== undefined)
  const cause: Cause | undefined = causeWith(
    signals.length === 0 ? {} : { signal: AbortSignal.any(signals) },
    inside?.cause,
  )
  const close = (): void => void ref.send("close", undefined, undefined)
  const closing = { aborted: close }
  for (const one of signals) follow(one, closing)
  const { wheel } = "cause" in reader ? reader.system : reader
  const sign = new Limit(() => {
    wheel.add(sign, signEveryMs)
    ref.send("reads", undefined, undefined)
  })
  try {
    if (inside !== undefined) ref.send("reads", inside.self, undefined)
    wheel.add(sign, signEveryMs)
    for (let last = false, most = batch, type: "pull" | "again" = "pull"; !last;) {
      let page: Page<T>
      try {
        page = (await ref.request(type, most, cause, noLimit, undefined, undefined)) as Page<T>
      } catch (error) {
        if (most === 1 || !(error instanceof AgentOSError && error.code === "INVALID_ANSWER")) throw error
        most = Math.floor(most / 2) // S1: one of them cannot travel, or all of them together cannot
        type = "again"
        continue
      }
      type = "pull"
      last = page.last
      for (const item of page.items) {
        if (cause?.signal?.aborted === true) throw cancelled(cause.signal)
        yield item
      }
    }
  } finally {
    sign.cancel()
    for (const one of signals) unfollow(one, closing)
    if (cellOf(stream)?.stopping !== true) close()
  }
}

function cancelled({ reason }: AbortSignal): AgentOSError {
  return reason instanceof AgentOSError
    ? reason
    : new AgentOSError("CANCELLED", "the reading was cancelled", { cause: reason })
}
