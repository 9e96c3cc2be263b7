/** The models of a node, by name: opened on first use, shared, stopped together. */
import { fileURLToPath } from "node:url"
import { AgentOSError } from "#actors/errors.js"
import type { ActorSystem } from "#actors/system.js"
import { openLocalModel } from "./local-model.js"
import type { Model, ModelInfo } from "./model.js"
import { retrying } from "./retrying.js"
import { openAiCompatible, type OpenAiCompatibleOptions } from "./providers/openai-compatible.js"

/** How a model is reached. */
export type ModelConfig =
  | {
      readonly kind: "local"
      readonly path?: string | undefined
      readonly backend?: "wasm" | "tensorflow"
      readonly maxBatch?: number
    }
  | ({ readonly kind: "openai-compatible" } & OpenAiCompatibleOptions)

/** The model that is part of this package. */
export const embeddedModel = "scribe"

export class ModelRegistry {
  readonly #system: ActorSystem
  readonly #configs: Map<string, ModelConfig>
  readonly #open = new Map<string, Promise<Model>>()
  /** Models as agents use them, by the name of their fallback. */
  readonly #answering = new WeakMap<Promise<Model>, Map<string, Model | Promise<Model>>>()
  readonly #infos = new Map<string, ModelInfo>()

  constructor(system: ActorSystem, models: Readonly<Record<string, ModelConfig | Model>> = {}) {
    this.#system = system
    this.#configs = new Map([[embeddedModel, { kind: "local" }]])
    for (const [name, model] of Object.entries(models)) this.register(name, model)
  }

  register(name: string, model: ModelConfig | Model): void {
    if ("generate" in model) {
      this.#open.set(name, Promise.resolve(model))
      this.#infos.set(name, model.info)
    } else this.#configs.set(name, model)
  }

  has(name: string): boolean {
    return this.#open.has(name) || this.#configs.has(name)
  }

  /** Every model, opened or not. */
  describe(): readonly ModelInfo[] {
    return [...new Set([...this.#configs.keys(), ...this.#open.keys()])].map((id) => {
      const known = this.#infos.get(id)
      if (known !== undefined) return known
      const config = this.#configs.get(id)
      return config?.kind === "openai-compatible"
        ? { id, provider: config.baseUrl, backend: "remote" }
        : { id, provider: "local", backend: `tensorflow.js/${config?.backend ?? "wasm"}` }
    })
  }

  /** @throws `UNKNOWN_MODEL`, and what opening it throws */
  get(name: string): Promise<Model> {
    let model = this.#open.get(name)
    if (model === undefined) {
      model = this.#openModel(name)
      this.#open.set(name, model)
      model.then(
        ({ info }) => this.#infos.set(name, info),
        () => this.#open.delete(name),
      )
    }
    return model
  }

  /**
   * A model as agents use it: asked again while its server is busy, and then, where it is named, another one.
   *
   * @returns itself, once it is open: nobody waits for it then
   * @throws what `get` throws
   */
  answering(name: string, fallback: string | undefined): Model | Promise<Model> {
    const open = this.get(name)
    const answering = this.#answering.get(open) ?? new Map<string, Model | Promise<Model>>()
    const key = fallback ?? ""
    const known = answering.get(key)
    if (known !== undefined) return known
    const { clock, random } = this.#system
    const other = fallback === undefined ? undefined : () => this.get(fallback)
    const opening = open.then((model) => {
      const opened = retrying(model, { clock, random, fallback: other })
      answering.set(key, opened)
      return opened
    })
    this.#answering.set(open, answering.set(key, opening))
    return opening
  }

  async #openModel(name: string): Promise<Model> {
    const config = this.#configs.get(name)
    if (config === undefined)
      throw new AgentOSError(
        "UNKNOWN_MODEL",
        `there is no model named ${JSON.stringify(name)}; there are: ${[...this.#configs.keys(), ...this.#open.keys()].join(", ")}`,
      )
    if (config.kind === "openai-compatible") return openAiCompatible(name, config, this.#system.clock)
    const folder = config.path ?? fileURLToPath(new URL(`./embedded/${name}/`, import.meta.url))
    const { backend = "wasm", maxBatch = 16 } = config
    const model = await openLocalModel({ id: name, folder, backend, maxBatch, system: this.#system })
    // The thread reads the weights while the rest of the node starts.
    model.load().then(() => this.#infos.set(name, model.info)).catch(() => undefined) // prettier-ignore
    return model
  }

  async stop(): Promise<void> {
    const open = await Promise.allSettled(this.#open.values())
    await Promise.all(open.map((model) => (model.status === "fulfilled" ? model.value.stop() : undefined)))
  }
}
