// A metered charge of an epoch that is closed: its customer was told of it, so it is booked again, once, by its own id.

import { isObject } from '#core/readers.ts'
import { negateNanoUsd } from '#core/money.ts'
import type { Draft } from './draft.ts'
import { append, keepReference, referenceOf } from './draft.ts'
import type { Entry } from './entry.ts'
import { drawDetail, drawFor } from './lots.ts'
import { saidOfMeter } from './meter.ts'

/** False where it stands there already. What the account cannot pay any more becomes debt. */
export function rebookMetered(draft: Draft, entry: Entry): boolean {
  const { kind, reference, amountNanoUsd, keyNumber, detail } = entry
  if (referenceOf(draft, 'meter', reference) !== undefined) return false
  const { lots, pinned, nowMs } = draft.state
  const draw = drawFor(lots, pinned, { amountNanoUsd: negateNanoUsd(amountNanoUsd), pins: [], nowMs })
  const booked = append(draft, {
    kind,
    reference,
    amountNanoUsd,
    keyNumber,
    detail: { ...(isObject(detail) ? detail : {}), ...drawDetail(draw) },
  })
  keepReference(draft, { scope: 'meter', reference, seq: booked.seq, said: saidOfMeter(booked) })
  return true
}
