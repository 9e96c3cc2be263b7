/**
 * The actor that an agent is. It answers many requests at a time, up to a limit, and takes cancel and status while it works.
 *
 * Invariants
 *   G1. A request is answered under its own cause, also when it had to wait for a place: another's cancellation does not touch it.
 */
import { defineActor, type Task } from "#actors/actor.js"
import type { AgentDefinition } from "./agent.js"
import type { AgentAnswer, AgentRequest } from "./respond.js"
import { Slots } from "./slots.js"

/** Answers one request; given by the composition root, so that the actor knows neither models nor tools. */
export type Responder = (agent: AgentDefinition, request: AgentRequest, signal: AbortSignal) => Promise<AgentAnswer>

interface Init {
  readonly agent: AgentDefinition
  readonly respond: Responder
  readonly concurrency: number
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
    /** Requests that wait or are being worked on, by number. */
    open: new Map<number, Task>(),
    next: 1,
    answered: 0,
    failed: 0,
  }),
  receive: {
    respond(ctx, request: AgentRequest) {
      const { state } = ctx
      const answer = ctx.defer<AgentAnswer>()
      const id = state.next++
      const task = ctx.run(async (signal) => {
        try {
          await state.slots.take(signal) // G1
          try {
            answer.reply(await state.respond(state.agent, request, signal))
            state.answered += 1
          } finally {
            state.slots.leave()
          }
        } catch (error) {
          state.failed += 1
          answer.fail(error)
        }
        return id
      }, "done")
      state.open.set(id, task)
      return answer
    },
    done(ctx, id: number) {
      ctx.state.open.delete(id)
    },
    /** Cancels everything it works on and everything that waits. */
    cancel(ctx) {
      for (const task of ctx.state.open.values()) task.cancel()
    },
    status: ({ state }): AgentStatus => ({
      working: state.open.size - state.slots.waiting,
      waiting: state.slots.waiting,
      answered: state.answered,
      failed: state.failed,
    }),
  },
})
