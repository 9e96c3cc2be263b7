/** Sentences of a text. */

const segmenter = new Intl.Segmenter("en", { granularity: "sentence" })

/** Sentences, by Unicode's rules and line ends; a name such as "Consul 1.8." does not end one. */
export function sentencesOf(text: string): string[] {
  return text
    .split("\n")
    .flatMap((line) => [...segmenter.segment(line)].map(({ segment }) => segment.trim()))
    .filter((sentence) => sentence !== "")
}

/** Also one in quotes or parentheses. */
export const isQuestion = (sentence: string): boolean => /\?["'”’»)\]]*$/.test(sentence)
