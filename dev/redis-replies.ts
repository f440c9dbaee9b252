// What a Redis command answers, and how it fails.

/** A status such as OK is told apart from a value of that text: Upstash sends it without its base64. */
export type Reply = string | number | null | { status: string } | readonly Reply[]

/** An error that belongs to the caller, with Redis' own prefix (`ERR`, `WRONGTYPE`, `NOSCRIPT`). */
export class RedisError extends Error {}
