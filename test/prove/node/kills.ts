/** Nodes that are killed at random moments, and what they still know afterwards. */
import { readFile, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import { fileURLToPath } from "node:url"
import { createAgentOS } from "#src/os.js"
import { seeded } from "#test/support/fuzz-gateway.js"
import { ask, startNode } from "#test/support/node-process.js"

export interface Kills {
  readonly kills: number
  /** Turns or steps that were acknowledged before a kill. */
  readonly acknowledged: number
  /** Those of them that were gone, done again, or otherwise than acknowledged. */
  readonly wrong: readonly string[]
  /** Kills after which the work was not over already. */
  readonly midway: number
}

/** Talks with the embedded model in several conversations at once, kills the node, and reads from its folder what was said. */
export async function killConversations(
  folder: string,
  kills: number,
  seed: number,
  progress: (text: string) => void,
): Promise<Kills> {
  const random = seeded(seed)
  const wrong: string[] = []
  let acknowledged = 0
  let midway = 0
  for (let round = 0; round < kills; round++) {
    progress(`conversation killed ${round} of ${kills} times`)
    const node = await startNode(folder)
    const said = new Map<string, string[]>()
    const talk = async (id: string): Promise<void> => {
      for (let turn = 0; turn < 19; turn++) {
        const input = turn === 0 ? `hello, my name is Ada` : `I like number ${turn}`
        const answer = await ask(node, "companion", input, { conversation: id })
        if (answer.status === 200) said.get(id)?.push(input, answer.body.output ?? "")
      }
    }
    const ids = [0, 1, 2].map((n) => `c-${round}-${n}`)
    const talks = ids.map((id) => {
      said.set(id, [])
      return talk(id).then(() => true, () => false) // prettier-ignore
    })
    await sleep(50 + random() * 650)
    await node.kill()
    if ((await Promise.all(talks)).includes(false)) midway += 1
    const os = await createAgentOS({ data: folder })
    for (const id of ids) {
      const heard = (await os.conversation("companion", id)).map(({ content }) => content)
      const expected = said.get(id) ?? []
      acknowledged += expected.length / 2
      // A turn may be durable though its answer was not heard; nothing else may follow.
      if (!expected.every((text, i) => heard[i] === text) || heard.length > expected.length + 2)
        wrong.push(`${id}: said ${JSON.stringify(expected)}, kept ${JSON.stringify(heard)}`)
    }
    await os.stop()
  }
  return { kills, acknowledged, wrong, midway }
}

/** Runs a topology with a tool that must not run twice, kills the node, and asks for the same run again. */
export async function killRuns(
  folder: string,
  kills: number,
  seed: number,
  progress: (text: string) => void,
): Promise<Kills> {
  const random = seeded(seed)
  const record = join(folder, "counted.txt")
  const config = join(folder, "llmagentos.yaml")
  await writeFile(record, "")
  await writeFile(
    config,
    `plugins: [${JSON.stringify(fileURLToPath(new URL("../../support/counted-plugin.js", import.meta.url)))}]\n`,
  )
  process.env["COUNTED"] = record
  const data = join(folder, "data")
  const wrong: string[] = []
  let acknowledged = 0
  let midway = 0
  let node = await startNode(data, ["--config", config])
  for (let round = 0; round < kills; round++) {
    progress(`run killed ${round} of ${kills} times`)
    const run = `run-${round}`
    const finished: string[] = []
    const watching = follow(node.rest, run, finished)
    await sleep(random() * 160)
    await node.kill()
    if (!(await watching)) midway += 1
    const before = await readFile(record, "utf8")
    node = await startNode(data, ["--config", config])
    const answer = await ask(node, "counted", run, { key: run })
    const after = (await readFile(record, "utf8")).slice(before.length)
    acknowledged += finished.length
    if (answer.status !== 200 || answer.body.output !== `${run} five`)
      wrong.push(`${run}: answered ${JSON.stringify(answer)}`)
    for (const agent of finished)
      if (after.includes(`${run} ${agent}\n`)) wrong.push(`${run}: step ${agent} had finished and was done again`)
    for (const agent of ["one", "two", "three", "four", "five"]) {
      const times = (before + after).split(`booked ${run} ${agent}\n`).length - 1
      if (times > 1) wrong.push(`${run}: ${agent} booked ${times} times`)
      const begunOnce = before.includes(`asked ${run} ${agent}\n`)
      if (times === 0 && !begunOnce) wrong.push(`${run}: ${agent} never booked`)
    }
  }
  await node.stop()
  delete process.env["COUNTED"]
  return { kills, acknowledged, wrong, midway }
}

/** Begins a run and notes the agents whose steps were told to be finished. @returns whether it came to its end */
async function follow(rest: string, run: string, finished: string[]): Promise<boolean> {
  try {
    const response = await fetch(`${rest}/v1/runs`, {
      method: "POST",
      headers: { "content-type": "application/json", accept: "text/event-stream", "idempotency-key": run },
      body: JSON.stringify({ target: "counted", input: run }),
    })
    let text = ""
    for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
      text += Buffer.from(chunk).toString()
      const events = text.split("\n\n")
      text = events.pop() ?? ""
      for (const event of events) {
        const data = /^data: (.*)$/m.exec(event)?.[1]
        if (data === undefined || data === "") continue
        const told = JSON.parse(data) as { type?: string; status?: string; agent?: string }
        if (told.type === "step" && told.status === "finished") finished.push(told.agent ?? "")
        if (told.type === "end") return true
      }
    }
    return false
  } catch {
    return false
  }
}
