/**
 * The actor that an agent is. It answers many requests at a time, up to a limit, and takes cancel and status while it works.
 *
 * Invariants
 *   G1. A request has its own cancellation, also while it waits for a place: another's does not touch it.
 *   G2. The answer that is owed is all that the actor knows of a work: its end is no message of its own.
 */
import { Bag } from "#actors/bag.js"
import { defineActor } from "#actors/actor.js"
import { AgentOSError } from "#actors/errors.js"
import type { Deferred } from "#actors/ref.js"
import { Cancellation } from "../cancellation.js"
import type { AgentDefinition } from "./agent.js"
import type { AgentAnswer, AgentRequest } from "./respond.js"
import { Slots } from "./slots.js"

/** Answers one request; given by the composition root, so that the actor knows neither models nor tools. */
export type Responder = (agent: AgentDefinition, request: AgentRequest, work: Cancellation) => Promise<AgentAnswer>

interface Init {
  readonly agent: AgentDefinition
  readonly respond: Responder
  readonly concurrency: number
}

interface Asked {
  readonly ticket: number
  readonly request: AgentRequest
  /** For whom it is, as far as places are shared. */
  readonly holder: string
}

interface Work {
  /** The number that the manager gave it. */
  readonly ticket: number
  place: number
  readonly cancellation: Cancellation
  readonly answer: Deferred<AgentAnswer>
}

export interface AgentStatus {
  readonly working: number
  readonly waiting: number
  readonly answered: number
  readonly failed: number
}

export const LlmAgent = defineActor({
  name: "llm-agent",
  state: ({ agent, respond, concurrency }: Init) => ({
    agent,
    respond,
    slots: new Slots(concurrency),
    /** Requests that wait or are being worked on. */
    open: new Bag<Work>(),
    follows: false,
    answered: 0,
    failed: 0,
  }),
  receive: {
    respond(ctx, { ticket, request, holder }: Asked) {
      const { state } = ctx
      const answer = ctx.defer<AgentAnswer>()
      const cancellation = new Cancellation()
      const work: Work = { ticket, cancellation, answer, place: 0 }
      state.open.add(work)
      if (!state.follows) {
        state.follows = true
        ctx.signal.addEventListener("abort", () =>
          callOff(state.open.members(), "ACTOR_STOPPED", "the agent is stopping"),
        )
      }
      // G2
      void (async () => {
        try {
          const turn = state.slots.take(cancellation, holder) // G1
          if (turn !== undefined) await turn
          try {
            answer.reply(await state.respond(request.definition ?? state.agent, request, cancellation))
            state.answered += 1
          } finally {
            state.slots.leave(holder)
          }
        } catch (error) {
          state.failed += 1
          answer.fail(error)
        } finally {
          state.open.remove(work)
        }
      })()
      return answer
    },
    /** Cancels one request or, without a ticket, everything it works on and everything that waits. */
    cancel({ state }, ticket?: number) {
      const all = state.open.members()
      callOff(
        ticket === undefined ? all : all.filter((work) => work.ticket === ticket),
        "CANCELLED",
        "the request was cancelled",
      )
    },
    status: ({ state }): AgentStatus => ({
      working: state.open.size - state.slots.waiting,
      waiting: state.slots.waiting,
      answered: state.answered,
      failed: state.failed,
    }),
  },
})

/** The asker hears of it at once, the work when it looks. */
function callOff(works: readonly Work[], code: string, message: string): void {
  for (const { answer, cancellation } of works) {
    const reason = new AgentOSError(code, message, { retryable: code === "ACTOR_STOPPED" }) // the agent may be started again
    answer.fail(reason)
    cancellation.cancel(reason)
  }
}
