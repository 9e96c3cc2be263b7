/**
 * How often a caller may ask: a token bucket each, that holds one minute's worth at most and refills steadily.
 */

export interface Bucket {
  readonly tokens: number
  /** When `tokens` was true, on the monotonic clock. */
  readonly at: number
}

export type Admission =
  { readonly kind: "admitted"; readonly bucket: Bucket } | { readonly kind: "refused"; readonly retryAfterMs: number }

/** What a full bucket holds: a tenth of a minute's worth, at least one, so that a burst cannot spend the whole minute at once. */
export function burst(perMinute: number): number {
  return Math.max(1, perMinute / 10)
}

/** Takes one token at `now`, if there is one. Pure. */
export function take(bucket: Bucket | undefined, perMinute: number, now: number): Admission {
  const full = burst(perMinute)
  const tokens = bucket === undefined ? full : Math.min(full, bucket.tokens + ((now - bucket.at) * perMinute) / 60_000)
  if (tokens >= 1) return { kind: "admitted", bucket: { tokens: tokens - 1, at: now } }
  return { kind: "refused", retryAfterMs: Math.ceil(((1 - tokens) * 60_000) / perMinute) }
}

/** The buckets of all callers. Their number is bounded by the number of keys. */
export class Rates {
  readonly #buckets = new Map<string, Bucket>()
  readonly #default: number

  constructor(requestsPerMinute: number) {
    this.#default = requestsPerMinute
  }

  /** Milliseconds to wait before the next try; 0 when this one is admitted. */
  admit(caller: string, perMinute: number | undefined, now: number): number {
    const admission = take(this.#buckets.get(caller), perMinute ?? this.#default, now)
    if (admission.kind === "refused") return admission.retryAfterMs
    this.#buckets.set(caller, admission.bucket)
    return 0
  }
}
