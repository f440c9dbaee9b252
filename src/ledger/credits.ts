// Money that comes in, and adjustments by the operator: booked once per reference, whatever is repeated.

import { addNanoUsd, nanoUsd } from '#core/money.ts'
import type { Credit, CreditAnswer, CreditKind } from './account-commands.ts'
import type { Draft } from './draft.ts'
import { append, keepReference, referenceOf } from './draft.ts'

/** $1 million per account, either way: orders are refused above it; a payment that was received never is. */
export const balanceMaxNanoUsd = nanoUsd(1_000_000_000_000_000)

const isPaid: { readonly [Kind in CreditKind]: boolean } = {
  purchase: true,
  auto_top_up: true,
  bonus: false,
  grant: false,
  adjustment: false,
}

export function credit(draft: Draft, command: Credit): CreditAnswer {
  const { state } = draft
  const said = `${command.kind} ${String(command.amountNanoUsd)}`
  const earlier = referenceOf(draft, 'credit', command.reference)
  if (earlier !== undefined) {
    if (earlier.said !== said) return { ok: false, code: 'reference_reused' }
    return { ok: true, seq: earlier.seq, balanceNanoUsd: state.postedNanoUsd, isRepeat: true }
  }
  if (!isSound(command)) return { ok: false, code: 'invalid_amount' }
  const balance = addNanoUsd(state.postedNanoUsd, command.amountNanoUsd)
  if (Math.abs(balance) > balanceMaxNanoUsd && !isPaid[command.kind]) {
    return { ok: false, code: 'balance_too_large' }
  }
  const entry = append(draft, {
    kind: command.kind,
    reference: command.reference,
    amountNanoUsd: command.amountNanoUsd,
    keyNumber: null,
    detail: { reason: command.reason, actor: command.actor },
  })
  keepReference(draft, { scope: 'credit', reference: command.reference, seq: entry.seq, said })
  return { ok: true, seq: entry.seq, balanceNanoUsd: state.postedNanoUsd, isRepeat: false }
}

/** Only an adjustment may take money away; nothing books nothing. */
function isSound(command: Credit): boolean {
  const amount: unknown = command.amountNanoUsd
  if (!Number.isSafeInteger(amount) || command.amountNanoUsd === 0 || command.reference === '') return false
  if (!Object.hasOwn(isPaid, command.kind)) return false
  if (Math.abs(command.amountNanoUsd) > balanceMaxNanoUsd) return false
  return command.amountNanoUsd > 0 || command.kind === 'adjustment'
}
