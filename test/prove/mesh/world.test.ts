/** The machines of the proofs. Skipped where there is no root or no iproute2. */
import { once } from "node:events"
import { setTimeout as sleep } from "node:timers/promises"
import t from "tap"
import { openWorld, type Machine } from "./world.js"

const world = await openWorld()
if (typeof world === "string") {
  t.pass(`skipped: ${world}`, { skip: true })
  process.exit()
}
t.teardown(() => world.close())

/** Prints what it hears at a port. */
const listener = `require("net").createServer((s) => s.on("data", (d) => s.write(d)).on("error", () => {})).listen(7000, () => console.log("listening"))`
/** Sends a line every 50 ms and prints what becomes of the connection. */
const caller = (address: string): string =>
  `const s = require("net").connect(7000, "${address}"); setInterval(() => s.write("a"), 50); s.on("data", () => process.stdout.write("a")).on("error", (e) => process.stdout.write(e.code)).on("close", () => process.stdout.write("closed"))`

/** A program whose output is collected. */
function start(machine: Machine, program: string): { text: string } {
  const output = { text: "" }
  const child = machine.spawn(process.execPath, ["-e", program], { stdio: ["ignore", "pipe", "inherit"] })
  child.stdout?.on("data", (chunk: Buffer) => (output.text += chunk.toString()))
  return output
}

async function until(enough: () => boolean, what: string): Promise<void> {
  const end = performance.now() + 10_000
  while (!enough()) {
    if (performance.now() > end) throw new Error(`not so after 10 s: ${what}`)
    await sleep(20)
  }
}

const [a, b, c] = [await world.machine("a"), await world.machine("b"), await world.machine("c")]
const listening = start(b, listener)
await until(() => listening.text !== "", "the listener listens")
const [fromA, fromC] = [start(a, caller(b.address)), start(c, caller(b.address))]

/** Nothing is heard for half a second, not even that the connection is gone. */
async function isSilent(output: { text: string }): Promise<boolean> {
  await sleep(200) // what was on its way
  const before = output.text
  await sleep(500)
  return output.text === before && !/closed|E[A-Z]+/.test(before)
}

t.test("a machine that is cut off hears silence, and goes on when it is healed", async (t) => {
  await until(() => fromA.text !== "" && fromC.text !== "", "both are answered")
  await world.cut(b)
  t.ok(await isSilent(fromA), fromA.text)
  t.ok(await isSilent(fromC), fromC.text)
  await world.heal(b)
  const before = fromA.text.length
  await until(() => fromA.text.length > before, "answers come again")
})

t.test("two machines are cut off from each other and from nobody else", async (t) => {
  await world.cutBetween(a, b)
  t.ok(await isSilent(fromA), fromA.text)
  t.notOk(await isSilent(fromC))
  await world.healBetween(a, b)
  const before = fromA.text.length
  await until(() => fromA.text.length > before, "answers come again")
})

t.test("a world ends its programs", async () => {
  const child = c.spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"], { stdio: "ignore" })
  const exit = once(child, "exit")
  await world.close()
  await exit
})
