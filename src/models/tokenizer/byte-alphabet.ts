/**
 * The printable stand-in for each of the 256 bytes, as GPT-2 and every byte-level `tokenizer.json` since write them: printable Latin-1
 * characters stand for themselves, the others for characters from U+0100 on.
 */
const alphabet: string[] = []
{
  let next = 256
  for (let byte = 0; byte < 256; byte++) {
    const printable = (byte >= 33 && byte <= 126) || (byte >= 161 && byte <= 172) || byte >= 174
    alphabet.push(String.fromCharCode(printable ? byte : next++))
  }
}

const bytes = new Map(alphabet.map((character, byte) => [character, byte]))

/** All 256 characters, in byte order. */
export const byteAlphabet: readonly string[] = alphabet

const encoder = new TextEncoder()

/** A text as one character for each of its UTF-8 bytes. */
export function toByteCharacters(text: string): string {
  let out = ""
  for (const byte of encoder.encode(text)) out += alphabet[byte]
  return out
}

/** The bytes that characters of the alphabet stand for; characters outside it are left out. */
export function fromByteCharacters(characters: string): Uint8Array {
  const out = new Uint8Array(characters.length)
  let length = 0
  for (const character of characters) {
    const byte = bytes.get(character)
    if (byte !== undefined) out[length++] = byte
  }
  return out.subarray(0, length)
}
