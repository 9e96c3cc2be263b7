import t from "tap"
import { MemoryUse } from "#src/monitoring/memory-use.js"
import { until } from "#test/support/until.js"

const megabytes = (): number => {
  const { heapUsed, external } = process.memoryUsage()
  return (heapUsed + external) / 2 ** 20
}

const fills: Readonly<Record<string, () => unknown>> = {
  buffers: () => Buffer.alloc(2 ** 20, 1),
  objects: () => new Array<number>(131_072).fill(0.5),
}

for (const [what, fill] of Object.entries(fills))
  t.test(`a process that was too large for its ${what} takes work again as soon as they are free`, async (t) => {
    let now = 0
    const use = new MemoryUse(megabytes() + 150, () => (now += 2_000))
    t.notOk(use.isAbove)
    const held: unknown[] = []
    for (let i = 0; i < 300; i++) held.push(fill())
    t.ok(await use.staysAbove(), "what is in use cannot be collected")
    held.length = 0
    await until(async () => !(await use.staysAbove()), "garbage to be collected, though nothing else makes it")
  })

t.test("without a limit nothing is looked at", async (t) => {
  const use = new MemoryUse(Infinity, () => t.fail("no need to know the time") as never)
  t.notOk(await use.staysAbove())
})
