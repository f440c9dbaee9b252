// Small readers for values from outside: `unknown` in, our type or undefined out. Nothing here throws on bad input.

export type JsonObject = { [name: string]: unknown }

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

export function readString(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined
}

/** A safe whole number of at least `min`; text, fractions, NaN and infinities are not numbers here. */
export function readWhole(value: unknown, min = 0): number | undefined {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= min ? value : undefined
}

/** The parsed JSON, or undefined where the text is not JSON. */
export function readJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    // Not a swallowed fault: "not JSON" is the answer that callers ask for.
    return undefined
  }
}

/** An object of which every field may be missing: what is none has no fields. */
export function objectOf(value: unknown): JsonObject {
  return isObject(value) ? value : {}
}
