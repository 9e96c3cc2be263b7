/**
 * How a node proves that it holds its own token before somebody sends it there: it answers a challenge with the HMAC
 * of it under the token.
 */
import { createHmac, timingSafeEqual } from "node:crypto"

export const challengeHeader = "llmagentos-challenge"
export const proofHeader = "llmagentos-proof"

/** What a node with this token answers. */
export const proofOf = (token: string, challenge: string): string =>
  createHmac("sha256", token).update(`llmagentos proof ${challenge}`).digest("base64url")

export function isProof(given: string | null | undefined, token: string, challenge: string): boolean {
  const [proof, wanted] = [Buffer.from(given ?? ""), Buffer.from(proofOf(token, challenge))]
  return proof.length === wanted.length && timingSafeEqual(proof, wanted)
}
