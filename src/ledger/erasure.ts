// Erasing a person: the names and reasons that people wrote go, the log stays. They are no part of the hash chain (chain.ts),
// so nothing that is proved changes. The erasure is an entry: whoever keeps a copy of the log erases when it gets there.

import { zeroNanoUsd } from '#core/money.ts'
import type { Erase, EraseAnswer } from './account-commands.ts'
import type { Draft } from './draft.ts'
import { append, keepReference, referenceOf } from './draft.ts'

export function erase(draft: Draft, { reference, reason, actor }: Erase): EraseAnswer {
  const earlier = referenceOf(draft, 'erasure', reference)
  if (earlier !== undefined) return { ok: true, seq: earlier.seq, isRepeat: true }
  if (reference === '') return { ok: false, code: 'internal' }
  const { seq } = append(draft, {
    kind: 'erasure',
    reference,
    amountNanoUsd: zeroNanoUsd,
    keyNumber: null,
    detail: { reason, actor },
  })
  keepReference(draft, { scope: 'erasure', reference, seq, said: '' })
  return { ok: true, seq, isRepeat: false }
}
