/**
 * `llmagentos train`: trains the embedded model from scratch, resumes after a kill, evaluates, publishes.
 *
 * Invariants
 *   R1. State is written to a new file and renamed, so a kill at any moment leaves the last whole state.
 *   R2. The log holds one line a report; after a resume, lines past the restored step are dropped before going on.
 */
import { cp, mkdir, readFile, rename, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { parseArgs } from "node:util"
import { Presets, SingleBar } from "cli-progress"
import { Packr } from "msgpackr"
import { AgentOSError, thrownText } from "#actors/errors.js"
import { llamaConfigJson } from "../architectures/llama.js"
import { readSafetensors, writeSafetensors } from "../checkpoint/safetensors.js"
import { wasmBackend } from "../tensorflow.js"
import { Tokenizer } from "../tokenizer/tokenizer.js"
import { buildScribeTokenizer, Dice } from "./corpus/index.js"
import { embeddedFolder } from "../calibration.js"
import { calibrate } from "./calibrate.js"
import { loadKernels } from "../kernels.js"
import { plotLoss } from "./loss-plot.js"
import { evaluateScribe, scribeConfig, scribeItems, type Evaluation } from "./scribe.js"
import { defaultSettings, Trainer, type TrainerState } from "./trainer.js"

const usage = `Usage: llmagentos train scribe [options]
       llmagentos train evaluate scribe [--shuffled] [--items <n>]
       llmagentos train calibrate scribe [--items <n>]

  --tokens <n>   tokens to train on (default ${defaultSettings.tokens}, about an hour and a half on one core)
  --seed <n>     another seed, another model (default ${defaultSettings.seed})
  --out <dir>    where state, log and checkpoint go (default data/training/scribe)
  --resume       go on from the state in --out
  --publish <dir>  copy the finished checkpoint there (the repository's: src/models/embedded/scribe)
  --shuffled     evaluate with every weight's numbers shuffled: what chance gives
  --items <n>    items a task in evaluation and calibration (default 300)
  --from <dir>   checkpoint to evaluate or calibrate (default: the embedded one)`

/** Steps between two lines of the log, two saved states, two evaluations. */
const every = { report: 50, state: 500, evaluation: 2000 }

interface LogLine {
  readonly step: number
  readonly tokens: number
  readonly loss: number
  readonly rate: number
  readonly gradientNorm: number
  readonly tokensPerSecond: number
  readonly evaluation?: Evaluation
}

export async function trainCommand(args: readonly string[]): Promise<void> {
  const { values, positionals } = parse(args)
  if (values.help === true || positionals.length === 0) {
    console.log(usage)
    return
  }
  const doing = ["evaluate", "calibrate"].find((word) => word === positionals[0])
  const name = positionals[doing === undefined ? 0 : 1]
  if (name !== "scribe")
    throw new AgentOSError(
      "INVALID_CONFIG",
      `there is no model to train named ${String(name)}; there is: scribe\n\n${usage}`,
    )
  const folder = values.from ?? embeddedFolder
  const items = Number(values.items ?? 300)
  if (doing === "evaluate") await evaluate(folder, values.shuffled === true, items)
  else if (doing === "calibrate") console.table(await calibrate(folder, items))
  else await train(values)
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        tokens: { type: "string" },
        seed: { type: "string" },
        out: { type: "string" },
        resume: { type: "boolean" },
        publish: { type: "string" },
        shuffled: { type: "boolean" },
        items: { type: "string" },
        from: { type: "string" },
        help: { type: "boolean", short: "h" },
      },
    })
  } catch (error) {
    throw new AgentOSError("INVALID_CONFIG", `${thrownText(error)}\n\n${usage}`)
  }
}

