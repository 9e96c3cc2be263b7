/**
 * About how many tokens a text has whose tokenizer is not known: a quarter of its letters, half of those of other alphabets, one for each ideograph or
 * syllable.
 */
export function estimatedTokens(text: string): number {
  let quarters = 0
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i)
    quarters += unit < 0x250 ? 1 : unit < 0x2e80 ? 2 : 4
  }
  return Math.ceil(quarters / 4)
}
