// A bank's warnings of fraud, settled by the operator's hand: facts of their payment like any other (payment-facts.ts), in a
// version above all that the provider says, so that a word of it that comes late does not open them again.

import { isObject, readString } from '#core/readers.ts'
import { boundedText, textCharactersMax } from './detail.ts'
import { type Draft, keepReference, referenceOf } from './draft.ts'
import type { Entry } from './entry.ts'
import type { ClearWarnings, ClearWarningsAnswer } from './fraud-warning-commands.ts'
import type { ReferenceRow } from './rows.ts'
import { bookFact, recordOf } from './told-facts.ts'

/** The provider's are 1, while something can be done about it, and 2. */
const clearedVersion = 3

export function clearWarnings(draft: Draft, command: ClearWarnings): ClearWarningsAnswer {
  const { reference, payment, reason, actor } = command
  const earlier = referenceOf(draft, 'warning_clear', reference)
  if (earlier !== undefined)
    return earlier.said === boundedText(payment)
      ? { ok: true, cleared: 0, isRepeat: true }
      : { ok: false, code: 'reference_reused' }
  if (reference === '' || reference.length > textCharactersMax) return { ok: false, code: 'invalid_command' }
  let record = recordOf(draft, payment)
  if (record === undefined) return { ok: false, code: 'no_such_payment' }
  const open = record.facts.filter(({ kind, isOpen }) => kind === 'fraud_warning' && isOpen)
  if (open.length === 0) return { ok: false, code: 'no_open_warning' }
  for (const [index, warning] of open.entries()) {
    const fact = { ...warning, version: clearedVersion, isOpen: false }
    // The first of them carries the command's name: a reference is written once.
    const said = { reason, actor, ...(index === 0 && { command: reference }) }
    const booked = bookFact(draft, payment, { record, fact, said })
    ;({ record } = booked)
    keepClearing(draft, booked.entry)
  }
  return { ok: true, cleared: open.length, isRepeat: false }
}

/** So that whoever says it again is told that it stands. */
export function keepClearing(draft: Draft, entry: Entry): void {
  const row = referenceOfClearing(entry)
  const isKnown = row !== undefined && referenceOf(draft, row.scope, row.reference) !== undefined
  if (row !== undefined && !isKnown) keepReference(draft, row)
}

/** The row that an entry of this kind brought, for a rebuild; undefined for what the provider told. */
export function referenceOfClearing({ detail, seq }: Entry): ReferenceRow | undefined {
  if (!isObject(detail)) return undefined
  const [reference, payment] = [readString(detail['command']), readString(detail['payment'])]
  if (reference === undefined || payment === undefined) return undefined
  return { scope: 'warning_clear', reference, seq, said: payment }
}
