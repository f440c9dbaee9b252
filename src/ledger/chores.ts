// What every group of commands begins with (an expiry, a new period) must hold up nobody: a chore that throws is found by
// doing each alone, put off, and tried again later, while all other commands go on. Pure but for what it remembers.

import type { Context } from './draft.ts'

/** More are tried with the next failure; each is a transaction of its own. */
const triedAtOnceMax = 1_000

export class Chores {
  /** Until when each waits, by the object's clock. */
  readonly #putOff = new Map<string, number>()

  /** The context of a group that leaves out what is put off. */
  context(context: Context): Context {
    if (this.#putOff.size === 0) return context
    for (const [chore, untilMs] of this.#putOff) if (untilMs <= context.nowMs) this.#putOff.delete(chore)
    return { ...context, mayDo: (chore) => !this.#putOff.has(chore) }
  }

  /** Tries each due chore alone; those that `commit` throws for wait as long as a silent hold does. */
  sift(context: Context, commit: (context: Context) => void): { chore: string; cause: unknown }[] {
    const failed: { chore: string; cause: unknown }[] = []
    for (const chore of dueIn(this.context(context), commit)) {
      try {
        commit({ ...context, mayDo: (name) => name === chore })
      } catch (cause) {
        this.#putOff.set(chore, context.nowMs + context.timings.holdExpiryMs)
        failed.push({ chore, cause })
      }
    }
    return failed
  }
}

/** The chores that a group would do now, by asking for leave and getting none. */
function dueIn(context: Context, commit: (context: Context) => void): readonly string[] {
  const due = new Set<string>()
  const mayDo = (chore: string) => {
    if (due.size < triedAtOnceMax && context.mayDo?.(chore) !== false) due.add(chore)
    return false
  }
  commit({ ...context, mayDo })
  return [...due]
}
