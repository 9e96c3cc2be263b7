import type { Usage } from "./model.js"

export const noUsage: Usage = { promptTokens: 0, completionTokens: 0, cachedTokens: 0 }

export const tokensOf = ({ promptTokens, completionTokens }: Usage): number => promptTokens + completionTokens

/** Both together; estimated if one of them is. */
export const bothUsages = (a: Usage, b: Usage): Usage => ({
  promptTokens: a.promptTokens + b.promptTokens,
  completionTokens: a.completionTokens + b.completionTokens,
  cachedTokens: a.cachedTokens + b.cachedTokens,
  ...(a.estimated === true || b.estimated === true ? { estimated: true } : {}),
})
