/** Questions through a real node: those that the embedded model was not made for, and those of its own kinds. */
import { join } from "node:path"
import { shippedRefusal } from "#src/agents/shipped.js"
import { falselyAnswered, type GeneralQuestion } from "#test/support/general-questions.js"
import { writeKnowledge } from "#test/support/main-job.js"
import { ask, startNode } from "#test/support/node-process.js"
import type { OwnQuestions } from "#test/support/own-questions.js"

/** What `ask` answers to each question. @param files documents to answer from, besides the shipped ones */
async function answers(
  folder: string,
  questions: readonly string[],
  files: OwnQuestions["files"],
  progress: (text: string) => void,
): Promise<readonly string[]> {
  const documents = join(folder, "documents")
  await writeKnowledge(documents, files)
  const node = await startNode(join(folder, "data"), ["--knowledge", documents])
  const said: string[] = []
  for (const question of questions) {
    if (said.length % 10 === 0) progress(`${said.length} of ${questions.length} questions`)
    const { body } = await ask(node, "ask", question)
    said.push(body.output ?? `${body.error?.code}: ${body.error?.message}`)
  }
  await node.stop()
  return said
}

export interface GeneralOutcome {
  readonly refused: number
  /** A line for each answer that was neither right nor the refusal. */
  readonly falsely: readonly string[]
}

export async function answerGeneral(
  folder: string,
  questions: readonly GeneralQuestion[],
  progress: (text: string) => void,
): Promise<GeneralOutcome> {
  const said = await answers(folder, questions.map(([question]) => question), {}, progress) // prettier-ignore
  return {
    refused: said.filter((answer) => answer === shippedRefusal).length,
    falsely: questions.flatMap((question, i) =>
      falselyAnswered(question, said[i] as string) ? [`${question[0]} ${said[i]}`] : [],
    ),
  }
}

/** By kind, how many of its questions were answered rightly, refused, or neither. */
export type OwnOutcome = Readonly<Record<string, { right: number; refused: number; wrong: number }>>

export async function answerOwn(
  folder: string,
  { items, files }: OwnQuestions,
  progress: (text: string) => void,
): Promise<OwnOutcome> {
  const said = await answers(folder, items.map(({ question }) => question), files, progress) // prettier-ignore
  const outcome: Record<string, { right: number; refused: number; wrong: number }> = {}
  for (const [i, { kind, right }] of items.entries()) {
    const counted = (outcome[kind] ??= { right: 0, refused: 0, wrong: 0 })
    const answer = said[i] as string
    counted[right.test(answer) ? "right" : answer === shippedRefusal ? "refused" : "wrong"] += 1
  }
  return outcome
}
