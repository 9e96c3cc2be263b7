/**
 * The least that can be done in JavaScript: an actor is a function and a queue, a run queue gives turns. No names of messages, no causes, no limits, no supervision,
 * no refs. What any actor library on this machine can come near to, and none can pass.
 */
import { counts, inFlight, rate, spawnRate, until, wanted, type Work } from "./measure.js"

const perTurn = 64
const perLoop = 4096

const none = Symbol("none")
type Receive = (message: unknown, self: Bare) => void

/** A ring of things that grows. */
class Queue<T> {
  #slots: (T | undefined)[]
  #mask: number
  #head = 0
  #tail = 0

  constructor(size: number) {
    this.#slots = new Array<T | undefined>(size).fill(undefined)
    this.#mask = size - 1
  }

  get size(): number {
    return this.#tail - this.#head
  }

  push(value: T): void {
    if (this.#tail - this.#head > this.#mask) this.#grow()
    this.#slots[this.#tail++ & this.#mask] = value
  }

  shift(): T {
    const slot = this.#head++ & this.#mask
    const value = this.#slots[slot] as T
    this.#slots[slot] = undefined
    return value
  }

  #grow(): void {
    const size = this.size
    const slots = new Array<T | undefined>(2 * (this.#mask + 1)).fill(undefined)
    for (let i = 0; i < size; i++) slots[i] = this.#slots[(this.#head + i) & this.#mask]
    this.#slots = slots
    this.#mask = slots.length - 1
    this.#head = 0
    this.#tail = size
  }
}

const turns = new Queue<Bare>(1024)
let scheduled = false
const settled = Promise.resolve()

function schedule(actor: Bare): void {
  turns.push(actor)
  if (scheduled) return
  scheduled = true
  void settled.then(pump)
}

function pump(): void {
  let left = perLoop
  while (turns.size > 0) {
    left -= turns.shift().run()
    if (left <= 0) return void setImmediate(pump)
  }
  scheduled = false
}

class Bare {
  readonly #receive: Receive
  /** One message waits here, the others in a queue of their own. */
  #first: unknown = none
  #queue: Queue<unknown> | undefined = undefined
  #scheduled = false

  constructor(receive: Receive) {
    this.#receive = receive
  }

  tell(message: unknown): void {
    if (!this.#scheduled) {
      this.#scheduled = true
      this.#first = message
      schedule(this)
    } else (this.#queue ??= new Queue(8)).push(message)
  }

  run(): number {
    const receive = this.#receive
    let handled = 0
    if (this.#first !== none) {
      const message = this.#first
      this.#first = none
      handled = 1
      receive(message, this)
    }
    const queue = this.#queue
    if (queue !== undefined) for (; handled < perTurn && queue.size > 0; handled++) receive(queue.shift(), this)
    if (queue !== undefined && queue.size > 0) schedule(this)
    else this.#scheduled = false
    return handled
  }
}

const spawn = (receive: Receive): Bare => new Bare(receive)

function counter(count: number, then: () => void): Bare {
  let counted = 0
  return spawn((by) => {
    if ((counted += by as number) === count) then()
  })
}

const grown: Work = (count) =>
  until((then) => {
    const to = counter(count, then)
    spawn(() => {
      for (let i = 0; i < count; i++) to.tell(1)
    }).tell(0)
  })

const slices: Work = (count) =>
  until((then) => {
    const to: Bare = spawn((message) => {
      if (typeof message === "object") (message as Bare).tell(0)
      if (++counted === count) then()
    })
    let counted = 0
    let sent = 0
    spawn((_, self) => {
      if (sent === count) return
      for (let i = 1; i < inFlight; i++) to.tell(1)
      to.tell(self)
      sent += inFlight
    }).tell(0)
  })

interface Question {
  readonly of: number
  readonly reply: (value: number) => void
}

const workloads: Readonly<Record<string, Work>> = {
  tell: slices,
  "tell with a cause": slices,
  "tell, mailbox grows": grown,
  "ping-pong": (count) =>
    until((then) => {
      let left = count
      const ping: Bare = spawn(() => {
        if (--left === 0) then()
        else pong.tell(ping)
      })
      const pong = spawn((from) => (from as Bare).tell(0))
      pong.tell(ping)
    }),
  async ask(count) {
    const successor = spawn((question) => {
      const { of, reply } = question as Question
      reply(of + 1)
    })
    for (let of = 0; of < count; of++) await new Promise<number>((reply) => successor.tell({ of, reply }))
  },
  "fan-in": (count) =>
    until((then) => {
      const to = counter(count, then)
      for (let i = 0; i < 1000; i++) {
        let left = count / 1000
        spawn((_, self) => {
          for (let k = 0; k < 10; k++) to.tell(1)
          if ((left -= 10) > 0) self.tell(0)
        }).tell(0)
      }
    }),
  ring: (count) =>
    until((then) => {
      const nodes: Bare[] = []
      for (let i = 0; i < 1000; i++)
        nodes.push(
          spawn((left) => {
            if (left === 0) then()
            else (nodes[(i + 1) % 1000] as Bare).tell((left as number) - 1)
          }),
        )
      nodes[0]?.tell(count)
    }),
  skynet: () =>
    until((then) => {
      const root = spawn((total) => {
        if (total !== 499_999_500_000) throw new Error(`skynet sums to ${String(total)}`)
        then()
      })
      const grow = (number: number, size: number, parent: Bare): void => {
        let left = 10
        let total = 0
        spawn((message, self) => {
          if (message !== null) {
            total += message as number
            if (--left === 0) parent.tell(total)
          } else if (size === 1) parent.tell(number)
          else for (let i = 0; i < 10; i++) grow(number + (i * size) / 10, size / 10, self)
        }).tell(null)
      }
      grow(0, 1_000_000, root)
    }),
}

/** Twenty others that were busy before, as beside ours. */
async function busyWithOthers(): Promise<void> {
  for (let i = 0; i < 20; i++) {
    let count = 0
    const receive = [
      (by: unknown) => void (count += by as number),
      (by: unknown) => void (count = count + (by as number)),
      (by: unknown) => void (count -= -(by as number)),
      (by: unknown) => void (count = (by as number) + count),
      (by: unknown) => void (count = -(-count - (by as number))),
    ][i % 5] as Receive
    const other = spawn(receive)
    for (let k = 0; k < 5000; k++) other.tell(1)
    await until(setImmediate)
    await until(setImmediate)
    if (count !== 5000) throw new Error(`other ${i} has miscounted`)
  }
}

await busyWithOthers()
const results: Record<string, number> = {}
for (const name of wanted(Object.keys(workloads)))
  results[name] = await rate(workloads[name] as Work, counts[name as keyof typeof counts])
if (wanted(["spawn"]).length > 0) {
  const idle: Receive = () => undefined
  const { spawn: spawned } = await spawnRate((count) => ({
    actors: Array.from({ length: count }, () => spawn(idle)),
    end: () => Promise.resolve(),
  }))
  results["spawn"] = spawned
}
console.log(JSON.stringify(results))
