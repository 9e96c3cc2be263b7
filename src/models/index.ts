/** Models: the port, the local engine, servers. */
export type {
  Decoding,
  FinishReason,
  Message,
  Model,
  ModelInfo,
  ModelPart,
  ModelRequest,
  ToolCall,
  ToolSpec,
  Usage,
} from "./model.js"
export { LocalModel, openLocalModel } from "./local-model.js"
export type { LocalModelOptions } from "./local-model.js"
export { openAiCompatible } from "./providers/openai-compatible.js"
export type { OpenAiCompatibleOptions } from "./providers/openai-compatible.js"
export { ModelRegistry } from "./registry.js"
export type { ModelConfig } from "./registry.js"
export { Tokenizer } from "./tokenizer/tokenizer.js"
export { trainTokenizer } from "./tokenizer/train-tokenizer.js"
export { modelErrors } from "./errors.js"
