/** The embedded model: its shape, its corpus, and how well it does. */
import type { LlamaConfig } from "../architectures/llama.js"
import type { Tokenizer } from "../tokenizer/tokenizer.js"
import {
  corpusTasks,
  encodeExample,
  evaluationExamples,
  trainingExample,
  type CorpusTask,
  type Dice,
} from "./corpus/index.js"
import type { PackItem } from "./packing.js"
import type { Trainer } from "./trainer.js"

/** Four layers of 128 channels with token shift: 0.94 million parameters with a vocabulary of 1,152. */
export function scribeConfig(tokenizer: Tokenizer): LlamaConfig {
  return {
    vocabulary: Math.ceil(tokenizer.size / 8) * 8,
    channels: 128,
    feedForward: 384,
    layers: 4,
    heads: 4,
    keyValueHeads: 2,
    contextLength: 256,
    epsilon: 1e-5,
    ropeTheta: 1000,
    tied: true,
    eos: tokenizer.special("<eos>"),
    tokenShift: true,
    promptFormat: "scribe",
  }
}

/** How much the single token of a route counts beside those of longer answers. */
const routeWeight = 3

const toItem = (tokenizer: Tokenizer, example: Parameters<typeof encodeExample>[1]): PackItem => ({
  ...encodeExample(tokenizer, example),
  firstWeight: example.task === "route" ? routeWeight : 1,
})

/** The source of training items for a trainer. */
export function scribeItems(tokenizer: Tokenizer): (dice: Dice, progress: number) => PackItem {
  return (dice, progress) => toItem(tokenizer, trainingExample(dice, progress))
}

/** Percent of items answered exactly, by task and by phrasing. */
export type Evaluation = Readonly<Record<CorpusTask, { readonly seen: number; readonly "held-out": number }>>

/** Greedy answers to items whose values (and, held-out, whose phrasing) training never saw. */
export function evaluateScribe(trainer: Trainer, tokenizer: Tokenizer, count: number): Evaluation {
  const percent = (task: CorpusTask, split: "seen" | "held-out"): number => {
    const { exact } = trainer.evaluate(
      evaluationExamples(task, split, count).map((example) => toItem(tokenizer, example)),
    )
    return Math.round((1000 * exact.filter(Boolean).length) / count) / 10
  }
  return Object.fromEntries(
    corpusTasks.map((task) => [task, { seen: percent(task, "seen"), "held-out": percent(task, "held-out") }]),
  ) as Evaluation
}
