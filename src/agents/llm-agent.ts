/**
 * The actor that an agent is. It answers many requests at a time, up to a limit, and takes cancel and status while it works.
 */
import { defineActor, type Task } from "#actors/actor.js"
import type { Deferred } from "#actors/ref.js"
import { AgentOSError } from "#actors/errors.js"
import type { AgentDefinition } from "./agent.js"
import type { AgentAnswer, AgentRequest } from "./respond.js"

/** Answers one request; given by the composition root, so that the actor knows neither models nor tools. */
export type Responder = (agent: AgentDefinition, request: AgentRequest, signal: AbortSignal) => Promise<AgentAnswer>

interface Pending {
  readonly request: AgentRequest
  readonly answer: Deferred<AgentAnswer>
}

interface State {
  readonly agent: AgentDefinition
  readonly respond: Responder
  readonly concurrency: number
  readonly working: Map<number, Task>
  readonly waiting: Pending[]
  next: number
  answered: number
  failed: number
}

export interface AgentStatus {
  readonly working: number
  readonly waiting: number
  readonly answered: number
  readonly failed: number
}

export const LlmAgent = defineActor({
  name: "llm-agent",
  state: (init: {
    readonly agent: AgentDefinition
    readonly respond: Responder
    readonly concurrency: number
  }): State => ({
    ...init,
    working: new Map(),
    waiting: [],
    next: 1,
    answered: 0,
    failed: 0,
  }),
  receive: {
    respond(ctx, request: AgentRequest) {
      const answer = ctx.defer<AgentAnswer>()
      if (ctx.state.working.size >= ctx.state.concurrency) ctx.state.waiting.push({ request, answer })
      else begin(ctx, { request, answer })
      return answer
    },
    done(ctx, id: number) {
      ctx.state.working.delete(id)
      const next = ctx.state.waiting.shift()
      if (next !== undefined) begin(ctx, next)
    },
    /** Cancels everything it works on and everything that waits. */
    cancel(ctx) {
      for (const task of ctx.state.working.values()) task.cancel()
      for (const { answer } of ctx.state.waiting.splice(0))
        answer.fail(new AgentOSError("CANCELLED", `agent ${ctx.state.agent.name} was told to cancel`))
    },
    status: (ctx): AgentStatus => ({
      working: ctx.state.working.size,
      waiting: ctx.state.waiting.length,
      answered: ctx.state.answered,
      failed: ctx.state.failed,
    }),
  },
})

type Context = Parameters<Parameters<typeof defineActor<State, Record<string, never>>>[0]["started"] & object>[0]

function begin(ctx: Context, { request, answer }: Pending): void {
  const { state } = ctx
  const id = state.next++
  const task = ctx.run(async (signal) => {
    try {
      answer.reply(await state.respond(state.agent, request, signal))
      state.answered += 1
    } catch (error) {
      state.failed += 1
      answer.fail(error)
    }
    return id
  }, "done")
  state.working.set(id, task)
}
