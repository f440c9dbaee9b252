// An Idempotency-Key as the ledger knows it (claims.ts decides about it).

/** At most one call is executed and charged per claim. */
export type Claim = {
  /** Names API key, route and Idempotency-Key: 32 hex digits of their hash. */
  reference: string
  /** Tells a repeat from a reuse with another body: 32 hex digits. */
  bodyHash: string
}

/** The answer of a claimed call as its client was given it, for whoever asks again. */
export type StoredAnswer = {
  contentType: string
  body: string
}

/** UTF-8 bytes of the body; a longer answer is not kept, and its repeat gets the receipt. */
export const storedAnswerBytesMax = 16 * 1024
