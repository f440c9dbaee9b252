// A repeat of a command that has a reference: first outcome for ever, whatever was lost meanwhile.

import { Violation } from './violation.ts'

/** Whoever says the same once more is never told that it is something else. */
export function neverAnother(reference: string, answer: { ok: true } | { ok: false; code: string }): void {
  if (!answer.ok && answer.code === 'reference_reused')
    throw new Violation('I11', `${reference} is another one when it is told again`)
}
