/** Whether decoding that a program gives is one. */
import { AgentOSError } from "#actors/errors.js"
import { amount, checkNumbers, countOrAll, moment, positive, wholeNumber } from "#actors/numbers.js"
import { checkOptions } from "#actors/words.js"
import type { Decoding } from "../model.js"

const known = { maxTokens: 1, temperature: 1, topK: 1, topP: 1, repetitionPenalty: 1, stop: 1, banned: 1, seed: 1 } satisfies Record<keyof Decoding, 1> // prettier-ignore

/** @param code of the error @throws {AgentOSError} */
export function checkDecoding(code: string, decoding: Decoding | undefined): void {
  if (decoding === undefined) return
  checkOptions(code, "decoding", decoding, known)
  checkNumbers(code, "decoding.", decoding, {
    maxTokens: countOrAll,
    temperature: amount,
    topK: wholeNumber,
    topP: amount,
    repetitionPenalty: positive,
    seed: moment,
  })
  for (const name of ["stop", "banned"] as const) {
    const texts: unknown = decoding[name]
    if (texts !== undefined && !(Array.isArray(texts) && texts.every((text) => typeof text === "string")))
      throw new AgentOSError(code, `decoding.${name} is no list of texts`)
  }
}