async function train(values: {
  tokens?: string | undefined
  seed?: string | undefined
  out?: string | undefined
  resume?: boolean | undefined
  publish?: string | undefined
}): Promise<void> {
  const out = values.out ?? join("data", "training", "scribe")
  const settings = {
    ...defaultSettings,
    tokens: Number(values.tokens ?? defaultSettings.tokens),
    seed: Number(values.seed ?? defaultSettings.seed),
  }
  await mkdir(out, { recursive: true })
  const tokenizer = buildScribeTokenizer()
  const backend = await wasmBackend()
  const kernels = await loadKernels(backend)
  const trainer = new Trainer(backend, kernels, scribeConfig(tokenizer), settings, scribeItems(tokenizer))
  const stateFile = join(out, "state.msgpack")
  let log: LogLine[] = []
  if (values.resume === true) {
    const state = new Packr({ structuredClone: true, mapsAsObjects: false }).unpack(
      await readFile(stateFile),
    ) as TrainerState
    trainer.restore(state)
    const lines = (await readFile(join(out, "training.jsonl"), "utf8")).split("\n").filter((line) => line !== "")
    log = lines.map((line) => JSON.parse(line) as LogLine).filter(({ step }) => step <= state.step) // R2
  }
  console.log(
    `${trainer.parameterCount.toLocaleString("en")} parameters, ${settings.tokens.toLocaleString("en")} tokens, seed ${settings.seed}, ${kernels.relaxed ? "fused multiply-add" : "plain SIMD"}`,
  )

  const bar = new SingleBar(
    {
      format: "{bar} {percentage}%  {value}/{total} tokens  loss {loss}  {speed} tok/s  {eta_formatted} left",
      etaBuffer: 200,
    },
    Presets.shades_classic,
  )
  if (process.stdout.isTTY) bar.start(settings.tokens, log.at(-1)?.tokens ?? 0, { loss: "–", speed: "–" })
  let sum = 0
  let since = process.uptime()
  let tokensBefore = log.at(-1)?.tokens ?? 0
  while (!trainer.finished) {
    const report = trainer.step()
    sum += report.loss
    if (report.step % every.report === 0 || trainer.finished) {
      const tokensPerSecond = Math.round((report.tokens - tokensBefore) / (process.uptime() - since))
      const evaluation = report.step % every.evaluation === 0 ? evaluateScribe(trainer, tokenizer, 100) : undefined
      const line: LogLine = {
        ...report,
        loss: round(sum / every.report),
        rate: round(report.rate),
        gradientNorm: round(report.gradientNorm),
        tokensPerSecond,
        ...(evaluation === undefined ? {} : { evaluation }),
      }
      log.push(line)
      sum = 0
      tokensBefore = report.tokens
      if (process.stdout.isTTY) bar.update(report.tokens, { loss: line.loss.toFixed(3), speed: tokensPerSecond })
      else if (report.step % (every.report * 10) === 0) console.log(JSON.stringify(line))
      // Let timers, signals and the progress bar have their turn.
      await new Promise((done) => process.nextTick(done))
      since = process.uptime()
    }
    if (report.step % every.state === 0) {
      await writeWhole(stateFile, new Packr({ structuredClone: true, mapsAsObjects: false }).pack(trainer.state())) // R1
      await save(out, trainer, tokenizer, log)
    }
  }
  bar.stop()
  await save(out, trainer, tokenizer, log)
  const evaluation = evaluateScribe(trainer, tokenizer, 300)
  await writeFile(
    join(out, "evaluation.json"),
    `${JSON.stringify({ items: 300, intact: evaluation, shuffled: shuffledEvaluation(trainer, tokenizer, 300) }, null, 2)}\n`,
  )
  console.table(evaluation)
  console.table(await calibrate(out, 300))
  if (values.publish !== undefined) {
    await mkdir(values.publish, { recursive: true })
    for (const file of [
      "config.json",
      "tokenizer.json",
      "model.safetensors",
      "training.jsonl",
      "loss.svg",
      "evaluation.json",
      "calibration.json",
    ])
      await cp(join(out, file), join(values.publish, file))
    console.log(`published to ${values.publish}`)
  }
}

/** Writes the checkpoint as it stands, in Hugging Face's files, with log and plot. */
async function save(out: string, trainer: Trainer, tokenizer: Tokenizer, log: readonly LogLine[]): Promise<void> {
  await writeWhole(join(out, "model.safetensors"), writeSafetensors(trainer.weights()))
  await writeFile(join(out, "config.json"), `${JSON.stringify(llamaConfigJson(trainer.config), null, 2)}\n`)
  await writeFile(join(out, "tokenizer.json"), `${JSON.stringify(tokenizer.toJSON())}\n`)
  await writeFile(join(out, "training.jsonl"), log.map((line) => `${JSON.stringify(line)}\n`).join(""))
  await writeFile(join(out, "loss.svg"), plotLoss(log, "scribe: training loss"))
}

async function evaluate(folder: string, shuffled: boolean, items: number): Promise<void> {
  const tokenizer = Tokenizer.fromJSON(JSON.parse(await readFile(join(folder, "tokenizer.json"), "utf8")))
  const backend = await wasmBackend()
  const trainer = new Trainer(
    backend,
    await loadKernels(backend),
    scribeConfig(tokenizer),
    defaultSettings,
    scribeItems(tokenizer),
  )
  trainer.load(readSafetensors(await readFile(join(folder, "model.safetensors"))))
  console.table(shuffled ? shuffledEvaluation(trainer, tokenizer, items) : evaluateScribe(trainer, tokenizer, items))
}

/** The same model with the numbers of each weight in another order: what is left is chance. */
function shuffledEvaluation(trainer: Trainer, tokenizer: Tokenizer, items: number): Evaluation {
  const dice = new Dice(1)
  const weights = trainer.weights()
  for (const { data } of weights.values()) shuffle(data, dice)
  trainer.load(weights)
  return evaluateScribe(trainer, tokenizer, items)
}

/** Fisher and Yates. */
export function shuffle(data: Float32Array, dice: Dice): void {
  for (let i = data.length - 1; i > 0; i--) {
    const j = dice.integer(0, i)
    const kept = data[i] as number
    data[i] = data[j] as number
    data[j] = kept
  }
}

async function writeWhole(path: string, bytes: Uint8Array): Promise<void> {
  await writeFile(`${path}.new`, bytes)
  await rename(`${path}.new`, path)
}

const round = (value: number): number => Number(value.toPrecision(5))
