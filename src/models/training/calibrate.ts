/**
 * What tells the embedded model's own questions from any other: how sure it is of the answers that it gets right, and the words that its questions are
 * made of. Measured on items that training never saw; and on questions that are none of its tasks, to see what the thresholds keep out.
 */
import { writeFile } from "node:fs/promises"
import {
  calibratedTasks as tasks,
  calibrationFile,
  kinds,
  type Calibration,
  type CalibratedTask as Task,
  type Kind,
} from "../calibration.js"
import { readCheckpointHead, type CheckpointHead } from "../checkpoint/checkpoint.js"
import { Engine } from "../engine/engine.js"
import type { Segment } from "../prompt/scribe.js"
import { calibrationQuestions } from "./calibration-questions.js"
import { smallTalkReplies } from "./corpus/talk.js"
import { Dice, encodeExample, evaluationExamples, trainingExample, type Example } from "./corpus/index.js"

/** For people: the threshold of a task, and what falls below it, in percent. */
export interface CalibrationRow {
  readonly threshold: number
  readonly "right answers": number
  readonly "wrong answers": number
  readonly "to questions of no task": number
}

/** The share of right answers that a threshold may cost: more where it keeps out many wrong ones. */
const cost: Readonly<Record<Task, number>> = { "docs-answer": 0.02, "time-answer": 0.001, chat: 0.01 }
const phrasingItems = 100_000
const maxTokens = 64

/** Writes `calibration.json` for a checkpoint. @param items a task and phrasing @returns what it found, by task */
export async function calibrate(folder: string, items: number): Promise<Readonly<Record<Task, CalibrationRow>>> {
  const head = await readCheckpointHead(folder)
  const engine = new Engine({ folder, backend: "wasm", slots: 16, contextLength: head.config.contextLength })
  try {
    const answers = answering(engine, head)
    const rows = await Promise.all(tasks.map(async (task) => [task, await rowOf(task, items, answers)] as const))
    const least = Object.fromEntries(rows.map(([task, { threshold }]) => [task, threshold])) as Calibration["least"]
    const calibration: Calibration = { least, words: phrasing(), talk: smallTalkReplies }
    await writeFile(calibrationFile(folder), `${JSON.stringify(calibration)}\n`)
    return Object.fromEntries(rows) as Record<Task, CalibrationRow>
  } finally {
    await engine.stop()
  }
}

interface Outcome {
  readonly right: boolean
  readonly least: number
}
type Answering = (example: Example) => Promise<Outcome>

function answering(engine: Engine, { tokenizer, config }: CheckpointHead): Answering {
  let next = 1
  return (example) => {
    const { prompt, answer } = encodeExample(tokenizer, example)
    const written: number[] = []
    return new Promise((resolve, reject) => {
      engine.start(
        next++,
        { prompt, stops: [config.eos], maxTokens, measured: true },
        {
          token: (id) => written.push(id),
          end: (_, confidence) =>
            resolve({ right: `${[...written, config.eos]}` === `${answer}`, least: confidence?.least ?? 0 }),
          fail: reject,
        },
      )
    })
  }
}

async function rowOf(task: Task, items: number, answers: Answering): Promise<CalibrationRow> {
  // Other items than those of the published evaluation.
  const own = (["seen", "held-out"] as const).flatMap((split) => evaluationExamples(task, split, items, 5000))
  const strange = calibrationQuestions.map((question, i) => asking(own[i % own.length] as Example, question))
  const outcomes = await Promise.all(own.map(answers))
  const others = await Promise.all(strange.map(answers))
  const right = outcomes.filter((outcome) => outcome.right).sort((a, b) => a.least - b.least)
  const threshold = Math.floor(100 * (right[Math.floor(right.length * cost[task])]?.least ?? 0)) / 100
  const below = (some: readonly Outcome[]): number =>
    Math.round((1000 * some.filter(({ least }) => least < threshold).length) / Math.max(1, some.length)) / 10
  return {
    threshold,
    "right answers": below(right),
    "wrong answers": below(outcomes.filter((outcome) => !outcome.right)),
    "to questions of no task": below(others),
  }
}

/** An example with another question. */
function asking(example: Example, question: string): Example {
  const isText = (segment: Segment): boolean => "text" in segment
  const at = example.task === "time-answer" ? example.prompt.findIndex(isText) : example.prompt.findLastIndex(isText)
  return { ...example, prompt: example.prompt.map((segment, i) => (i === at ? { text: question } : segment)) }
}

/**
 * The words of each kind's phrasing: those that questions of training and of evaluation share, since names, things and numbers are of one side only (G1
 * of the corpus). Phrasing that is held out stays out.
 */
function phrasing(): Calibration["words"] {
  const dice = new Dice(1)
  const training = wordsByKind(Array.from({ length: phrasingItems }, () => trainingExample(dice, 0.5)))
  const evaluation = wordsByKind(
    (["route", "chat"] as const).flatMap((task) => evaluationExamples(task, "seen", phrasingItems / 10)),
  )
  const shared = (kind: Kind): string[] => [...training[kind]].filter((word) => evaluation[kind].has(word)).sort()
  return { math: shared("math"), docs: shared("docs"), time: shared("time"), chat: shared("chat") }
}

/** The words of what is routed, and of small talk, by kind. */
function wordsByKind(examples: readonly Example[]): Record<Kind, Set<string>> {
  const words = { math: new Set<string>(), docs: new Set<string>(), time: new Set<string>(), chat: new Set<string>() }
  for (const { task, prompt, answer } of examples) {
    const label = task === "route" ? textOf(answer) : task
    // A question for both is one for the documents in which a sum is asked as well.
    const kind = kinds.find((name) => name === (label === "both" ? "docs" : label))
    if (kind !== undefined)
      for (const word of textOf(prompt)
        .toLowerCase()
        .match(/\p{L}+/gu) ?? [])
        words[kind].add(word)
  }
  return words
}

/** The last text, which is what was said. */
function textOf(segments: readonly Segment[]): string {
  const last = segments.findLast((segment) => "text" in segment)
  return last !== undefined && "text" in last ? last.text : ""
}
