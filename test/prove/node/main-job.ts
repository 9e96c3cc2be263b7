/** The main job through the command line and a real node: how many of its answers are fully right. */
import { cp, mkdir, readFile, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { readSafetensors, writeSafetensors } from "#src/models/checkpoint/safetensors.js"
import { shuffle } from "#src/models/training/command.js"
import { Dice } from "#src/models/training/corpus/index.js"
import { fullyRight, mainJob, writeKnowledge } from "#test/support/main-job.js"
import { ask, startNode } from "#test/support/node-process.js"

export interface MainJobOutcome {
  readonly right: number
  readonly items: number
  readonly readyMs: number
  /** A line for each answer that was not fully right. */
  readonly wrong: readonly string[]
}

/** Asks every question of a job of the shipped topology. @param shuffled with the numbers of each weight of the model in another order */
export async function answerMainJob(
  folder: string,
  { items: count, seed, shuffled = false }: { items: number; seed: number; shuffled?: boolean },
  progress: (text: string) => void,
): Promise<MainJobOutcome> {
  const { items, files } = mainJob(count, seed)
  const documents = join(folder, "documents")
  await writeKnowledge(documents, files)
  const args = ["--knowledge", documents]
  if (shuffled) {
    const model = join(folder, "shuffled")
    await shuffleCheckpoint(fileURLToPath(new URL("../../../src/models/embedded/scribe/", import.meta.url)), model)
    const config = join(folder, "llmagentos.yaml")
    await writeFile(config, `models:\n  scribe:\n    kind: local\n    path: ${JSON.stringify(model)}\n`)
    args.push("--config", config)
  }
  const node = await startNode(join(folder, "data"), args)
  const wrong: string[] = []
  for (const [n, item] of items.entries()) {
    progress(`${n} of ${count} questions${shuffled ? ", weights shuffled" : ""}`)
    const { body } = await ask(node, "ask", item.question)
    const answer = body.output ?? `${body.error?.code}: ${body.error?.message}`
    if (!fullyRight(item, answer)) wrong.push(`${item.question} ${item.product}, ${item.value}; got: ${answer}`)
  }
  await node.stop()
  return { right: items.length - wrong.length, items: items.length, readyMs: node.readyMs, wrong }
}

async function shuffleCheckpoint(from: string, to: string): Promise<void> {
  await mkdir(to, { recursive: true })
  for (const file of ["config.json", "tokenizer.json"]) await cp(join(from, file), join(to, file))
  const weights = readSafetensors(await readFile(join(from, "model.safetensors")))
  const dice = new Dice(1)
  for (const { data } of weights.values()) shuffle(data, dice)
  await writeFile(join(to, "model.safetensors"), writeSafetensors(weights))
}
