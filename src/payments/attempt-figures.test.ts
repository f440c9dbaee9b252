// What the row of an automatic top-up says after each entry about it.

import { expect, test } from 'vitest'
import { nanoUsd } from '#core/money.ts'
import type { Json } from '#core/errors.ts'
import { attemptFigures } from './attempt-figures.ts'

function figuresOf(kind: string, detail: Json, amountNanoUsd = 0) {
  const amount = nanoUsd(amountNanoUsd)
  const place = { epoch: 1, seq: 9, reference: 'ord_1', createdAtMs: 0, keyNumber: null }
  return attemptFigures({ ...place, kind, amountNanoUsd: amount, balanceAfterNanoUsd: amount, detail })
}

const nothing = { paymentId: null, failure: null, payment: null, creditSeq: null }

test.each([
  [{ step: 'started', amountNanoUsd: 5 }, { state: 'placed' }],
  [
    { step: 'processing', amountNanoUsd: 5, intentId: 'pi_1' },
    { state: 'open', paymentId: 'pi_1' },
  ],
  [
    { step: 'declined', amountNanoUsd: 5, intentId: 'pi_1', code: 'insufficient_funds' },
    { state: 'failed', paymentId: 'pi_1', failure: 'insufficient_funds' },
  ],
  [{ step: 'dropped', amountNanoUsd: 5, isWanted: true }, { state: 'abandoned' }],
  [
    {
      step: 'paused',
      amountNanoUsd: 5,
      intentId: 'pi_1',
      why: 'needs_action',
      code: 'authentication_required',
    },
    { state: 'open', paymentId: 'pi_1', failure: 'authentication_required' },
  ],
  [
    { step: 'paused', amountNanoUsd: 5, intentId: null, why: 'card', code: 'stolen_card' },
    { state: 'failed', failure: 'stolen_card' },
  ],
  [
    { step: 'paused', amountNanoUsd: 5, intentId: 'pi_1', why: 'mismatch', code: 'mismatch' },
    { state: 'mismatch', paymentId: 'pi_1', failure: 'mismatch' },
  ],
])('an attempt with %j stands so', (detail, figures) => {
  expect(figuresOf('attempt', detail)).toEqual({ ...nothing, amountNanoUsd: 5, ...figures })
})

test('its credit says what was paid, and by which payment', () => {
  const payment = { paymentId: 'pi_1', receivedNanoUsd: 6, taxNanoUsd: 1, bonusNanoUsd: 0 }
  expect(figuresOf('auto_top_up', { payment }, 5)).toEqual({
    ...nothing,
    state: 'paid',
    amountNanoUsd: 5,
    payment,
    creditSeq: 9,
  })
})

test.each([
  ['attempt', { step: 'begun' }],
  ['attempt', { step: 'reminded' }],
  ['attempt', { step: 'capped', amountNanoUsd: 5 }],
  ['attempt', null],
  ['order', { what: 'placed', amountNanoUsd: 5 }],
])('an entry %s with %j says nothing of it', (kind, detail) => {
  expect(figuresOf(kind, detail)).toBeUndefined()
})
