// Stands in the Worker for the library behind `analytics: true` of @upstash/ratelimit, which is never asked for here: fewer
// bytes to evaluate at a cold start. Named in wrangler.toml.

/** Never constructed. */
export const Analytics = undefined
