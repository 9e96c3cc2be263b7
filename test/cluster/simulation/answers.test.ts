/** Answers that the store must confirm, while the store is out of reach. */
import t from "tap"
import { AgentOSError, defineActor } from "#actors/index.js"
import type { AnyDefinition } from "#actors/actor.js"
import { simulateCluster, type ClusterSimulation } from "#cluster/simulation/cluster-simulation.js"

const Clerk = defineActor({
  name: "clerk",
  state: () => ({}),
  receive: {
    serve: () => "served",
    refuse: () => {
      throw new Error("not today")
    },
  },
})

interface Settled {
  readonly code: string
  readonly afterMs: number
}

/** What an ask of a node that is cut off from all others comes to. */
async function asked(
  type: "serve" | "refuse",
  options: { timeoutMs?: number; cancelAfterMs?: number; cause?: { deadline?: number; signal?: AbortSignal } },
): Promise<Settled> {
  let settled: Settled | undefined
  const ask = async (simulation: ClusterSimulation): Promise<void> => {
    const here = (): ReturnType<ClusterSimulation["node"]> => simulation.node("ada")
    const { cancelAfterMs, ...rest } = options
    const clerk = () => here()?.system.entity(Clerk, "ann")
    await simulation.wait(5000)
    await clerk()?.ask("serve") // it lives
    await simulation.wait(10_000) // the lease is not fresh any more
    const at = simulation.now
    const controller = new AbortController()
    if (cancelAfterMs !== undefined) void simulation.wait(cancelAfterMs).then(() => controller.abort())
    try {
      await clerk()
        ?.with({ ...rest, signal: controller.signal })
        .ask(type)
    } catch (error) {
      settled = { code: (error as AgentOSError).code, afterMs: simulation.now - at }
    }
  }
  const isolation = { kind: "isolation", at: 6000, nodes: ["ada"], forMs: 30_000, byMs: 0 } as const
  const run = {
    seed: 1,
    nodes: ["ada"],
    state: "shared",
    durationMs: 40_000,
    definitions: [Clerk as unknown as AnyDefinition],
    workload: ask,
  } as const
  const { failure } = await simulateCluster(run, [isolation])
  if (failure !== undefined) throw failure
  return settled ?? { code: "answered", afterMs: NaN }
}

t.test("an ask whose answer the store does not confirm in time is told ASK_TIMEOUT in time", async (t) => {
  for (const type of ["serve", "refuse"] as const) {
    const { code, afterMs } = await asked(type, { timeoutMs: 200 })
    t.equal(code, "ASK_TIMEOUT")
    t.ok(afterMs <= 200 + 16, `after ${afterMs} ms`)
  }
})

t.test("an ask whose answer waits for the store can be cancelled", async (t) => {
  const { code, afterMs } = await asked("serve", { cancelAfterMs: 100 })
  t.equal(code, "CANCELLED")
  t.ok(afterMs <= 100 + 16, `after ${afterMs} ms`)
})

t.test("an ask that is not sent, its time being over or itself called off, is told at once", async (t) => {
  const off = AbortSignal.abort(new AgentOSError("INVALID_OPTION", "no more of this"))
  for (const cause of [{ deadline: 1 }, { signal: off }]) {
    const { code, afterMs } = await asked("serve", { cause })
    t.equal(code, "signal" in cause ? "INVALID_OPTION" : "DEADLINE_EXCEEDED")
    t.ok(afterMs <= 16, `after ${afterMs} ms`)
  }
})
