// The account at the payment provider: linked once, and anew where the one before is gone or of the other mode.

import { zeroNanoUsd } from '#core/money.ts'
import { readWhole } from '#core/readers.ts'
import { textCharactersMax } from './detail.ts'
import { type Draft, append } from './draft.ts'
import type { LinkCustomer, LinkCustomerAnswer } from './order-commands.ts'

export function linkCustomer(draft: Draft, { customerId, isLive, number }: LinkCustomer): LinkCustomerAnswer {
  const present = draft.state.customer
  if (customerId === '' || customerId.length > textCharactersMax || readWhole(number, 1) === undefined)
    return { ok: false, code: 'invalid_command' }
  const next = (present?.number ?? 0) + 1
  // Somebody else was first: what that one linked stands for all.
  if (number !== next)
    return present === null ? { ok: false, code: 'invalid_command' } : { ok: true, customer: present }
  append(draft, {
    kind: 'customer',
    reference: `customer:${number}`,
    amountNanoUsd: zeroNanoUsd,
    keyNumber: null,
    detail: { customerId, isLive, number },
  })
  return { ok: true, customer: { customerId, isLive, number } }
}
