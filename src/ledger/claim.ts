// An Idempotency-Key as the ledger knows it (claims.ts decides about it).

/** At most one call is executed and charged per claim. */
export type Claim = {
  /** Names API key, route and Idempotency-Key: 32 hex digits of their hash. */
  reference: string
  /** Tells a repeat from a reuse with another body: 32 hex digits. */
  bodyHash: string
}
