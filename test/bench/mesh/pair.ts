/** Two processes on a core each, which send each other what they have to say before a measurement. */
import { spawn, type ChildProcess } from "node:child_process"
import { availableParallelism } from "node:os"
import { fileURLToPath } from "node:url"

/** Starts a program of this folder, on a core of its own where the system can pin it. */
function started(program: string, role: string, core: number): ChildProcess {
  const file = fileURLToPath(new URL(`${program}.js`, import.meta.url))
  const command = [process.execPath, ...(process.env["BENCH_FLAGS"]?.split(" ") ?? []), file, role]
  const pinned = process.platform === "linux" && availableParallelism() > 1
  const [first = "", ...rest] = pinned ? ["taskset", "-c", String(core), ...command] : command
  return spawn(first, rest, { stdio: ["ignore", "inherit", "inherit", "ipc"] })
}

const said = (child: ChildProcess): Promise<unknown> =>
  new Promise((done, failed) => {
    child.once("message", done)
    child.once("exit", (code) => failed(new Error(`a process of the measurement has ended (${code})`)))
  })

/** Figures of a pair of processes: each is told what the other has said first; the sender says the figures. */
export async function measured<Figures>(program: string): Promise<Figures> {
  const receiver = started(program, "receive", 1)
  const sender = started(program, "send", 0)
  try {
    const [first, second] = await Promise.all([said(receiver), said(sender)])
    const figures = said(sender)
    receiver.send(second as object)
    sender.send(first as object)
    return (await figures) as Figures
  } finally {
    receiver.disconnect()
    sender.disconnect()
  }
}

/** In one of the processes: says something and hears what the other has said. */
export function exchanged<T>(mine: object): Promise<T> {
  process.once("disconnect", () => process.exit())
  const theirs = new Promise<T>((done) => process.once("message", (message) => done(message as T)))
  process.send?.(mine)
  return theirs
}

export const say = (figures: object): void => void process.send?.(figures)
