// Money whose time is over: what no hold has pinned of it is taken away, as an entry of its own.

import { negateNanoUsd } from '#core/money.ts'
import type { Draft } from './draft.ts'
import { append, mayDo } from './draft.ts'
import { drawDetail, expiredParts, noDraw } from './lots.ts'

/** What is pinned stays until its call has ended; then this runs again, so that nobody is admitted on what is over. */
export function expireLots(draft: Draft): void {
  const { state } = draft
  for (const part of expiredParts(state.lots, state.pinned, state.nowMs)) {
    const lot = `lot:${part.seq}`
    if (!mayDo(draft, lot)) continue
    append(draft, {
      kind: 'expiry',
      reference: lot,
      amountNanoUsd: negateNanoUsd(part.amountNanoUsd),
      keyNumber: null,
      detail: { ...drawDetail({ ...noDraw, lots: [part] }) },
    })
  }
}
