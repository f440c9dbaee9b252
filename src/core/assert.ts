// Assertions for states that must be impossible. A failed one is a bug: it stops this request or this alarm, never the object.

/** Throws when `condition` is false; `what` says what must hold. */
export function assert(condition: boolean, what: string): asserts condition {
  if (!condition) throw new Error(`Assertion failed: ${what}`)
}
